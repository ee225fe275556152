//! Partners, keys, origins and endpoints, on a gateway that runs and on one that is stopped.

use serde_json::Value;

use crate::Deployment;

const SESSIONS: &str = "/v1/gate_sessions";

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("{name} in {value}"))
}

#[test]
fn a_key_is_made_rolled_and_revoked_while_the_gateway_runs() {
    let deployment = Deployment::new();
    let partner = deployment.answers(&["partner", "create", "Tea and Bread"]);
    assert_eq!(text(&partner, "name"), "Tea and Bread");
    let gateway = deployment.start();
    let first = deployment.answers(&["keys", "create", "--name", "backend"]);
    let old = text(&first, "secret").to_owned();
    assert_eq!(gateway.status(SESSIONS, &old), 200);

    let second = deployment.answers(&["keys", "roll", text(&first, "id"), "--overlap", "1h"]);
    let new = text(&second, "secret").to_owned();
    assert_eq!((gateway.status(SESSIONS, &old), gateway.status(SESSIONS, &new)), (200, 200));

    deployment.says(&["keys", "revoke", text(&first, "id")]);
    assert_eq!(gateway.status(SESSIONS, &old), 401, "at once");
    assert_eq!(gateway.status(SESSIONS, &new), 200);

    let listed = deployment.says(&["keys", "list"]);
    assert!(
        listed.contains(text(&second, "id")) && !listed.contains(text(&first, "id")),
        "{listed}"
    );
    let all = deployment.says(&["keys", "list", "--all"]);
    assert!(all.contains("revoked"), "{all}");
    for secret in [&old, &new] {
        assert!(!all.contains(secret.as_str()), "a key is shown once");
    }
    gateway.stop();

    // The same on the database itself.
    let gateway_less = deployment.answers(&["keys", "list"]);
    assert_eq!(gateway_less["keys"].as_array().unwrap().len(), 2);
    deployment.says(&["keys", "revoke", text(&second, "id")]);
    let gateway = deployment.start();
    assert_eq!(gateway.status(SESSIONS, &new), 401);
}

#[test]
fn a_restricted_key_opens_what_it_says() {
    let deployment = Deployment::new();
    deployment.says(&["partner", "create", "Tea and Bread"]);
    let gateway = deployment.start();
    let key = deployment.answers(&["keys", "create", "--access", "sessions"]);
    assert_eq!(gateway.status(SESSIONS, text(&key, "secret")), 200);
    assert_eq!(gateway.status("/v1/webhooks/deliveries", text(&key, "secret")), 403);
}

#[test]
fn words_and_refusals() {
    let deployment = Deployment::new();
    let (code, said) = deployment.refuses(&["keys", "list"]);
    assert_eq!(code, 1);
    assert!(said.contains("begin with `gate partner create`"), "{said}");

    let said = deployment.says(&["partner", "create", "Tea and Bread"]);
    assert!(said.starts_with("Made the partner Tea and Bread: ptr_"), "{said}");
    let made = deployment.says(&["keys", "create"]);
    assert!(made.contains("\n  sk_test_") && made.contains("never again"), "{made}");
    let said = deployment.says(&["origins", "add", "https://shop.example"]);
    assert!(said.contains("  https://shop.example\n"), "{said}");
    let made = deployment.says(&["endpoints", "add", "https://shop.example/hooks"]);
    assert!(made.contains("\n  whsec_"), "{made}");

    for (words, code, hint) in [
        (
            &["origins", "add", "https://shop.example/"][..],
            1,
            "as browsers write it: https://shop.example",
        ),
        (&["origins", "remove", "https://other.example"], 1, "gate origins list"),
        (&["endpoints", "add", "http://shop.example"], 1, "https"),
        (&["endpoints", "add", "https://x.example", "--events", "nothing"], 1, "\"nothing\""),
        (&["keys", "revoke", "key_test_00000000000000000000000000"], 1, "gate keys list"),
        (&["keys", "create", "--partner", "ptr_x"], 1, "gate partner list"),
        (&["keys", "create", "--mode", "live"], 1, "does not serve live mode"),
        (&["keys", "create", "--access", "admin"], 2, "read_only"),
        (&["keys", "roll", "key_x", "--overlap", "soon"], 2, "such as 30m, 24h or 7d"),
        (&["keys"], 2, "create, list, roll, revoke"),
    ] {
        let (found, said) = deployment.refuses(words);
        assert_eq!(found, code, "{words:?}: {said}");
        assert!(said.contains(hint), "{words:?}: {said}");
    }
    let (code, said) = deployment.refuses(&["origins", "add", "nowhere", "--json"]);
    let said: Value = serde_json::from_str(&said).unwrap();
    assert_eq!((code, text(&said["error"], "code")), (1, "origin_invalid"));
}

#[test]
fn an_endpoint_is_paused_and_removed() {
    let deployment = Deployment::new();
    deployment.says(&["partner", "create", "Tea and Bread"]);
    let gateway = deployment.start();
    let words = ["endpoints", "add", "https://shop.example/hooks", "--events", "rail.*"];
    let made = deployment.answers(&words);
    let id = text(&made, "id");
    assert_eq!(made["event_types"], serde_json::json!(["rail.*"]));
    let paused = deployment.answers(&["endpoints", "disable", id]);
    assert_eq!(text(&paused, "disabled_reason"), "disabled_by_operator");
    assert_eq!(text(&deployment.answers(&["endpoints", "enable", id]), "status"), "enabled");
    let rolled = deployment.answers(&["endpoints", "roll-secret", id, "--overlap", "0"]);
    assert_ne!(text(&rolled, "secret"), text(&made, "secret"));
    deployment.says(&["endpoints", "remove", id]);
    let left = deployment.answers(&["endpoints", "list"]);
    assert_eq!(left["endpoints"], serde_json::json!([]));
    gateway.stop();
}
