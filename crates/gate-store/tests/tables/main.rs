//! Our tables, on both engines: what is written is read back, strangers see nothing, and what
//! belongs together is written together.
#![expect(clippy::unwrap_used, reason = "a test's helpers may")]

mod audits;
mod brandings;
mod bulk;
mod capabilities;
mod client_references;
mod commands;
mod customers;
mod deliveries;
mod events;
mod idempotency;
mod keys;
mod ledger;
mod locked;
mod mails;
mod quotes;
mod screenings;
mod sessions;
mod time_shifts;
mod users;

use std::sync::atomic::{AtomicI64, Ordering};

use gate_domain::Millis;
use gate_domain::catalogue::Side;
use gate_domain::destination::Destination;
use gate_domain::event::EventType;
use gate_domain::ids::{DeliveryId, TransactionId};
use gate_domain::ids::{EndpointId, EventId, Mode, PartnerId, QuoteId, Seed, SessionId, Tenant};
use gate_domain::money::{Asset, Money};
use gate_domain::quote::{FeePolicy, LOCK_MS, OnLapse, Quote, Rate, price};
use gate_domain::rail::{Card, Means};
use gate_domain::session::{Session, State, Terms};
use gate_domain::transaction::{self, PaymentStep, Transaction};
use gate_store::{NewEvent, Sql, Store, StoreError, Tx, WrittenEvent, both_engines, sql};

pub(crate) const NOW: Millis = Millis(1_795_435_200_000);

/// What ids are made of: a number that grows.
pub(crate) fn seed() -> Seed {
    static NEXT: AtomicI64 = AtomicI64::new(1);
    let number = NEXT.fetch_add(1, Ordering::SeqCst);
    let mut random = [0; 10];
    random[2..].copy_from_slice(&number.to_be_bytes());
    Seed { at: NOW, random }
}

/// A partner that is written down, in test mode.
pub(crate) async fn partner(store: &Store) -> Tenant {
    let tenant = Tenant { partner: PartnerId::new(seed()), mode: Mode::Test };
    let partner = tenant.partner.clone();
    store.write(move |tx| tx.insert_partner(&partner, "Demo Shop", NOW)).await.unwrap();
    tenant
}

/// Everybody who must not see what belongs to `tenant`.
pub(crate) async fn strangers(store: &Store, tenant: &Tenant) -> [Tenant; 2] {
    [partner(store).await, Tenant { mode: Mode::Live, ..tenant.clone() }]
}

/// A fresh session of 100 EUR.
pub(crate) fn session(tenant: &Tenant) -> Session {
    let terms = Terms {
        amount: Money::new(100_00, eur()),
        target_token: Some("USDC".into()),
        target_network: None,
        flow: None,
        wallet_address: None,
        return_url: "https://shop.example/orders/1".into(),
        cancel_url: None,
        user_reference: Some("Grüße, 猫".into()),
        client_reference_id: None,
        quote_id: None,
        metadata: r#"{"order":1}"#.into(),
        expires_at: NOW.plus_seconds(86_400),
    };
    Session {
        id: SessionId::new(tenant.mode, seed()),
        tenant: tenant.clone(),
        state: State::new(&terms),
        terms,
        transaction: None,
        revision: 1,
        created_at: NOW,
        updated_at: NOW,
    }
}

pub(crate) fn quote(session: &Session) -> Quote {
    let fees = FeePolicy {
        service_bps: 149,
        service_minimum_units: 50,
        network_units: 35,
        ..FeePolicy::default()
    };
    let (rate, fiat) = (Rate(92_000_000), session.terms.amount.clone());
    let token = usdc_on_base();
    let priced = price(&fiat, &token, rate, fees).unwrap();
    Quote {
        id: QuoteId::new(session.tenant.mode, seed()),
        session_id: Some(session.id.clone()),
        side: Side::OnRamp,
        payment_method: "card".into(),
        fiat,
        crypto: priced.crypto,
        paid_in: None,
        rate,
        fees: priced.fees,
        source: "test".into(),
        priced_at: None,
        on_lapse: OnLapse::default(),
        created_at: NOW,
        expires_at: NOW.plus_ms(LOCK_MS),
    }
}

pub(crate) fn new_transaction(session: &Session, quote: &Quote) -> Transaction {
    let address = Destination::from_stored("0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed").unwrap();
    Transaction {
        id: TransactionId::new(session.tenant.mode, seed()),
        tenant: session.tenant.clone(),
        session_id: session.id.clone(),
        quote_id: quote.id.clone(),
        address: Some(address),
        means: Means::Card(Card { token: "succeeds".into(), last4: "4242".into() }),
        state: transaction::State::AwaitingPayment { step: PaymentStep::Authorising },
        created_at: NOW,
        updated_at: NOW,
    }
}

pub(crate) async fn insert(store: &Store, session: &Session) {
    let session = session.clone();
    store.write(move |tx| tx.insert_session(&session)).await.unwrap();
}

/// An endpoint that takes events.
pub(crate) async fn endpoint(store: &Store, tenant: &Tenant) -> EndpointId {
    let (tenant, id) = (tenant.clone(), EndpointId::new(tenant.mode, seed()));
    let new = id.clone();
    let save = move |tx: &mut Tx| {
        tx.save_endpoint(&tenant, &new, "https://shop.example/hooks", b"sealed", NOW)
    };
    store.write(save).await.unwrap();
    id
}

/// Announce something about a session, or about nothing; its body is its place in the feed.
pub(crate) fn announce(
    tx: &mut Tx,
    tenant: &Tenant,
    session: Option<&SessionId>,
) -> Result<(EventId, Vec<DeliveryId>), StoreError> {
    let event = NewEvent {
        id: EventId::new(tenant.mode, seed()),
        tenant: tenant.clone(),
        event_type: EventType::SessionCreated,
        session_id: session.cloned(),
        subject: None,
        created_at: NOW,
    };
    let next = || DeliveryId::new(tenant.mode, seed());
    let written = |sequence| WrittenEvent {
        event_type: EventType::SessionCreated,
        body: format!("event {sequence}"),
    };
    let deliveries = tx.append_event(&event, written, next)?;
    Ok((event.id, deliveries))
}

/// How many rows a table has.
pub(crate) async fn count(store: &Store, statement: Sql) -> i64 {
    let count = move |tx: &mut Tx| tx.query_one(statement, &[], |row| row.get::<i64>(0));
    store.read(count).await.unwrap()
}

both_engines! {
    async fn every_statement_prepares(store) {
        assert!(gate_store::statements().count() > 50);
        for statement in gate_store::statements() {
            let prepared = store.write(move |tx| tx.prepare(statement)).await;
            assert!(prepared.is_ok(), "{}: {prepared:?}", statement.text());
        }
        // The control: this is how a statement that no engine understands would show.
        let wrong = store.write(|tx| tx.prepare(sql("select nothing from nowhere"))).await;
        assert!(wrong.is_err());
    }
}

fn eur() -> Asset {
    Asset { code: "EUR".into(), network: None, decimals: 2 }
}

fn usdc_on_base() -> Asset {
    Asset { code: "USDC".into(), network: Some("base".into()), decimals: 6 }
}
