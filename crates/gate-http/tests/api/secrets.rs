//! Nothing secret is ever said: not in an answer that is not meant to, not in a log line.

use std::io::Write;
use std::sync::{Arc, Mutex};

use gate_app::testing::{ADDRESS, SHOP, ScriptedSender};
use gate_app::workers::deliveries::deliver_due;
use gate_app::workers::sweep::expire_due_sessions;
use gate_store::testing::{TestStore, block_on};
use serde_json::json;
use tracing_subscriber::fmt::MakeWriter;

use crate::{Api, BOOTSTRAP, SESSIONS, good};

const CARD: &str = "4000000000003220";
const CODE: &str = "735194";
const CVC: &str = "8361";
const USER: &str = "planted-user-reference";

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[test]
fn neither_answers_nor_logs_hold_a_secret() {
    let log = Log::default();
    let everything = tracing_subscriber::fmt().with_writer(log.clone()).with_ansi(false);
    // Without the time, whose digits would be somebody's security code now and then.
    let everything = everything.without_time().with_max_level(tracing::Level::TRACE).finish();
    tracing::subscriber::set_global_default(everything).unwrap();
    let store = TestStore::sqlite();
    block_on(async {
        let api = Api::over(&store).await;
        let (key, publishable) = (&api.partner.secret_key.1, &api.partner.publishable_key.1);
        let mut said = Vec::new();

        let mut body = good();
        body["user_reference"] = USER.into();
        let created = api.create_session(&body).await;
        let session = created.value();
        let secret = session["client_secret"].as_str().unwrap().to_owned();
        let path = format!("{SESSIONS}/{}", session["id"].as_str().unwrap());
        let call = api.call("POST", BOOTSTRAP).key(publishable).header("origin", SHOP);
        let opened = call.json(&json!({ "clientSecret": secret })).await;
        let token = opened.value()["embed_token"].as_str().unwrap().to_owned();

        let act = |action: &str| api.call("POST", &format!("/v1/embed/{action}")).token(&token);
        let asset = json!({ "target_token": "USDC", "target_network": "base" });
        let quoted = act("quote").json(&asset).await;
        let quote = quoted.value()["step"]["quote"]["id"].clone();
        said.push(quoted);
        said.push(act("quote/accept").json(&json!({ "quote_id": quote })).await);
        said.push(act("wallet").json(&json!({ "address": ADDRESS })).await);
        for (number, expiry) in [("5555555555554444", "12/30"), (CARD, "12/20"), (CARD, "12/30")] {
            let card = json!({ "number": number, "expiry": expiry, "cvc": CVC });
            said.push(act("pay").json(&json!({ "quote_id": quote, "card": card })).await);
        }
        api.pass_seconds(1).await;
        said.push(act("challenge").json(&json!({ "code": CODE })).await);
        api.pass_seconds(3).await;
        said.push(api.call("GET", "/v1/embed/journey").token(&token).send().await);
        said.push(api.partner_call("GET", &path).send().await);
        said.push(api.partner_call("GET", SESSIONS).send().await);

        // Keys in the wrong place, keys with a mistake, secrets where they do not belong.
        said.push(api.call("GET", SESSIONS).key(&format!("{key}x")).send().await);
        said.push(api.call("GET", SESSIONS).header("authorization", key).send().await);
        said.push(api.call("GET", &format!("{SESSIONS}?key={key}")).key(key).send().await);
        said.push(api.call("GET", &format!("{SESSIONS}/{key}")).key(key).send().await);
        said.push(api.call("GET", &format!("/checkout?cs={secret}")).send().await);
        let in_header = api.call("POST", BOOTSTRAP).header("x-publishable-key", key);
        said.push(in_header.json(&json!({})).await);
        said.push(api.call("POST", BOOTSTRAP).key(key).json(&json!({})).await);
        said.push(api.call("POST", BOOTSTRAP).json(&json!({ "clientSecret": key })).await);
        said.push(api.call("GET", SESSIONS).key(&token).send().await);
        said.push(api.call("GET", SESSIONS).key(&secret).send().await);
        let mut planted = good();
        planted["currency"] = key.as_str().into();
        planted["metadata"] = json!({ "note": [key] });
        said.push(api.create_session(&planted).await);

        let sender = ScriptedSender::default();
        sender.answer(&api.partner.endpoint.clone().unwrap().1, [500, 0]);
        for _ in 0..3 {
            deliver_due(&api.app, &sender).await.unwrap();
            api.clock.advance_ms(400_000);
        }
        said.push(api.partner_call("GET", "/v1/webhooks/deliveries").send().await);
        api.clock.advance_ms(86_400_000);
        expire_due_sessions(&api.app).await.unwrap();

        let hook = api.webhook_secret();
        let secrets = [
            ("secret key", key.as_str()),
            ("its tail", &key[key.len() - 20..]),
            ("client secret", &secret),
            ("embed token", &token),
            ("webhook secret", hook.expose()),
            ("card", CARD),
            ("another card", "5555555555554444"),
            ("cvc", CVC),
            ("code", CODE),
        ];
        let answers: Vec<_> =
            said.iter().map(|reply| String::from_utf8_lossy(&reply.bytes)).collect();
        let sent: Vec<_> = sender.take().into_iter().map(|one| format!("{one:?}")).collect();
        let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
        for (name, secret) in secrets {
            for text in answers.iter().map(|text| &**text).chain(sent.iter().map(String::as_str)) {
                assert!(!text.contains(secret), "{name} in {text}");
            }
            assert!(!log.contains(secret), "{name} in the log");
        }
        for personal in [USER, ADDRESS, &ADDRESS[2..], "10.00", "100.00"] {
            assert!(
                !log.to_lowercase().contains(&personal.to_lowercase()),
                "{personal} in the log"
            );
        }
        // The log was on, and says what happened.
        for line in ["POST /v1/gate_sessions 201", "could not deliver", "delivered wd_test_"] {
            assert!(log.contains(line), "{line} in {log}");
        }
    });
}
