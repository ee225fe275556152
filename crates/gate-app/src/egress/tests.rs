use std::collections::VecDeque;
use std::sync::Mutex;

use super::*;

/// Answers from a list, one after the other; the last one stays.
struct Scripted(Mutex<VecDeque<Vec<IpAddr>>>);

impl Scripted {
    fn new(answers: &[&[&str]]) -> Arc<Self> {
        let parse = |answer: &&[&str]| answer.iter().map(|text| text.parse().unwrap()).collect();
        Arc::new(Self(Mutex::new(answers.iter().map(parse).collect())))
    }
}

impl Names for Scripted {
    fn look_up<'a>(&'a self, _: &'a str) -> BoxFuture<'a, std::io::Result<Vec<IpAddr>>> {
        let mut answers = self.0.lock().unwrap();
        let next = if answers.len() > 1 { answers.pop_front() } else { answers.front().cloned() };
        Box::pin(async move { Ok(next.unwrap_or_default()) })
    }
}

fn public(answers: &[&[&str]]) -> Egress {
    Egress::with_names(Reach::Public, Scripted::new(answers))
}

/// A resolver must not even be asked about these.
fn refusal(url: &str) -> String {
    public(&[]).check_literal(url).unwrap_err().to_string()
}

#[test]
fn every_spelling_of_an_inner_address_is_refused() {
    for (url, what) in [
        ("https://127.0.0.1/", "this machine"),
        ("https://2130706433/", "this machine"),
        ("https://0x7f000001/", "this machine"),
        ("https://0177.0.0.1/", "this machine"),
        ("https://0x7f.1/", "this machine"),
        ("https://127.1/", "this machine"),
        ("https://127.0.0.1./", "this machine"),
        ("https://①②⑦.0.0.1/", "this machine"),
        ("https://0.0.0.0/", "this network"),
        ("https://0/", "this network"),
        ("https://10.1.2.3/", "a private network"),
        ("https://172.31.255.255/", "a private network"),
        ("https://192.168.0.1/", "a private network"),
        ("https://100.64.0.1/", "a carrier's private network"),
        ("https://169.254.169.254/latest/meta-data", "link-local"),
        ("https://192.0.0.192/", "reserved for protocols"),
        ("https://198.19.0.1/", "for benchmarks"),
        ("https://203.0.113.9/", "for documentation"),
        ("https://192.88.99.1/", "a relay to IPv6"),
        ("https://224.0.0.1/", "multicast"),
        ("https://255.255.255.255/", "reserved"),
        ("https://[::]/", "no address"),
        ("https://[::1]/", "this machine"),
        ("https://[::ffff:127.0.0.1]/", "mapped"),
        ("https://[::ffff:8.8.8.8]/", "mapped"),
        ("https://[::127.0.0.1]/", "not assigned"),
        ("https://[64:ff9b::7f00:1]/", "NAT64"),
        ("https://[64:ff9b:1::a00:1]/", "NAT64"),
        ("https://[2002:7f00:1::]/", "6to4"),
        ("https://[2001:0:53aa:64c::1]/", "Teredo"),
        ("https://[2001:db8::1]/", "for documentation"),
        ("https://[fc00::1]/", "a private network"),
        ("https://[fd12:3456::1]/", "a private network"),
        ("https://[fe80::1]/", "link-local"),
        ("https://[fec0::1]/", "not assigned"),
        ("https://[ff02::1]/", "multicast"),
        ("https://[100::1]/", "not assigned"),
        ("https://[4000::1]/", "not assigned"),
    ] {
        let refusal = refusal(url);
        assert!(refusal.contains(what), "{url}: {refusal}");
    }
}

#[test]
fn public_addresses_pass() {
    for url in
        ["https://93.184.216.34/", "https://[2606:4700::1111]/", "https://shop.example:8443/x?y=z"]
    {
        assert!(public(&[]).check_literal(url).is_ok(), "{url}");
    }
}

#[tokio::test]
async fn one_inner_address_among_several_refuses_the_name() {
    let good = public(&[&["93.184.216.34", "2606:4700::1111"]]);
    assert_eq!(good.check("https://shop.example/").await, Ok(()));
    let mixed = public(&[&["93.184.216.34", "10.0.0.7"]]);
    let refused = mixed.check("https://shop.example/").await.unwrap_err().to_string();
    assert_eq!(
        refused,
        "shop.example is at 10.0.0.7, which is a private network; webhooks go to public addresses only"
    );
    let none = public(&[&[]]).check("https://shop.example/").await.unwrap_err().to_string();
    assert_eq!(none, "shop.example cannot be resolved: it has no address");
}

#[tokio::test]
async fn a_name_that_turns_inward_after_registration_is_refused_at_the_dial() {
    let egress = public(&[&["93.184.216.34"], &["127.0.0.1"]]);
    assert_eq!(egress.check("https://shop.example/").await, Ok(()), "when it was registered");
    let dial = Resolve::resolve(&egress, "shop.example".parse().unwrap()).await;
    let refused = dial.err().unwrap().to_string();
    assert!(refused.contains("127.0.0.1, which is this machine"), "{refused}");
}

#[tokio::test]
async fn the_connection_goes_to_the_address_that_was_checked() {
    let egress = public(&[&["93.184.216.34"]]);
    let dial = Resolve::resolve(&egress, "shop.example".parse().unwrap()).await.unwrap();
    assert_eq!(dial.collect::<Vec<_>>(), ["93.184.216.34:0".parse().unwrap()]);
}

#[tokio::test]
async fn a_developer_machine_reaches_itself() {
    let egress = Egress::with_names(Reach::Anywhere, Scripted::new(&[&["127.0.0.1"]]));
    assert_eq!(egress.check("http://localhost:4100/webhooks").await, Ok(()));
    assert_eq!(egress.check("http://127.0.0.1:4100/webhooks").await, Ok(()));
    assert_eq!(egress.check("localhost").await, Err(Forbidden::NoHost));
}
