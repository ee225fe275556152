//! The facts that partners are told about.

use serde::{Deserialize, Serialize};

macro_rules! event_types {
    ($($(#[$doc:meta])* $name:ident = $word:literal,)*) => {
        /// The type of an event, spelt as on the wire (contract, section 11.4; decisions name the
        /// three about customers; those about endpoints are ours).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum EventType {
            $($(#[$doc])* #[serde(rename = $word)] $name,)*
        }

        impl EventType {
            /// All of them, in the order of the contract.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The name on the wire.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)*
                }
            }
        }
    };
}

event_types! {
    /// A session was made.
    SessionCreated = "gate_session.created",
    /// Money may be moving.
    SessionProcessing = "gate_session.processing",
    /// The user has what they bought; fulfil once.
    SessionCompleted = "gate_session.completed",
    /// An attempt failed; the session stays open.
    SessionFailed = "gate_session.failed",
    /// The lifetime passed.
    SessionExpired = "gate_session.expired",
    /// The partner or the user gave up.
    SessionCancelled = "gate_session.cancelled",
    /// The hosted flow waits for the user to be verified.
    KycRequired = "kyc.required",
    /// A pay-in was taken on.
    PayInProcessing = "rail.pay_in.processing",
    /// A pay-in is done.
    PayInSettled = "rail.pay_in.settled",
    /// A pay-in came to nothing.
    PayInFailed = "rail.pay_in.failed",
    /// A pay-in was withdrawn.
    PayInCancelled = "rail.pay_in.cancelled",
    /// A pay-out was taken on.
    PayOutProcessing = "rail.pay_out.processing",
    /// A pay-out is done.
    PayOutSettled = "rail.pay_out.settled",
    /// A pay-out came to nothing.
    PayOutFailed = "rail.pay_out.failed",
    /// A pay-out was withdrawn.
    PayOutCancelled = "rail.pay_out.cancelled",
    /// A signed quote was redeemed.
    QuoteConsumed = "quote.consumed",
    /// A refund was taken on.
    RefundCreated = "refund.created",
    /// The money of a refund is back where it came from.
    RefundSucceeded = "refund.succeeded",
    /// A refund came to nothing.
    RefundFailed = "refund.failed",
    /// A payment was taken back after its delivery; the session stays completed.
    PaymentReversed = "payment.reversed",
    /// A payment that was taken back came again.
    PaymentReinstated = "payment.reinstated",
    /// Tokens that a sale or a swap did not take in are back.
    DepositReturned = "deposit.returned",
    /// Tokens that came in wait for a person.
    DepositHeld = "deposit.held",
    /// A customer record was made.
    CustomerCreated = "customer.created",
    /// A customer record changed.
    CustomerUpdated = "customer.updated",
    /// A customer record was erased.
    CustomerDeleted = "customer.deleted",
    /// Made on request only, to prove that an endpoint can be reached.
    WebhookTest = "webhook.test",
    /// An endpoint kept failing and is left alone for a while; told to the others.
    EndpointPaused = "webhook_endpoint.paused",
    /// It takes webhooks again.
    EndpointResumed = "webhook_endpoint.resumed",
    /// It has been failing for a day.
    EndpointFailing = "webhook_endpoint.failing",
    /// It answered 410 or failed for days, and was switched off.
    EndpointDisabled = "webhook_endpoint.disabled",
    /// An event could not be written; this stands in its place.
    EventNotBuilt = "webhook.event_not_built",
}

impl EventType {
    /// Read the name again.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|event_type| event_type.as_str() == word)
    }

    /// Whether it carries the record of a person, who may be erased.
    pub fn is_about_a_person(self) -> bool {
        [Self::CustomerCreated, Self::CustomerUpdated, Self::CustomerDeleted].contains(&self)
    }
}
