//! Every way to be wrong, and what is said about it.

use std::fmt::Write as _;

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

/// The sentences, to be read.
#[test]
fn what_is_said() {
    let (sent, whole) = (body(), secret());
    let php = sent.replace('/', "\\/");
    let mut text = String::new();
    for (body, headers, now) in [
        (php.as_str(), vec![gate_header(&sent)], NOW),
        (sent.as_str(), vec![gate_header(&sent)], NOW + 90_000),
        (sent.as_str(), vec![gate_header("another")], NOW),
    ] {
        let given = Given {
            body: body.as_bytes(),
            headers: &headers,
            secret: whole.expose(),
            now: Some(now),
        };
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
    ");
}
