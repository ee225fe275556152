//! Every way to be wrong, and what is said about it.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::signature::{Ed25519KeyPair, KeyPair as _};

use super::super::paste::STANDARD_ID;
use super::*;

const NOW: i64 = 1_764_000_000;
const ID: &str = "evt_test_01kqvf3h2m8x4t9w0z6y5a7b1c";

fn secret() -> WebhookSecret {
    WebhookSecret::new([7; 32])
}

/// As a gateway writes it: compact, with a slash, a letter outside of ASCII and a quote.
fn body() -> String {
    format!(
        r#"{{"id":"{ID}","object":"event","type":"gate_session.completed","created_at":{NOW},"livemode":false,"sequence":7,"data":{{"id":"gs_test_1","return_url":"https://shop.example/a","metadata":{{"name":"Zoë \"Z\""}},"amount":"100.00"}}}}"#
    )
}

fn gate_header(body: &str) -> Header {
    (GATE_SIGNATURE.into(), secret().gate_signature(NOW, body.as_bytes()))
}

fn standard_headers(body: &str) -> Vec<Header> {
    vec![
        (STANDARD_ID.into(), ID.into()),
        (STANDARD_TIME.into(), NOW.to_string()),
        (STANDARD_SIGNATURE.into(), secret().standard_signature(ID, NOW, body.as_bytes())),
    ]
}

fn all_headers(body: &str) -> Vec<Header> {
    [vec![gate_header(body)], standard_headers(body)].concat()
}

fn codes(body: &[u8], headers: &[Header], secret: &str, now: i64) -> (bool, Vec<&'static str>) {
    let verdict = judge(&Given { body, headers, secret, now: Some(now) });
    (verdict.ok, verdict.findings.iter().map(|finding| finding.code).collect())
}

/// What is said about a body that was signed otherwise.
fn about(received: &[u8]) -> (bool, Vec<&'static str>) {
    codes(received, &all_headers(&body()), secret().expose(), NOW)
}

#[test]
fn what_was_sent_verifies_in_both_schemes() {
    let fine = vec!["signature_matches"; 2];
    assert_eq!(about(body().as_bytes()), (true, fine));
    let one = [gate_header(&body())];
    assert!(codes(body().as_bytes(), &one, secret().expose(), NOW + 300).0);
    let standard = standard_headers(&body());
    assert!(codes(body().as_bytes(), &standard, secret().expose(), NOW).0);
}

#[test]
fn a_body_that_was_written_again_is_recognised() {
    let sent = body();
    let value: serde_json::Value = serde_json::from_str(&sent).unwrap();
    let python = sent.replace("\":", "\": ").replace(",\"", ", \"").replace("https: ", "https:");
    let variants: Vec<(&str, Vec<u8>)> = vec![
        ("indented", super::super::bodies::indented(&sent).into_bytes()),
        ("python", python.replace('ë', "\\u00eb").into_bytes()),
        ("php", sent.replace('/', "\\/").replace('ë', "\\u00eb").into_bytes()),
        ("line end", format!("{sent}\n").into_bytes()),
        ("crlf", format!("{sent}\r\n").into_bytes()),
        ("around", format!("  {sent} ").into_bytes()),
        ("byte order mark", [b"\xef\xbb\xbf", sent.as_bytes()].concat()),
        ("string", serde_json::to_vec(&sent).unwrap()),
        ("mojibake", sent.bytes().map(char::from).collect::<String>().into_bytes()),
        ("latin-1", sent.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect()),
    ];
    for (name, received) in variants {
        let (ok, codes) = about(&received);
        assert!(!ok, "{name}");
        assert_eq!(codes, ["body_changed"], "{name}");
    }
    // What cannot be brought back is named all the same.
    let sorted = serde_json::to_string(&value).unwrap();
    assert!(about(sorted.as_bytes()).1.contains(&"body_sorted"));
    let cut = &sent.as_bytes()[..sent.len() - 9];
    assert!(about(cut).1.contains(&"body_cut_off"));
    assert!(about(b"").1.contains(&"body_empty"));
    assert!(about(b"a=b&c=d").1.contains(&"body_not_json"));
    assert!(about(sent.replace('ë', "\u{fffd}").as_bytes()).1.contains(&"body_lossy"));
}

