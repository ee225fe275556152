//! Every operation of the API once, in an order in which each can succeed.

use gate_app::admin::reviews::{Command as ReviewCommand, Outcome};
use gate_app::admin::{self, Command, Whose};
use gate_app::testing::{SHOP, ScriptedSender, Unwritable, announce_unwritable, tenant_of};
use gate_app::workers::deliveries::deliver_due;
use gate_domain::catalogue::Entitlement;
use gate_domain::delivery::RETRY_GAPS_S;
use gate_domain::ids::{Mode, SessionId};
use gate_http::Json;

use super::Book;
use crate::{BOOTSTRAP, SESSIONS};

const CREATE: &str = r#"{
    "amount": "100.00", "currency": "EUR", "target_token": "USDC", "target_network": "base",
    "return_url": "https://shop.example/orders/1042", "cancel_url": "https://shop.example/cart",
    "user_reference": "user_8823", "metadata": { "order": "1042" }
}"#;
const WALLET: &str = r#"{ "address": "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed" }"#;
const BUY: &str = r#"{
    "side": "on_ramp", "currency": "EUR", "asset": "USDC", "amount": "100.00",
    "payment_method": "card", "network": "base", "expires_in": 300
}"#;
const SELL: &str = r#"{
    "side": "off_ramp", "currency": "EUR", "asset": "USDC", "amount": "100",
    "payment_method": "sepa_payout", "network": "base"
}"#;

pub(super) async fn play(book: &mut Book) {
    sessions(book).await;
    hosted_page(book).await;
    sale(book).await;
    swap(book).await;
    stray(book).await;
    other_journeys(book).await;
    test_helpers(book).await;
    book.api.entitle(&[Entitlement::Rails]).await;
    rails(book).await;
    records(book).await;
    capabilities(book).await;
    endpoints(book).await;
    webhooks(book).await;
    for path in ["/v1/openapi.json", "/healthz", "/readyz"] {
        book.ask("GET", path, None).await;
    }
}

fn text<'a>(value: &'a Json, name: &str) -> &'a str {
    value.get(name).and_then(Json::text).unwrap_or_else(|| panic!("no {name} in {value}"))
}

fn id(value: &Json) -> String {
    text(value, "id").to_owned()
}

/// A session and the token of its page.
async fn opened(book: &mut Book) -> (String, String) {
    opened_with(book, CREATE).await
}

