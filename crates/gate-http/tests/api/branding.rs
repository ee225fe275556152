//! How pages look, over HTTP.

use gate_app::testing::SHOP;
use gate_domain::Mode;
use gate_store::both_engines;
use gate_store::testing::{TestStore, block_on};
use serde_json::{Value, json};

use crate::{Api, BOOTSTRAP, Reply, stranger, table};

const BRANDING: &str = "/v1/branding";

async fn patch(api: &Api, body: &Value) -> Reply {
    api.partner_call("PATCH", BRANDING).json(body).await
}

fn policy(reply: &Reply) -> String {
    let policy = reply.header("content-security-policy");
    let images = policy.split("; ").find(|part| part.starts_with("img-src")).unwrap();
    images.to_owned()
}

#[test]
fn fields() {
    let store = TestStore::sqlite();
    block_on(async {
        let api = Api::over(&store).await;
        let mut lines = Vec::new();
        for (field, value) in [
            ("brand_name", json!("")),
            ("brand_name", json!("x".repeat(61))),
            ("brand_name", json!(" Shop")),
            ("brand_name", json!("Shop\u{202e}pohS")),
            ("brand_name", json!("Acme KYC")),
            ("brand_name", json!("Escrow & Sons")),
            ("brand_name", json!(7)),
            ("logo_url", json!("http://shop.example/logo.svg")),
            ("logo_url", json!("/logo.svg")),
            ("logo_url", json!("data:image/png;base64,AAAA")),
            ("logo_url", json!("https://*.example/logo.svg")),
            ("logo_url", json!("https://me@shop.example/logo.svg")),
            ("logo_url", json!(format!("https://shop.example/{}", "x".repeat(2048)))),
            ("primary_color", json!("red")),
            ("primary_color", json!("#12345")),
            ("secondary_color", json!("#12345G")),
            ("accent_color", json!("112233")),
            ("accent_colour", json!("#112233")),
        ] {
            // A mark that turns the text around it would turn this table too.
            let shown = format!("{field} {value}").replace('\u{202e}', "<RLO>");
            let shown: String = shown.chars().take(52).collect();
            lines.push((shown, patch(&api, &json!({ field: value })).await.line()));
        }
        insta::assert_snapshot!(table(lines), @r##"
        brand_name ""                                         400 field_length /brand_name field_length
        brand_name "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx  400 field_length /brand_name field_length
        brand_name " Shop"                                    400 invalid_text /brand_name invalid_text
        brand_name "Shop<RLO>pohS"                            400 invalid_text /brand_name invalid_text
        brand_name "Acme KYC"                                 400 brand_name_misleading /brand_name brand_name_misleading
        brand_name "Escrow & Sons"                            400 brand_name_misleading /brand_name brand_name_misleading
        brand_name 7                                          400 field_type /brand_name field_type
        logo_url "http://shop.example/logo.svg"               400 url_invalid /logo_url url_invalid
        logo_url "/logo.svg"                                  400 url_invalid /logo_url url_invalid
        logo_url "data:image/png;base64,AAAA"                 400 url_invalid /logo_url url_invalid
        logo_url "https://*.example/logo.svg"                 400 url_invalid /logo_url url_invalid
        logo_url "https://me@shop.example/logo.svg"           400 url_invalid /logo_url url_invalid
        logo_url "https://shop.example/xxxxxxxxxxxxxxxxxxxxx  400 field_length /logo_url field_length
        primary_color "red"                                   400 color_invalid /primary_color color_invalid
        primary_color "#12345"                                400 color_invalid /primary_color color_invalid
        secondary_color "#12345G"                             400 color_invalid /secondary_color color_invalid
        accent_color "112233"                                 400 color_invalid /accent_color color_invalid
        accent_colour "#112233"                               400 field_unknown /accent_colour field_unknown
        "##);
        let untouched = api.partner_call("GET", BRANDING).send().await;
        insta::assert_snapshot!(untouched.shown(), @r#"
        200
        {
          "accent_color": null,
          "brand_name": null,
          "logo_url": null,
          "primary_color": null,
          "secondary_color": null
        }
        "#);
        let message = patch(&api, &json!({ "brand_name": "Acme KYC" })).await;
        insta::assert_snapshot!(message.value()["message"].as_str().unwrap(), @r#"brand_name must not hold the word "kyc": it would suggest that your company runs compliance or settlement. Use the name that your users know you by."#);
    });
}

both_engines! {
    async fn a_look_is_merged_and_the_page_gets_it(store) {
        let api = Api::over(store).await;
        let first = json!({
            "brand_name": "Grüße, 猫", "logo_url": "https://cdn.shop.example:8443/logo.svg?v=1",
            "primary_color": "#0d6B54", "accent_color": "#112233",
        });
        assert_eq!(patch(&api, &first).await.status, 200);
        let second = json!({ "accent_color": null, "secondary_color": "#445566" });
        let merged = patch(&api, &second).await;
        let expected = json!({
            "brand_name": "Grüße, 猫", "logo_url": "https://cdn.shop.example:8443/logo.svg?v=1",
            "primary_color": "#0d6B54", "secondary_color": "#445566", "accent_color": null,
        });
        assert_eq!((merged.status.as_u16(), merged.value()), (200, expected.clone()));
        assert_eq!(patch(&api, &json!({})).await.value(), expected);
        assert_eq!(api.partner_call("GET", BRANDING).send().await.value(), expected);

        let session = api.create().await;
        let body = json!({ "clientSecret": api.vault().client_secret(&session) });
        let call = api.call("POST", BOOTSTRAP).header("origin", SHOP);
        let opened = call.key(&api.partner.publishable_key.1).json(&body).await.value();
        assert_eq!(opened["branding"], expected);
        let token = opened["embed_token"].as_str().unwrap();
        let journey = api.call("GET", "/v1/embed/journey").token(token).send().await.value();
        assert_eq!(journey["session"]["branding"], expected);

        let partner = api.partner.partner_id.clone();
        for path in [format!("/embed/{partner}/test"), format!("/checkout/{partner}/test")] {
            let page = api.call("GET", &path).send().await;
            let images = policy(&page);
            assert_eq!(images, "img-src 'self' data: https://cdn.shop.example:8443", "{path}");
        }
        for path in ["/checkout".to_owned(), format!("/checkout/{partner}/live")] {
            let page = api.call("GET", &path).send().await;
            assert_eq!(policy(&page).trim_end(), "img-src 'self' data:", "{path}");
        }
        assert_eq!(api.call("GET", "/checkout/ptr_1/test").send().await.status, 404);

        let other = stranger(&api, Mode::Test).await;
        let theirs = api.call("GET", BRANDING).key(&other.secret_key.1).send().await.value();
        assert!(theirs.as_object().unwrap().values().all(Value::is_null), "{theirs}");
    }
}
