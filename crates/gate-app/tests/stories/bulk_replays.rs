//! Delivering again in bulk, after an outage of the receiver.

use gate_app::idempotency::Answered;
use gate_app::replays::{CreateReplay, ReplayError, cancel_replay, create_replay, find_replay};
use gate_app::testing::{ScriptedSender, World};
use gate_app::workers::deliveries::deliver_due;
use gate_app::workers::replays::take_due_steps;
use gate_domain::Millis;
use gate_domain::delivery::DeliveryStatus;
use gate_domain::event_filter::EventFilter;
use gate_domain::ids::{EventId, ReplayId};
use gate_domain::replay::{RUNNING_MAX, ReplayStatus, Standing};
use gate_store::{EndpointStatus, ReplayRow, both_engines};
use gate_wire::replay::ReplayBody;

use crate::deliveries::{HOOK, deliveries};
use crate::endpoints::{delete, endpoint, first, turn};

/// Everything that has not arrived.
fn everything(world: &World) -> CreateReplay {
    CreateReplay {
        tenant: world.tenant(),
        request: None,
        since: Some(Millis(0)),
        until: None,
        event_ids: None,
        endpoint_id: None,
        event_types: None,
        standings: Standing::NOT_ARRIVED.to_vec(),
        rate_per_second: 100,
    }
}

async fn ask(world: &World, command: CreateReplay) -> Result<ReplayId, ReplayError> {
    let answered: Answered =
        world.write(move |tx, scope| create_replay(tx, scope, &command)).await?;
    let body: ReplayBody = serde_json::from_str(&answered.answer.response).unwrap();
    Ok(ReplayId::parse(&body.id).unwrap())
}

async fn find(world: &World, id: &ReplayId) -> ReplayRow {
    let (tenant, id) = (world.tenant(), id.clone());
    world.store().read(move |tx| find_replay(tx, &tenant, &id)).await.unwrap()
}

/// Let it work, second by second, until it has ended. Answers how many seconds that took.
async fn work_off(world: &World, id: &ReplayId) -> i64 {
    for seconds in 0..1_000 {
        while take_due_steps(&world.app).await.unwrap() > 0 {}
        if find(world, id).await.status != ReplayStatus::Running {
            return seconds;
        }
        world.clock.advance_ms(1_000);
    }
    panic!("it never ends")
}

fn types(sender: &ScriptedSender) -> Vec<String> {
    let sent = sender.take();
    let name = |event: &str| event.replace("gate_session.", "");
    sent.iter().map(|outgoing| name(outgoing.header("x-0bit-event-type"))).collect()
}