async fn opened_with(book: &mut Book, create: &str) -> (String, String) {
    let session = book.ask("POST", SESSIONS, Some(create)).await;
    let request = format!(r#"{{ "clientSecret": "{}" }}"#, text(&session, "client_secret"));
    let call = book.api.call("POST", BOOTSTRAP).header("origin", SHOP);
    let call = call.key(&book.api.partner.publishable_key.1);
    let opened = book.send(call, "POST", BOOTSTRAP, Some(&request)).await;
    (id(&session), text(&opened, "embed_token").to_owned())
}

async fn sessions(book: &mut Book) {
    let session = id(&book.ask("POST", SESSIONS, Some(CREATE)).await);
    book.ask("GET", &format!("{SESSIONS}/{session}"), None).await;
    book.ask("GET", &format!("{SESSIONS}?limit=2&status=open"), None).await;
    book.ask("POST", &format!("{SESSIONS}/{session}/cancel"), None).await;
}

/// A purchase from the first look to the tokens, with one step back.
async fn hosted_page(book: &mut Book) {
    let (_, token) = opened(book).await;
    book.visit(&token, "GET", "/v1/embed/journey", "").await;
    book.visit(&token, "POST", "/v1/embed/refresh", "").await;
    accept(book, &token).await;
    book.visit(&token, "POST", "/v1/embed/wallet", WALLET).await;
    book.visit(&token, "POST", "/v1/embed/back", r#"{ "to": "wallet" }"#).await;
    book.visit(&token, "POST", "/v1/embed/wallet", WALLET).await;
    pay(book, &token, "4000 0000 0000 3220").await;
    book.api.pass_seconds(5).await;
    book.visit(&token, "POST", "/v1/embed/challenge", r#"{ "code": "123456" }"#).await;
    book.api.pass_seconds(10).await;
    let list = book.ask("GET", "/v1/transactions?limit=2", None).await;
    let transaction = text(&list.get("data").unwrap().items()[0], "refid").to_owned();
    book.ask("GET", &format!("/v1/transactions/{transaction}"), None).await;
    refund(book, &transaction).await;
    // One whose payment cannot be given back.
    let (_, token) = opened(book).await;
    accept(book, &token).await;
    book.visit(&token, "POST", "/v1/embed/wallet", WALLET).await;
    pay(book, &token, "4000 0000 0000 5126").await;
    book.api.pass_seconds(10).await;
    let list = book.ask("GET", "/v1/transactions?limit=2", None).await;
    let transaction = text(&list.get("data").unwrap().items()[0], "refid").to_owned();
    refund(book, &transaction).await;
    taken_back(book).await;
}

/// A payment that is taken back half a minute after it was made, and comes again.
async fn taken_back(book: &mut Book) {
    let (_, token) = opened(book).await;
    accept(book, &token).await;
    book.visit(&token, "POST", "/v1/embed/wallet", WALLET).await;
    pay(book, &token, "4000 0000 0000 2685").await;
    book.api.pass_seconds(35).await;
    let list = book.ask("GET", "/v1/transactions?limit=2", None).await;
    let transaction = text(&list.get("data").unwrap().items()[0], "refid").to_owned();
    let resolve = ReviewCommand::Resolve {
        whose: Whose { partner: None, mode: Mode::Test },
        subject: transaction,
        outcome: Outcome::Completed,
        reason: "the bank has decided for us".into(),
        actor: "ada".into(),
        payment: None,
        transfer: None,
    };
    admin::run(&book.api.app, Command::Reviews(resolve)).await.unwrap();
}

/// A quarter of a payment goes back, or is refused.
async fn refund(book: &mut Book, transaction: &str) {
    let path = format!("/v1/transactions/{transaction}/refunds");
    let made = book.ask("POST", &path, Some(r#"{ "amount": "25.00" }"#)).await;
    book.api.pass_seconds(1).await;
    book.ask("GET", &format!("/v1/refunds/{}", id(&made)), None).await;
    book.ask("GET", &path, None).await;
}

async fn accept(book: &mut Book, token: &str) {
    let token_and_network = r#"{ "target_token": "USDC", "target_network": "base" }"#;
    let journey = book.visit(token, "POST", "/v1/embed/quote", token_and_network).await;
    let quote = quote_of(&journey);
    let request = format!(r#"{{ "quote_id": "{quote}" }}"#);
    book.visit(token, "POST", "/v1/embed/quote/accept", &request).await;
}

async fn pay(book: &mut Book, token: &str, number: &str) {
    let journey = book.visit(token, "GET", "/v1/embed/journey", "").await;
    let request = format!(
        r#"{{ "quote_id": "{}", "card": {{ "number": "{number}", "expiry": "12/30", "cvc": "123" }} }}"#,
        quote_of(&journey)
    );
    book.visit(token, "POST", "/v1/embed/pay", &request).await;
}

/// The id of the quote on the table, wherever the step keeps it.
fn quote_of(journey: &Json) -> String {
    journey
        .at(&["step", "quote", "id"])
        .and_then(Json::text)
        .map_or_else(|| panic!("no quote in {journey}"), str::to_owned)
}

/// A sale whose tokens come in two parts, the last of them too late for the price; the user says no to
/// another one.
async fn sale(book: &mut Book) {
    let (session, token) = opened(book).await;
    book.visit(&token, "POST", "/v1/embed/flow", r#"{ "flow": "off_ramp" }"#).await;
    accept(book, &token).await;
    let account = r#"{ "iban": "DE09 0000 0000 0000 0000 01" }"#;
    book.visit(&token, "POST", "/v1/embed/account", account).await;
    let journey = book.visit(&token, "POST", "/v1/embed/wallet", WALLET).await;
    let request = format!(r#"{{ "quote_id": "{}" }}"#, quote_of(&journey));
    book.visit(&token, "POST", "/v1/embed/deposit", &request).await;
    book.visit(&token, "POST", "/v1/embed/simulated_deposit", r#"{ "amount": "10.5" }"#).await;
    book.api.clock.advance_ms(30 * 60_000);
    let path = "/v1/test_helpers/deposits";
    let rest = format!(r#"{{ "session_id": "{session}" }}"#);
    let deposit = book.ask("POST", path, Some(&rest)).await;
    let transaction = text(&deposit, "transaction_id").to_owned();
    let wrong = format!(r#"{{ "session_id": "{session}", "token": "EURC", "amount": "110" }}"#);
    book.ask("POST", path, Some(&wrong)).await;
    book.visit(&token, "POST", "/v1/embed/quote/decline", "").await;
    book.api.pass_seconds(3).await;
    book.ask("GET", &format!("/v1/transactions/{transaction}/deposits"), None).await;
}

/// A swap, up to where the tokens are to be sent.
async fn swap(book: &mut Book) {
    book.api.entitle(&[Entitlement::Swap]).await;
    let (_, token) = opened(book).await;
    book.visit(&token, "POST", "/v1/embed/flow", r#"{ "flow": "swap" }"#).await;
    accept(book, &token).await;
    book.visit(&token, "POST", "/v1/embed/wallet", WALLET).await;
    let journey = book.visit(&token, "POST", "/v1/embed/refund_address", WALLET).await;
    let request = format!(r#"{{ "quote_id": "{}" }}"#, quote_of(&journey));
    book.visit(&token, "POST", "/v1/embed/deposit", &request).await;
}

/// A sale of XRP that comes without its destination tag.
async fn stray(book: &mut Book) {
    let sale = r#"{
        "amount": "100.00", "currency": "EUR", "flow": "off_ramp", "target_token": "XRP",
        "target_network": "xrpl", "return_url": "https://shop.example/orders/1047"
    }"#;
    let (session, token) = opened_with(book, sale).await;
    let xrp = r#"{ "target_token": "XRP", "target_network": "xrpl" }"#;
    let quote = quote_of(&book.visit(&token, "POST", "/v1/embed/quote", xrp).await);
    let quote = format!(r#"{{ "quote_id": "{quote}" }}"#);
    book.visit(&token, "POST", "/v1/embed/quote/accept", &quote).await;
    let account = r#"{ "iban": "DE09 0000 0000 0000 0000 01" }"#;
    book.visit(&token, "POST", "/v1/embed/account", account).await;
    let back = r#"{ "address": "rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh", "without_memo": true }"#;
    book.visit(&token, "POST", "/v1/embed/wallet", back).await;
    book.visit(&token, "POST", "/v1/embed/deposit", &quote).await;
    let lost = format!(r#"{{ "session_id": "{session}" }}"#);
    book.ask("POST", "/v1/test_helpers/strays", Some(&lost)).await;
}

/// A payment that fails and is tried again, a user who gives up, and one who has to be verified.
async fn other_journeys(book: &mut Book) {
    let (_, token) = opened(book).await;
    accept(book, &token).await;
    book.visit(&token, "POST", "/v1/embed/wallet", WALLET).await;
    pay(book, &token, "4000 0000 0000 0002").await;
    book.api.pass_seconds(10).await;
    book.visit(&token, "POST", "/v1/embed/retry", "").await;
    book.visit(&token, "POST", "/v1/embed/cancel", "").await;
    let (session, token) = opened(book).await;
    let helper = format!("/v1/test_helpers/gate_sessions/{session}/require_kyc");
    book.ask("POST", &helper, Some(r#"{ "level": "basic" }"#)).await;
    book.visit(&token, "POST", "/v1/embed/identity", r#"{ "outcome": "approved" }"#).await;
    shows_who_they_are(book).await;
    let stream = book.api.call("GET", "/v1/embed/journey/stream").token(&token);
    drop(stream);
}

/// A user who shows who they are, from the address on.
async fn shows_who_they_are(book: &mut Book) {
    let (session, token) = opened(book).await;
    let helper = format!("/v1/test_helpers/gate_sessions/{session}/require_kyc");
    book.ask("POST", &helper, None).await;
    let email = r#"{ "email": "jane@example.com" }"#;
    book.visit(&token, "POST", "/v1/embed/identity/email", email).await;
    let mails = "/v1/test_helpers/mails?to=jane@example.com";
    let newest = book.api.partner_call("GET", mails).send().await.value();
    let code = newest["data"][0]["code"].as_str().unwrap().to_owned();
    book.stand_ins.stand_in(&code, "123456");
    book.ask("GET", mails, None).await;
    let code = format!(r#"{{ "code": "{code}" }}"#);
    book.visit(&token, "POST", "/v1/embed/identity/code", &code).await;
    let details = r#"{
        "given_name": "Jane", "family_name": "Miller", "birth_date": "1990-05-17", "country": "DE"
    }"#;
    book.visit(&token, "POST", "/v1/embed/identity/details", details).await;
}

async fn test_helpers(book: &mut Book) {
    for (outcome, request) in [
        ("complete", None),
        ("fail", None),
        ("expire", None),
        ("advance_time", Some(r#"{ "seconds": 3600 }"#)),
    ] {
        let session = id(&book.ask("POST", SESSIONS, Some(CREATE)).await);
        let path = format!("/v1/test_helpers/gate_sessions/{session}/{outcome}");
        book.ask("POST", &path, request).await;
    }
}

/// Each end of a rail payment, in both directions.
async fn rails(book: &mut Book) {
    let preview = r#"{
        "side": "on_ramp", "currency": "EUR", "asset": "USDC", "amount": "100.00", "country_code": "DE"
    }"#;
    book.ask("POST", "/v1/quotes/preview", Some(preview)).await;
    for (quote, path, more) in [
        (
            BUY,
            "/v1/rails/pay_ins",
            r#", "wallet_address": "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed""#,
        ),
        (SELL, "/v1/rails/pay_outs", r#", "flow": "off_ramp""#),
    ] {
        for end in ["settle", "fail", "cancel"] {
            let quote = id(&book.ask("POST", "/v1/quotes", Some(quote)).await);
            book.ask("GET", &format!("/v1/quotes/{quote}"), None).await;
            let session = format!(
                r#"{{ "quote_preview_id": "{quote}", "return_url": "https://shop.example/orders/1043"{more} }}"#
            );
            let session = id(&book.ask("POST", SESSIONS, Some(&session)).await);
            let request = format!(r#"{{ "quote_id": "{quote}", "session_id": "{session}" }}"#);
            let payment = id(&book.ask("POST", path, Some(&request)).await);
            book.ask("GET", &format!("{path}/{payment}"), None).await;
            book.ask("POST", &format!("/v1/test_helpers/rails/{payment}/{end}"), None).await;
        }
    }
}

async fn records(book: &mut Book) {
    let customer = r#"{
        "email": "ada@example.com", "external_id": "user_8823", "phone": "+442071838750",
        "country_code": "GB", "first_name": "Ada", "last_name": "Lovelace", "metadata": { "tier": "gold" }
    }"#;
    let customer = id(&book.ask("POST", "/v1/customers", Some(customer)).await);
    let path = format!("/v1/customers/{customer}");
    book.ask("GET", &path, None).await;
    book.ask("GET", "/v1/customers?email=ada@example.com", None).await;
    let change = r#"{ "last_name": "King", "metadata": { "tier": "platinum" } }"#;
    book.ask("PATCH", &path, Some(change)).await;
    // What is told about a customer goes with the customer, so another one is erased.
    let other = r#"{ "email": "grace@example.com" }"#;
    let other = id(&book.ask("POST", "/v1/customers", Some(other)).await);
    book.ask("DELETE", &format!("/v1/customers/{other}"), None).await;
    let branding = r##"{
        "brand_name": "Pebble", "logo_url": "https://shop.example/logo.svg",
        "primary_color": "#1D4ED8", "accent_color": null
    }"##;
    book.ask("PATCH", "/v1/branding", Some(branding)).await;
    book.ask("GET", "/v1/branding", None).await;
}

async fn capabilities(book: &mut Book) {
    for path in [
        "countries?country_code=DE",
        "currencies?country_code=DE",
        "assets?country_code=DE&currency=EUR",
        "assets/USDC?country_code=DE&currency=EUR",
        "payment-methods?currency=EUR",
        "payout-methods?currency=EUR",
        "eligibility?country_code=DE&currency=EUR&asset=USDC",
        "identity-levels?currency=EUR",
    ] {
        book.ask("GET", &format!("/v1/capabilities/{path}"), None).await;
    }
}

async fn endpoints(book: &mut Book) {
    let path = "/v1/webhook_endpoints";
    let request = r#"{
        "url": "https://shop.example/webhooks/rails",
        "event_types": ["rail.*", "quote.consumed"], "description": "Payments",
        "rate_limit": 50, "headers": { "authorization": "Bearer example" }, "asymmetric": true
    }"#;
    let endpoint = id(&book.ask("POST", path, Some(request)).await);
    let path = format!("{path}/{endpoint}");
    book.ask("GET", &path, None).await;
    book.ask("GET", "/v1/webhook_endpoints?limit=2", None).await;
    let change = r#"{ "event_types": ["rail.*"], "description": null }"#;
    book.ask("PATCH", &path, Some(change)).await;
    let roll = r#"{ "overlap_seconds": 3600 }"#;
    book.ask("POST", &format!("{path}/roll_secret"), Some(roll)).await;
    book.ask("DELETE", &path, None).await;
}

async fn webhooks(book: &mut Book) {
    let sender = ScriptedSender::default();
    deliver_due(&book.api.app, &sender).await.unwrap();
    let delivery = id(&book.ask("POST", "/v1/webhooks/test", None).await);
    book.ask("GET", "/v1/webhooks/deliveries?limit=2", None).await;
    let (endpoint, url, _) = book.api.partner.endpoint.clone().unwrap();
    // Ten failures over three days: the partner is warned, the delivery given up, the endpoint paused.
    sender.answer(&url, [500; 10]);
    for gap_s in RETRY_GAPS_S.into_iter().chain([1]) {
        deliver_due(&book.api.app, &sender).await.unwrap();
        book.api.clock.advance_ms(gap_s * 1_100);
    }
    let path = format!("/v1/webhooks/deliveries/{delivery}");
    book.ask("GET", &path, None).await;
    book.ask("GET", &format!("{path}/attempts"), None).await;
    book.ask("POST", &format!("{path}/replay"), None).await;
    let replay = r#"{ "event_types": ["gate_session.*"], "statuses": ["dead_lettered"] }"#;
    let replay = id(&book.ask("POST", "/v1/webhooks/replay", Some(replay)).await);
    book.ask("GET", "/v1/webhooks/replay?limit=2", None).await;
    book.ask("GET", &format!("/v1/webhooks/replay/{replay}"), None).await;
    book.ask("POST", &format!("/v1/webhooks/replay/{replay}/cancel"), None).await;
    // It takes webhooks again, and then says that it is gone for good.
    deliver_due(&book.api.app, &sender).await.unwrap();
    sender.answer(&url, [410]);
    book.ask("POST", "/v1/webhooks/test", None).await;
    deliver_due(&book.api.app, &sender).await.unwrap();
    let path = format!("/v1/webhook_endpoints/{endpoint}");
    book.ask("PATCH", &path, Some(r#"{ "status": "enabled" }"#)).await;
    let session = id(&book.ask("POST", SESSIONS, Some(CREATE)).await);
    let (tenant, session) = (tenant_of(&book.api.partner), SessionId::parse(&session).unwrap());
    let told = announce_unwritable(&book.api.app, &tenant, &session, Unwritable::Long(262_144));
    told.await.unwrap();
    let chaos = r#"{ "duplicate": 20, "delay": 10, "for_seconds": 600, "seed": 7 }"#;
    let path = "/v1/test_helpers/webhooks/chaos";
    book.ask("POST", path, Some(chaos)).await;
    book.ask("GET", path, None).await;
    let events = book.ask("GET", "/v1/events?limit=2&type=gate_session.*", None).await;
    let event = id(&events.get("data").unwrap().items()[0]);
    book.ask("GET", &format!("/v1/events/{event}"), None).await;
}
