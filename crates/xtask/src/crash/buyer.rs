//! A buyer at a browser: orders at the shop, opens the pay page, and goes through the hosted
//! journey by looking at the step that is shown and doing what it asks for.
//!
//! After anything that was not answered, the buyer looks again instead of repeating.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::sleep;

use super::client::{Answer, Client};
use super::page::{Next, Page};
use super::plan::{Ending, GOOD_CARD, Plan};
use super::story::attribute;
use crate::random::Random;

/// Bounds the whole run, together with the number of kills.
const PURCHASES_MAX: u32 = 5_000;
/// A purchase takes no longer than this, even with kills on the way.
const PURCHASE_MAX: Duration = Duration::from_secs(90);
const LOOK_EVERY: Duration = Duration::from_millis(150);
const WALLET: &str = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";

/// Buy again and again until it is time to stop.
pub(super) async fn keep_buying(client: Client, mut random: Random) {
    for _ in 0..PURCHASES_MAX {
        if client.is_stopping() {
            return;
        }
        let plan = Plan::draw(&mut random);
        if let Err(error) = buy(&client, &plan).await {
            client.book().problem(format!("a purchase went wrong ({plan:?}): {error:#}"));
        }
        sleep(LOOK_EVERY).await;
    }
}

async fn buy(client: &Client, plan: &Plan) -> Result<()> {
    let order_id = place_order(client, plan).await?;
    let mut page = Page::open(client, &order_id).await?;
    let mut card = plan.card;
    let started = Instant::now();
    while started.elapsed() < PURCHASE_MAX {
        let step = page.look().await?;
        if step["kind"] == "failed" {
            card = GOOD_CARD; // another one, if there is another try
        }
        let next = act(&page, plan, card, &step).await;
        match next.with_context(|| format!("{} ({order_id})", page.session_id))? {
            Next::Leave => return Ok(()),
            Next::Unsure if plan.reloads => page.reload().await?,
            Next::Look | Next::Unsure => {}
        }
    }
    bail!("{} ({order_id}) did not end within {PURCHASE_MAX:?}", page.session_id)
}

async fn place_order(client: &Client, plan: &Plan) -> Result<String> {
    let product = client.insist(|| client.shop(Method::GET, "/")).await?;
    let product = product.expect(200, "the product page")?.body;
    let purchase = attribute(&product, r#"name="purchase" value=""#).context("no purchase")?;
    let form = format!("purchase={purchase}&amount={}", plan.amount);
    let click = || {
        let request = client.shop(Method::POST, "/orders");
        request.header("content-type", "application/x-www-form-urlencoded").body(form.clone())
    };
    let order_id = order_of(client.insist(click).await?)?;
    client.book().ordered(&order_id);
    if plan.double_click {
        let again = order_of(client.insist(click).await?)?;
        ensure!(again == order_id, "one purchase became the orders {order_id} and {again}");
    }
    Ok(order_id)
}

fn order_of(answer: Answer) -> Result<String> {
    let location = answer.expect(303, "an order")?.location.unwrap_or_default();
    Ok(location.strip_prefix("/orders/").context("no order behind Buy")?.to_owned())
}

/// Do what the step asks for.
async fn act(page: &Page<'_>, plan: &Plan, card: &str, step: &Value) -> Result<Next> {
    let kind = step["kind"].as_str().unwrap_or_default();
    let quote = &step["quote"];
    match (kind, plan.ending) {
        ("amount", _) if quote["lapsed"] == false => {
            page.post("quote/accept", &json!({ "quote_id": quote["id"] })).await
        }
        ("amount", _) => {
            page.post("quote", &json!({ "target_token": "USDC", "target_network": "base" })).await
        }
        ("wallet", Ending::Cancels) => page.post("cancel", &json!({})).await,
        ("wallet", _) => page.post("wallet", &json!({ "address": WALLET })).await,
        ("payment", Ending::LeavesUnpaid) => Ok(Next::Leave),
        ("payment", _) => {
            let card = json!({ "number": card, "expiry": "12/39", "cvc": "123" });
            page.post("pay", &json!({ "quote_id": quote["id"], "card": card })).await
        }
        ("challenge", _) => page.post("challenge", &json!({ "code": "123456" })).await,
        ("processing", Ending::LeavesUndecided) => Ok(Next::Leave),
        ("processing", _) => {
            sleep(LOOK_EVERY).await;
            Ok(Next::Look)
        }
        ("failed", Ending::LeavesDeclined) => Ok(Next::Leave),
        ("failed", Ending::Tokens) => page.post("retry", &json!({})).await,
        ("done", Ending::Tokens) => {
            page.told("completed");
            page.wait_for_shop().await?;
            Ok(Next::Leave)
        }
        ("ended", Ending::Cancels) => {
            page.told("cancelled");
            Ok(Next::Leave)
        }
        _ => bail!("nobody expected this step: {step}"),
    }
}
