//! What stands at the head of the document: what it is, where it is served, and its chapters.

use super::json::Json;
use crate::version::VERSION;

/// The chapters, in the order in which one reads them.
pub(crate) const TAGS: &[(&str, &str)] = &[
    (
        "Sessions",
        "A session is one user's attempt to buy. Your server creates it, the hosted page carries it out, and webhooks tell you how it ended.",
    ),
    (
        "Capabilities",
        "What can be bought and sold, where, with what and by whom, at this moment. Ask before you create a session; the answers may change at any time.",
    ),
    (
        "Quotes",
        "What a purchase or a sale costs, with every fee. A preview holds nothing; a locked quote holds its price until it lapses.",
    ),
    (
        "Rails",
        "Pay-ins and pay-outs from your own pages, each redeeming one locked quote. Needs the entitlement `rails`.",
    ),
    ("Transactions", "The payments inside of sessions, as they are booked."),
    (
        "Refunds",
        "Give a completed payment back, whole or in parts, to where it came from. The service fee comes back in proportion; what sending the tokens has cost is spent.",
    ),
    (
        "Customers",
        "Your own records of the people you serve. They are no identity check and prove nothing about anybody.",
    ),
    ("Branding", "How the hosted page looks."),
    (
        "Events",
        "Every fact that you are told, in one gap-free feed. Webhooks push what this feed lets you read.",
    ),
    (
        "Webhook endpoints",
        "Where webhooks go, which events go there, and the secret that signs them.",
    ),
    (
        "Webhooks",
        "The deliveries of events to endpoints: their log, their attempts, and sending them again.",
    ),
    (
        "Embed",
        "The runtime of the hosted page, called by browsers. Draw your own page on it if you like.",
    ),
    (
        "Test helpers",
        "Force what would take time or bad luck. In test mode only; in live mode these paths do not exist.",
    ),
    ("Reference", "This description of the API, from the API itself."),
    ("Health", "For load balancers and monitoring."),
];

/// Put the head onto a document.
pub(super) fn introduce(document: &mut Json) {
    document.set(
        "info",
        Json::object([
            ("title", Json::from("Gate API")),
            ("summary", "Checkout between money and crypto.".into()),
            (
                "description",
                "Sessions, the hosted page, quotes, rails, and signed webhooks of 0Gate.".into(),
            ),
            ("version", VERSION.into()),
        ]),
    );
    document.set(
        "servers",
        Json::List(vec![Json::object([
            ("url", Json::from("/")),
            ("description", "The gateway that served this document.".into()),
        ])]),
    );
    let tags = TAGS.iter().map(|(name, description)| {
        Json::object([("name", Json::from(*name)), ("description", (*description).into())])
    });
    document.set("tags", Json::List(tags.collect()));
}
