//! The ledger: booked once, read back line by line.

use gate_domain::ids::{PostingId, Tenant, TransactionId};
use gate_domain::ledger::{BEFORE_THE_FIRST, Booking, Hold, HoldEnd, Line, Posting, Record};
use gate_domain::quote::Quote;
use gate_store::{
    GUARDS, PostingPlace, PostingRow, Sql, Store, StoreError, Tx, both_engines, hash_of, sql,
};

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
    let book = move |tx: &mut Tx| {
        tx.insert_posting(&tenant, &id, &transaction, transaction.as_str(), &posting, NOW)
    };
    store.write(book).await
}

async fn postings(store: &Store, page_rows: i64) -> Vec<PostingRow> {
    let (mut all, mut place) = (Vec::new(), PostingPlace::default());
    loop {
        let after = place.clone();
        let page = store.read(move |tx| tx.list_postings(&after, page_rows)).await.unwrap();
        let Some(last) = page.last() else { return all };
        assert!(page.len() <= usize::try_from(page_rows).unwrap());
        place = last.place();
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
            let before = postings(store, 100).await;
            let twice = book(store, &tenant, &one, booking, &quote).await.unwrap_err();
            let StoreError::Unique { table } = twice else { panic!("{twice}") };
            assert_eq!(table, "postings");
            assert_eq!(postings(store, 100).await, before, "nothing of it is left");
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
        let all = postings(store, 1000).await;
        let facts = [Booking::PaymentCaptured, Booking::TokensDelivered];
        let lines: usize = facts.map(|fact| Posting::of(fact, &quote).entries().len()).iter().sum();
        let read: Vec<_> = all.iter().flat_map(|row| &row.record.lines).collect();
        assert_eq!((all.len(), read.len()), (6, 3 * lines));
        let tokens = quote.crypto.units.to_string();
        assert_eq!(read.iter().filter(|line| line.units == tokens).count(), 3);
        for page_rows in [1, 2, 5] {
            assert_eq!(postings(store, page_rows).await, all, "{page_rows}");
        }
    }
}