#[test]
fn another_amount_and_another_secret_are_a_mismatch() {
    let forged = body().replace("100.00", "900.00");
    let mismatch = vec!["signature_mismatch"; 2];
    assert_eq!(about(forged.as_bytes()), (false, mismatch.clone()));
    let other = WebhookSecret::new([8; 32]);
    let said = codes(body().as_bytes(), &all_headers(&body()), other.expose(), NOW);
    assert_eq!(said, (false, mismatch));
}

#[test]
fn a_secret_in_another_form() {
    let (sent, headers) = (body(), all_headers(&body()));
    let whole = secret();
    let whole = whole.expose();
    for (text, code) in [
        (format!("{whole}\n"), "secret_not_bare"),
        (format!("\"{whole}\""), "secret_not_bare"),
        (whole.trim_start_matches("whsec_").to_owned(), "secret_without_prefix"),
    ] {
        let (ok, codes) = codes(sent.as_bytes(), &headers, &text, NOW);
        assert!(ok && codes[0] == code, "{text}: {codes:?}");
    }
    for (text, code) in [
        ("sk_test_abc", "secret_is_another_key"),
        ("gsec_test_abc", "secret_is_another_key"),
        (" ", "secret_missing"),
        ("whsec_not base64", "secret_invalid"),
    ] {
        assert_eq!(codes(sent.as_bytes(), &headers, text, NOW), (false, vec![code]), "{text}");
    }
}

#[test]
fn time_and_its_limits() {
    let (sent, headers, whole) = (body(), [gate_header(&body())], secret());
    let say = |now| codes(sent.as_bytes(), &headers, whole.expose(), now);
    assert_eq!(say(NOW + 301), (false, vec!["signature_matches", "stale"]));
    assert_eq!(say(NOW - 301), (false, vec!["signature_matches", "stale"]));
    assert!(say(NOW - 300).0);
    let given =
        Given { body: sent.as_bytes(), headers: &headers, secret: whole.expose(), now: None };
    assert!(judge(&given).ok, "as of its own time");
    let mut changed = all_headers(&sent);
    changed[0].1 = changed[0].1.replace(&NOW.to_string(), &(NOW + 60).to_string());
    let said = codes(sent.as_bytes(), &changed, whole.expose(), NOW);
    assert_eq!(said, (false, vec!["time_changed", "signature_matches"]));
}

#[test]
fn headers_that_are_not_whole() {
    let (sent, whole) = (body(), secret());
    let good = gate_header(&sent).1;
    let digest = good.rsplit_once('=').unwrap().1;
    let standard = standard_headers(&sent).pop().unwrap().1;
    let milliseconds = good.replace(&NOW.to_string(), &format!("{NOW}000"));
    for (name, value, expected) in [
        ("x-signature", good.clone(), "header_missing"),
        (GATE_SIGNATURE, format!("v1={digest}"), "header_incomplete"),
        (GATE_SIGNATURE, format!("t={NOW}"), "header_incomplete"),
        (GATE_SIGNATURE, format!("t={NOW},v0={digest}"), "header_incomplete"),
        (GATE_SIGNATURE, format!("t=today,v1={digest}"), "header_malformed"),
        (GATE_SIGNATURE, format!("t={NOW},v1={}", &digest[..40]), "header_malformed"),
        (GATE_SIGNATURE, milliseconds, "time_in_milliseconds"),
        (GATE_SIGNATURE, format!("t={NOW},v1={}", digest.to_uppercase()), "signature_case"),
        (GATE_SIGNATURE, standard.clone(), "wrong_scheme"),
        (STANDARD_SIGNATURE, good.clone(), "wrong_scheme"),
        (STANDARD_SIGNATURE, standard.clone(), "header_incomplete"),
    ] {
        let headers = [(name.to_owned(), value.clone())];
        let (ok, codes) = codes(sent.as_bytes(), &headers, whole.expose(), NOW);
        assert!(!ok && codes.contains(&expected), "{name}: {value}: {codes:?}");
    }
    let cut = [(GATE_SIGNATURE.to_owned(), format!("t={NOW},v1={}", &digest[..40]))];
    assert!(codes(sent.as_bytes(), &cut, whole.expose(), NOW).1.contains(&"signature_cut_off"));
    // The first scheme stands on its own.
    let beside = [gate_header(&sent), (STANDARD_SIGNATURE.to_owned(), standard)];
    let said = codes(sent.as_bytes(), &beside, whole.expose(), NOW);
    assert_eq!(said, (true, vec!["signature_matches", "header_incomplete"]));
}

