//! Secrets in the wrong place: refused, with what to do about it, and never repeated.

use gate_app::testing::SHOP;
use gate_store::testing::{TestStore, block_on};
use serde_json::json;

use crate::{Api, BOOTSTRAP, SESSIONS, table};

#[test]
fn a_secret_in_the_wrong_place_is_refused_and_never_repeated() {
    let store = TestStore::sqlite();
    block_on(async {
        let api = Api::over(&store).await;
        let session = api.create().await;
        let client_secret = api.vault().client_secret(&session);
        let (key, publishable) = (&api.partner.secret_key.1, &api.partner.publishable_key.1);
        let hook = api.webhook_secret();
        let escaped = key.replace('_', "%5F");
        let mut lines = Vec::new();
        let mut said = Vec::new();
        for (name, path) in [
            ("secret key in the query", format!("{SESSIONS}?key={key}")),
            ("secret key as a name", format!("{SESSIONS}?{key}")),
            ("secret key, escaped", format!("{SESSIONS}?key={escaped}")),
            ("secret key in the path", format!("{SESSIONS}/{key}")),
            ("on a path that is not there", format!("/v2/{key}")),
            ("on a page", format!("/checkout?key={key}")),
            ("client secret in the query", format!("/checkout?cs={client_secret}")),
            ("client secret in the path", format!("{SESSIONS}/{client_secret}")),
            ("webhook secret in the query", format!("{SESSIONS}?s={}", hook.expose())),
            ("publishable key in the query", format!("{SESSIONS}?pk={publishable}")),
        ] {
            let reply = api.call("GET", &path).key(key).send().await;
            lines.push((name.to_owned(), reply.line()));
            said.push(reply);
        }
        let page = || api.call("POST", BOOTSTRAP).header("origin", SHOP);
        let in_header = page().header("x-publishable-key", key).json(&json!({})).await;
        assert_eq!(in_header.header("access-control-allow-origin"), SHOP, "the page can read it");
        lines.push(("secret key in X-Publishable-Key".into(), in_header.line()));
        said.push(in_header);
        let in_body = page().json(&json!({ "publishable_key": key })).await;
        lines.push(("secret key as publishable_key".into(), in_body.line()));
        said.push(in_body);
        insta::assert_snapshot!(table(lines), @r#"
        secret key in the query          400 key_exposed
        secret key as a name             400 key_exposed
        secret key, escaped              400 key_exposed
        secret key in the path           400 key_exposed
        on a path that is not there      400 key_exposed
        on a page                        400 key_exposed
        client secret in the query       400 key_exposed
        client secret in the path        400 key_exposed
        webhook secret in the query      400 key_exposed
        publishable key in the query     400 field_unknown pk field_unknown
        secret key in X-Publishable-Key  401 key_exposed
        secret key as publishable_key    401 key_exposed
        "#);
        for reply in &said {
            let text = String::from_utf8_lossy(&reply.bytes);
            for secret in [key.as_str(), &client_secret, hook.expose(), &escaped] {
                assert!(!text.contains(secret), "{text}");
            }
        }
        insta::assert_snapshot!(said[0].shown(), @r#"
        400
        {
          "code": "key_exposed",
          "doc_url": null,
          "message": "A secret key was sent in the URL, where logs and histories keep it. Take it for known to others: roll it now, and send keys in the header Authorization: Bearer <key> only.",
          "param": null,
          "request_id": "<req>",
          "statusCode": 400,
          "type": "invalid_request"
        }
        "#);
        insta::assert_snapshot!(said[11].shown(), @r#"
        401
        {
          "code": "key_exposed",
          "doc_url": null,
          "message": "A secret was sent where a publishable key (pk_...) belongs. What a browser holds is known to others: roll that secret now, and use the publishable key here.",
          "param": null,
          "request_id": "<req>",
          "statusCode": 401,
          "type": "authentication_error"
        }
        "#);
    });
}
