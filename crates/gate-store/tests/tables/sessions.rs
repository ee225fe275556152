//! Sessions, quotes and transactions.

use gate_domain::Millis;
use gate_domain::bank::AccountKind;
use gate_domain::customer::CountryCode;
use gate_domain::destination::Destination;
use gate_domain::ids::{QuoteId, SessionId, Tenant, TransactionId, UserId};
use gate_domain::rail::PayoutAccount;
use gate_domain::reason::Reason;
use gate_domain::session::{
    Choice, FlightStage, Flow, IdentityCheck, IdentityLevel, IdentityStage, Session, Stage, State,
    Step,
};
use gate_domain::transaction;
use gate_store::{Sql, Store, StoreError, Tx, both_engines, sql};

use crate::{NOW, insert, new_transaction, partner, quote, seed, session, strangers};

const BREAK: Sql = sql("update sessions set state = $2 where id = $1");

/// Every kind of state, with everything that a choice can hold.
fn states(tenant: &Tenant) -> Vec<State> {
    let address = Destination::from_stored("0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed").unwrap();
    let choice = Choice {
        quote: Some(QuoteId::new(tenant.mode, seed())),
        accepted: true,
        address: Some(address),
        back_to: Destination::from_stored("0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed"),
        flow: Some(Flow::OffRamp),
        account: Some(PayoutAccount {
            kind: AccountKind::Aba,
            token: "succeeds".into(),
            last4: "0001".into(),
            country: "DE".into(),
        }),
        identity: Some(IdentityCheck {
            level: IdentityLevel::Enhanced,
            rejected: true,
            stage: IdentityStage::Checking { held: true },
        }),
        user: Some(UserId::new(tenant.mode, seed())),
        seen_in: CountryCode::parse("DE"),
        told_refunded: true,
    };
    let reason = Reason::PayoutFailed;
    let open = [
        Stage::Created,
        Stage::Opened,
        Stage::Quoted,
        Stage::AwaitingPayment,
        Stage::AwaitingDeposit,
        Stage::Failed { reason, refunded: true },
    ];
    let flight = [
        FlightStage::Processing,
        FlightStage::Repricing,
        FlightStage::Refunding { reason },
        FlightStage::Review { reason },
    ];
    let open = open.map(|stage| State::Open { stage, choice: choice.clone() });
    let flight = flight.map(|stage| State::InFlight { stage, choice: choice.clone() });
    let ended = [State::Completed, State::Expired, State::Cancelled];
    open.into_iter().chain(flight).chain(ended).collect()
}

async fn find(store: &Store, tenant: &Tenant, id: &SessionId) -> Option<Session> {
    let (tenant, id) = (tenant.clone(), id.clone());
    store.read(move |tx| tx.find_session(&tenant, &id)).await.unwrap()
}

async fn expired(store: &Store, now: Millis) -> Vec<SessionId> {
    let rows = store.read(move |tx| tx.list_expired_sessions(now, 100)).await.unwrap();
    rows.into_iter().map(|(_, id)| id).collect()
}

async fn page(
    store: &Store,
    tenant: &Tenant,
    status: Option<&'static str>,
    after: Option<&SessionId>,
) -> Vec<SessionId> {
    let (tenant, after) = (tenant.clone(), after.cloned());
    let list = move |tx: &mut Tx| tx.list_sessions(&tenant, status, after.as_ref(), 3);
    store.read(list).await.unwrap().into_iter().map(|session| session.id).collect()
}

/// Lock a session and give it this state, with this transaction.
async fn advance(store: &Store, session: &Session, next: State, id: &TransactionId) -> Session {
    let (session, id) = (session.clone(), id.clone());
    let step = move |tx: &mut Tx| {
        let seen = tx.lock_session(&session.tenant, &session.id)?.unwrap();
        let step = Step::Moved { next: next.clone(), effects: Vec::new() };
        let touch = |session: &mut Session| session.transaction = Some(id.clone());
        tx.advance_session(seen, step, NOW.plus_ms(1), touch, |_, _, _| Ok::<_, StoreError>(()))
    };
    store.write(step).await.unwrap()
}