#[test]
fn a_swapped_id_and_one_changed_header() {
    let (sent, whole) = (body(), secret());
    let mut swapped = standard_headers(&sent);
    swapped[0].1 = "evt_test_another".into();
    let said = codes(sent.as_bytes(), &swapped, whole.expose(), NOW);
    assert_eq!(said, (false, vec!["id_swapped"]));
    let mut changed = all_headers(&sent);
    changed[3].1 = format!("v1,{}=", "A".repeat(43));
    let said = codes(sent.as_bytes(), &changed, whole.expose(), NOW);
    assert_eq!(said, (false, vec!["signature_matches", "header_changed"]));
}

#[test]
fn a_rolled_secret_and_a_signature_for_a_public_key() {
    let (sent, old, new) = (body(), secret(), WebhookSecret::new([8; 32]));
    let secrets = [new, old.clone()];
    let both = gate_wire::signature::gate_signatures(&secrets, NOW, sent.as_bytes());
    let headers = [(GATE_SIGNATURE.to_owned(), both)];
    let given =
        Given { body: sent.as_bytes(), headers: &headers, secret: old.expose(), now: Some(NOW) };
    let verdict = judge(&given);
    assert!(verdict.ok && verdict.findings[0].message.contains("number 2 of 2"));
    let mut beside = standard_headers(&sent);
    beside[2].1 = format!("v1a,abc {}", beside[2].1);
    assert!(codes(sent.as_bytes(), &beside, old.expose(), NOW).0);
}

fn key_pair(seed: u8) -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap()
}

fn public_key(seed: u8) -> String {
    format!("whpk_{}", STANDARD.encode(key_pair(seed).public_key()))
}

/// As an endpoint gets them that asks for a key pair too.
fn headers_of_both(body: &str) -> Vec<Header> {
    let mut headers = all_headers(body);
    let signature = key_pair(9).sign(format!("{ID}.{NOW}.{body}").as_bytes());
    headers[3].1 = format!("{} v1a,{}", headers[3].1, STANDARD.encode(signature));
    headers
}

#[test]
fn a_public_key_verifies_the_signature_of_its_key_pair() {
    let (sent, key) = (body(), public_key(9));
    let mut headers = headers_of_both(&sent);
    let fine = |headers: &[Header]| codes(sent.as_bytes(), headers, &key, NOW);
    assert_eq!(fine(&headers), (true, vec!["signature_matches"]));
    headers.remove(0);
    headers[2].1 = headers[2].1.split(' ').next_back().unwrap().to_owned();
    assert_eq!(fine(&headers), (true, vec!["signature_matches"]), "v1a alone");
    let quoted = codes(sent.as_bytes(), &headers, &format!("\"{key}\""), NOW);
    assert_eq!(quoted, (true, vec!["secret_not_bare", "signature_matches"]));
    // The secret does its own half.
    let whole = secret();
    let both = codes(sent.as_bytes(), &headers_of_both(&sent), whole.expose(), NOW);
    assert_eq!(both, (true, vec!["signature_matches"; 2]));
    let alone = codes(sent.as_bytes(), &headers, whole.expose(), NOW);
    assert_eq!(alone, (false, vec!["asymmetric_only"]));
}

