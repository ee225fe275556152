//! `gate capabilities`: what an operator switches is so in the running gateway at once, and stays so.

use std::fs;

use crate::Deployment;

#[test]
fn a_switch_takes_effect_at_once_and_outlives_the_process() {
    let deployment = Deployment::new();
    deployment.says(&["partner", "create", "Tea and Bread"]);
    let key = deployment.answers(&["keys", "create"])["secret"].clone();
    let key = key.as_str().unwrap();
    let asset = |gateway: &crate::Gateway| gateway.status("/v1/capabilities/assets/ETH", key);

    let gateway = deployment.start();
    assert_eq!(asset(&gateway), 200);
    let off = ["capabilities", "off", "asset:eth", "--reason", "The network is being upgraded."];
    let said = deployment.says(&off);
    assert_eq!(said, "asset:ETH is off: The network is being upgraded.\n");
    assert_eq!(asset(&gateway), 404);
    gateway.stop();
    // Stopped, the command line reads the database itself.
    let switches = deployment.answers(&["capabilities", "list"]);
    assert_eq!(switches["switches"][0]["subject"], "asset:ETH");
    let gateway = deployment.start();
    assert_eq!(asset(&gateway), 404, "the switch is read before anything is served");
    assert_eq!(deployment.says(&["capabilities", "on", "asset:ETH"]), "asset:ETH is on again.\n");
    assert_eq!(asset(&gateway), 200);
    gateway.stop();
}

#[test]
fn what_a_partner_may_do_is_shown_as_it_is_set() {
    let deployment = Deployment::new();
    deployment.says(&["partner", "create", "Tea and Bread"]);
    let terms = |words: &[&str]| {
        let mut answer = deployment.answers(&[&["capabilities"], words].concat());
        answer.as_object_mut().unwrap().remove("partner");
        answer.to_string()
    };
    assert_eq!(
        terms(&["grant", "rails"]),
        r#"{"entitlements":["rails"],"maximum":[],"mode":"test","only":{}}"#
    );
    assert_eq!(
        terms(&["restrict", "country", "--only", "de,AT"]),
        r#"{"entitlements":["rails"],"maximum":[],"mode":"test","only":{"country":["AT","DE"]}}"#
    );
    terms(&["restrict", "country", "--lift"]);
    terms(&["withdraw", "rails"]);
    assert_eq!(
        terms(&["limit", "jpy", "20000"]),
        r#"{"entitlements":[],"maximum":["20000 JPY"],"mode":"test","only":{}}"#
    );
    let (code, said) =
        deployment.refuses(&["capabilities", "off", "currency:XYZ", "--reason", "x"]);
    assert_eq!(code, 1);
    assert!(said.contains("There is no currency \"XYZ\". There is: AED, AUD,"), "{said}");
    assert_eq!(deployment.refuses(&["capabilities", "grant", "wings"]).0, 2);
    assert_eq!(
        deployment.refuses(&["capabilities", "off", "currency:EUR"]).0,
        2,
        "without a reason"
    );
}

#[test]
fn a_file_is_checked_without_a_gateway_and_refused_by_one() {
    let deployment = Deployment::with("capabilities = \"wrong.toml\"");
    let file = deployment.path("wrong.toml");
    let right = include_str!("../../../gate-app/src/capabilities/world.toml");
    fs::write(&file, right.replace("EUR = { minimum = \"10.00\"", "EUR = { minimum = \"ten\""))
        .unwrap();
    let path = file.to_str().unwrap();
    let (code, said) = deployment.refuses(&["capabilities", "check", path]);
    assert_eq!(code, 1);
    assert!(said.contains("line "), "{said}");
    assert!(said.contains("\"ten\" must be a decimal string such as \"100.00\""), "{said}");
    let (code, said) = deployment.refuses(&["serve", "--capabilities", path]);
    assert_eq!(code, 1);
    assert!(said.contains("\"ten\" must be a decimal string"), "{said}");
    fs::write(&file, right).unwrap();
    let said = deployment.says(&["capabilities", "check", path]);
    assert!(said.contains("is in order: 249 countries") && !said.contains("Warning"), "{said}");

    // A method that only rails can use is allowed, and told.
    fs::write(&file, right.replace("id = \"pix_payout\"", "id = \"wire_payout\"")).unwrap();
    let said = deployment.says(&["capabilities", "check", path]);
    assert!(!said.contains("Warning"), "its account stands there: {said}");
    let account = "id = \"pix_payout\"\nname = \"Pix\"\naccount = \"pix\"";
    assert!(right.contains(account));
    fs::write(&file, right.replace(account, "id = \"wire_payout\"\nname = \"Wire\"")).unwrap();
    let said = deployment.says(&["capabilities", "check", path]);
    let warning = format!("Warning: {path}: payout method \"wire_payout\" has no account.");
    assert!(said.contains(&warning), "{said}");
    assert!(said.contains("add account = one of iban, sort_code, aba, pix, card."), "{said}");
    assert_eq!(said.matches("Warning").count(), 1, "{said}");
}