both_engines! {
    async fn a_session_comes_back_as_it_was_written_in_every_state(store) {
        let tenant = partner(store).await;
        let fresh = session(&tenant);
        insert(store, &fresh).await;
        assert_eq!(find(store, &tenant, &fresh.id).await, Some(fresh));

        let id = TransactionId::new(tenant.mode, seed());
        for state in states(&tenant) {
            let before = session(&tenant);
            insert(store, &before).await;
            let after = advance(store, &before, state.clone(), &id).await;
            let due = matches!(state, State::Open { .. });
            let expected = Session {
                state,
                transaction: Some(id.clone()),
                revision: 2,
                updated_at: NOW.plus_ms(1),
                ..before.clone()
            };
            assert_eq!(after, expected, "what is told");
            assert_eq!(find(store, &tenant, &before.id).await, Some(expected), "what is stored");
            let listed = expired(store, before.terms.expires_at).await.contains(&before.id);
            assert_eq!(listed, due, "only an open session can expire");
        }
    }

    async fn old_news_changes_nothing(store) {
        let tenant = partner(store).await;
        let session = session(&tenant);
        insert(store, &session).await;
        let (owner, id) = (tenant.clone(), session.id.clone());
        let unchanged = move |tx: &mut Tx| {
            let seen = tx.lock_session(&owner, &id)?.unwrap();
            let touch = |_: &mut Session| panic!("nothing to touch");
            let later = NOW.plus_ms(1);
            tx.advance_session(seen, Step::Unchanged, later, touch, |_, _, _| {
                Err(StoreError::Misuse("nothing to carry out".into()))
            })
        };
        assert_eq!(store.write(unchanged).await.unwrap(), session);
        assert_eq!(find(store, &tenant, &session.id).await, Some(session));
    }

    async fn strangers_see_nothing(store) {
        let tenant = partner(store).await;
        let session = session(&tenant);
        insert(store, &session).await;
        for stranger in strangers(store, &tenant).await {
            assert_eq!(find(store, &stranger, &session.id).await, None);
            assert_eq!(page(store, &stranger, None, None).await, []);
            assert_eq!(page(store, &stranger, Some("open"), None).await, []);
            let id = session.id.clone();
            let locked = store.write(move |tx| tx.lock_session(&stranger, &id)).await.unwrap();
            assert!(locked.is_none());
        }
        assert_eq!(page(store, &tenant, None, None).await, [session.id]);
    }

    async fn pages_stay_right_while_rows_are_added(store) {
        let tenant = partner(store).await;
        let mut ids = Vec::new();
        for _ in 0..8 {
            let session = session(&tenant);
            insert(store, &session).await;
            ids.insert(0, session.id);
        }
        for status in [None, Some("open")] {
            let mut seen = Vec::new();
            loop {
                let page = page(store, &tenant, status, seen.last()).await;
                if page.is_empty() {
                    break;
                }
                seen.extend(page);
                insert(store, &session(&tenant)).await; // newer, so it belongs before the first page
            }
            let ours: Vec<_> = seen.into_iter().filter(|id| ids.contains(id)).collect();
            assert_eq!(ours, ids, "each once, newest first");
        }
        assert_eq!(page(store, &tenant, Some("cancelled"), None).await, []);
    }

    async fn only_what_has_expired_is_listed_oldest_first(store) {
        let tenant = partner(store).await;
        let mut ids = Vec::new();
        for seconds in [30, 10, 20] {
            let mut session = session(&tenant);
            session.terms.expires_at = NOW.plus_seconds(seconds);
            insert(store, &session).await;
            ids.push(session.id);
        }
        assert_eq!(expired(store, NOW.plus_ms(9_999)).await, []);
        assert_eq!(expired(store, NOW.plus_seconds(10)).await, [ids[1].clone()]);
        let all = [ids[1].clone(), ids[2].clone(), ids[0].clone()];
        assert_eq!(expired(store, NOW.plus_seconds(30)).await, all);
        let two = store.read(|tx| tx.list_expired_sessions(Millis(i64::MAX), 2)).await.unwrap();
        assert_eq!(two.len(), 2);
    }

    async fn what_no_longer_parses_is_corrupt_never_a_default(store) {
        let tenant = partner(store).await;
        let session = session(&tenant);
        insert(store, &session).await;
        let id = session.id.clone();
        let damage = move |tx: &mut Tx| tx.execute(BREAK, &[&id.as_str(), &r#"{"state":"x"}"#]);
        store.write(damage).await.unwrap();
        let (owner, id) = (tenant.clone(), session.id.clone());
        let found = store.read(move |tx| tx.find_session(&owner, &id)).await.unwrap_err();
        let StoreError::Corrupt { table, id, .. } = found else { panic!("{found}") };
        assert_eq!((table, id), ("sessions", session.id.to_string()));
    }

    async fn quotes_and_transactions_come_back_and_only_to_their_owner(store) {
        let tenant = partner(store).await;
        let session = session(&tenant);
        let quote = quote(&session);
        let before = new_transaction(&session, &quote);
        let (owner, new, payment) = (tenant.clone(), quote.clone(), before.clone());
        let write = move |tx: &mut Tx| {
            tx.insert_quote(&owner, &new)?;
            tx.insert_transaction(&payment)
        };
        store.write(write).await.unwrap();

        let next = transaction::State::Completed {
            payment: "pay_1".into(),
            chain_transaction: "0x1".into(),
            reversal: None,
        };
        let (seen, to) = (before.clone(), next.clone());
        let advance = move |tx: &mut Tx| {
            let locked = tx.lock_transaction(&seen.tenant, &seen.id)?.unwrap();
            let step = transaction::Step::Moved { next: to.clone(), effects: Vec::new() };
            tx.advance_transaction(locked, step, NOW.plus_ms(5), |_, _, _| Ok::<_, StoreError>(()))
        };
        let after = store.write(advance).await.unwrap();
        let updated_at = NOW.plus_ms(5);
        assert_eq!(after, transaction::Transaction { state: next, updated_at, ..before });

        let mut everybody = vec![(tenant.clone(), true)];
        everybody.extend(strangers(store, &tenant).await.map(|stranger| (stranger, false)));
        for (who, sees) in everybody {
            let (asked, quote_id, id) = (who.clone(), quote.id.clone(), after.id.clone());
            let find = move |tx: &mut Tx| {
                Ok::<_, StoreError>((tx.find_quote(&asked, &quote_id)?, tx.find_transaction(&asked, &id)?))
            };
            let found = store.read(find).await.unwrap();
            assert_eq!(found, (sees.then(|| quote.clone()), sees.then(|| after.clone())));
            let id = after.id.clone();
            let locked = store.write(move |tx| tx.lock_transaction(&who, &id)).await.unwrap();
            assert_eq!(locked.is_some(), sees);
        }
    }
}