#[test]
fn what_a_public_key_finds_wrong() {
    let (sent, key) = (body(), public_key(9));
    let good = headers_of_both(&sent);
    let with = |place: usize, value: &str| {
        let mut headers = good.clone();
        headers[place].1 = value.to_owned();
        headers
    };
    let signature = &good[3].1;
    let (v1, v1a) = signature.split_once(' ').unwrap();
    let without_name: Vec<_> =
        good.iter().filter(|(name, _)| name != STANDARD_ID).cloned().collect();
    let php = sent.replace('/', "\\/");
    let forged = sent.replace("100.00", "900.00");
    let later = (NOW + 60).to_string();
    let of_urls = format!("v1a,{}", "-".repeat(88));
    for (what, body, headers, key, expected) in [
        ("a body written again", &php, good.clone(), &key, "body_changed"),
        ("another amount", &forged, good.clone(), &key, "signature_mismatch"),
        ("another key", &sent, good.clone(), &public_key(8), "signature_mismatch"),
        ("another id", &sent, with(1, "evt_test_another"), &key, "id_swapped"),
        ("another time", &sent, with(2, &later), &key, "time_changed"),
        ("cut off", &sent, with(3, &v1a[..60]), &key, "header_malformed"),
        ("base64 of URLs", &sent, with(3, &of_urls), &key, "header_malformed"),
        ("the secret's half", &sent, with(3, v1), &key, "symmetric_only"),
        ("the other scheme", &sent, vec![gate_header(&sent)], &key, "symmetric_only"),
        ("no version", &sent, with(3, "v2,abc"), &key, "header_malformed"),
        ("no id", &sent, without_name, &key, "header_incomplete"),
        ("nothing", &sent, vec![], &key, "header_missing"),
        ("half a key", &sent, good.clone(), &key[..30].to_owned(), "secret_invalid"),
    ] {
        let said = codes(body.as_bytes(), &headers, key, NOW);
        assert_eq!(said, (false, vec![expected]), "{what}");
    }
    let stale = codes(sent.as_bytes(), &good, &key, NOW + 301);
    assert_eq!(stale, (false, vec!["signature_matches", "stale"]));
    // A time that only its own header says is found for the secret, too.
    let said = codes(sent.as_bytes(), &with(2, &later), secret().expose(), NOW);
    assert_eq!(said, (false, vec!["signature_matches", "time_changed"]));
}

/// The sentences, to be read.
#[test]
fn what_is_said() {
    let (sent, whole, key) = (body(), secret(), public_key(9));
    let php = sent.replace('/', "\\/");
    let mut text = String::new();
    for (body, headers, secret, now) in [
        (php.as_str(), vec![gate_header(&sent)], whole.expose(), NOW),
        (sent.as_str(), vec![gate_header(&sent)], whole.expose(), NOW + 90_000),
        (sent.as_str(), vec![gate_header("another")], whole.expose(), NOW),
        (sent.as_str(), headers_of_both(&sent), key.as_str(), NOW),
        (sent.as_str(), headers_of_both("another"), key.as_str(), NOW),
        (sent.as_str(), all_headers(&sent), key.as_str(), NOW),
    ] {
        let given = Given { body: body.as_bytes(), headers: &headers, secret, now: Some(now) };
        for finding in judge(&given).findings {
            let next = finding.next_step.map(|next| format!("\n  {next}")).unwrap_or_default();
            let _ = writeln!(text, "{}: {}{next}", finding.code, finding.message);
        }
    }
    insta::assert_snapshot!(text, @"
    body_changed: The secret is right, but the body was changed after it was signed: it was parsed and written again (its slashes are escaped, as PHP's json_encode does). It had 262 bytes, now it has 265.
      Verify the raw bytes of the request, before anything parses them; never JSON that was written again.
    signature_matches: Gate-Signature matches the body and the secret.
    stale: Gate-Signature's time is 25 h old; 5 min is the limit. The signature itself is right.
      Every attempt is signed anew, so a live one is never old: it was kept, or sent by somebody else, or the clock here is wrong. `--at request` checks a kept one as of its own time.
    signature_mismatch: Gate-Signature does not match: another secret made it, or the body is another one.
      The body looks as the gateway sends it, so compare the secret with the endpoint's: each endpoint has its own, a roll makes a new one, and `gate listen` has one too.
    signature_matches: webhook-signature matches the body and the public key.
    signature_mismatch: webhook-signature does not match: another key pair made it, or the body is another one.
      The body looks as the gateway sends it, so compare the public key with the endpoint's: each endpoint has its own, and a roll of its secret does not change it.
    symmetric_only: webhook-signature has only v1, which is checked with the endpoint's secret and not with a public key.
      v1a is sent beside it while the endpoint's `asymmetric` is true.
    ");
}
