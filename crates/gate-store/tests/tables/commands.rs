//! Commands to the rails under a lease.

use gate_domain::Millis;
use gate_domain::ids::{CommandId, DepositId, RefundId, Tenant};
use gate_domain::rail::{ChallengeCode, Command, CommandKind};
use gate_domain::session::Session;
use gate_domain::transaction::Transaction;
use gate_store::{ClaimedCommand, Sql, Store, Tx, both_engines, sql};

use crate::{NOW, new_transaction, partner, quote, seed, session};

const LEASE_MS: i64 = 30_000;
const BODY: Sql = sql("select body from commands where kind = $1");
const BREAK: Sql = sql("update commands set body = '{}' where id = $1");

fn new(session: &Session, kind: CommandKind) -> Command {
    let quote = quote(session);
    let transaction = new_transaction(session, &quote);
    Command {
        id: CommandId::new(session.tenant.mode, seed()),
        transaction_id: transaction.id,
        refund_id: None,
        deposit_id: None,
        kind,
        amount: quote.crypto,
        means: transaction.means,
        method: None,
        address: transaction.address,
        challenge_code: (kind == CommandKind::Confirm).then(|| ChallengeCode::new("123456".into())),
        created_at: NOW,
    }
}

async fn write(store: &Store, tenant: &Tenant, kind: CommandKind) -> Command {
    let session = session(tenant);
    let command = new(&session, kind);
    let (owner, new) = (tenant.clone(), command.clone());
    store.write(move |tx| tx.insert_command(&owner, &session.id, &new)).await.unwrap();
    command
}

async fn claim(store: &Store, now: Millis, token: &'static str, limit: i64) -> Vec<ClaimedCommand> {
    let claim = move |tx: &mut Tx| tx.claim_commands(now, now.plus_ms(LEASE_MS), token, limit);
    store.write(claim).await.unwrap()
}

async fn record(store: &Store, claim: &ClaimedCommand, due_at: Option<Millis>) -> bool {
    let claim = claim.clone();
    store.write(move |tx| tx.record_command(&claim, due_at)).await.unwrap()
}

