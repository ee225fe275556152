//! Where a user may be sent back to.

use gate_app::testing::partner;
use gate_domain::Mode;
use gate_store::testing::{TestStore, block_on};
use serde_json::{Value, json};

use crate::Api;
use crate::create::attempt;

#[test]
fn urls() {
    let store = TestStore::sqlite();
    block_on(async {
        let mut world = gate_app::testing::World::over(&store).await;
        world.partner = partner("Demo Shop", Mode::Test, 0);
        let loopback = [
            "http://localhost:4100",
            "http://127.0.0.1:4100",
            "http://[::1]:4100",
            "http://shop.localhost",
        ];
        world.partner.origins.extend(loopback.map(str::to_owned));
        world.provision(&world.partner.clone()).await;
        let api = Api::of(world);
        let long = |chars: usize| format!("https://shop.example/{}", "x".repeat(chars - 21));
        let urls = [
            "https://shop.example",
            "https://shop.example:443/x",
            "HTTPS://SHOP.EXAMPLE/x",
            "http://localhost:4100/x",
            "http://127.0.0.1:4100/",
            "http://[::1]:4100/",
            "http://shop.localhost/",
            "https://shop.example:8443/",
            "https://shop.example.evil.example/",
            "https://evil.example/shop.example",
            "https://www.shop.example/",
            "https://shop.example./",
            "http://localhost:4101/",
            "http://shop.example/",
            "http://127.0.0.1.evil.example/",
            "http://localhost.evil.example/",
            "https://user@shop.example/",
            "https://user:word@shop.example/",
            "https://shop.example@evil.example/",
            "https://evil.example\\@shop.example/",
            "javascript:alert(1)",
            "data:text/html,x",
            "file:///etc/passwd",
            "blob:https://shop.example/1",
            "ftp://shop.example/",
            "//shop.example/",
            "/orders/1",
            "shop.example",
            "",
            " https://shop.example/",
            "https://shop.example/\nx",
            "https://shop.example/a b",
            "https://shop.example/\u{0}",
            "https:shop.example/",
            "https:\\\\shop.example\\x",
        ];
        let mut values: Vec<_> = urls.into_iter().map(Value::from).collect();
        values.extend([
            json!(long(2_048)),
            json!(long(2_049)),
            json!(1),
            json!(["https://shop.example"]),
            Value::Null,
        ]);
        let returns = attempt(&api, "return_url", values.clone()).await;
        let cancels = attempt(&api, "cancel_url", values).await;
        insta::assert_snapshot!(returns, @r#"
        return_url
        "https://shop.example"                                        201
        "https://shop.example:443/x"                                  201
        "HTTPS://SHOP.EXAMPLE/x"                                      201
        "http://localhost:4100/x"                                     201
        "http://127.0.0.1:4100/"                                      201
        "http://[::1]:4100/"                                          201
        "http://shop.localhost/"                                      201
        "https://shop.example:8443/"                                  400 url_not_allowed /return_url
        "https://shop.example.evil.example/"                          400 url_not_allowed /return_url
        "https://evil.example/shop.example"                           400 url_not_allowed /return_url
        "https://www.shop.example/"                                   400 url_not_allowed /return_url
        "https://shop.example./"                                      400 url_not_allowed /return_url
        "http://localhost:4101/"                                      400 url_not_allowed /return_url
        "http://shop.example/"                                        400 url_invalid /return_url url_invalid
        "http://127.0.0.1.evil.example/"                              400 url_invalid /return_url url_invalid
        "http://localhost.evil.example/"                              400 url_invalid /return_url url_invalid
        "https://user@shop.example/"                                  400 url_invalid /return_url url_invalid
        "https://user:word@shop.example/"                             400 url_invalid /return_url url_invalid
        "https://shop.example@evil.example/"                          400 url_invalid /return_url url_invalid
        "https://evil.example\\@shop.example/"                        400 url_invalid /return_url url_invalid
        "javascript:alert(1)"                                         400 url_invalid /return_url url_invalid
        "data:text/html,x"                                            400 url_invalid /return_url url_invalid
        "file:///etc/passwd"                                          400 url_invalid /return_url url_invalid
        "blob:https://shop.example/1"                                 400 url_invalid /return_url url_invalid
        "ftp://shop.example/"                                         400 url_invalid /return_url url_invalid
        "//shop.example/"                                             400 url_invalid /return_url url_invalid
        "/orders/1"                                                   400 url_invalid /return_url url_invalid
        "shop.example"                                                400 url_invalid /return_url url_invalid
        ""                                                            400 field_length /return_url field_length
        " https://shop.example/"                                      400 url_invalid /return_url url_invalid
        "https://shop.example/\nx"                                    400 url_invalid /return_url url_invalid
        "https://shop.example/a b"                                    400 url_invalid /return_url url_invalid
        "https://shop.example/\u0000"                                 400 invalid_text /return_url invalid_text
        "https:shop.example/"                                         400 url_invalid /return_url url_invalid
        "https:\\\\shop.example\\x"                                   400 url_invalid /return_url url_invalid
        "https://shop.example/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx  201
        "https://shop.example/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx  400 field_length /return_url field_length
        1                                                             400 field_type /return_url field_type
        ["https://shop.example"]                                      400 field_type /return_url field_type
        null                                                          400 field_required /return_url field_required
        "#);
        let differing: Vec<_> = returns
            .lines()
            .zip(cancels.lines())
            .filter(|(ours, theirs)| ours.replace("return_url", "cancel_url") != **theirs)
            .map(|(_, theirs)| theirs.trim_end())
            .collect();
        assert_eq!(
            differing.len(),
            1,
            "a cancel_url is checked the same, and may be left out: {differing:?}"
        );
    });
}
