//! The backstop: read the sessions whose webhook has not come (contract, sections 11.9 and 13).
//!
//! It decides nothing. What a read means is [`SessionFacts`], the same value that an event becomes,
//! and the book settles it with the same function as for an event.

use crate::client::{Answer, Gate};
use crate::error::GateError;
use crate::facts::SessionFacts;

/// An order that has waited long enough.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenOrder {
    /// The partner's own name for it.
    pub order_id: String,
    /// The session to read.
    pub session_id: String,
}

/// What became of one read: the facts, or why there are none.
pub type Reading = Result<Answer<SessionFacts>, GateError>;

/// The partner's orders, as far as a reconciler needs them.
pub trait OrderBook {
    /// What its database reports.
    type Error;

    /// The open orders that are due for a read, a bounded number, longest waiting first.
    fn list_due(&self) -> impl Future<Output = Result<Vec<OpenOrder>, Self::Error>> + Send;

    /// Take in a reading. Failed ones come here too, so that an order that cannot be read goes to
    /// the end of the queue and does not hold up the others.
    fn settle(
        &self,
        order: &OpenOrder,
        reading: Reading,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;
}

/// What one pass did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Sessions that were read.
    pub read: usize,
    /// Sessions that could not be read this time.
    pub unread: usize,
}

/// One pass over what is due. The loop around it only waits.
pub async fn reconcile_due<B: OrderBook>(gate: &Gate, book: &B) -> Result<Tally, B::Error> {
    let mut tally = Tally::default();
    for order in book.list_due().await? {
        let reading = read(gate, &order.session_id).await;
        match &reading {
            Ok(_) => tally.read += 1,
            Err(_) => tally.unread += 1,
        }
        book.settle(&order, reading).await?;
    }
    Ok(tally)
}

/// Read one session and say what it means.
pub async fn read(gate: &Gate, session_id: &str) -> Reading {
    let Answer { value, request_id, replayed } = gate.retrieve_session(session_id).await?;
    Ok(Answer { value: SessionFacts::from_session(&value), request_id, replayed })
}
