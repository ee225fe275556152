//! Whether everything that was said is true, and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use super::book::Book;
use super::drain::Delivery;
use super::relay::Arrival;
use super::told::Told;
use crate::gateway::DoctorReport;

/// Everything that was found out.
pub(super) struct Findings<'a> {
    pub(super) book: &'a Book,
    pub(super) told: &'a Told,
    pub(super) deliveries: &'a [Delivery],
    pub(super) arrivals: &'a [Arrival],
    pub(super) doctor: &'a DoctorReport,
}

/// Hold everything against everything else: note what is wrong, and sum it up.
pub(super) fn judge(findings: &Findings<'_>) -> String {
    let Findings { book, told, deliveries, arrivals, doctor } = *findings;
    let mut problems = Vec::new();
    let bought = judge_orders(book, told, &mut problems);
    let retries = judge_deliveries(deliveries, arrivals, &mut problems);
    judge_events(told, arrivals, retries, &mut problems);
    judge_doctor(told, deliveries, doctor, &mut problems);
    for problem in problems {
        book.problem(problem);
    }

    let known = book.sessions_known();
    let distinct: BTreeSet<_> = arrivals.iter().map(|arrival| &arrival.event_id).collect();
    let waiting =
        if retries == 0 { String::new() } else { format!(", {retries} wait for a planned retry") };
    format!(
        "{known} sessions acknowledged, {} lost; {bought} purchases completed and fulfilled once; \
         {} deliveries, {} lost, {} repeated{waiting}; ledger {}",
        known - told.len(),
        deliveries.len(),
        deliveries.len().saturating_sub(distinct.len() + retries),
        arrivals.len() - distinct.len(),
        if doctor.ledger.balanced { "balanced" } else { "OUT OF BALANCE" },
    )
}

/// An order is fulfilled if, and only if, its session is completed. Answers how many are.
fn judge_orders(book: &Book, told: &Told, problems: &mut Vec<String>) -> usize {
    let mut bought = 0;
    for (order_id, order) in book.orders() {
        let session_id = order.session_id.unwrap_or_default();
        let completed = told.get(&session_id).is_some_and(|status| status == "completed");
        match order.proof {
            None if completed => {
                problems.push(format!("{session_id} is completed, {order_id} is not fulfilled"));
            }
            Some(proof) if !completed => {
                problems.push(format!("{order_id} was fulfilled without a payment: {proof}"));
            }
            Some(proof) if !proof.starts_with(&session_id) => {
                problems.push(format!("{order_id} belongs to {session_id}: {proof}"));
            }
            Some(_) => bought += 1,
            None => {}
        }
    }
    bought
}

/// Delivered is what arrived, and the other way round. Answers how many wait for a retry.
fn judge_deliveries(
    deliveries: &[Delivery],
    arrivals: &[Arrival],
    problems: &mut Vec<String>,
) -> usize {
    let arrived: BTreeSet<_> = arrivals.iter().map(|arrival| arrival.event_id.as_str()).collect();
    let announced: BTreeSet<_> = deliveries.iter().map(|it| it.event_id.as_str()).collect();
    for unknown in arrived.difference(&announced) {
        problems.push(format!("{unknown} arrived, but the API does not know it"));
    }
    let retries = deliveries.iter().filter(|delivery| delivery.waits_for_retry).count();
    for Delivery { id, event_id, status, .. } in deliveries.iter().filter(|it| !it.waits_for_retry)
    {
        match status.as_str() {
            "succeeded" if arrived.contains(event_id.as_str()) => {}
            "succeeded" => {
                problems.push(format!("{id} is called delivered, but {event_id} never arrived"));
            }
            // Later events of a session wait for the one that is to be tried again.
            "pending" if retries > 0 => {}
            status => problems.push(format!("{id} was not delivered: it is {status}")),
        }
    }
    retries
}

/// Every session was announced, every end too; the feed has no gap, and no session's is out of order.
fn judge_events(told: &Told, arrivals: &[Arrival], retries: usize, problems: &mut Vec<String>) {
    let mut of_session: BTreeMap<&str, Vec<&Arrival>> = BTreeMap::new();
    let mut places = BTreeSet::new();
    for arrival in arrivals {
        let events = of_session.entry(&arrival.session_id).or_default();
        // A repeat is allowed at any time; something new may not come behind something newer.
        let latest = events.iter().map(|event| event.sequence).max().unwrap_or_default();
        if places.insert(arrival.sequence) && arrival.sequence < latest {
            problems.push(format!("{} of {} came late", arrival.event_id, arrival.session_id));
        }
        events.push(arrival);
    }
    if retries > 0 {
        return; // what is still to come would look like a gap
    }
    let last = places.last().copied().unwrap_or_default();
    if let Some(gap) = (1..=last).find(|place| !places.contains(place)) {
        problems.push(format!("event {gap} of the feed never arrived, though {last} did"));
    }
    for (session_id, status) in told {
        let events = of_session.get(session_id.as_str()).map(Vec::as_slice).unwrap_or_default();
        for what in ["created", "completed", "cancelled", "expired"] {
            let event_type = format!("gate_session.{what}");
            let heard: BTreeSet<_> = events
                .iter()
                .filter(|event| event.event_type == event_type)
                .map(|event| event.event_id.as_str())
                .collect();
            let due = usize::from(what == "created" || what == status);
            if heard.len() != due {
                problems.push(format!(
                    "{session_id} is {status}, and {} events say that it is {what}: {heard:?}",
                    heard.len()
                ));
            }
        }
    }
}

/// The doctor finds nothing wrong, and nothing that nobody asked for.
fn judge_doctor(
    told: &Told,
    deliveries: &[Delivery],
    doctor: &DoctorReport,
    problems: &mut Vec<String>,
) {
    problems.extend(doctor.problems.iter().map(|problem| format!("the doctor says: {problem}")));
    if !doctor.ok || !doctor.ledger.balanced {
        problems.push("the doctor is not content".into());
    }
    let mut same = |what: &str, ours: usize, stored: u64| {
        if ours as u64 != stored {
            problems.push(format!("{ours} {what} were shown, but {stored} are stored"));
        }
    };
    same("sessions", told.len(), doctor.sessions.values().sum());
    same("deliveries", deliveries.len(), doctor.deliveries.values().sum());
    let completed = told.values().filter(|status| *status == "completed").count();
    let stored = |counts: &BTreeMap<String, u64>| counts.get("completed").copied().unwrap_or(0);
    same("completed sessions", completed, stored(&doctor.sessions));
    // More would be somebody who paid twice.
    same("completed payments", completed, stored(&doctor.transactions));
}
