//! Test helpers force an outcome, from wherever the session stands, and the workers agree with it.

use gate_app::journey::{JourneyError, open_journey};
use gate_app::test_helpers::{Force, force};
use gate_app::testing::{ADDRESS, World};
use gate_domain::ids::{Mode, SessionId, Tenant};
use gate_store::both_engines;

use crate::sells::LAPSE_MS;

/// A session at each stage that a user can be at.
async fn at(world: &World, stage: &str) -> SessionId {
    let session = world.create().await;
    match stage {
        "created" => {}
        "opened" => drop(open_journey(&world.app, &world.tenant(), &session).await.unwrap()),
        "quoted" => drop(world.quote(&session).await),
        "ready" => drop(world.choose(&session, ADDRESS).await),
        "failed" => {
            world.pay_in(&session, "declined").await;
            world.pass_seconds(1).await;
        }
        "challenge" => {
            world.pay_in(&session, "challenge").await;
            world.pass_seconds(1).await;
        }
        "asking" => {
            world.pay_in(&session, "never_answers").await;
            world.pass_seconds(1).await;
        }
        stage => panic!("{stage}"),
    }
    session
}

const STAGES: [&str; 7] = ["created", "opened", "quoted", "ready", "failed", "challenge", "asking"];

/// The events of one session, without `gate_session.`.
async fn told(world: &World, session: &SessionId) -> Vec<String> {
    let events = world.events().await;
    let ours = events.iter().filter(|event| event.data["id"] == session.as_str());
    let short = |name: &str| name.trim_start_matches("gate_session.").to_owned();
    ours.map(|event| short(&event.event_type)).collect()
}

both_engines! {
    async fn complete(store) {
        let world = World::over(store).await;
        for stage in STAGES {
            let session = at(&world, stage).await;
            let forced = force(&world.app, &world.tenant(), &session, Force::Complete).await;
            assert_eq!(forced.unwrap().status(), "completed", "{stage}");
            world.pass_seconds(8).await;
            assert_eq!(world.session(&session).await.status(), "completed", "{stage}");
            let told = told(&world, &session).await;
            assert_eq!(told.last().unwrap(), "completed", "{stage}");
            world.sound().await;
            let again = force(&world.app, &world.tenant(), &session, Force::Complete).await;
            assert!(matches!(again, Err(JourneyError::Refused(_))), "{stage}");
        }
    }

    /// One failure, told once; the worker that sends the charge later does not bring it back.
    async fn fail(store) {
        let world = World::over(store).await;
        for stage in STAGES {
            let session = at(&world, stage).await;
            let before = told(&world, &session).await.len();
            let forced = force(&world.app, &world.tenant(), &session, Force::Fail).await;
            assert_eq!(forced.unwrap().state.phase(), "failed", "{stage}");
            let told_at_once = told(&world, &session).await;
            assert_eq!(told_at_once.last().unwrap(), "failed", "{stage}");
            assert!(told_at_once.len() <= before + 2, "{stage}: {told_at_once:?}");
            let transaction = world.transaction_of(&session).await;
            world.pass_seconds(8).await;
            assert_eq!(told(&world, &session).await, told_at_once, "{stage}");
            assert_eq!(world.session(&session).await.state.phase(), "failed", "{stage}");
            assert_eq!(world.transaction_of(&session).await, transaction, "{stage}");
            world.sound().await;
        }
    }

    /// The price has lapsed, and perhaps the user is asked about a new one: the one that was agreed is
    /// forced.
    async fn complete_what_came_too_late(store) {
        let world = World::over(store).await;
        for asked in [false, true] {
            let session = world.create_sale().await;
            world.sell(&session, "DE09 0000 0000 0000 0000 01", ADDRESS).await;
            world.clock.advance_ms(LAPSE_MS);
            if asked {
                world.send_tokens(&session, None).await;
            }
            let forced = force(&world.app, &world.tenant(), &session, Force::Complete).await;
            assert_eq!(forced.unwrap().status(), "completed", "{asked}");
            world.pass_seconds(3).await;
            world.sound().await;
        }
    }

    async fn expire(store) {
        let world = World::over(store).await;
        for stage in STAGES {
            let session = at(&world, stage).await;
            let forced = force(&world.app, &world.tenant(), &session, Force::Expire).await;
            if stage == "asking" {
                assert!(matches!(forced, Err(JourneyError::Refused(_))), "money may be moving");
                continue;
            }
            assert_eq!(forced.unwrap().status(), "expired", "{stage}");
            world.pass_seconds(2).await;
            assert_eq!(told(&world, &session).await.last().unwrap(), "expired", "{stage}");
            world.sound().await;
        }
    }

    async fn never_in_live_mode(store) {
        let world = World::over(store).await;
        let session = world.create().await;
        let live = Tenant { mode: Mode::Live, ..world.tenant() };
        for outcome in [Force::Complete, Force::Fail, Force::Expire] {
            let refused = force(&world.app, &live, &session, outcome).await;
            assert!(matches!(refused, Err(JourneyError::NotFound)), "{outcome:?}");
        }
    }
}
