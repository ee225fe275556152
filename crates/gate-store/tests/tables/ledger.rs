//! The ledger: booked once, read back line by line.

use gate_domain::ids::{PostingId, Tenant, TransactionId};
use gate_domain::ledger::{Booking, Posting};
use gate_domain::quote::Quote;
use gate_store::{EntryPlace, EntryRow, Store, StoreError, Tx, both_engines};

use crate::{NOW, partner, quote, seed, session};

pub(crate) async fn book(
    store: &Store,
    tenant: &Tenant,
    transaction: &TransactionId,
    booking: Booking,
    quote: &Quote,
) -> Result<(), StoreError> {
    let (tenant, transaction) = (tenant.clone(), transaction.clone());
    let (id, posting) = (PostingId::new(tenant.mode, seed()), Posting::of(booking, quote));
    let book = move |tx: &mut Tx| tx.insert_posting(&tenant, &id, &transaction, &posting, NOW);
    store.write(book).await
}

async fn entries(store: &Store, page_rows: i64) -> Vec<EntryRow> {
    let (mut all, mut place) = (Vec::new(), EntryPlace::default());
    loop {
        let after = place.clone();
        let page = store.read(move |tx| tx.list_entries(&after, page_rows)).await.unwrap();
        let Some(last) = page.last() else { return all };
        assert!(page.len() <= usize::try_from(page_rows).unwrap());
        place = last.place.clone();
        all.extend(page);
    }
}

both_engines! {
    async fn a_fact_is_booked_once_per_transaction(store) {
        let tenant = partner(store).await;
        let quote = quote(&session(&tenant));
        let one = TransactionId::new(tenant.mode, seed());
        let two = TransactionId::new(tenant.mode, seed());
        for booking in [Booking::PaymentCaptured, Booking::TokensDelivered, Booking::PaymentRefunded] {
            book(store, &tenant, &one, booking, &quote).await.unwrap();
            let before = entries(store, 100).await;
            let twice = book(store, &tenant, &one, booking, &quote).await.unwrap_err();
            let StoreError::Unique { table } = twice else { panic!("{twice}") };
            assert_eq!(table, "postings");
            assert_eq!(entries(store, 100).await, before, "nothing of it is left");
        }
        book(store, &tenant, &two, Booking::PaymentCaptured, &quote).await.unwrap();
    }

    async fn every_line_is_read_once_whatever_the_page(store) {
        let (tenant, other) = (partner(store).await, partner(store).await);
        let quote = quote(&session(&tenant));
        for owner in [&tenant, &other, &tenant] {
            let transaction = TransactionId::new(owner.mode, seed());
            book(store, owner, &transaction, Booking::PaymentCaptured, &quote).await.unwrap();
            book(store, owner, &transaction, Booking::TokensDelivered, &quote).await.unwrap();
        }
        let all = entries(store, 1000).await;
        let lines = Posting::of(Booking::PaymentCaptured, &quote).entries().len()
            + Posting::of(Booking::TokensDelivered, &quote).entries().len();
        assert_eq!(all.len(), 3 * lines);
        assert_eq!(all.iter().map(|row| row.units).filter(|units| *units == quote.crypto.units).count(), 3);
        for page_rows in [1, 2, 5] {
            assert_eq!(entries(store, page_rows).await, all, "{page_rows}");
        }
    }
}