both_engines! {
    async fn what_a_paused_endpoint_missed_comes_in_order_and_under_the_same_ids(store) {
        let world = World::over(store).await;
        let sender = ScriptedSender::default();
        turn(&world, &first(&world), EndpointStatus::Disabled).await;
        world.paying("succeeds").await;
        world.pass_seconds(2).await;
        turn(&world, &first(&world), EndpointStatus::Enabled).await;
        assert!(deliveries(&world).await.is_empty());
        let id = ask(&world, everything(&world)).await.unwrap();
        work_off(&world, &id).await;
        let replay = find(&world, &id).await;
        assert_eq!((replay.status, replay.examined, replay.queued), (ReplayStatus::Done, 3, 3));
        deliver_due(&world.app, &sender).await.unwrap();
        let sent = sender.take();
        let ids: Vec<_> = sent.iter().map(|outgoing| outgoing.header("webhook-id")).collect();
        let events = world.events().await;
        assert_eq!(ids, events.iter().map(|event| event.id.as_str()).collect::<Vec<_>>());

        let again = ask(&world, everything(&world)).await.unwrap();
        work_off(&world, &again).await;
        assert_eq!(find(&world, &again).await.queued, 0, "it has arrived");
        world.sound().await;
    }

    async fn what_waits_comes_now_what_was_given_up_gets_a_delivery_of_its_own(store) {
        let world = World::over(store).await;
        let sender = ScriptedSender::default();
        let session = world.create().await;
        sender.answer(HOOK, [500; 10]);
        for gap_s in gate_domain::delivery::RETRY_GAPS_S {
            deliver_due(&world.app, &sender).await.unwrap();
            world.clock.advance_ms(gap_s * 1_100);
        }
        deliver_due(&world.app, &sender).await.unwrap();
        // Ten failures have paused the endpoint; one more asks whether it is back.
        world.clock.advance_ms(60_000);
        let tenant = world.tenant();
        world.write(move |tx, scope| {
            gate_app::cancel_session::cancel_session(tx, scope, &tenant, &session)
        }).await.unwrap();
        sender.answer(HOOK, [500]);
        deliver_due(&world.app, &sender).await.unwrap();
        let before = deliveries(&world).await;
        let stand: Vec<_> = before.iter().map(|row| row.status.as_str()).collect();
        assert_eq!(stand, ["dead_lettered", "pending"]);
        sender.take();

        let id = ask(&world, everything(&world)).await.unwrap();
        work_off(&world, &id).await;
        assert_eq!(find(&world, &id).await.queued, 2);
        deliver_due(&world.app, &sender).await.unwrap();
        assert_eq!(types(&sender), ["created", "cancelled"], "at once, and in order");
        let after = deliveries(&world).await;
        assert_eq!(after.len(), 3, "what was given up stays in the log");
        assert!(after.contains(&before[0]));
        let of_first = after.iter().filter(|row| row.event_id == before[0].event_id);
        assert_eq!(of_first.count(), 2);
        let arrived = after.iter().filter(|row| row.status == DeliveryStatus::Succeeded);
        assert_eq!(arrived.count(), 2);
    }

    async fn each_condition_counts(store) {
        let world = World::over(store).await;
        let sender = ScriptedSender::default();
        for _ in 0..3 {
            world.create().await;
            world.clock.advance_ms(60_000);
        }
        deliver_due(&world.app, &sender).await.unwrap();
        let (other, _) = endpoint(&world, &["gate_session.created"]).await;
        let events = world.events().await;
        let event_id = |index: usize| EventId::parse(&events[index].id).unwrap();
        let at = |index: usize| Millis(events[index].created_at * 1_000);
        let queued = async |change: &dyn Fn(&mut CreateReplay)| {
            let mut command = everything(&world);
            change(&mut command);
            let id = ask(&world, command).await.unwrap();
            work_off(&world, &id).await;
            let queued = find(&world, &id).await.queued;
            deliver_due(&world.app, &sender).await.unwrap();
            queued
        };
        let all = Standing::ALL.to_vec();
        let types = |pattern: &str| EventFilter::parse(&[pattern]).unwrap();
        assert_eq!(queued(&|command| command.event_types = Some(types("rail.*"))).await, 0);
        assert_eq!(queued(&|command| command.until = Some(at(0))).await, 0);
        assert_eq!(queued(&|command| command.endpoint_id = Some(first(&world))).await, 0);
        let named = Some(vec![event_id(2), event_id(0), event_id(2)]);
        assert_eq!(queued(&|command| command.event_ids.clone_from(&named)).await, 2);
        assert_eq!(queued(&|command| {
            command.since = Some(at(1));
            command.until = Some(at(2));
        }).await, 1, "never attempted: this one alone");
        assert_eq!(queued(&|_| {}).await, 0, "everything has arrived by now");
        let theirs = deliveries(&world).await;
        assert_eq!(theirs.iter().filter(|row| row.endpoint_id == other).count(), 3);
        assert_eq!(queued(&|command| {
            command.standings.clone_from(&all);
            command.event_types = Some(types("gate_session.*"));
        }).await, 6, "again, to both");
        assert_eq!(sender.take().len(), 3 + 3 + 6);
    }

    async fn the_rate_is_kept_and_a_step_that_was_cut_off_is_taken_again(store) {
        let world = World::over(store).await;
        turn(&world, &first(&world), EndpointStatus::Disabled).await;
        for _ in 0..25 {
            world.create().await;
        }
        turn(&world, &first(&world), EndpointStatus::Enabled).await;
        let command = CreateReplay { rate_per_second: 10, ..everything(&world) };
        let id = ask(&world, command).await.unwrap();
        take_due_steps(&world.app).await.unwrap();
        assert_eq!(find(&world, &id).await.queued, 10);
        take_due_steps(&world.app).await.unwrap();
        assert_eq!(find(&world, &id).await.queued, 10, "a second is not over");
        // What a process that dies leaves behind is a transaction that did not happen.
        world.clock.advance_ms(1_000);
        let before = find(&world, &id).await;
        let (tenant, replay) = (world.tenant(), id.clone());
        let cut_off = world.write(move |tx, scope| {
            let seen = tx.lock_replay(&tenant, &replay)?.unwrap();
            tx.save_replay(seen, scope.now, |replay| replay.place = 25)?;
            Err::<(), _>(gate_store::StoreError::Misuse("it died".into()))
        });
        assert!(cut_off.await.is_err());
        assert_eq!(find(&world, &id).await, before);
        assert_eq!(work_off(&world, &id).await, 1, "10 now, and 5 a second later");
        let rows = deliveries(&world).await;
        let mut events: Vec<_> = rows.iter().map(|row| row.event_id.clone()).collect();
        events.sort();
        events.dedup();
        assert_eq!((rows.len(), events.len()), (25, 25), "each once");
    }

    async fn two_processes_take_a_step_once(store) {
        let world = World::over(store).await;
        turn(&world, &first(&world), EndpointStatus::Disabled).await;
        for _ in 0..5 {
            world.create().await;
        }
        turn(&world, &first(&world), EndpointStatus::Enabled).await;
        let slow = CreateReplay { rate_per_second: 2, ..everything(&world) };
        ask(&world, slow).await.unwrap();
        let both = futures::future::join_all((0..4).map(|_| take_due_steps(&world.app))).await;
        assert!(both.iter().all(Result::is_ok));
        assert_eq!(deliveries(&world).await.len(), 2, "one step's worth");
    }

    async fn a_replay_stops_when_it_is_told_to_or_its_endpoint_is_gone(store) {
        let world = World::over(store).await;
        turn(&world, &first(&world), EndpointStatus::Disabled).await;
        for _ in 0..5 {
            world.create().await;
        }
        turn(&world, &first(&world), EndpointStatus::Enabled).await;
        let slow = CreateReplay { rate_per_second: 1, ..everything(&world) };
        let id = ask(&world, slow.clone()).await.unwrap();
        take_due_steps(&world.app).await.unwrap();
        for _ in 0..2 {
            let (tenant, replay) = (world.tenant(), id.clone());
            let row = world.write(move |tx, scope| cancel_replay(tx, scope, &tenant, &replay));
            assert_eq!(row.await.unwrap().status, ReplayStatus::Cancelled);
        }
        world.clock.advance_ms(10_000);
        take_due_steps(&world.app).await.unwrap();
        assert_eq!(deliveries(&world).await.len(), 1);

        let named = CreateReplay { endpoint_id: Some(first(&world)), ..slow };
        let id = ask(&world, named).await.unwrap();
        delete(&world, &first(&world)).await;
        work_off(&world, &id).await;
        assert_eq!(find(&world, &id).await.status, ReplayStatus::Cancelled);
    }

    async fn only_so_many_run_and_only_over_what_is_ours(store) {
        let world = World::over(store).await;
        for _ in 0..RUNNING_MAX {
            ask(&world, everything(&world)).await.unwrap();
        }
        let more = ask(&world, everything(&world)).await;
        assert!(matches!(more, Err(ReplayError::LimitReached)), "{more:?}");
        while take_due_steps(&world.app).await.unwrap() > 0 {}
        world.create().await;
        let ours = EventId::parse(&world.events().await[0].id).unwrap();
        let other = gate_app::testing::partner("Other Shop", gate_domain::Mode::Test, 1);
        world.provision(&other).await;
        let stranger = CreateReplay {
            tenant: gate_app::testing::tenant_of(&other),
            event_ids: Some(vec![ours]),
            ..everything(&world)
        };
        let refused = ask(&world, stranger.clone()).await;
        assert!(matches!(refused, Err(ReplayError::EventNotFound)), "{refused:?}");
        let named = CreateReplay {
            event_ids: None,
            endpoint_id: Some(first(&world)),
            ..stranger
        };
        let refused = ask(&world, named).await;
        assert!(matches!(refused, Err(ReplayError::EndpointNotFound)), "{refused:?}");
    }
}
