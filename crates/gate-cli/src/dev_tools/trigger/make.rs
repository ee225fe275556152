//! Making what an event is about: the requests that a partner, a user and the sandbox would make.

use std::time::Duration;

use anyhow::Result;
use gate_partner::{GateError, Request};
use gate_wire::list::ListBody;
use serde_json::{Map, Value, json};

use super::super::gateway::{Failed, Gateway, idempotency_key, nonce};
use super::endpoint;
use super::id_of;
use super::recipes::{Kind, Life, Recipe};
use super::sets::Sets;

/// Where users return to when nothing else is known.
const RETURN_ORIGIN: &str = "http://localhost:3000";
const ADDRESS: &str = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";

/// How long a pay-in of the sandbox takes at most, in seconds.
const SETTLED_WITHIN_S: u32 = 15;

/// What was made.
pub(super) struct Made {
    /// What the event is about.
    pub(super) subject: String,
    /// What was done, for people.
    pub(super) steps: Vec<String>,
    ids: Map<String, Value>,
}

/// A customer that nobody else has.
pub(super) fn customer_body() -> Value {
    let nonce = nonce();
    json!({ "email": format!("trigger+{nonce}@example.com"),
        "external_id": format!("trigger-{nonce}"), "first_name": "Ada", "country_code": "GB" })
}

impl Made {
    fn new() -> Self {
        Self { subject: String::new(), steps: Vec::new(), ids: Map::new() }
    }

    pub(super) fn step(&mut self, done: String) {
        self.steps.push(done);
    }

    pub(super) fn add(&mut self, kind: &str, id: &str, how: &str) {
        self.ids.insert(kind.to_owned(), id.into());
        self.steps.push(format!("{how} {id}"));
        id.clone_into(&mut self.subject);
    }

    pub(super) fn value(&self) -> Value {
        Value::Object(self.ids.clone())
    }
}

pub(super) async fn make(gateway: &Gateway, recipe: &Recipe, sets: &Sets) -> Result<Made> {
    let mut made = Made::new();
    match recipe.kind {
        Kind::Session(then) => {
            let session = session(gateway, sets, json!({ "amount": "100.00", "currency": "EUR" }));
            let id = session.await?;
            made.add("session", &id, "Created");
            for step in then.unwrap_or_default() {
                let path: &[&str] = match *step {
                    "cancel" => &["v1", "gate_sessions", &id, "cancel"],
                    helper => &["v1", "test_helpers", "gate_sessions", &id, helper],
                };
                let mut request = Request::post(path);
                if *step == "require_kyc" {
                    request = request.body(&sets.apply("kyc", json!({}))?);
                }
                gateway.ask::<Value>(&request).await?;
                made.steps.push(format!("{} {id}", done(step)));
            }
        }
        Kind::Rail { sells, end } => {
            let quote = if sells { selling() } else { buying("card", "100.00") };
            let payment = rail(gateway, sets, quote, &mut made).await?;
            if let Some(end) = end {
                let path = ["v1", "test_helpers", "rails", &payment, end];
                gateway.ask::<Value>(&Request::post(&path)).await?;
                made.steps.push(format!("{} {payment}", done(end)));
            }
        }
        Kind::Quote => {
            rail(gateway, sets, buying("card", "100.00"), &mut made).await?;
            made.subject = made.ids["quote"].as_str().unwrap_or_default().to_owned();
        }
        Kind::Recall => recall(gateway, sets, &mut made).await?,
        Kind::Refund(amount) => refund(gateway, sets, amount, &mut made).await?,
        Kind::Customer(life) => customer(gateway, sets, life, &mut made).await?,
        Kind::Test => test(gateway, &mut made).await?,
        Kind::Endpoint(fate) => endpoint::make(gateway, sets, fate, &mut made).await?,
        Kind::ByItself => anyhow::bail!(
            "This happens by itself only; it cannot be asked for. --list shows what can."
        ),
    }
    Ok(made)
}

