//! How each event is made to happen, as a table.

use super::endpoint::Fate;

/// How an event happens.
pub(super) struct Recipe {
    pub(super) how: &'static str,
    /// Requests whose fields can be set, in the order in which they are made.
    pub(super) requests: &'static [&'static str],
    pub(super) kind: Kind,
}

#[derive(Clone, Copy)]
pub(super) enum Kind {
    /// A session, and what is done to it.
    Session(Option<&'static [&'static str]>),
    /// A pay-in or a pay-out, and how it ends.
    Rail {
        sells: bool,
        end: Option<&'static str>,
    },
    /// The quote of a pay-in.
    Quote,
    /// A pay-in that is taken back once it has settled.
    Recall,
    /// A completed session of which so much goes back.
    Refund(&'static str),
    Customer(Life),
    Test,
    /// An endpoint, and what becomes of it.
    Endpoint(Fate),
    /// An event that is newer than this program, or that only happens by itself.
    ByItself,
}

#[derive(Clone, Copy)]
pub(super) enum Life {
    Created,
    Updated,
    Deleted,
}

pub(super) fn find(event_type: &str) -> &'static Recipe {
    const fn recipe(how: &'static str, requests: &'static [&'static str], kind: Kind) -> Recipe {
        Recipe { how, requests, kind }
    }
    const fn rail(how: &'static str, sells: bool, end: Option<&'static str>) -> Recipe {
        recipe(how, &["quote", "session"], Kind::Rail { sells, end })
    }
    const fn session(how: &'static str, then: Option<&'static [&'static str]>) -> Recipe {
        recipe(how, &["session"], Kind::Session(then))
    }
    match event_type {
        "gate_session.created" => &const { session("a session is created", None) },
        "gate_session.processing" => {
            &const { session("a session is paid, and completed", Some(&["complete"])) }
        }
        "gate_session.completed" => {
            &const { session("a session is paid and the tokens arrive", Some(&["complete"])) }
        }
        "gate_session.failed" => {
            &const { session("a session whose card is declined", Some(&["fail"])) }
        }
        "gate_session.expired" => {
            &const { session("a session whose time passes", Some(&["expire"])) }
        }
        "gate_session.cancelled" => &const { session("a session is withdrawn", Some(&["cancel"])) },
        "kyc.required" => {
            &const {
                recipe(
                    "a session whose user has to be verified",
                    &["session", "kyc"],
                    Kind::Session(Some(&["require_kyc"])),
                )
            }
        }
        "rail.pay_in.processing" => {
            &const { rail("a pay-in is taken on, and settles by itself", false, None) }
        }
        "rail.pay_in.settled" => &const { rail("a pay-in settles", false, Some("settle")) },
        "rail.pay_in.failed" => &const { rail("a pay-in fails", false, Some("fail")) },
        "rail.pay_in.cancelled" => &const { rail("a pay-in is withdrawn", false, Some("cancel")) },
        "rail.pay_out.processing" => {
            &const { rail("a pay-out is taken on, and settles by itself", true, None) }
        }
        "rail.pay_out.settled" => &const { rail("a pay-out settles", true, Some("settle")) },
        "rail.pay_out.failed" => &const { rail("a pay-out fails", true, Some("fail")) },
        "rail.pay_out.cancelled" => &const { rail("a pay-out is withdrawn", true, Some("cancel")) },
        "quote.consumed" => {
            &const { recipe("a pay-in redeems a quote", &["quote", "session"], Kind::Quote) }
        }
        "refund.created" => {
            &const {
                recipe(
                    "part of a completed payment is given back",
                    &["session", "refund"],
                    Kind::Refund("25.00"),
                )
            }
        }
        "refund.succeeded" => {
            &const {
                recipe(
                    "part of a completed payment is given back",
                    &["session", "refund"],
                    Kind::Refund("25.00"),
                )
            }
        }
        "refund.failed" => {
            &const {
                recipe(
                    "a refund of 13.13, which the sandbox refuses",
                    &["session", "refund"],
                    Kind::Refund("13.13"),
                )
            }
        }
        "payment.reversed" => {
            &const {
                recipe(
                    "a pay-in of 66.66 by bank transfer settles and is recalled",
                    &["quote", "session"],
                    Kind::Recall,
                )
            }
        }
        "payment.reinstated" => {
            &const { recipe("by an operator, with gate reviews resolve", &[], Kind::ByItself) }
        }
        "deposit.returned" => {
            &const { recipe("tokens that a sale does not take in go back", &[], Kind::ByItself) }
        }
        "deposit.held" => {
            &const { recipe("another token comes in than a sale asked for", &[], Kind::ByItself) }
        }
        "customer.created" => {
            &const { recipe("a customer is created", &["customer"], Kind::Customer(Life::Created)) }
        }
        "customer.updated" => {
            &const {
                recipe(
                    "a customer is created and changed",
                    &["customer", "change"],
                    Kind::Customer(Life::Updated),
                )
            }
        }
        "customer.deleted" => {
            &const {
                recipe(
                    "a customer is created and erased",
                    &["customer"],
                    Kind::Customer(Life::Deleted),
                )
            }
        }
        "webhook.test" => &const { recipe("a test is sent to every endpoint", &[], Kind::Test) },
        "webhook_endpoint.paused" => {
            &const {
                recipe(
                    "an endpoint is made here that fails",
                    &["endpoint"],
                    Kind::Endpoint(Fate::Paused),
                )
            }
        }
        "webhook_endpoint.resumed" => {
            &const {
                recipe(
                    "an endpoint fails and comes back; 45 s",
                    &["endpoint"],
                    Kind::Endpoint(Fate::Resumed),
                )
            }
        }
        "webhook_endpoint.disabled" => {
            &const {
                recipe(
                    "an endpoint is made here that answers 410",
                    &["endpoint"],
                    Kind::Endpoint(Fate::Disabled),
                )
            }
        }
        "webhook_endpoint.failing" => {
            &const { recipe("by itself, after a day of failures", &[], Kind::ByItself) }
        }
        "webhook.event_not_built" => {
            &const { recipe("by itself, when an event cannot be written", &[], Kind::ByItself) }
        }
        _ => &const { recipe("by itself only", &[], Kind::ByItself) },
    }
}
