//! Quotes, rail payments and lists of transactions: read back, redeemed once, seen by nobody else.

use gate_domain::catalogue::Side;
use gate_domain::ids::{PayInId, PayOutId, SessionId, Tenant, TransactionId};
use gate_domain::quote::{OnLapse, Quote};
use gate_domain::rail::Means;
use gate_domain::rail_payment::{RailPayment, RailPaymentId, State};
use gate_domain::reason::Reason;
use gate_domain::time::Millis;
use gate_domain::transaction::Transaction;
use gate_store::{Store, StoreError, TransactionFilter, Tx, both_engines, sql};

use crate::{NOW, new_transaction, partner, quote, seed, session, strangers};

async fn signed(store: &Store, tenant: &Tenant) -> Quote {
    let quote = Quote {
        session_id: None,
        side: Side::OffRamp,
        payment_method: "sepa_payout".into(),
        on_lapse: OnLapse::ConvertWithin(50),
        ..quote(&session(tenant))
    };
    let (owner, new) = (tenant.clone(), quote.clone());
    store.write(move |tx| tx.insert_signed_quote(&owner, &new, "00ff")).await.unwrap();
    quote
}

async fn consume(
    store: &Store,
    tenant: &Tenant,
    quote: &Quote,
    by: &TransactionId,
) -> Result<(), StoreError> {
    let (tenant, id, by) = (tenant.clone(), quote.id.clone(), by.clone());
    let session = SessionId::new(tenant.mode, seed());
    store
        .write(move |tx| {
            let quote = tx.lock_signed_quote(&tenant, &id)?.unwrap();
            tx.consume_quote(quote, &session, &by, NOW.plus_ms(5)).map(drop)
        })
        .await
}

fn payment(transaction: &Transaction, quote: &Quote) -> RailPayment {
    RailPayment {
        id: RailPaymentId::PayIn(PayInId::new(transaction.tenant.mode, seed())),
        tenant: transaction.tenant.clone(),
        session_id: transaction.session_id.clone(),
        transaction_id: transaction.id.clone(),
        quote_id: quote.id.clone(),
        state: State::Processing,
        created_at: NOW,
        updated_at: NOW,
    }
}

