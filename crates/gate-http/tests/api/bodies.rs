//! Bodies that are no good, before anybody looks at their fields.

use axum::body::Body;
use gate_store::both_engines;
use serde_json::json;

use crate::{Api, SESSIONS, good, table};

const KIB: usize = 1024;

both_engines! {
    async fn of_create(store) {
        let api = Api::over(store).await;
        let nested = |depth: usize| format!("{{\"amount\":{}1{}}}", "[".repeat(depth), "]".repeat(depth));
        let padded = |bytes: usize| format!("{{\"amount\":\"{}\"}}", "1".repeat(bytes - 13));
        let (json, text) = ("application/json", good().to_string());
        let cases: Vec<(&str, &str, Vec<u8>)> = vec![
            ("no body", json, vec![]),
            ("blank", json, b"  \n".to_vec()),
            ("an array", json, b"[]".to_vec()),
            ("null", json, b"null".to_vec()),
            ("a string", json, b"\"x\"".to_vec()),
            ("half an object", json, b"{\"amount\":".to_vec()),
            ("two objects", json, b"{}{}".to_vec()),
            ("a comment", json, b"{} // x".to_vec()),
            ("a trailing comma", json, b"{\"amount\":\"1\",}".to_vec()),
            ("a byte order mark", json, b"\xEF\xBB\xBF{}".to_vec()),
            ("not UTF-8", json, b"{\"amount\":\"\xFF\"}".to_vec()),
            ("a key twice", json, br#"{"amount":"1","amount":"2"}"#.to_vec()),
            ("a key twice inside", json, br#"{"metadata":{"a":1,"\u0061":2}}"#.to_vec()),
            ("half a surrogate pair", json, br#"{"amount":"\ud800"}"#.to_vec()),
            ("nested 126 deep", json, nested(126).into_bytes()),
            ("nested 128 deep", json, nested(128).into_bytes()),
            ("nested 100,000 deep", json, nested(100_000).into_bytes()),
            ("256 KiB", json, padded(256 * KIB).into_bytes()),
            ("256 KiB and one byte", json, padded(256 * KIB + 1).into_bytes()),
            ("8 MiB", json, padded(8 * KIB * KIB).into_bytes()),
            ("no content type", "", text.clone().into_bytes()),
            ("a form", "application/x-www-form-urlencoded", b"amount=100".to_vec()),
            ("text", "text/plain", text.clone().into_bytes()),
            ("almost JSON", "application/json5", text.clone().into_bytes()),
            ("another kind of JSON", "application/ld+json", text.clone().into_bytes()),
        ];
        let mut lines = Vec::new();
        for (name, content_type, body) in cases {
            let mut call = api.partner_call("POST", SESSIONS).header("idempotency-key", "k");
            if !content_type.is_empty() {
                call = call.header("content-type", content_type);
            }
            lines.push((name.to_owned(), call.body(body).await.line()));
        }
        insta::allow_duplicates! {
            insta::assert_snapshot!(table(lines), @r#"
            no body                400 malformed_json
            blank                  400 malformed_json
            an array               400 field_type  field_type
            null                   400 field_type  field_type
            a string               400 field_type  field_type
            half an object         400 malformed_json
            two objects            400 malformed_json
            a comment              400 malformed_json
            a trailing comma       400 malformed_json
            a byte order mark      400 malformed_json
            not UTF-8              400 malformed_json
            a key twice            400 malformed_json
            a key twice inside     400 malformed_json
            half a surrogate pair  400 malformed_json
            nested 126 deep        400 field_type /amount field_type /currency field_required /return_url field_required
            nested 128 deep        400 malformed_json
            nested 100,000 deep    400 malformed_json
            256 KiB                400 field_length /amount field_length /currency field_required /return_url field_required
            256 KiB and one byte   413 body_too_large
            8 MiB                  413 body_too_large
            no content type        415 unsupported_media_type
            a form                 415 unsupported_media_type
            text                   415 unsupported_media_type
            almost JSON            415 unsupported_media_type
            another kind of JSON   415 unsupported_media_type
            "#);
        }
        for content_type in ["application/json; charset=utf-8", "Application/JSON", "application/json;"] {
            let call = api.partner_call("POST", SESSIONS).header("idempotency-key", content_type);
            let reply = call.header("content-type", content_type).body(text.clone()).await;
            assert_eq!(reply.status, 201, "{content_type}");
        }
    }

    /// A length that lies, and none at all.
    async fn a_large_body_is_refused_however_it_comes(store) {
        let api = Api::over(store).await;
        let call = || {
            let call = api.partner_call("POST", SESSIONS).header("idempotency-key", "k");
            call.header("content-type", "application/json")
        };
        let announced = call().header("content-length", "99999999").body("{}").await;
        assert_eq!(announced.line(), "413 body_too_large");
        let chunks = (0..1_000).map(|_| Ok::<_, std::io::Error>(vec![b' '; 1_000]));
        let endless = Body::from_stream(futures::stream::iter(chunks));
        assert_eq!(call().body(endless).await.line(), "413 body_too_large");
        let lies = call().header("content-length", "2").body(vec![b' '; 300 * KIB]).await;
        assert_eq!(lies.line(), "413 body_too_large");
    }

    /// Calls that take no body take an empty one, and say so otherwise.
    async fn of_a_call_that_takes_none(store) {
        let api = Api::over(store).await;
        let mut lines = Vec::new();
        let long = json!({ "x".repeat(10_000): 1 }).to_string();
        for (name, content_type, body) in [
            ("nothing", "", ""),
            ("an empty object", "application/json", "{}"),
            ("nothing, said to be JSON", "application/json", ""),
            ("nothing, said to be text", "text/plain", ""),
            ("a field", "application/json", r#"{"reason":"x"}"#),
            ("a field with a slash", "application/json", r#"{"a/b~c":1}"#),
            ("a long field", "application/json", long.as_str()),
            ("an array", "application/json", "[]"),
            ("text", "text/plain", "hello"),
            ("something of no kind", "", "{}"),
        ] {
            let session = api.create().await;
            let mut call = api.partner_call("POST", &format!("{SESSIONS}/{session}/cancel"));
            if !content_type.is_empty() {
                call = call.header("content-type", content_type);
            }
            let reply = call.body(body.to_owned()).await;
            let said = if reply.status == 201 { "201".into() } else { reply.line() };
            lines.push((name.to_owned(), said));
        }
        insta::allow_duplicates! {
            insta::assert_snapshot!(table(lines), @r#"
            nothing                   201
            an empty object           201
            nothing, said to be JSON  201
            nothing, said to be text  201
            a field                   400 field_unknown /reason field_unknown
            a field with a slash      400 field_unknown /a~1b~0c field_unknown
            a long field              400 field_unknown /xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx field_unknown
            an array                  400 field_type  field_type
            text                      415 unsupported_media_type
            something of no kind      415 unsupported_media_type
            "#);
        }
    }
}
