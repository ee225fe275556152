//! Time that passes for one session alone.

use gate_domain::Millis;
use gate_domain::ids::{CommandId, QuoteId, Tenant};
use gate_domain::rail::{Command, CommandKind};
use gate_domain::session::{Choice, Session, Stage, State, Step};
use gate_store::{Sql, Store, StoreError, Tx, both_engines, sql};

use crate::{NOW, announce, endpoint, insert, new_transaction, partner, quote, seed, session};

const HOUR_MS: i64 = 3_600_000;
const ENDED: Sql = sql("update deliveries set status = 'succeeded', next_attempt_at = null
    where endpoint_id = $1");
const PAUSED: Sql = sql("insert into endpoint_health (partner_id, mode, endpoint_id, state, since,
        until, failures_in_row, pause_ms, tat_us, held_until)
    select partner_id, mode, id, 'paused', 0, $1, 10, 30000, 0, $1 from endpoints");
const PAUSES: Sql = sql("select until, held_until from endpoint_health where endpoint_id = $1");

/// A session with a price on its table, a command, and an event on its way to two endpoints.
async fn busy(store: &Store, tenant: &Tenant) -> (Session, QuoteId) {
    let session = session(tenant);
    insert(store, &session).await;
    let quote = quote(&session);
    let transaction = new_transaction(&session, &quote);
    let command = Command {
        id: CommandId::new(tenant.mode, seed()),
        transaction_id: transaction.id,
        refund_id: None,
        deposit_id: None,
        kind: CommandKind::Charge,
        amount: quote.fiat.clone(),
        means: transaction.means,
        method: None,
        address: transaction.address,
        challenge_code: None,
        created_at: NOW,
    };
    let (owner, id, offered) = (tenant.clone(), session.id.clone(), quote.id.clone());
    let fill = move |tx: &mut Tx| {
        tx.insert_quote(&owner, &quote)?;
        tx.insert_command(&owner, &id, &command)?;
        announce(tx, &owner, Some(&id))?;
        let seen = tx.lock_session(&owner, &id)?.unwrap();
        let choice = Choice { quote: Some(offered.clone()), ..Choice::default() };
        let next = State::Open { stage: Stage::Quoted, choice };
        let step = Step::Moved { next, effects: Vec::new() };
        tx.advance_session(seen, step, NOW, |_| {}, |_, _, _| Ok::<_, StoreError>(()))
    };
    let session = store.write(fill).await.unwrap();
    let State::Open { choice, .. } = &session.state else { unreachable!() };
    let quote = choice.quote.clone().unwrap();
    (session, quote)
}

async fn shift(store: &Store, session: &Session, by_ms: i64, now: Millis) -> Session {
    let (tenant, id) = (session.tenant.clone(), session.id.clone());
    let shift = move |tx: &mut Tx| {
        let seen = tx.lock_session(&tenant, &id)?.unwrap();
        tx.shift_session_time(seen, by_ms, now)
    };
    store.write(shift).await.unwrap()
}

/// When commands are due, and what their bodies say; when deliveries are tried next.
async fn due(store: &Store, session: &Session) -> (Vec<i64>, Vec<Millis>, Vec<i64>) {
    let id = session.id.clone();
    let read = move |tx: &mut Tx| {
        let commands = sql("select due_at, body from commands where session_id = $1 order by id");
        let commands = tx.query(commands, &[&id.as_str()], |row| {
            let command: Command = serde_json::from_str(&row.get::<String>(1)?).unwrap();
            Ok((row.get::<i64>(0)?, command.created_at))
        })?;
        let deliveries =
            sql("select next_attempt_at from deliveries where order_key = $1 order by id");
        let deliveries = tx.query(deliveries, &[&id.as_str()], |row| row.get::<i64>(0))?;
        let (due, made) = commands.into_iter().unzip();
        Ok::<_, StoreError>((due, made, deliveries))
    };
    store.read(read).await.unwrap()
}

both_engines! {
    async fn every_deadline_of_the_session_moves_and_nobody_elses(store) {
        let tenant = partner(store).await;
        for _ in 0..2 {
            endpoint(store, &tenant).await;
        }
        let (ours, quote_id) = busy(store, &tenant).await;
        let (other, other_quote) = busy(store, &tenant).await;
        let before = due(store, &other).await;
        assert_eq!(due(store, &ours).await, (vec![NOW.0], vec![NOW], vec![NOW.0; 2]));

        let moved = shift(store, &ours, HOUR_MS, NOW.plus_ms(5)).await;
        let mut expected = ours.clone();
        expected.terms.expires_at = ours.terms.expires_at.plus_ms(-HOUR_MS);
        expected.revision += 1;
        expected.updated_at = NOW.plus_ms(5);
        assert_eq!(moved, expected, "created_at stays");
        let (owner, id) = (tenant.clone(), ours.id.clone());
        let found = store.read(move |tx| tx.find_session(&owner, &id)).await.unwrap();
        assert_eq!(found, Some(expected.clone()));
        let due_by = expected.terms.expires_at;
        let expired = store.read(move |tx| tx.list_expired_sessions(due_by, 9)).await.unwrap();
        assert_eq!(expired, [(tenant.clone(), ours.id.clone())]);
        let earlier = NOW.plus_ms(-HOUR_MS);
        assert_eq!(due(store, &ours).await, (vec![earlier.0], vec![earlier], vec![earlier.0; 2]));
        let owner = tenant.clone();
        let quotes = move |tx: &mut Tx| {
            Ok::<_, StoreError>([&quote_id, &other_quote].map(|id| {
                tx.find_quote(&owner, id).unwrap().unwrap().expires_at
            }))
        };
        let [ours_lapses, others_lapses] = store.read(quotes).await.unwrap();
        assert_eq!(ours_lapses, others_lapses.plus_ms(-HOUR_MS));
        assert_eq!(due(store, &other).await, before);
    }

    /// Its lease would else be waited for, however far time moves.
    async fn a_command_that_a_worker_holds_is_due_at_once(store) {
        let tenant = partner(store).await;
        let (session, _) = busy(store, &tenant).await;
        let lease_until = NOW.plus_ms(30_000);
        let claim = move |tx: &mut Tx| tx.claim_commands(NOW, lease_until, "held", 9);
        assert_eq!(store.write(claim).await.unwrap().len(), 1);
        assert_eq!(due(store, &session).await.0, [lease_until.0]);
        shift(store, &session, 1_000, NOW).await;
        assert_eq!(due(store, &session).await.0, [NOW.0]);
    }

    async fn a_pause_passes_only_where_something_of_the_session_waits(store) {
        let tenant = partner(store).await;
        let (waits, done) = (endpoint(store, &tenant).await, endpoint(store, &tenant).await);
        let (session, _) = busy(store, &tenant).await;
        let (ended, until) = (done.clone(), NOW.plus_ms(2 * HOUR_MS).0);
        let fill = move |tx: &mut Tx| {
            tx.execute(ENDED, &[&ended.as_str()])?;
            tx.execute(PAUSED, &[&until])
        };
        assert_eq!(store.write(fill).await.unwrap(), 2);
        shift(store, &session, HOUR_MS, NOW).await;
        for (endpoint, until) in [(waits, until - HOUR_MS), (done, until)] {
            let read = move |tx: &mut Tx| {
                tx.query_one(PAUSES, &[&endpoint.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))
            };
            let shown: Result<(i64, i64), StoreError> = store.read(read).await;
            assert_eq!(shown.unwrap(), (until, until));
        }
    }

    async fn what_was_passed_over_is_added_up_from_an_instant_on(store) {
        let tenant = partner(store).await;
        let (session, _) = busy(store, &tenant).await;
        for (by_ms, at) in [(1, 0), (10, 50), (100, 99)] {
            shift(store, &session, by_ms, NOW.plus_ms(at)).await;
        }
        for (since, expected) in [(0, 111), (1, 110), (50, 110), (51, 100), (100, 0)] {
            let (owner, id) = (tenant.clone(), session.id.clone());
            let sum = store.read(move |tx| tx.shifted_since(&owner, &id, NOW.plus_ms(since))).await;
            assert_eq!(sum.unwrap(), expected, "since {since}");
        }
    }

    /// A worker that had the command finds its lease lost; somebody asks again.
    async fn a_lease_does_not_survive(store) {
        let tenant = partner(store).await;
        let (session, _) = busy(store, &tenant).await;
        let claim = |tx: &mut Tx| tx.claim_commands(NOW, NOW.plus_ms(30_000), "a", 9);
        let held = store.write(claim).await.unwrap().remove(0);
        shift(store, &session, HOUR_MS, NOW).await;
        let stale = held.clone();
        assert!(!store.write(move |tx| tx.record_command(&stale, None)).await.unwrap());
        let again = store.write(claim).await.unwrap().remove(0);
        assert!(again.sent_before);
        assert_eq!(again.command.created_at, NOW.plus_ms(-HOUR_MS));
    }
}
