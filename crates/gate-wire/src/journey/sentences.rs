//! What a step says to its user in whole sentences.

use gate_domain::catalogue::{Refusal, RefusalCode};
use gate_domain::journey::ProcessingStage;
use gate_domain::quote::OnLapse;
use gate_domain::session::{self, Flow, IdentityProblem};
use gate_domain::transaction::Transaction;
use gate_domain::{Reason, catalogue};

use crate::error::ReasonBody;

const BACK_TO_THE_SHOP: &str = "Go back to the shop.";

/// Why the user is asked again, or why it takes longer.
pub(super) const fn identity_problem(stage: session::IdentityStage) -> Option<&'static str> {
    use session::IdentityStage as S;
    match stage {
        S::Details { problem: Some(IdentityProblem::Name) } => Some(
            "Your name could not be confirmed. Write it as your document shows it, and try again.",
        ),
        S::Details { problem: Some(IdentityProblem::Document) } => Some(
            "Your document could not be confirmed. Look at its type and number, and try again.",
        ),
        S::Details { problem: Some(IdentityProblem::TookTooLong) } => {
            Some("The check took too long. Nothing was charged; try again.")
        }
        S::Checking { held: true } => {
            Some("This takes longer than usual. You can close this page and come back later.")
        }
        S::Email | S::Code | S::Details { problem: None } | S::Checking { held: false } => None,
    }
}

pub(super) const fn stage_message(stage: ProcessingStage, side: catalogue::Side) -> &'static str {
    match stage {
        ProcessingStage::Sending if matches!(side, catalogue::Side::OffRamp) => {
            "Your tokens have arrived. Your money is on its way."
        }
        ProcessingStage::Refunding if matches!(side, catalogue::Side::OffRamp) => {
            "The money could not be paid out. Your tokens are on their way back."
        }
        ProcessingStage::Authorising => "Your bank is confirming the payment.",
        ProcessingStage::Sending => "The payment is confirmed. Your tokens are on their way.",
        ProcessingStage::Refunding => {
            "The tokens could not be sent. Your payment is on its way back."
        }
        ProcessingStage::Review => "We are looking into this payment. Nothing is lost.",
    }
}

/// A refusal in words for the user, who can neither change the request nor ask the API.
pub(super) fn unavailable_reason(refusal: &Refusal) -> ReasonBody {
    let mut reason = ReasonBody::from(refusal);
    // This one was written for the user.
    if refusal.code == RefusalCode::LimitReached {
        return reason;
    }
    let next_step = if refusal.retryable && refusal.code != RefusalCode::AmountOutOfRange {
        "This page goes on by itself once it is back. You can also go back to the shop."
    } else {
        "Go back to the shop and choose something else."
    };
    reason.next_step = Some(next_step.into());
    if let (Some(minimum), Some(maximum)) = (&refusal.minimum, &refusal.maximum) {
        reason.message = format!("A purchase can be from {minimum} to {maximum} at the moment.");
    }
    reason
}

/// What is said of an address that the partner has fixed and nothing is sent to. Why is not for the user,
/// and there is no other one that they could name.
pub(super) fn held_reason() -> ReasonBody {
    ReasonBody {
        code: "invalid_wallet_address".into(),
        message: "The wallet address that came with this order cannot be used here.".into(),
        next_step: Some(BACK_TO_THE_SHOP.into()),
        ..ReasonBody::default()
    }
}

/// Why an attempt failed. Where it is `stuck`, nothing can come of another one.
pub(super) fn failed_reason(
    reason: Reason,
    transaction: Option<&Transaction>,
    stuck: bool,
) -> ReasonBody {
    let told = ReasonBody::about(reason, transaction);
    if stuck {
        ReasonBody { retryable: false, next_step: Some(BACK_TO_THE_SHOP.into()), ..told }
    } else {
        told
    }
}

/// What becomes of tokens that are not exactly what was agreed.
pub(super) const fn unless_exact(on_lapse: OnLapse) -> &'static str {
    match on_lapse {
        OnLapse::Requote => {
            "Send exactly this amount: what is too much or too little goes back to your wallet. \
             If it comes too late, you are asked about a new price."
        }
        OnLapse::Refund => {
            "Send exactly this amount: what is too much, too little or too late goes back to your \
             wallet."
        }
        OnLapse::ConvertWithin(_) => {
            "Send exactly this amount: what is too much or too little goes back to your wallet. \
             What comes too late is exchanged at a new price if that is close to this one, and else \
             goes back."
        }
    }
}

/// How a session ended.
pub(super) const fn ended_message(state: &session::State, flow: Option<Flow>) -> &'static str {
    use session::State as S;
    match (state, flow) {
        (S::Cancelled, Some(Flow::OnRamp)) => {
            "This purchase was cancelled. Start again when you are ready."
        }
        (S::Cancelled, Some(Flow::OffRamp)) => {
            "This sale was cancelled. Start again when you are ready."
        }
        (S::Cancelled, Some(Flow::Swap)) => {
            "This swap was cancelled. Start again when you are ready."
        }
        (S::Cancelled, None) => "This checkout was cancelled. Start again when you are ready.",
        (S::Expired | S::Open { .. } | S::InFlight { .. } | S::Completed, _) => {
            "This session has expired. Start again when you are ready."
        }
    }
}
