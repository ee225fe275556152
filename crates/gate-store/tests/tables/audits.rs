//! The auditor's questions: a sound database has no answer to them, and damage that is planted is
//! found.

use gate_domain::ids::TransactionId;
use gate_domain::ledger::Booking;
use gate_domain::transaction::{State, Transaction};
use gate_store::testing::TestStore;
use gate_store::{Sql, StoreError, Tx, both_engines, sql};

use crate::ledger::book;
use crate::{announce, endpoint, insert, new_transaction, partner, quote, session};

const COMPLETE_SESSION: Sql =
    sql("update sessions set status = 'completed', transaction_id = $2 where id = $1");
const DROP_DELIVERIES: Sql = sql("delete from deliveries");
const DROP_EVENT: Sql = sql("delete from events where sequence = 1");
const AGE_ENDPOINTS: Sql = sql("update endpoints set takes_all_since = takes_all_since - 1");

#[derive(Debug, Default, PartialEq, Eq)]
struct Findings {
    gaps: usize,
    misbooked: Vec<String>,
    out_of_step: Vec<String>,
    undelivered: Vec<String>,
}

async fn audit(store: &TestStore) -> Findings {
    let audit = |tx: &mut Tx| {
        Ok::<_, StoreError>(Findings {
            gaps: tx.list_feed_gaps()?.len(),
            misbooked: tx.list_misbooked_transactions(100)?,
            out_of_step: tx.list_sessions_out_of_step(100)?,
            undelivered: tx.list_undelivered_events(100)?,
        })
    };
    store.read(audit).await.unwrap()
}

fn every_state() -> Vec<(State, &'static [Booking])> {
    use Booking::{PaymentCaptured as Paid, PaymentRefunded as Back, TokensDelivered as Sent};
    use gate_domain::reason::Reason;
    use gate_domain::transaction::PaymentStep;
    let (payment, reason) = ("pay_1".to_owned(), Reason::PayoutFailed);
    vec![
        (State::AwaitingPayment { step: PaymentStep::Challenge }, &[]),
        (State::Failed { reason }, &[]),
        (State::PaymentReceived { payment: payment.clone() }, &[Paid]),
        (State::Settling { payment: payment.clone() }, &[Paid]),
        (
            State::Completed {
                payment: payment.clone(),
                chain_transaction: "0x1".into(),
                reversal: None,
            },
            &[Paid, Sent],
        ),
        (State::RefundPending { payment: payment.clone(), reason }, &[Paid]),
        (State::Refunded { payment, reason, reversal: None }, &[Paid, Back]),
    ]
}

both_engines! {
    async fn each_status_has_its_bookings_and_no_others(store) {
        let tenant = partner(store).await;
        let session = session(&tenant);
        let quote = quote(&session);
        let sets: [&[Booking]; 5] = [
            &[],
            &[Booking::PaymentCaptured],
            &[Booking::PaymentCaptured, Booking::TokensDelivered],
            &[Booking::PaymentCaptured, Booking::PaymentRefunded],
            &[Booking::PaymentCaptured, Booking::TokensDelivered, Booking::PaymentRefunded],
        ];
        let mut wrong = Vec::new();
        for (state, right) in every_state() {
            for bookings in sets {
                // A session is settled once, so each has its own.
                let other = crate::session(&tenant);
                let new = Transaction { state: state.clone(), ..new_transaction(&other, &quote) };
                let id: TransactionId = new.id.clone();
                store.write(move |tx| tx.insert_transaction(&new)).await.unwrap();
                for booking in bookings {
                    book(store, &tenant, &id, *booking, &quote).await.unwrap();
                }
                if bookings != right {
                    wrong.push(id.to_string());
                }
            }
        }
        assert_eq!(wrong.len(), 7 * 4);
        let mut found = audit(store).await.misbooked;
        found.sort();
        assert_eq!(found, wrong);
        let counts = store.read(Tx::count_transactions).await.unwrap();
        assert!(counts.len() == 7 && counts.values().all(|count| *count == 5), "{counts:?}");
    }

    async fn a_session_and_its_transaction_end_together(store) {
        let tenant = partner(store).await;
        let session = session(&tenant);
        let quote = quote(&session);
        let payment = new_transaction(&session, &quote);
        insert(store, &session).await;
        let new = payment.clone();
        store.write(move |tx| tx.insert_transaction(&new)).await.unwrap();
        assert_eq!(audit(store).await, Findings::default());
        for transaction in [Some(payment.id.to_string()), None] {
            let id = session.id.clone();
            let damage = move |tx: &mut Tx| {
                tx.execute(COMPLETE_SESSION, &[&id.as_str(), &transaction])
            };
            store.write(damage).await.unwrap();
            assert_eq!(audit(store).await.out_of_step, [session.id.to_string()]);
        }
    }

    async fn an_event_that_is_missing_or_never_went_out(store) {
        let tenant = partner(store).await;
        endpoint(store, &tenant).await;
        store.write(|tx| tx.execute(AGE_ENDPOINTS, &[])).await.unwrap();
        let owner = tenant.clone();
        let (event, _) = store.write(move |tx| announce(tx, &owner, None)).await.unwrap();
        assert_eq!(audit(store).await, Findings::default());
        assert_eq!(store.read(Tx::count_deliveries).await.unwrap()["pending"], 1);
        store.write(|tx| tx.execute(DROP_DELIVERIES, &[])).await.unwrap();
        assert_eq!(audit(store).await.undelivered, [event.to_string()]);
        store.write(|tx| tx.execute(DROP_EVENT, &[])).await.unwrap();
        assert_eq!(audit(store).await.gaps, 1);
    }
}
