//! Trying again: at the scheduled times, ten times in all, then only by hand.

use gate_app::testing::{ScriptedSender, World};
use gate_app::webhooks::{WebhookError, replay_delivery};
use gate_app::workers::deliveries::{Tally, deliver_due};
use gate_domain::delivery::{DeliveryStatus, RETRY_GAPS_S};
use gate_domain::ids::DeliveryId;
use gate_store::{DeliveryRow, Sql, StoreError, both_engines, sql};

use crate::deliveries::{HOOK, assert_signed, deliveries};

const ATTEMPTS: Sql = sql("select number, started_at, ended_at, response_status, error,
    response_excerpt from attempts where delivery_id = $1 order by number");

type Attempt = (i64, i64, Option<i64>, Option<i64>, Option<String>, Option<String>);

/// The attempts at a delivery that were written down.
pub(crate) async fn attempts(world: &World, id: &DeliveryId) -> Vec<Attempt> {
    let id = id.clone();
    let list = move |tx: &mut gate_store::Tx| {
        tx.query(ATTEMPTS, &[&id.as_str()], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?))
        })
    };
    let rows: Result<_, StoreError> = world.store().read(list).await;
    rows.unwrap()
}

async fn only(world: &World) -> DeliveryRow {
    let mut rows = deliveries(world).await;
    assert_eq!(rows.len(), 1);
    rows.remove(0)
}

async fn replay(world: &World, id: &DeliveryId) -> Result<DeliveryRow, WebhookError> {
    let (tenant, id) = (world.tenant(), id.clone());
    world.write(move |tx, scope| replay_delivery(tx, scope, &tenant, &id)).await
}

/// Fail through the whole schedule.
async fn give_up(world: &World, sender: &ScriptedSender) -> DeliveryRow {
    sender.answer(HOOK, [500, 0, 404, 503, 500, 500, 301, 500, 429, 500]);
    for gap_s in RETRY_GAPS_S {
        let tally = deliver_due(&world.app, sender).await.unwrap();
        assert_eq!(tally, Tally { retried: 1, ..Tally::default() });
        let row = only(world).await;
        let wait_ms = row.next_attempt_at.unwrap().0 - world.now().0;
        let gap_ms = gap_s * 1000;
        assert!((gap_ms..=gap_ms + gap_ms / 10).contains(&wait_ms), "{gap_s} s, {wait_ms} ms");
        world.clock.advance_ms(wait_ms - 1);
        assert_eq!(deliver_due(&world.app, sender).await.unwrap().total(), 0, "not yet");
        world.clock.advance_ms(1);
    }
    let tally = deliver_due(&world.app, sender).await.unwrap();
    assert_eq!(tally, Tally { dead_lettered: 1, ..Tally::default() });
    only(world).await
}

both_engines! {
    async fn ten_attempts_then_only_by_hand(store) {
        let world = World::over(store).await;
        let sender = ScriptedSender::default();
        let began = world.now();
        world.create().await;
        let mut row = give_up(&world, &sender).await;
        assert_eq!((row.status, row.attempts), (DeliveryStatus::DeadLettered, 10));
        assert_eq!(row.next_attempt_at, None);
        assert_eq!(row.last_error.as_deref(), Some("answered 500"));
        world.clock.advance_ms(365 * 24 * 3_600_000);
        assert_eq!(deliver_due(&world.app, &sender).await.unwrap().total(), 0, "given up");

        let sent = sender.take();
        assert_eq!(sent.len(), 10);
        assert!(sent.iter().all(|one| one.body == sent[0].body), "the same bytes each time");
        let written = attempts(&world, &row.id).await;
        assert_eq!(written.len(), 10);
        for (attempt, outgoing) in written.iter().zip(&sent) {
            assert_signed(outgoing, &world.webhook_secret(), attempt.1 / 1000);
        }
        let (_, started, ended, status, error, excerpt) = written[0].clone();
        assert_eq!((started, ended), (began.0, Some(began.0)));
        assert_eq!((status, error.as_deref()), (Some(500), Some("answered 500")));
        assert_eq!(excerpt.as_deref(), Some("said 500"));
        let silent = (written[1].3, written[1].4.as_deref());
        assert_eq!(silent, (None, Some("could not connect: connection refused")));

        row = replay(&world, &row.id).await.unwrap();
        assert_eq!((row.status, row.attempts), (DeliveryStatus::Pending, 10));
        let again = replay(&world, &row.id).await;
        let pending = DeliveryStatus::Pending;
        assert!(matches!(&again, Err(WebhookError::NotDeadLettered(now)) if *now == pending));
        sender.answer(HOOK, [500]);
        deliver_due(&world.app, &sender).await.unwrap();
        let wait_ms = only(&world).await.next_attempt_at.unwrap().0 - world.now().0;
        assert!((60_000..=66_000).contains(&wait_ms), "the schedule begins again: {wait_ms}");
        world.clock.advance_ms(wait_ms);
        let tally = deliver_due(&world.app, &sender).await.unwrap();
        assert_eq!(tally, Tally { succeeded: 1, ..Tally::default() });
        let resent = sender.take();
        assert_eq!(resent[1].body, sent[0].body, "the same event, to the byte");
        let row = only(&world).await;
        assert_eq!((row.status, row.attempts), (DeliveryStatus::Succeeded, 12));
        assert_eq!(row.last_error, None);
        let refused = replay(&world, &row.id).await;
        assert!(matches!(refused, Err(WebhookError::NotDeadLettered(_))), "{refused:?}");
        world.sound().await;
    }

    async fn what_was_given_up_no_longer_holds_up_its_session(store) {
        let world = World::over(store).await;
        let sender = ScriptedSender::default();
        let session = world.create().await;
        give_up(&world, &sender).await;
        let tenant = world.tenant();
        let cancel = move |tx: &mut gate_store::Tx, scope: &gate_app::Scope<'_>| {
            gate_app::cancel_session::cancel_session(tx, scope, &tenant, &session)
        };
        world.write(cancel).await.unwrap();
        let tally = deliver_due(&world.app, &sender).await.unwrap();
        assert_eq!(tally, Tally { succeeded: 1, ..Tally::default() });
    }

    async fn strangers_replay_nothing(store) {
        let world = World::over(store).await;
        let sender = ScriptedSender::default();
        world.create().await;
        let row = give_up(&world, &sender).await;
        let other = gate_app::testing::partner("Other Shop", gate_domain::Mode::Test, 0);
        world.provision(&other).await;
        let (tenant, id) = (gate_app::testing::tenant_of(&other), row.id.clone());
        let refused = world.write(move |tx, scope| replay_delivery(tx, scope, &tenant, &id)).await;
        assert!(matches!(refused, Err(WebhookError::NotFound)), "{refused:?}");
        assert_eq!(only(&world).await, row);
    }
}