/// What was asked of the sandbox, as something that is done.
fn done(step: &str) -> &'static str {
    match step {
        "complete" => "Completed",
        "fail" => "Failed",
        "expire" => "Let the time pass of",
        "cancel" => "Withdrew",
        "settle" => "Settled",
        _ => "Asked who the user is of",
    }
}

/// Create a session that returns to where this partner's users may return to.
async fn session(gateway: &Gateway, sets: &Sets, mut body: Value) -> Result<String> {
    if sets.text("session", "return_url").is_none() {
        body["return_url"] = return_url(gateway).await?.into();
    }
    let body = sets.apply("session", body)?;
    let request = Request::post(&["v1", "gate_sessions"]).body(&body).key(idempotency_key());
    let answer = gateway.ask::<Value>(&request).await;
    let answer = answer.map_err(|error| match code_of(&error) {
        Some("url_not_allowed" | "origin_not_allowed") => error.context(
            "users may not return to where this command let them: say where they may with --set session.return_url=https://..., or allow that origin with `gate origins add`",
        ),
        _ => error,
    })?;
    id_of(&answer)
}

/// Where the last session returned to, else the sandbox's shop, else a page that is usual.
async fn return_url(gateway: &Gateway) -> Result<String> {
    let newest = Request::get(&["v1", "gate_sessions"]).query("limit", Some(1));
    let page: ListBody<Value> = gateway.ask(&newest).await?;
    let last = page.data.first().and_then(|session| session["return_url"].as_str());
    Ok(match (last, &gateway.shop_url) {
        (Some(url), _) => url.to_owned(),
        (None, Some(shop)) => format!("{shop}/orders/trigger"),
        (None, None) => format!("{RETURN_ORIGIN}/orders/trigger"),
    })
}

/// What a quote is asked for that sells.
fn selling() -> Value {
    json!({ "side": "off_ramp", "currency": "EUR", "asset": "USDC", "amount": "100",
        "payment_method": "sepa_payout", "network": "base" })
}

/// What a quote is asked for that buys.
fn buying(method: &str, amount: &str) -> Value {
    json!({ "side": "on_ramp", "currency": "EUR", "asset": "USDC", "amount": amount,
        "payment_method": method, "network": "base" })
}

async fn rail(gateway: &Gateway, sets: &Sets, quote: Value, made: &mut Made) -> Result<String> {
    let sells = quote["side"] == "off_ramp";
    let quote = Request::post(&["v1", "quotes"]).body(&sets.apply("quote", quote)?);
    let quote = id_of(&gateway.ask::<Value>(&quote.key(idempotency_key())).await?)?;
    made.add("quote", &quote, "Locked");
    let more = if sells {
        json!({ "quote_preview_id": quote, "flow": "off_ramp" })
    } else {
        json!({ "quote_preview_id": quote, "wallet_address": ADDRESS })
    };
    let session = session(gateway, sets, more).await?;
    made.add("session", &session, "Created");
    let path = if sells { "pay_outs" } else { "pay_ins" };
    let request = Request::post(&["v1", "rails", path])
        .body(&json!({ "quote_id": quote, "session_id": session }))
        .key(idempotency_key());
    let payment = id_of(&gateway.ask::<Value>(&request).await?)?;
    made.add("payment", &payment, "Started");
    Ok(payment)
}

