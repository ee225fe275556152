//! The `webhooks` of the document: one entry for each type of event, with what it carries.

use gate_domain::event::EventType;

use super::examples::event_example;
use super::json::Json;

/// The headers of a delivery.
const HEADERS: &[(&str, &str)] = &[
    (
        "Gate-Signature",
        "`t=<unix seconds>,v1=<hex>`: HMAC-SHA256 over `<t>.` and the raw body, keyed with the endpoint's whole secret. While a rolled secret overlaps there are two `v1`, the older secret's last.",
    ),
    ("X-0bit-Timestamp", "The `t` of the signature."),
    ("X-0bit-Event-Id", "The `id` of the event."),
    ("X-0bit-Event-Type", "The `type` of the event."),
    ("webhook-id", "The `id` of the event, for Standard Webhooks."),
    ("webhook-timestamp", "The same as `t`, for Standard Webhooks."),
    (
        "webhook-signature",
        "`v1,<base64>`, for Standard Webhooks: keyed with the secret's decoded bytes.",
    ),
];

/// What the `data` of an event is.
enum Data {
    /// A schema of its own.
    Of(&'static str),
    /// The session, and for some types what else there is to say.
    Session(&'static [(&'static str, &'static str)]),
    /// One of two schemas.
    Either(&'static str, &'static str),
    /// An object with the session's id, and these.
    AboutSession(&'static [(&'static str, &'static str)]),
    /// Which event could not be written, and why.
    NotBuilt,
    /// An object that says nothing.
    Nothing,
}

/// What happened, and what to do about it.
fn about(event_type: EventType) -> (&'static str, Data) {
    use EventType as E;
    let payment = &[("transaction", "TransactionBody"), ("reason", "ReasonBody")];
    match event_type {
        E::SessionCreated => ("A session was created.", Data::Session(&[])),
        E::SessionProcessing => {
            ("Money may be moving. Show the order as pending.", Data::Session(payment))
        }
        E::SessionCompleted => {
            ("The user has what they bought. Fulfil the order, once.", Data::Session(payment))
        }
        E::SessionFailed => (
            "An attempt failed. The session stays open and the user may try again.",
            Data::Session(payment),
        ),
        E::SessionExpired => ("The lifetime of the session passed.", Data::Session(&[])),
        E::SessionCancelled => ("You or the user gave the session up.", Data::Session(&[])),
        E::KycRequired => (
            "The user must be verified to go on. The hosted page does that; bring the user back to it.",
            Data::AboutSession(&[("level", "IdentityLevel"), ("reason", "ReasonBody")]),
        ),
        E::PayInProcessing => ("A pay-in was taken on.", Data::Of("RailPaymentBody")),
        E::PayInSettled => ("A pay-in is done. Close it, once.", Data::Of("RailPaymentBody")),
        E::PayInFailed => ("A pay-in came to nothing.", Data::Of("RailPaymentBody")),
        E::PayInCancelled => ("A pay-in was withdrawn.", Data::Of("RailPaymentBody")),
        E::PayOutProcessing => ("A pay-out was taken on.", Data::Of("RailPaymentBody")),
        E::PayOutSettled => ("A pay-out is done. Close it, once.", Data::Of("RailPaymentBody")),
        E::PayOutFailed => ("A pay-out came to nothing.", Data::Of("RailPaymentBody")),
        E::PayOutCancelled => ("A pay-out was withdrawn.", Data::Of("RailPaymentBody")),
        E::QuoteConsumed => ("A locked quote was redeemed.", Data::Of("SignedQuoteBody")),
        E::RefundCreated => ("A refund was taken on.", Data::Of("RefundBody")),
        E::RefundSucceeded => {
            ("The money of a refund is back where it came from.", Data::Of("RefundBody"))
        }
        E::RefundFailed => {
            ("A refund came to nothing: no money has moved.", Data::Of("RefundBody"))
        }
        E::PaymentReversed => (
            "A payment was taken back after its delivery: a chargeback, or a transfer that was recalled. The session stays completed, and nothing is asked of you; decide what it means for your customer.",
            Data::Of("ReversalBody"),
        ),
        E::PaymentReinstated => {
            ("A payment that was taken back came again.", Data::Of("ReversalBody"))
        }
        E::DepositReturned => (
            "Tokens that a sale or a swap did not take in are back at the user's refund address.",
            Data::Of("DepositBody"),
        ),
        E::DepositHeld => (
            "Tokens that came for a sale or a swap wait for a person: another token or network than was agreed on, or a return that failed or of which nothing is heard. The user may ask you about them.",
            Data::Of("DepositBody"),
        ),
        E::CustomerCreated => (
            "A customer record was created. Sent after the record was erased, it carries what is left.",
            Data::Either("CustomerBody", "DeletedCustomerBody"),
        ),
        E::CustomerUpdated => (
            "A customer record was changed. Sent after the record was erased, it carries what is left.",
            Data::Either("CustomerBody", "DeletedCustomerBody"),
        ),
        E::CustomerDeleted => ("A customer record was erased.", Data::Of("DeletedCustomerBody")),
        E::EndpointPaused => (
            "An endpoint kept failing and is left alone for a while. It is told to the others.",
            Data::Of("EndpointBody"),
        ),
        E::EndpointResumed => ("An endpoint takes webhooks again.", Data::Of("EndpointBody")),
        E::EndpointFailing => {
            ("An endpoint has been failing for a day. Look after it.", Data::Of("EndpointBody"))
        }
        E::EndpointDisabled => (
            "An endpoint answered 410, or failed for days, and was switched off.",
            Data::Of("EndpointBody"),
        ),
        E::EventNotBuilt => (
            "An event could not be written, and this stands in its place. What it was about has changed all the same: read it.",
            Data::NotBuilt,
        ),
        E::WebhookTest => {
            ("You asked for it, to prove that an endpoint can be reached.", Data::Nothing)
        }
    }
}

/// What an event is about, in one sentence.
pub(crate) fn sentence(event_type: EventType) -> &'static str {
    about(event_type).0
}

/// Write every type of event into the document.
pub(super) fn describe(document: &mut Json) {
    let schemas = document.entry("components").entry("schemas");
    if schemas.get("EventBody").is_none() {
        schemas.set("EventBody", envelope());
    }
    let webhooks = EventType::ALL
        .iter()
        .map(|event_type| (event_type.as_str(), Json::object([("post", webhook(*event_type))])));
    document.set("webhooks", Json::object(webhooks));
}

fn webhook(event_type: EventType) -> Json {
    let (summary, data) = about(event_type);
    let of_type = Json::object([
        ("type", Json::from("object")),
        (
            "properties",
            Json::object([
                ("type", Json::object([("const", Json::from(event_type.as_str()))])),
                ("data", data.schema()),
            ]),
        ),
    ]);
    let schema = Json::object([(
        "allOf",
        Json::List(vec![Json::reference("schemas", "EventBody"), of_type]),
    )]);
    let mut content = Json::object([("schema", schema)]);
    if let Some(example) = event_example(event_type.as_str()) {
        content.set("example", example.clone());
    }
    let body = [
        ("required", Json::Bool(true)),
        ("content", Json::object([("application/json", content)])),
    ];
    let taken =
        "Any 2xx: the event is yours. Everything else, and silence of 10 s, is tried again.";
    Json::object([
        ("tags", Json::list(["Events"])),
        ("summary", summary.into()),
        ("operationId", operation_id(event_type).into()),
        ("security", Json::List(Vec::new())),
        ("parameters", Json::List(HEADERS.iter().map(header).collect())),
        ("requestBody", Json::object(body)),
        ("responses", Json::object([("2XX", Json::object([("description", Json::from(taken))]))])),
    ])
}

impl Data {
    fn schema(&self) -> Json {
        match self {
            Self::Of(name) => Json::reference("schemas", name),
            Self::Session([]) => Json::reference("schemas", "SessionBody"),
            Self::Session(more) => {
                let more = more.iter().map(|(name, of)| (*name, Json::reference("schemas", of)));
                let more = [("type", "object".into()), ("properties", Json::object(more))];
                let both = [Json::reference("schemas", "SessionBody"), Json::object(more)];
                Json::object([("allOf", Json::List(both.to_vec()))])
            }
            Self::Either(one, other) => {
                let both = [one, other].map(|name| Json::reference("schemas", name));
                Json::object([("oneOf", Json::List(both.to_vec()))])
            }
            Self::AboutSession(more) => {
                let id = ("session_id", Json::object([("type", Json::from("string"))]));
                let more = more.iter().map(|(name, of)| (*name, Json::reference("schemas", of)));
                let fields: Vec<_> = [id].into_iter().chain(more).collect();
                let names: Vec<_> = fields.iter().map(|(name, _)| *name).collect();
                Json::object([
                    ("type", Json::from("object")),
                    ("required", Json::list(names)),
                    ("properties", Json::object(fields)),
                ])
            }
            Self::NotBuilt => {
                let text = || Json::object([("type", Json::from("string"))]);
                let maybe = Json::object([("type", Json::list(["string", "null"]))]);
                let fields = [("type", text()), ("subject", maybe), ("reason", text())];
                Json::object([
                    ("type", Json::from("object")),
                    ("required", Json::list(["type", "subject", "reason"])),
                    ("properties", Json::object(fields)),
                ])
            }
            Self::Nothing => Json::object([("type", Json::from("object"))]),
        }
    }
}

fn header((name, description): &(&str, &str)) -> Json {
    Json::object([
        ("name", Json::from(*name)),
        ("in", "header".into()),
        ("required", true.into()),
        ("description", (*description).into()),
        ("schema", Json::object([("type", Json::from("string"))])),
    ])
}

/// `onGateSessionCompleted` for `gate_session.completed`.
fn operation_id(event_type: EventType) -> String {
    let words = event_type.as_str().split(['.', '_']);
    let words = words.map(|word| format!("{}{}", word[..1].to_uppercase(), &word[1..]));
    format!("on{}", words.collect::<String>())
}

/// What is around every event.
fn envelope() -> Json {
    let field = |kind: &str, description: &str| {
        Json::object([("type", Json::from(kind)), ("description", description.into())])
    };
    let fields = [
        ("id", field("string", "Its id. The same through every retry and replay: dedupe on it.")),
        ("object", field("string", "Always `event`.")),
        ("type", field("string", "What happened.")),
        ("created_at", field("integer", "When it was written, in Unix seconds.")),
        ("livemode", field("boolean", "Whether real money is behind it.")),
        ("sequence", field("integer", "Its place in your feed.")),
        ("data", field("object", "What it is about.")),
    ];
    let names = fields.iter().map(|(name, _)| *name).collect::<Vec<_>>();
    Json::object([
        ("type", Json::from("object")),
        ("description", "An event, as it is sent.".into()),
        ("required", Json::list(names)),
        ("properties", Json::object(fields)),
    ])
}
