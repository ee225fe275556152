//! What the pages and the checkers see of an order: every status with its evidence.

use serde::Serialize;

use crate::clock::{for_people, for_programs};
use crate::orders::Order;
use crate::status::Status;

/// `GET /orders/{id}/status`: all that the page's script needs.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct StatusView {
    pub(crate) order_id: String,
    pub(crate) status: &'static str,
    pub(crate) label: &'static str,
    pub(crate) detail: String,
    #[serde(rename = "final")]
    pub(crate) is_final: bool,
    pub(crate) can_pay: bool,
    pub(crate) can_retry: bool,
    pub(crate) evidence: Vec<Evidence>,
}

/// One fact that somebody can check.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Evidence {
    pub(crate) name: &'static str,
    pub(crate) value: String,
}

/// A row of `GET /orders.json`, for checkers.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct OrderRow {
    order_id: String,
    status: &'static str,
    product: String,
    amount: String,
    currency: String,
    attempt: i64,
    session_id: Option<String>,
    tx_refid: Option<String>,
    fulfilled_at: Option<String>,
    fulfilled_by: Option<String>,
    fulfilments: usize,
    event_ids: Vec<String>,
    last_request_id: Option<String>,
    environment: String,
    problem: Option<String>,
}

pub(crate) fn status_view(order: &Order) -> StatusView {
    let pending = order.status == Status::Pending;
    StatusView {
        order_id: order.id.to_string(),
        status: order.status.as_str(),
        label: order.status.label(),
        detail: detail(order),
        is_final: order.status.is_final(),
        can_pay: pending && !is_under_way(order),
        can_retry: order.status.may_restart(),
        evidence: evidence(order),
    }
}

pub(crate) fn order_row(order: &Order) -> OrderRow {
    OrderRow {
        order_id: order.id.to_string(),
        status: order.status.as_str(),
        product: order.product.clone(),
        amount: order.amount.clone(),
        currency: order.currency.clone(),
        attempt: order.attempt.number,
        session_id: session_id(order),
        tx_refid: tx_refid(order),
        fulfilled_at: order.fulfilment.as_ref().map(|fulfilment| for_programs(fulfilment.at)),
        fulfilled_by: order.fulfilment.as_ref().map(|fulfilment| fulfilment.cause.clone()),
        fulfilments: usize::from(order.fulfilment.is_some()), // the primary key allows no second
        event_ids: order.event_ids.clone(),
        last_request_id: order.attempt.last_request_id.clone(),
        environment: order.attempt.environment.clone(),
        problem: order.problem.clone(),
    }
}

/// One calm sentence: what is going on, and what to do.
fn detail(order: &Order) -> String {
    let phase = order.attempt.phase.as_str();
    let sentence = match order.status {
        Status::Pending if phase == "review" => {
            "Your payment needs a closer look by the payment service. There is nothing to do for you."
        }
        Status::Pending if phase == "refunding" => {
            "The payment did not go through. Your money is on its way back to you."
        }
        Status::Pending if is_under_way(order) => {
            "Your payment is being processed. This page updates by itself."
        }
        Status::Pending => "We are waiting for your payment.",
        Status::Completed => "Your USDC are in your wallet. Thank you!",
        Status::Failed => match &order.attempt.reason {
            Some(reason) => return reason.clone(),
            None => "The payment did not go through. You can try again.",
        },
        Status::Cancelled => "The payment was stopped before it was made.",
        Status::Expired => "The time to pay has passed.",
    };
    sentence.into()
}

fn is_under_way(order: &Order) -> bool {
    matches!(order.attempt.phase.as_str(), "processing" | "refunding" | "review")
}

fn evidence(order: &Order) -> Vec<Evidence> {
    let fulfilment = order.fulfilment.as_ref();
    let events = Some(order.event_ids.join(", ")).filter(|events| !events.is_empty());
    let facts = [
        ("Order", Some(order.id.to_string())),
        ("Attempt", Some(order.attempt.number.to_string())),
        ("Session", session_id(order)),
        ("Transaction", tx_refid(order)),
        ("Events", events),
        ("Fulfilled", fulfilment.map(|fulfilment| for_people(fulfilment.at))),
        ("Fulfilled by", fulfilment.map(|fulfilment| fulfilment.cause.clone())),
        ("Last request", order.attempt.last_request_id.clone()),
        ("Environment", Some(order.attempt.environment.clone())),
        ("For our support", order.problem.clone()),
    ];
    facts.into_iter().filter_map(|(name, value)| Some(Evidence { name, value: value? })).collect()
}

/// A fulfilled order shows what fulfilled it, even where a later attempt exists.
fn session_id(order: &Order) -> Option<String> {
    let fulfilled = order.fulfilment.as_ref().map(|fulfilment| fulfilment.session_id.clone());
    fulfilled.or_else(|| order.attempt.session_id.clone())
}

fn tx_refid(order: &Order) -> Option<String> {
    match &order.fulfilment {
        Some(fulfilment) => fulfilment.tx_refid.clone(),
        None => order.attempt.tx_refid.clone(),
    }
}