const TAMPER: [(&str, Sql); 6] = [
    ("postings", sql("update postings set booking = 'tokens_delivered'")),
    ("postings", sql("delete from postings where number = 1")),
    ("entries", sql("update entries set units = '1' where line = 0")),
    ("entries", sql("delete from entries where line = 1")),
    ("holds", sql("delete from holds")),
    ("hold_changes", sql("update hold_changes set units = '1'")),
];
const END_AGAIN: Sql = sql("insert into hold_ends (partner_id, mode, subject, ended, created_at)
    select partner_id, mode, subject, 'expired', 0 from hold_ends");

both_engines! {
    async fn the_chain_runs_through_every_posting_of_a_partner_and_mode(store) {
        let (tenant, other) = (partner(store).await, partner(store).await);
        let quote = quote(&session(&tenant));
        for owner in [&tenant, &other, &tenant] {
            let transaction = TransactionId::new(owner.mode, seed());
            book(store, owner, &transaction, Booking::PaymentCaptured, &quote).await.unwrap();
            // What is rolled back leaves no gap.
            book(store, owner, &transaction, Booking::PaymentCaptured, &quote).await.unwrap_err();
            book(store, owner, &transaction, Booking::TokensDelivered, &quote).await.unwrap();
        }
        for (owner, count) in [(&tenant, 4), (&other, 2)] {
            let owner = owner.clone();
            let rows = store.read(move |tx| tx.list_own_postings(&owner, 0, 100)).await.unwrap();
            let numbers: Vec<_> = rows.iter().map(|row| row.record.number).collect();
            assert_eq!(numbers, (1..=count).collect::<Vec<_>>());
            let mut previous = BEFORE_THE_FIRST.to_owned();
            for row in rows {
                assert_eq!(row.record.previous, previous);
                assert_eq!(row.hash, hash_of(&row.record));
                previous = row.hash;
            }
        }
    }

    async fn the_database_refuses_to_change_what_is_booked(store) {
        let tenant = partner(store).await;
        let quote = quote(&session(&tenant));
        let transaction = TransactionId::new(tenant.mode, seed());
        book(store, &tenant, &transaction, Booking::PaymentCaptured, &quote).await.unwrap();
        let (owner, hold) = (tenant.clone(), Hold::of_payout(&quote));
        store
            .write(move |tx| {
                tx.insert_hold(&owner, transaction.as_str(), &transaction, &hold, NOW)?;
                tx.change_hold(&owner, transaction.as_str(), 7, NOW)?;
                tx.end_hold(&owner, transaction.as_str(), HoldEnd::Posted, NOW)?;
                // The first end counts.
                tx.end_hold(&owner, transaction.as_str(), HoldEnd::Voided, NOW)
            })
            .await
            .unwrap();
        let before = postings(store, 100).await;
        for (table, damage) in TAMPER {
            let refused = store.write(move |tx| tx.execute(damage, &[])).await.unwrap_err();
            let why = format!("{refused:?}");
            assert!(why.contains(&format!("{table} is append-only")), "{why}");
        }
        assert_eq!(postings(store, 100).await, before);
        let twice = store.write(|tx| tx.execute(END_AGAIN, &[])).await.unwrap_err();
        assert!(matches!(twice, StoreError::Unique { table } if table == "hold_ends"));
        assert_eq!(store.read(Tx::count_guards).await.unwrap(), GUARDS);
        assert!(store.read(move |tx| tx.sum_held(&tenant)).await.unwrap().is_empty());
    }
}

/// What a gateway wrote before there were chains: a card purchase that is done, and a sale whose money
/// is on its way.
const BEFORE: &str = r#"
insert into feeds (partner_id, mode, last_sequence) values ('ptr_1', 'test', 3);
insert into quotes (partner_id, mode, id, session_id, body, expires_at, created_at) values
    ('ptr_1', 'test', 'qt_1', 'gs_1', '{"fiat":{"units":"100"},"crypto":{"units":"9"}}', 1, 1),
    ('ptr_1', 'test', 'qt_2', 'gs_2', '{"side":"off_ramp","payment_method":"sepa_payout",
        "fiat":{"units":"50","asset":{"code":"EUR","decimals":2}},"crypto":{"units":"5"}}', 1, 1);
insert into transactions (partner_id, mode, id, session_id, quote_id, card, rail_payment_id, status,
        state, created_at, updated_at) values
    ('ptr_1', 'test', 'tx_1', 'gs_1', 'qt_1', '{}', null, 'completed', '{}', 1, 1),
    ('ptr_1', 'test', 'tx_2', 'gs_2', 'qt_2', null, 'po_2', 'settling', '{}', 2, 2);
insert into postings (partner_id, mode, id, transaction_id, booking, created_at) values
    ('ptr_1', 'test', 'post_2', 'tx_1', 'tokens_delivered', 2),
    ('ptr_1', 'test', 'post_1', 'tx_1', 'payment_captured', 1),
    ('ptr_2', 'test', 'post_3', 'tx_9', 'payment_captured', 3);
insert into entries (partner_id, mode, posting_id, line, account, asset, units) values
    ('ptr_1', 'test', 'post_1', 0, 'provider_receivable', 'EUR', '100'),
    ('ptr_1', 'test', 'post_1', 1, 'user_funds', 'EUR', '-100'),
    ('ptr_1', 'test', 'post_2', 0, 'user_funds', 'EUR', '100'),
    ('ptr_1', 'test', 'post_2', 1, 'exchange', 'EUR', '-100');
"#;
const CHANGED: Sql = sql("select subject, units from hold_changes");
const HELD: Sql = sql("select subject, account, asset, units from holds");
/// The sale went on at another price, and what it holds did not follow; another hold is as it was.
const REQUOTED: &str = r#"
insert into quotes (partner_id, mode, id, session_id, body, expires_at, created_at) values
    ('ptr_1', 'test', 'qt_3', 'gs_2', '{"side":"off_ramp","payment_method":"sepa_payout",
        "fiat":{"units":"40","asset":{"code":"EUR","decimals":2}},"crypto":{"units":"5"}}', 9, 3);
update transactions set quote_id = 'qt_3' where id = 'tx_2';
insert into holds (partner_id, mode, subject, transaction_id, account, asset, units, created_at) values
    ('ptr_1', 'test', 'tx_1', 'tx_1', 'treasury', 'USDC.base', '9', 1);
"#;

both_engines! {
    async fn what_was_booked_before_is_where_the_chains_begin(place: TestPlace) {
        let old = place.open(place.options().up_to(9)).unwrap();
        old.write(|tx| tx.batch(BEFORE)).await.unwrap();
        old.close().await;
        let store = place.open(place.options()).unwrap();
        let rows = postings(&store, 100).await;
        let told = rows.iter().map(|row| {
            let lines: Vec<_> = row.record.lines.iter().map(|line| line.account.as_str()).collect();
            (row.record.partner.as_str(), row.record.number, row.record.id.as_str(), lines)
        });
        let told: Vec<_> = told.collect();
        assert_eq!(told, [
            ("ptr_1", 1, "post_1", vec!["provider_receivable:card", "user_funds"]),
            ("ptr_1", 2, "post_2", vec!["user_funds", "exchange"]),
            ("ptr_2", 1, "post_3", vec![]),
        ]);
        assert!(rows.iter().all(|row| row.hash == hash_of(&row.record)));
        assert_eq!(rows[1].record.previous, rows[0].hash);
        let ends = store.read(|tx| tx.list_chain_ends(&PostingPlace::default(), 10)).await.unwrap();
        assert_eq!(ends, [(rows[1].place(), rows[1].hash.clone())]);
        let held: Vec<[String; 4]> = store
            .read(|tx| tx.query(HELD, &[], |row| Ok([row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?])))
            .await
            .unwrap();
        assert_eq!(held, [["tx_2", "bank:sepa_payout", "EUR", "50"]]);
    }

    async fn what_is_under_way_at_another_price_holds_what_that_brings(place: TestPlace) {
        let old = place.open(place.options().up_to(9)).unwrap();
        old.write(|tx| tx.batch(BEFORE)).await.unwrap();
        old.close().await;
        let old = place.open(place.options().up_to(17)).unwrap();
        old.write(|tx| tx.batch(REQUOTED)).await.unwrap();
        old.close().await;
        let store = place.open(place.options()).unwrap();
        let changed: Vec<[String; 2]> = store
            .read(|tx| tx.query(CHANGED, &[], |row| Ok([row.get(0)?, row.get(1)?])))
            .await
            .unwrap();
        assert_eq!(changed, [["tx_2", "40"]]);
    }
}

/// The canonical text is a promise to whoever checks an export: it never changes.
#[test]
fn the_canonical_text_and_its_hash() {
    let line = |account: &str, units: &str| Line {
        account: account.into(),
        asset: "EUR".into(),
        units: units.into(),
    };
    let record = Record {
        partner: "ptr_1".into(),
        mode: "test".into(),
        number: 1,
        id: "post_1".into(),
        transaction: "tx_1".into(),
        subject: "tx_1".into(),
        booking: "payment_captured".into(),
        created_at: 1_795_435_200_000,
        previous: BEFORE_THE_FIRST.into(),
        lines: vec![line("provider_receivable:card", "10000"), line("user_funds", "-10000")],
    };
    let text = "0gate-posting-v1\n\
        0000000000000000000000000000000000000000000000000000000000000000\n\
        ptr_1\ntest\n1\npost_1\ntx_1\ntx_1\npayment_captured\n1795435200000\n\
        provider_receivable:card EUR 10000\nuser_funds EUR -10000\n";
    assert_eq!(record.text(), text);
    // As another program takes it of that text.
    assert_eq!(
        hash_of(&record),
        "92e1f84a155fb6c3eafb3d6c18750bab9e05a4fc0c597574b295b96d4d274fe9"
    );
}