/// Start a pay-in that the sandbox recalls, wait until it has settled, and let the time pass until then.
async fn recall(gateway: &Gateway, sets: &Sets, made: &mut Made) -> Result<()> {
    let payment = rail(gateway, sets, buying("sepa_bank_transfer", "66.66"), made).await?;
    let shown = Request::get(&["v1", "rails", "pay_ins", &payment]);
    for _ in 0..SETTLED_WITHIN_S * 5 {
        let shown: Value = gateway.ask(&shown).await?;
        if shown["status"] == "settled" {
            let session = made.ids["session"].as_str().unwrap_or_default().to_owned();
            let path = ["v1", "test_helpers", "gate_sessions", &session, "advance_time"];
            let request = Request::post(&path).body(&json!({ "seconds": 60 }));
            gateway.ask::<Value>(&request).await?;
            made.steps.push(format!("Let the time pass of {session}"));
            made.subject = session;
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    anyhow::bail!("the pay-in has not settled within {SETTLED_WITHIN_S} s")
}

/// Complete a session, and give part of its payment back.
async fn refund(gateway: &Gateway, sets: &Sets, amount: &str, made: &mut Made) -> Result<()> {
    let session = session(gateway, sets, json!({ "amount": "100.00", "currency": "EUR" })).await?;
    made.add("session", &session, "Created");
    let path = ["v1", "test_helpers", "gate_sessions", session.as_str(), "complete"];
    gateway.ask::<Value>(&Request::post(&path)).await?;
    made.steps.push(format!("Completed {session}"));
    let shown = Request::get(&["v1", "gate_sessions", &session]);
    let shown: Value = gateway.ask(&shown).await?;
    let refid = shown["tx_refid"].as_str().unwrap_or_default().to_owned();
    let body = sets.apply("refund", json!({ "amount": amount }))?;
    let request = Request::post(&["v1", "transactions", &refid, "refunds"]).body(&body);
    let made_refund = gateway.ask::<Value>(&request.key(idempotency_key())).await?;
    made.add("refund", &id_of(&made_refund)?, "Asked for");
    Ok(())
}

async fn customer(gateway: &Gateway, sets: &Sets, life: Life, made: &mut Made) -> Result<()> {
    let request = Request::post(&["v1", "customers"])
        .body(&sets.apply("customer", customer_body())?)
        .key(idempotency_key());
    let id = id_of(&gateway.ask::<Value>(&request).await?)?;
    made.add("customer", &id, "Created");
    let path = ["v1", "customers", id.as_str()];
    match life {
        Life::Created => {}
        Life::Updated => {
            let change = sets.apply("change", json!({ "last_name": "Lovelace" }))?;
            gateway.ask::<Value>(&Request::patch(&path).body(&change)).await?;
            made.steps.push(format!("Changed {id}"));
        }
        Life::Deleted => {
            gateway.ask::<Value>(&Request::delete(&path)).await?;
            made.steps.push(format!("Erased {id}"));
        }
    }
    Ok(())
}

/// A test needs an endpoint. Where there is none, one is made for a moment that points at the gateway
/// itself, so that nobody else gets a request out of the blue.
async fn test(gateway: &Gateway, made: &mut Made) -> Result<()> {
    let request = Request::post(&["v1", "webhooks", "test"]);
    let tested = match gateway.ask::<Value>(&request).await {
        Err(error) if code_of(&error) == Some("webhook_endpoint_missing") => {
            let url = format!("{}/healthz", gateway.origin());
            let body = json!({ "url": url, "event_types": ["webhook.test"],
                "description": "made by gate trigger for a moment" });
            let create = Request::post(&["v1", "webhook_endpoints"]).body(&body);
            let endpoint = gateway.ask::<Value>(&create.key(idempotency_key())).await?;
            let endpoint = id_of(&endpoint)?;
            made.steps.push(format!("Made {endpoint} for a moment, as there was no endpoint"));
            let sent = gateway.ask::<Value>(&request).await;
            let path = ["v1", "webhook_endpoints", endpoint.as_str()];
            gateway.ask::<Value>(&Request::delete(&path)).await?;
            sent?
        }
        tested => tested?,
    };
    // The event is named by its delivery.
    let event = tested["event_id"].as_str().unwrap_or_default();
    made.add("event", event, "Sent");
    Ok(())
}

fn code_of(error: &anyhow::Error) -> Option<&str> {
    error.downcast_ref::<Failed>().and_then(|failed: &Failed| GateError::code(&failed.error))
}
