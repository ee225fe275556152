//! The bank wants the user's second step.

use gate_app::cancel_session::cancel_session;
use gate_app::journey::JourneyError;
use gate_app::pay::answer_challenge;
use gate_app::testing::World;
use gate_app::workers::commands::send_due_commands;
use gate_app::workers::sweep::expire_due_sessions;
use gate_domain::ids::SessionId;
use gate_domain::rail::ChallengeCode;
use gate_domain::reason::Reason;
use gate_domain::session::Refused;
use gate_domain::transaction::{Event, State};
use gate_store::both_engines;
use gate_wire::journey::{Journey, JourneyStep};

use crate::purchases::{balance, kind};
use crate::replays::hear;

async fn answer(world: &World, session: &SessionId, code: &str) -> Result<Journey, JourneyError> {
    let code = ChallengeCode::new(code.into());
    answer_challenge(&world.app, &world.tenant(), session, code).await
}

/// A session whose bank waits for the user.
async fn challenged(world: &World) -> SessionId {
    let session = world.paying("challenge").await;
    world.pass_seconds(1).await;
    let JourneyStep::Challenge { card_last4, .. } = world.journey(&session).await.step else {
        panic!("the second step")
    };
    assert_eq!(card_last4, "3220");
    session
}

both_engines! {
    async fn passed(store) {
        let world = World::over(store).await;
        let session = challenged(&world).await;
        let step = answer(&world, &session, "123456").await.unwrap().step;
        assert_eq!(kind(&step), "processing");
        let again = answer(&world, &session, "654321").await.unwrap().step;
        assert_eq!(kind(&again), "processing", "the first answer counts");
        world.pass_seconds(3).await;
        assert_eq!(kind(&world.journey(&session).await.step), "done");
        assert_eq!(world.event_types().await, ["created", "processing", "completed"]);
        world.sound().await;
    }

    async fn refused(store) {
        let world = World::over(store).await;
        let session = challenged(&world).await;
        answer(&world, &session, "000000").await.unwrap();
        world.pass_seconds(1).await;
        let events = world.events().await;
        assert_eq!(events[2].event_type, "gate_session.failed");
        assert_eq!(events[2].data["reason"]["code"], "authentication_failed");
        assert_eq!(world.sound().await.ledger.postings, 0, "nothing was charged");
        let refused = answer(&world, &session, "123456").await.unwrap_err();
        assert!(matches!(refused, JourneyError::Refused(Refused::OutOfStep)), "{refused}");
    }

    /// The worker was down for a day after the answer: the user has gone, and so has the price.
    async fn an_answer_that_waited_for_a_day_is_not_handed_on(store) {
        let world = World::over(store).await;
        let session = challenged(&world).await;
        answer(&world, &session, "123456").await.unwrap();
        world.clock.advance_ms(86_400_000);
        assert_eq!(send_due_commands(&world.app).await.unwrap(), 1);
        assert_eq!(send_due_commands(&world.app).await.unwrap(), 1, "the void");
        world.pass_seconds(3).await;
        let state = world.transaction_of(&session).await.state;
        assert_eq!(state, State::Failed { reason: Reason::Abandoned }, "the price is of yesterday");
        assert_eq!(world.event_types().await, ["created", "processing", "failed"]);
        assert_eq!(world.sound().await.ledger.postings, 0);
    }

    /// The price that was agreed is no option to hold on to.
    async fn answered_too_late(store) {
        let world = World::over(store).await;
        let session = challenged(&world).await;
        world.clock.advance_ms(10 * 60_000 - 1_001);
        let in_time = answer(&world, &session, "123456").await.unwrap().step;
        assert_eq!(kind(&in_time), "processing", "a moment before the end");
        let other = challenged(&world).await;
        world.clock.advance_ms(10 * 60_000 - 1_000);
        let late = answer(&world, &other, "123456").await.unwrap().step;
        assert_eq!(kind(&late), "failed");
        world.pass_seconds(3).await;
        assert_eq!(world.session(&session).await.status(), "completed");
        let events = world.events().await;
        let failed = events.iter().find(|event| event.event_type == "gate_session.failed").unwrap();
        assert_eq!(failed.data["reason"]["code"], "abandoned");
        assert_eq!(balance(&world, "provider_receivable:card EUR").await, 100_00, "one of two");
    }

    /// Whoever ends the session lets go of the payment; money that comes all the same goes back.
    async fn ended_while_it_is_open(store) {
        let world = World::over(store).await;
        for (ending, status) in [("expiry", "expired"), ("cancel", "cancelled")] {
            let session = challenged(&world).await;
            if ending == "expiry" {
                world.clock.advance_ms(24 * 3_600_000);
                assert_eq!(expire_due_sessions(&world.app).await.unwrap(), 1);
            } else {
                let (tenant, id) = (world.tenant(), session.clone());
                let cancelled =
                    world.app.write(move |tx, scope| cancel_session(tx, scope, &tenant, &id));
                cancelled.await.unwrap();
            }
            assert_eq!(world.session(&session).await.status(), status);
            let transaction = world.transaction_of(&session).await;
            assert!(matches!(transaction.state, State::Failed { .. }), "{:?}", transaction.state);
            assert_eq!(world.event_types().await.last().unwrap(), status);
            assert_eq!(send_due_commands(&world.app).await.unwrap(), 1, "the void");
            assert_eq!(send_due_commands(&world.app).await.unwrap(), 0);
            let step = answer(&world, &session, "123456").await;
            assert!(matches!(step, Err(JourneyError::Refused(_))), "{step:?}");
            let told = world.event_types().await;
            world.sound().await;

            let late = Event::PaymentSucceeded { payment: "late".into() };
            hear(&world, &transaction, &late).await;
            world.pass_seconds(1).await;
            let state = world.transaction(&transaction.id).await.state;
            assert_eq!(state.status(), "refunded", "{ending}");
            assert_eq!(world.session(&session).await.status(), status, "{ending}");
            assert_eq!(world.event_types().await, told, "the session had ended");
            world.sound().await;
        }
    }
}