both_engines! {
    /// What the user typed for the bank is kept no longer than it is needed.
    async fn the_code_is_forgotten_once_it_was_answered(store) {
        let tenant = partner(store).await;
        write(store, &tenant, CommandKind::Confirm).await;
        let body = || async {
            let body = |tx: &mut Tx| tx.query_one(BODY, &[&"confirm"], |row| row.get::<String>(0));
            store.read(body).await.unwrap()
        };
        let first = claim(store, NOW, "a", 9).await.remove(0);
        assert_eq!(first.command.challenge_code.as_ref().map(ChallengeCode::expose), Some("123456"));
        record(store, &first, Some(NOW)).await;
        assert!(body().await.contains("123456"), "it may have to be sent again");
        let second = claim(store, NOW, "b", 9).await.remove(0);
        record(store, &second, None).await;
        assert!(!body().await.contains("123456"));
    }

    async fn one_that_cannot_be_read_is_in_nobody_s_way(store) {
        let tenant = partner(store).await;
        let broken = write(store, &tenant, CommandKind::Charge).await.id;
        let whole = write(store, &tenant, CommandKind::Charge).await.id;
        let damage = move |tx: &mut Tx| tx.execute(BREAK, &[&broken.as_str()]);
        store.write(damage).await.unwrap();
        let claimed = claim(store, NOW, "a", 9).await;
        let claimed: Vec<_> = claimed.into_iter().map(|claim| claim.command.id).collect();
        assert_eq!(claimed, [whole]);
    }

    async fn each_owner_lets_go_of_its_own(store) {
        let tenant = partner(store).await;
        let session = session(&tenant);
        let own = new(&session, CommandKind::Charge);
        let session = session.id;
        let (refund, deposit) = (RefundId::new(tenant.mode, seed()), DepositId::new(tenant.mode, seed()));
        let beside = |refund_id, deposit_id| Command {
            id: CommandId::new(tenant.mode, seed()),
            refund_id,
            deposit_id,
            kind: CommandKind::Refund,
            ..own.clone()
        };
        let of_refund = beside(Some(refund.clone()), None);
        let of_other = beside(Some(RefundId::new(tenant.mode, seed())), None);
        let of_deposit = beside(None, Some(deposit));
        let all = [own.clone(), of_refund.clone(), of_other.clone(), of_deposit.clone()];
        let (owner, its_session) = (tenant.clone(), session.clone());
        store
            .write(move |tx| {
                all.iter().try_for_each(|each| tx.insert_command(&owner, &its_session, each))
            })
            .await
            .unwrap();
        let close = async |refund: Option<RefundId>, kinds: &'static [CommandKind]| {
            let (owner, session) = (tenant.clone(), session.clone());
            let transaction = own.transaction_id.clone();
            let close = move |tx: &mut Tx| {
                tx.close_commands(&owner, &session, &transaction, refund.as_ref(), kinds)
            };
            store.write(close).await.unwrap();
        };
        let mut at = NOW;
        let mut due = async || {
            let claimed = claim(store, at, "a", 9).await;
            at = at.plus_ms(LEASE_MS);
            let mut ids: Vec<_> = claimed.into_iter().map(|claim| claim.command.id).collect();
            ids.sort_by(|one, other| one.as_str().cmp(other.as_str()));
            ids
        };
        close(None, &[CommandKind::Payout, CommandKind::Refund]).await;
        let beside = [of_refund.id.clone(), of_other.id.clone(), of_deposit.id.clone()];
        assert_eq!(due().await, [std::slice::from_ref(&own.id), &beside].concat());
        close(None, &CommandKind::ALL).await;
        assert_eq!(due().await, beside);
        close(Some(refund), &[CommandKind::Refund]).await;
        assert_eq!(due().await, [of_other.id, of_deposit.id]);
    }

    /// Tokens that go back to the user of a sale are no part of what its transaction gives back.
    async fn a_transaction_withdraws_what_is_its_own_and_was_not_sent(store) {
        let tenant = partner(store).await;
        let session = session(&tenant);
        let own = new(&session, CommandKind::Refund);
        let id = own.transaction_id.clone();
        let transaction = Transaction { id, ..new_transaction(&session, &quote(&session)) };
        let beside = |refund_id, deposit_id| Command {
            id: CommandId::new(tenant.mode, seed()),
            refund_id,
            deposit_id,
            ..own.clone()
        };
        let of_refund = beside(Some(RefundId::new(tenant.mode, seed())), None);
        let of_deposit = beside(None, Some(DepositId::new(tenant.mode, seed())));
        let insert = async |commands: Vec<Command>| {
            let (owner, session) = (tenant.clone(), session.id.clone());
            let insert = move |tx: &mut Tx| {
                commands.iter().try_for_each(|each| tx.insert_command(&owner, &session, each))
            };
            store.write(insert).await.unwrap();
        };
        let withdraw = async || {
            let transaction = transaction.clone();
            let withdraw = move |tx: &mut Tx| tx.withdraw_commands(&transaction, CommandKind::Refund);
            store.write(withdraw).await.unwrap()
        };
        insert(vec![own.clone()]).await;
        assert_eq!(claim(store, NOW, "a", 9).await.len(), 1);
        assert_eq!(withdraw().await, 0, "somebody may have sent it");
        let unsent = beside(None, None);
        let kept = [of_refund.id.clone(), of_deposit.id.clone()];
        insert(vec![unsent, of_refund, of_deposit]).await;
        assert_eq!((withdraw().await, withdraw().await), (1, 0));
        let due = claim(store, NOW, "b", 9).await.into_iter().map(|claim| claim.command.id);
        let mut due: Vec<_> = due.collect();
        due.sort_by(|one, other| one.as_str().cmp(other.as_str()));
        assert_eq!(due, kept);
    }

    async fn claimed_as_written_until_answered_for_good(store) {
        let tenant = partner(store).await;
        for kind in CommandKind::ALL {
            let command = write(store, &tenant, kind).await;
            assert!(claim(store, NOW.plus_ms(-1), "a", 9).await.is_empty(), "not due");
            let first = claim(store, NOW, "a", 9).await.remove(0);
            assert_eq!((&first.command, &first.tenant), (&command, &tenant));
            assert_eq!((first.sent_before, first.attempts), (false, 0));
            assert_eq!(first.leased_until, NOW.plus_ms(LEASE_MS));
            assert!(claim(store, NOW, "b", 9).await.is_empty(), "leased");
            let soon = NOW.plus_ms(1_000);
            assert!(record(store, &first, Some(soon)).await);
            let second = claim(store, soon, "c", 9).await.remove(0);
            assert_eq!((second.sent_before, second.attempts), (true, 1));
            assert!(record(store, &second, None).await);
            assert!(claim(store, Millis(i64::MAX - LEASE_MS), "d", 9).await.is_empty());
        }
    }

    async fn a_lease_that_ends_makes_it_due_again_and_the_late_record_is_told(store) {
        let tenant = partner(store).await;
        write(store, &tenant, CommandKind::Charge).await;
        let slow = claim(store, NOW, "slow", 9).await.remove(0);
        assert!(claim(store, NOW.plus_ms(LEASE_MS - 1), "x", 9).await.is_empty());
        let quick = claim(store, NOW.plus_ms(LEASE_MS), "quick", 9).await.remove(0);
        assert!(quick.sent_before, "the other side may have seen it");
        assert!(!record(store, &slow, None).await);
        assert!(record(store, &quick, Some(NOW)).await, "it was left alone");
        assert!(!record(store, &quick, None).await, "once");
    }

    async fn who_lost_its_lease_makes_it_due_unless_somebody_is_at_it_or_it_was_answered(store) {
        let tenant = partner(store).await;
        write(store, &tenant, CommandKind::Charge).await;
        let slow = claim(store, NOW, "slow", 9).await.remove(0);
        let at = NOW.plus_ms(LEASE_MS);
        let quick = claim(store, at, "quick", 9).await.remove(0);
        let hasten = async || {
            let slow = slow.clone();
            store.write(move |tx| tx.hasten_command(&slow, at)).await.unwrap();
            claim(store, at, "next", 9).await.pop()
        };
        assert!(hasten().await.is_none(), "somebody is at it");
        assert!(record(store, &quick, Some(at.plus_ms(3_600_000))).await);
        let next = hasten().await.unwrap();
        assert!(record(store, &next, None).await);
        assert!(hasten().await.is_none(), "it was answered");
    }

    async fn the_oldest_go_first_and_no_more_than_asked_for(store) {
        let tenant = partner(store).await;
        let mut ids = Vec::new();
        for _ in 0..5 {
            ids.push(write(store, &tenant, CommandKind::Payout).await.id);
        }
        let claimed = claim(store, NOW, "a", 5).await;
        for (claim, later_ms) in claimed.iter().zip([50, 10, 40, 20, 30]) {
            record(store, claim, Some(NOW.plus_ms(later_ms))).await;
        }
        let two = claim(store, NOW.plus_ms(100), "b", 2).await;
        let two: Vec<_> = two.iter().map(|claim| &claim.command.id).collect();
        let by_wait = [&claimed[1].command.id, &claimed[3].command.id];
        assert_eq!(two, by_wait);
    }

    async fn a_new_process_takes_over_what_was_leased(store) {
        let tenant = partner(store).await;
        write(store, &tenant, CommandKind::Charge).await;
        let done = write(store, &tenant, CommandKind::Refund).await;
        let claims = claim(store, NOW, "before", 9).await;
        let refund = claims.iter().find(|claim| claim.command.id == done.id).unwrap();
        record(store, refund, None).await;
        assert_eq!(store.write(|tx| tx.release_commands(NOW)).await.unwrap(), 1);
        assert_eq!(claim(store, NOW, "after", 9).await.len(), 1);
    }
}
