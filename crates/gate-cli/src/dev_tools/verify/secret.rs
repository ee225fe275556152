//! Reading a webhook secret as people keep it: with a line end, in quotes, cut, or another key altogether.

use gate_wire::signature::WebhookSecret;

use super::findings::Finding;

/// The secret, if there is one in it, and what is to be said about it.
pub(super) fn read(text: &str, findings: &mut Vec<Finding>) -> Option<WebhookSecret> {
    let bare = text.trim().trim_matches(['"', '\'']).trim();
    if bare.is_empty() {
        findings.push(Finding::wrong("secret_missing", "The secret is empty."));
        return None;
    }
    for (prefix, what) in [
        ("sk_", "a secret API key"),
        ("pk_", "a publishable key"),
        ("gsec_", "a client secret"),
        ("whpk_", "a public key"),
    ] {
        if bare.starts_with(prefix) {
            let finding = format!(
                "This is {what}. Webhooks are signed with the endpoint's own secret, whsec_..."
            );
            findings.push(Finding::wrong("secret_is_another_key", finding).next(
                "The secret was shown when the endpoint was made. Roll it to see a new one.",
            ));
            return None;
        }
    }
    if let Ok(secret) = WebhookSecret::parse(bare) {
        if bare != text {
            let around = if text.trim() == bare { "white space or a line end" } else { "quotes" };
            findings.push(
                Finding::note(
                    "secret_not_bare",
                    format!("The secret has {around} around it, which was left out here."),
                )
                .next("A program that keeps it computes another signature."),
            );
        }
        return Some(secret);
    }
    if let Ok(secret) = WebhookSecret::parse(&format!("whsec_{bare}")) {
        findings.push(
            Finding::note(
                "secret_without_prefix",
                "The secret lacks its whsec_, which was added here.",
            )
            .next("Gate-Signature is keyed with the whole string, whsec_ included."),
        );
        return Some(secret);
    }
    findings.push(
        Finding::wrong(
            "secret_invalid",
            "The secret is no webhook secret: whsec_ and base64. A part of it may be missing.",
        )
        .next("Copy it again, or roll the endpoint's secret."),
    );
    None
}
