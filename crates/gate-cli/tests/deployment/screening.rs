//! A list of sanctions, as an operator names it, asks it and hears of its age.

use std::fs;

use serde_json::Value;

use crate::{Deployment, complaint};

/// Nobody here exists.
const ROW: &str = "7,\"DOE, Invented\",-0- ,\"P\",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,\"Digital Currency Address - ETH 0xAB12;\"\n";

/// A deployment with a list of one.
fn screening() -> Deployment {
    // The configuration file names it by its place, which is known first here.
    let deployment = Deployment::new();
    let list = deployment.path("list");
    fs::create_dir(&list).unwrap();
    fs::write(list.join("SDN.CSV"), ROW).unwrap();
    fs::write(list.join("ALT.CSV"), "").unwrap();
    let config = deployment.path("gate.toml");
    let settings = fs::read_to_string(&config).unwrap();
    fs::write(&config, format!("{settings}sanctions_list = \"{}\"\n", list.display())).unwrap();
    deployment
}

#[test]
fn the_list_is_asked_while_the_gateway_runs_and_while_it_is_stopped() {
    let deployment = screening();
    let gateway = deployment.start();
    let said = deployment.says(&["screening", "check", "--name", "Invented Doe"]);
    assert!(said.contains("DOE, Invented"), "{said}");
    let said = deployment.says(&["screening", "check", "--address", "0xab13"]);
    assert!(said.contains("Nothing like it is on the list (1 entries"), "{said}");
    gateway.stop();
    let found = deployment.answers(&["screening", "check", "--address", "0xab12"]);
    assert_eq!(found["hits"][0]["entry"], "7");
    assert_eq!(found["hits"][0]["programmes"][0], "P");
    let (code, _) = deployment.refuses(&["screening", "check"]);
    assert_eq!(code, 2, "a name or an address");
    deployment.says(&["partner", "create", "Tea and Bread"]);
    assert!(deployment.says(&["screening", "list"]).contains("Nothing stands like this."));
    let nothing = ["screening", "block", "scr_1", "--reason", "x", "--actor", "ada", "--json"];
    let (code, said) = deployment.refuses(&nothing);
    assert_eq!(code, 1);
    let said: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(said["error"]["code"], "not_found");
}

#[test]
fn the_doctor_says_how_old_the_list_is_and_when_none_was_named() {
    let bare = Deployment::new();
    bare.start().stop();
    let said = bare.says(&["doctor"]);
    assert!(said.contains("Sanctions list   none was named to this command"), "{said}");
    assert_eq!(bare.answers(&["doctor"])["sanctions_list"], Value::Null);

    let deployment = screening();
    deployment.start().stop();
    let said = deployment.says(&["doctor"]);
    assert!(said.contains("Sanctions list   1 entries, 0 days old, from "), "{said}");
    assert_eq!(deployment.answers(&["doctor"])["sanctions_list"]["entries"], 1);

    fs::write(deployment.path("list/SDN.CSV"), "7").unwrap();
    let output = deployment.gate(&["doctor"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stdout.clone()).unwrap();
    assert!(said.contains("Sanctions list   it cannot be used"), "{said}");
    assert!(complaint(&output).contains("1 problems found"));
}

#[test]
fn a_list_that_cannot_be_read_keeps_the_gateway_from_starting() {
    for (name, wanted) in [("nowhere", "nowhere"), ("data", "it holds no SDN.CSV")] {
        let deployment = Deployment::new();
        deployment.start().stop();
        let list = deployment.path(name).display().to_string();
        let (code, said) = deployment.refuses(&["serve", "--sanctions-list", &list]);
        assert_eq!(code, 1);
        assert!(said.contains("the list of sanctions cannot be used"), "{said}");
        assert!(said.contains(wanted), "{said}");
    }
}
