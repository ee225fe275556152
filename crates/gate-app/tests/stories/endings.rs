//! Sessions that end without a purchase.

use gate_app::cancel_session::{CancelError, cancel_session};
use gate_app::choose::{Wanted, accept_quote, give_up, request_quote};
use gate_app::journey::JourneyError;
use gate_app::testing::{ADDRESS, World, partner, tenant_of};
use gate_app::workers::commands::send_due_commands;
use gate_app::workers::sweep::{expire_due_sessions, purge_idempotency_keys};
use gate_domain::ids::{Mode, SessionId, Tenant};
use gate_domain::session::{Refused, Session};
use gate_store::both_engines;

use crate::purchases::kind;

const DAY_MS: i64 = 24 * 3_600_000;

async fn cancel(
    world: &World,
    tenant: Tenant,
    session: &SessionId,
) -> Result<Session, CancelError> {
    let session = session.clone();
    world.app.write(move |tx, scope| cancel_session(tx, scope, &tenant, &session)).await
}

both_engines! {
    async fn cancelled_once(store) {
        let world = World::over(store).await;
        let session = world.create().await;
        let cancelled = cancel(&world, world.tenant(), &session).await.unwrap();
        assert_eq!(cancelled, world.session(&session).await, "what was told is what is stored");
        assert_eq!(cancelled.status(), "cancelled");
        let again = cancel(&world, world.tenant(), &session).await;
        assert!(matches!(again, Err(CancelError::Refused(Refused::Ended))), "{again:?}");
        assert_eq!(world.event_types().await, ["created", "cancelled"]);
        world.clock.advance_ms(2 * DAY_MS);
        assert_eq!(expire_due_sessions(&world.app).await.unwrap(), 0, "it has ended already");
        world.sound().await;
    }

    async fn nobody_cancels_money_that_is_moving(store) {
        let world = World::over(store).await;
        let session = world.paying("slow").await;
        for seconds in [0, 1, 2] {
            world.pass_seconds(seconds).await;
            let partner = cancel(&world, world.tenant(), &session).await;
            assert!(
                matches!(partner, Err(CancelError::Refused(Refused::PaymentInFlight))),
                "{partner:?}"
            );
            let user = give_up(&world.app, &world.tenant(), &session).await;
            assert!(
                matches!(user, Err(JourneyError::Refused(Refused::PaymentInFlight))),
                "{user:?}"
            );
        }
        world.pass_seconds(4).await;
        assert_eq!(world.event_types().await, ["created", "processing", "completed"]);
        world.sound().await;
    }

    async fn strangers_find_nothing(store) {
        let world = World::over(store).await;
        let session = world.create().await;
        let other = partner("Other Shop", Mode::Test, 0);
        world.provision(&other).await;
        let live = Tenant { mode: Mode::Live, ..world.tenant() };
        for tenant in [tenant_of(&other), live] {
            let refused = cancel(&world, tenant, &session).await;
            assert!(matches!(refused, Err(CancelError::NotFound)), "{refused:?}");
        }
        assert_eq!(world.session(&session).await.status(), "open");
    }

    async fn expired_when_its_time_has_passed(store) {
        let world = World::over(store).await;
        let session = world.create().await;
        world.clock.advance_ms(DAY_MS - 1);
        assert_eq!(expire_due_sessions(&world.app).await.unwrap(), 0);
        world.clock.advance_ms(1);
        assert_eq!(expire_due_sessions(&world.app).await.unwrap(), 1);
        assert_eq!(expire_due_sessions(&world.app).await.unwrap(), 0, "once");
        assert_eq!(world.session(&session).await.status(), "expired");
        assert_eq!(world.event_types().await, ["created", "expired"]);
        let refused = cancel(&world, world.tenant(), &session).await;
        assert!(matches!(refused, Err(CancelError::Refused(Refused::Ended))), "{refused:?}");
        world.sound().await;
    }

    async fn more_than_a_batch_expires_in_steps(store) {
        let world = World::over(store).await;
        for _ in 0..105 {
            world.create().await;
        }
        world.clock.advance_ms(DAY_MS);
        assert_eq!(expire_due_sessions(&world.app).await.unwrap(), 100);
        assert_eq!(expire_due_sessions(&world.app).await.unwrap(), 5);
        assert_eq!(world.sound().await.sessions["expired"], 105);
    }

    /// The price still holds, so only the session's own end keeps the money out.
    async fn nobody_pays_after_the_end_even_before_the_sweep(store) {
        let world = World::over(store).await;
        let session = world.create().await;
        world.clock.advance_ms(DAY_MS - 1);
        let quote = world.choose(&session, ADDRESS).await;
        world.clock.advance_ms(1);
        let journey = world.pay(&session, &quote, "succeeds").await.unwrap();
        assert_eq!(kind(&journey.step), "ended");
        assert_eq!(send_due_commands(&world.app).await.unwrap(), 0, "no charge was written");
        assert_eq!(world.session(&session).await.transaction, None);
        assert_eq!(world.event_types().await, ["created", "expired"]);

        let (app, tenant) = (&world.app, world.tenant());
        let refused = accept_quote(app, &tenant, &session, quote.clone()).await.unwrap_err();
        assert!(matches!(refused, JourneyError::Refused(Refused::Ended)), "{refused}");
        let refused = world.pay(&session, &quote, "succeeds").await.unwrap_err();
        assert!(matches!(refused, JourneyError::Refused(Refused::Ended)), "{refused}");
        let refused =
            request_quote(app, &tenant, &session, Wanted::of("USDC", "base")).await.unwrap_err();
        assert!(matches!(refused, JourneyError::Refused(Refused::Ended)), "{refused}");
    }

    async fn a_payment_that_began_in_time_may_end_late(store) {
        let world = World::over(store).await;
        let session = world.create().await;
        world.clock.advance_ms(DAY_MS - 1);
        world.pay_in(&session, "slow").await;
        world.clock.advance_ms(1);
        assert_eq!(expire_due_sessions(&world.app).await.unwrap(), 0);
        world.pass_seconds(6).await;
        assert_eq!(world.session(&session).await.status(), "completed");
        world.sound().await;
    }

    async fn idempotency_keys_are_forgotten_after_two_days(store) {
        let world = World::over(store).await;
        for _ in 0..101 {
            world.create().await;
        }
        world.clock.advance_ms(2 * DAY_MS);
        assert_eq!(purge_idempotency_keys(&world.app).await.unwrap(), 0, "not a moment early");
        world.clock.advance_ms(1);
        assert_eq!(purge_idempotency_keys(&world.app).await.unwrap(), 100);
        assert_eq!(purge_idempotency_keys(&world.app).await.unwrap(), 1);
        assert_eq!(purge_idempotency_keys(&world.app).await.unwrap(), 0);
    }
}
