//! Payments that do not end well, and what partners are told about them.

use gate_app::cancel_session::{CancelError, cancel_session};
use gate_app::choose::{give_up, retry};
use gate_app::journey::JourneyError;
use gate_app::testing::{DEAD_ADDRESS, World};
use gate_app::workers::commands::send_due_commands;
use gate_app::workers::sweep::expire_due_sessions;
use gate_domain::session::Refused;
use gate_domain::transaction::Event;
use gate_store::both_engines;
use gate_wire::journey::JourneyStep;

use crate::purchases::{balance, kind};
use crate::replays::hear;

const MINUTE_MS: i64 = 60_000;

both_engines! {
    /// The user has gone, and so has the price.
    async fn a_charge_that_never_left_does_not_leave_late(store) {
        let world = World::over(store).await;
        let session = world.paying("succeeds").await;
        world.clock.advance_ms(5 * MINUTE_MS);
        send_due_commands(&world.app).await.unwrap();
        let events = world.events().await;
        assert_eq!(events[2].event_type, "gate_session.failed");
        assert_eq!(events[2].data["reason"]["code"], "abandoned");
        assert_eq!(world.sound().await.ledger.postings, 0);
        assert_eq!(send_due_commands(&world.app).await.unwrap(), 0);
        assert_eq!(world.session(&session).await.state.phase(), "failed");
    }

    /// The network says that it failed, and later that it did not: booked as it happened.
    async fn tokens_that_arrive_after_the_refund_are_booked_and_put_before_a_person(store) {
        let world = World::over(store).await;
        let session = world.create().await;
        let quote = world.choose(&session, DEAD_ADDRESS).await;
        world.pay(&session, &quote, "succeeds").await.unwrap();
        world.pass_seconds(2).await;
        let transaction = world.transaction_of(&session).await;
        assert_eq!(transaction.state.status(), "refunded");
        let arrived = Event::PayoutSucceeded { chain_transaction: "0x1".into() };
        for _ in 0..2 {
            assert!(hear(&world, &transaction, &arrived).await);
            let state = world.session(&session).await.state;
            assert_eq!(state.phase(), "review");
            assert_eq!(state.reason().unwrap().code(), "delivered_and_refunded");
            assert!(balance(&world, "treasury USDC.base").await < 0, "they are gone");
            assert_eq!(balance(&world, "provider_receivable:card EUR").await, 0, "so is the payment");
            assert_eq!(world.sound().await.ledger.postings, 3);
        }
    }

    async fn declined_then_paid_in_the_same_session(store) {
        let world = World::over(store).await;
        let session = world.paying("insufficient_funds").await;
        world.pass_seconds(1).await;
        let JourneyStep::Failed { reason, can_retry, refunded, transaction_id, .. } =
            world.journey(&session).await.step
        else {
            panic!("failed")
        };
        assert_eq!((reason.code.as_str(), can_retry, refunded), ("insufficient_funds", true, false));

        retry(&world.app, &world.tenant(), &session).await.unwrap();
        world.pay_in(&session, "succeeds").await;
        world.pass_seconds(3).await;
        assert_eq!(kind(&world.journey(&session).await.step), "done");

        let types = ["created", "processing", "failed", "processing", "completed"];
        assert_eq!(world.event_types().await, types);
        let events = world.events().await;
        let failed = &events[2].data;
        assert_eq!(failed["status"], "open", "the user may try again");
        assert_eq!(failed["progress"]["phase"], "failed");
        assert_eq!(failed["reason"]["code"], "insufficient_funds");
        assert_eq!(failed["reason"]["retryable"], true);
        assert_eq!(failed["transaction"]["status"], "failed");
        assert_eq!(failed["transaction"]["refid"].as_str(), transaction_id.as_deref());
        let completed = &events[4].data;
        assert_ne!(completed["tx_refid"], failed["tx_refid"], "another attempt");
        assert_eq!(completed.get("reason"), None, "the old failure is history");
        assert_eq!(balance(&world, "provider_receivable:card EUR").await, 100_00);
        let report = world.sound().await;
        assert_eq!((report.transactions["failed"], report.transactions["completed"]), (1, 1));
    }

    async fn tokens_that_cannot_be_sent_are_refunded(store) {
        let world = World::over(store).await;
        let session = world.create().await;
        let quote = world.choose(&session, DEAD_ADDRESS).await;
        world.pay(&session, &quote, "succeeds").await.unwrap();
        send_due_commands(&world.app).await.unwrap();
        send_due_commands(&world.app).await.unwrap();
        assert_eq!(world.session(&session).await.state.phase(), "refunding");
        assert_eq!(world.event_types().await, ["created", "processing"], "not over yet");
        let refused = give_up(&world.app, &world.tenant(), &session).await.unwrap_err();
        assert!(matches!(refused, JourneyError::Refused(Refused::PaymentInFlight)), "{refused}");

        send_due_commands(&world.app).await.unwrap();
        let JourneyStep::Failed { reason, can_retry, refunded, .. } =
            world.journey(&session).await.step
        else {
            panic!("failed")
        };
        assert_eq!((reason.code.as_str(), can_retry, refunded), ("payout_failed", true, true));
        let events = world.events().await;
        assert_eq!(events.len(), 3);
        assert_eq!(events[2].event_type, "gate_session.failed");
        assert_eq!(events[2].data["progress"]["phase"], "refunded");
        assert_eq!(events[2].data["reason"]["code"], "payout_failed");
        assert_eq!(events[2].data["transaction"]["status"], "refunded");
        for account in ["user_funds EUR", "provider_receivable:card EUR", "treasury USDC.base"] {
            assert_eq!(balance(&world, account).await, 0, "{account}");
        }
        assert_eq!(world.sound().await.ledger.postings, 2, "there and back");
    }

    async fn silence_ends_in_review_and_nothing_touches_it(store) {
        let world = World::over(store).await;
        let session = world.paying("never_answers").await;
        world.pass_seconds(6).await;
        world.clock.advance_ms(15 * MINUTE_MS - 6_001);
        send_due_commands(&world.app).await.unwrap();
        assert_eq!(world.session(&session).await.state.phase(), "processing", "14:59.999");
        world.clock.advance_ms(MINUTE_MS);
        send_due_commands(&world.app).await.unwrap();
        assert_eq!(world.session(&session).await.state.phase(), "review");
        let reason = world.session(&session).await.state.reason().unwrap();
        assert_eq!(reason.code(), "payment_unresolved");

        world.clock.advance_ms(30 * 24 * 60 * MINUTE_MS);
        assert_eq!(expire_due_sessions(&world.app).await.unwrap(), 0);
        let (tenant, id) = (world.tenant(), session.clone());
        let refused = world.app.write(move |tx, scope| cancel_session(tx, scope, &tenant, &id));
        let refused = refused.await.unwrap_err();
        assert!(matches!(refused, CancelError::Refused(Refused::PaymentInFlight)), "{refused}");
        assert_eq!(send_due_commands(&world.app).await.unwrap(), 1, "asked a last time");
        world.clock.advance_ms(30 * 24 * 60 * MINUTE_MS);
        assert_eq!(send_due_commands(&world.app).await.unwrap(), 0, "nobody is asked any more");
        assert_eq!(world.session(&session).await.status(), "open");
        assert_eq!(world.event_types().await, ["created", "processing"]);
        world.sound().await;

        let transaction = world.transaction_of(&session).await;
        let found = Event::PaymentSucceeded { payment: "found".into() };
        assert!(hear(&world, &transaction, &found).await, "an answer after all is taken");
        world.pass_seconds(2).await;
        assert_eq!(world.session(&session).await.status(), "completed");
        world.sound().await;
    }
}
