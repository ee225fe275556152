//! A user who has to show who they are before the purchase goes on.

use gate_app::identity::end_identity_check;
use gate_app::journey::JourneyError;
use gate_app::test_helpers::{Force, force, require_kyc};
use gate_app::testing::{ADDRESS, World};
use gate_app::{cancel_session, choose};
use gate_domain::ids::{Mode, SessionId, Tenant};
use gate_domain::session::{IdentityLevel, Refused, Session};
use gate_store::both_engines;
use gate_wire::journey::{Journey, JourneyStep};
use gate_wire::words::{IdentityLevel as Level, IdentityOutcome};

async fn ask(
    world: &World,
    session: &SessionId,
    level: IdentityLevel,
) -> Result<Session, JourneyError> {
    let (tenant, id) = (world.tenant(), session.clone());
    world.app.write(move |tx, scope| require_kyc(tx, scope, &tenant, &id, level)).await
}

async fn end(
    world: &World,
    session: &SessionId,
    outcome: IdentityOutcome,
) -> Result<Journey, JourneyError> {
    end_identity_check(&world.app, &world.tenant(), session, outcome).await
}

both_engines! {
    async fn the_purchase_goes_on_where_it_was(store) {
        let world = World::over(store).await;
        let session = world.create().await;
        let quote = world.choose(&session, ADDRESS).await;
        let before = world.journey(&session).await.step;
        let asked = ask(&world, &session, IdentityLevel::Enhanced).await.unwrap();
        assert_eq!((asked.status(), asked.state.phase()), ("open", "verifying"));
        let JourneyStep::Identity { level, rejected, test_outcomes, .. } =
            world.journey(&session).await.step
        else {
            panic!("the page asks who they are")
        };
        assert_eq!((level, rejected, test_outcomes.len()), (Level::Enhanced, false, 2));
        let event = world.events().await.pop().unwrap();
        assert_eq!(event.event_type, "kyc.required");
        assert_eq!(event.data["session_id"], session.as_str());
        assert_eq!(event.data["level"], "enhanced");
        assert_eq!(event.data["reason"]["code"], "identity_required");

        // Nothing that the page could try gets around it.
        let refused = world.pay(&session, &quote, "succeeds").await.unwrap_err();
        assert!(matches!(refused, JourneyError::Refused(Refused::OutOfStep)), "{refused}");
        let again = choose::retry(&world.app, &world.tenant(), &session).await.unwrap_err();
        assert!(matches!(again, JourneyError::Refused(Refused::OutOfStep)), "{again}");

        let rejected = end(&world, &session, IdentityOutcome::Rejected).await.unwrap();
        let JourneyStep::Identity { rejected: true, reason, .. } = rejected.step else {
            panic!("they may try again")
        };
        assert_eq!(reason.code, "identity_rejected");
        let refused = world.pay(&session, &quote, "succeeds").await.unwrap_err();
        assert!(matches!(refused, JourneyError::Refused(Refused::OutOfStep)), "{refused}");

        let confirmed = end(&world, &session, IdentityOutcome::Approved).await.unwrap();
        assert_eq!(confirmed.step, before);
        assert!(end(&world, &session, IdentityOutcome::Approved).await.is_ok(), "old news");
        world.pay(&session, &quote, "succeeds").await.unwrap();
        world.pass_seconds(8).await;
        let told = ["created", "kyc.required", "processing", "completed"];
        assert_eq!(world.event_types().await, told);
        world.sound().await;
    }

    async fn it_is_asked_once_and_more_of_it_again(store) {
        let world = World::over(store).await;
        let session = world.create().await;
        for level in [IdentityLevel::Basic, IdentityLevel::Basic, IdentityLevel::Enhanced] {
            ask(&world, &session, level).await.unwrap();
        }
        assert_eq!(world.event_types().await, ["created", "kyc.required", "kyc.required"]);
    }

    async fn it_waits_for_no_money_that_moves(store) {
        let world = World::over(store).await;
        let session = world.paying("succeeds").await;
        let refused = ask(&world, &session, IdentityLevel::Basic).await.unwrap_err();
        assert!(matches!(refused, JourneyError::Refused(Refused::PaymentInFlight)), "{refused}");
        let session = world.paying("challenge").await;
        world.pass_seconds(1).await;
        let refused = ask(&world, &session, IdentityLevel::Basic).await.unwrap_err();
        assert!(matches!(refused, JourneyError::Refused(Refused::OutOfStep)), "{refused}");
    }

    async fn after_a_failure_it_still_has_to_pass(store) {
        let world = World::over(store).await;
        let session = world.paying("declined").await;
        world.pass_seconds(1).await;
        ask(&world, &session, IdentityLevel::Basic).await.unwrap();
        let journey = end(&world, &session, IdentityOutcome::Approved).await.unwrap();
        assert!(matches!(journey.step, JourneyStep::Failed { .. }), "where it was");
    }

    async fn a_session_may_end_while_it_waits(store) {
        let world = World::over(store).await;
        let session = world.create().await;
        ask(&world, &session, IdentityLevel::Basic).await.unwrap();
        let (tenant, id) = (world.tenant(), session.clone());
        let cancel = world.app.write(move |tx, scope| {
            cancel_session::cancel_session(tx, scope, &tenant, &id)
        });
        assert_eq!(cancel.await.unwrap().status(), "cancelled");
        assert!(end(&world, &session, IdentityOutcome::Approved).await.is_err());

        let forced = world.create().await;
        ask(&world, &forced, IdentityLevel::Basic).await.unwrap();
        force(&world.app, &world.tenant(), &forced, Force::Complete).await.unwrap();
        assert_eq!(world.session(&forced).await.status(), "completed", "whatever it takes");
        world.sound().await;
    }

    async fn never_in_live_mode(store) {
        let world = World::over(store).await;
        let session = world.create().await;
        let live = Tenant { mode: Mode::Live, ..world.tenant() };
        let (tenant, id) = (live.clone(), session.clone());
        let asked = world.app.write(move |tx, scope| {
            require_kyc(tx, scope, &tenant, &id, IdentityLevel::Basic)
        });
        assert!(matches!(asked.await, Err(JourneyError::NotFound)));
        let ended = end_identity_check(&world.app, &live, &session, IdentityOutcome::Approved).await;
        assert!(matches!(ended, Err(JourneyError::NotEnabled)), "nobody vouches for themselves");
    }
}