both_engines! {
    async fn a_signed_quote_is_read_back_and_redeemed_once(store) {
        let tenant = partner(store).await;
        let quote = signed(store, &tenant).await;
        let find = |tenant: &Tenant| {
            let (tenant, id) = (tenant.clone(), quote.id.clone());
            store.read(move |tx| tx.find_signed_quote(&tenant, &id))
        };
        let found = find(&tenant).await.unwrap().unwrap();
        assert_eq!((found.quote.clone(), found.signature.as_str()), (quote.clone(), "00ff"));
        assert_eq!((found.lapses_at, found.consumed), (quote.expires_at, None));
        for stranger in strangers(store, &tenant).await {
            assert_eq!(find(&stranger).await.unwrap(), None);
        }
        let by = TransactionId::new(tenant.mode, seed());
        consume(store, &tenant, &quote, &by).await.unwrap();
        let consumed = find(&tenant).await.unwrap().unwrap().consumed.unwrap();
        assert_eq!((consumed.at, consumed.by), (NOW.plus_ms(5), by.clone()));
        let again = consume(store, &tenant, &quote, &by).await;
        assert!(matches!(again, Err(StoreError::Misuse(_))), "{again:?}");
        let (owner, id) = (tenant.clone(), quote.id.clone());
        let read = store.read(move |tx| tx.find_quote(&owner, &id)).await.unwrap().unwrap();
        assert_eq!(read.expires_at, NOW.plus_ms(5), "it holds for nobody else");
    }

    async fn a_quote_of_a_session_is_no_signed_one(store) {
        let tenant = partner(store).await;
        let quote = quote(&session(&tenant));
        let (owner, new) = (tenant.clone(), quote.clone());
        store.write(move |tx| tx.insert_quote(&owner, &new)).await.unwrap();
        let (owner, id) = (tenant.clone(), quote.id.clone());
        let both = move |tx: &mut Tx| {
            Ok::<_, StoreError>((tx.find_quote(&owner, &id)?, tx.find_signed_quote(&owner, &id)?))
        };
        assert_eq!(store.read(both).await.unwrap(), (Some(quote), None));
    }

    async fn a_rail_payment_is_read_back_and_is_the_only_one_of_its_quote(store) {
        let tenant = partner(store).await;
        let (session, quote) = (session(&tenant), signed(store, &tenant).await);
        let transaction = new_transaction(&session, &quote);
        let new = payment(&transaction, &quote);
        let insert = |payment: &RailPayment| {
            let payment = payment.clone();
            store.write(move |tx| tx.insert_rail_payment(&payment))
        };
        insert(&new).await.unwrap();
        let out = RailPaymentId::PayOut(PayOutId::new(tenant.mode, seed()));
        let twin = insert(&RailPayment { id: out, ..new.clone() }).await.unwrap_err();
        let StoreError::Unique { table } = twin else { panic!("{twin}") };
        assert_eq!(table, "rail_payments");
        let find = |tenant: &Tenant| {
            let (tenant, id) = (tenant.clone(), new.id.clone());
            store.read(move |tx| tx.find_rail_payment(&tenant, &id))
        };
        assert_eq!(find(&tenant).await.unwrap(), Some(new.clone()));
        for stranger in strangers(store, &tenant).await {
            assert_eq!(find(&stranger).await.unwrap(), None);
        }
        let state = State::Failed { reason: Reason::ForcedFailure };
        let (owner, id) = (tenant.clone(), new.id.clone());
        let save = move |tx: &mut Tx| {
            let seen = tx.lock_rail_payment(&owner, &id)?.unwrap();
            tx.save_rail_payment(seen, state, NOW.plus_ms(9))
        };
        let saved = store.write(save).await.unwrap();
        assert_eq!((saved.state, saved.updated_at), (state, NOW.plus_ms(9)));
        assert_eq!(find(&tenant).await.unwrap(), Some(saved));
    }

    async fn a_rail_payment_that_disagrees_is_found(store) {
        let tenant = partner(store).await;
        let (session, quote) = (session(&tenant), signed(store, &tenant).await);
        let base = new_transaction(&session, &quote);
        let new = payment(&base, &quote);
        let transaction = Transaction { means: Means::Rail(new.id.clone()), address: None, ..base };
        let (moved, paid) = (transaction.clone(), new.clone());
        store.write(move |tx| {
            tx.insert_transaction(&moved)?;
            tx.insert_rail_payment(&paid)
        }).await.unwrap();
        let odd = || store.read(|tx| tx.list_rails_out_of_step(10));
        assert_eq!(odd().await.unwrap(), [new.id.to_string()], "its quote was not redeemed");
        consume(store, &tenant, &quote, &transaction.id).await.unwrap();
        assert!(odd().await.unwrap().is_empty());
        let settle = sql("update rail_payments set status = 'settled'");
        store.write(move |tx| tx.execute(settle, &[])).await.unwrap();
        assert_eq!(odd().await.unwrap(), [new.id.to_string()]);
        let (owner, id) = (tenant.clone(), transaction.id.clone());
        let read = store.read(move |tx| tx.find_transaction(&owner, &id)).await.unwrap();
        assert_eq!(read, Some(transaction));
    }

    async fn pages_hold_their_own_and_nothing_twice(store) {
        let tenant = partner(store).await;
        let mut all = Vec::new();
        for number in 0..7 {
            let session = session(&tenant);
            let quote = quote(&session);
            for _ in 0..2 {
                let mut new = new_transaction(&session, &quote);
                if number % 2 == 0 {
                    let reason = Reason::CardDeclined;
                    new.state = gate_domain::transaction::State::Failed { reason };
                }
                all.push((new, quote.clone()));
            }
            let rows = all[all.len() - 2..].to_vec();
            store.write(move |tx| {
                tx.insert_quote(&rows[0].0.tenant, &rows[0].1)?;
                rows.iter().try_for_each(|(transaction, _)| tx.insert_transaction(transaction))
            }).await.unwrap();
        }
        all.reverse();
        let list = |tenant: &Tenant, filter: &TransactionFilter, after: Option<&TransactionId>, limit| {
            let (tenant, filter, after) = (tenant.clone(), filter.clone(), after.cloned());
            store.read(move |tx| tx.list_transactions(&tenant, &filter, after.as_ref(), limit))
        };
        let session = all[0].0.session_id.clone();
        for filter in [
            TransactionFilter::default(),
            TransactionFilter { status: Some("failed"), session: None },
            TransactionFilter { status: None, session: Some(session.clone()) },
            TransactionFilter { status: Some("failed"), session: Some(session.clone()) },
            TransactionFilter { status: Some("completed"), session: Some(session) },
        ] {
            let fits = |transaction: &Transaction| {
                filter.status.is_none_or(|status| transaction.state.status() == status)
                    && filter.session.as_ref().is_none_or(|id| transaction.session_id == *id)
            };
            let expected: Vec<_> = all.iter().filter(|(row, _)| fits(row)).cloned().collect();
            assert_eq!(list(&tenant, &filter, None, 100).await.unwrap(), expected);
            let (mut walked, mut after) = (Vec::new(), None);
            loop {
                let page = list(&tenant, &filter, after.as_ref(), 3).await.unwrap();
                let Some((last, _)) = page.last() else { break };
                after = Some(last.id.clone());
                walked.extend(page);
            }
            assert_eq!(walked, expected);
            for stranger in strangers(store, &tenant).await {
                assert!(list(&stranger, &filter, None, 100).await.unwrap().is_empty());
            }
        }
        assert!(all[0].0.created_at == Millis(NOW.0));
    }
}
