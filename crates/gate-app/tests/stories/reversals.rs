//! Payments that are taken back after their delivery: chargebacks, and transfers that are recalled.

use gate_app::admin::reviews::{Command as ReviewCommand, Outcome, ReviewsAnswer};
use gate_app::admin::{self, Command, Whose};
use gate_app::journey::find_journey;
use gate_app::refunds::RefundError;
use gate_app::testing::{ADDRESS, World};
use gate_app::workers::commands::send_due_commands;
use gate_domain::catalogue::Side;
use gate_domain::ids::{Mode, TransactionId};
use gate_domain::reason::Reason;
use gate_domain::refund::NotRefundable;
use gate_domain::transaction::{Reversal, State};
use gate_store::both_engines;
use gate_wire::journey::JourneyStep;
use serde_json::json;

use crate::purchases::balance;
use crate::rails::{command, lock_amount, session_for, start, world};
use crate::refunds::{bought, refund};

fn whose() -> Whose {
    Whose { partner: None, mode: Mode::Test }
}

async fn reviews(world: &World) -> ReviewsAnswer {
    let list = Command::Reviews(ReviewCommand::List { whose: whose() });
    serde_json::from_value(admin::run(&world.app, list).await.unwrap()).unwrap()
}

async fn resolve(world: &World, id: &TransactionId, outcome: Outcome) -> Result<(), String> {
    let command = ReviewCommand::Resolve {
        whose: whose(),
        subject: id.to_string(),
        outcome,
        reason: "the bank has decided".into(),
        actor: "ada".into(),
        payment: None,
        transfer: Some("0xknown".into()),
    };
    let resolved = admin::run(&world.app, Command::Reviews(command)).await;
    resolved.map(drop).map_err(|refused| refused.message)
}

fn reversal(state: &State) -> Option<Reversal> {
    match state {
        State::Completed { reversal, .. } => *reversal,
        _ => panic!("{state:?}"),
    }
}

async fn losses(world: &World) -> [i128; 2] {
    [balance(world, "losses EUR").await, balance(world, "provider_receivable:card EUR").await]
}

both_engines! {
    async fn a_payment_that_is_taken_back_is_the_houses_loss_and_the_session_stays_completed(store) {
        let world = World::over(store).await;
        let (session, transaction) = bought(&world, "reversed").await;
        assert_eq!(world.session(&session).await.status(), "completed");
        assert_eq!(losses(&world).await, [0, 100_00]);
        world.pass_seconds(30).await;
        let moved = world.transaction(&transaction).await;
        assert_eq!((moved.state.status(), moved.state.reason()), ("review", Some(Reason::PaymentReversed)));
        assert_eq!(losses(&world).await, [100_00, 0]);
        assert_eq!(world.session(&session).await.status(), "completed");
        let journey = find_journey(&world.app, &world.tenant(), &session).await.unwrap();
        assert!(matches!(journey.step, JourneyStep::Done { .. }), "the user has what they bought");
        let events = world.events().await;
        let told = events.last().unwrap();
        assert_eq!(told.event_type, "payment.reversed");
        assert_eq!(told.data["refid"], json!(transaction.to_string()));
        assert_eq!((&told.data["amount"], &told.data["currency"]), (&json!("100.00"), &json!("EUR")));
        assert_eq!(told.data["reason"]["code"], "payment_reversed");
        let refused = refund(&world, &transaction, None).await;
        assert!(matches!(refused, Err(RefundError::NotCompleted("review"))), "{refused:?}");
        let listed = reviews(&world).await;
        assert_eq!(listed.transactions[0].refid, transaction.to_string());
        assert!(resolve(&world, &transaction, Outcome::Failed).await.is_err(), "it was paid");

        resolve(&world, &transaction, Outcome::Refunded).await.unwrap();
        let lost = world.transaction(&transaction).await.state;
        assert_eq!(reversal(&lost), Some(Reversal::Lost));
        assert_eq!((lost.status(), lost.reason()), ("completed", Some(Reason::PaymentReversed)));
        assert_eq!(losses(&world).await, [100_00, 0]);
        let refused = refund(&world, &transaction, None).await;
        assert!(
            matches!(refused, Err(RefundError::NotRefundable(NotRefundable::NothingLeft))),
            "{refused:?}"
        );
        assert!(reviews(&world).await.transactions.is_empty());
        assert_eq!(world.events().await.len(), events.len(), "it was told already");
    }

    async fn what_comes_again_is_booked_and_told_and_can_be_refunded(store) {
        let world = World::over(store).await;
        let (session, transaction) = bought(&world, "reversed").await;
        let delivered = world.transaction(&transaction).await.state;
        world.pass_seconds(30).await;
        resolve(&world, &transaction, Outcome::Completed).await.unwrap();
        let again = world.transaction(&transaction).await.state;
        assert_eq!((again.reason(), reversal(&again)), (None, Some(Reversal::Reinstated)));
        assert_eq!(again.chain_transaction(), delivered.chain_transaction(), "it is known already");
        assert_eq!(losses(&world).await, [0, 100_00]);
        assert_eq!(world.event_types().await.last().unwrap(), "payment.reinstated");
        assert_eq!(world.session(&session).await.status(), "completed");
        refund(&world, &transaction, Some("40.00")).await.unwrap();
        world.pass_seconds(60).await;
        assert_eq!(losses(&world).await, [0, 60_00]);
    }

    async fn only_what_was_not_given_back_can_be_taken_back(store) {
        let world = World::over(store).await;
        let (_, transaction) = bought(&world, "reversed").await;
        refund(&world, &transaction, Some("30.00")).await.unwrap();
        world.pass_seconds(2).await;
        // One more is under way when it happens, and one has failed.
        refund(&world, &transaction, Some("13.13")).await.unwrap();
        world.pass_seconds(2).await;
        refund(&world, &transaction, Some("20.00")).await.unwrap();
        world.clock.advance_ms(30_000);
        send_due_commands(&world.app).await.unwrap();
        world.pass_seconds(2).await;
        assert_eq!(losses(&world).await, [50_00, 0], "no more than what came in is gone");
        let events = world.events().await;
        let told = events.iter().find(|event| event.event_type == "payment.reversed").unwrap();
        assert_eq!(told.data["amount"], "50.00");
    }

    async fn a_transfer_is_recalled_and_its_pay_in_stays_settled(store) {
        let world = world(store).await;
        let quote = lock_amount(&world, Side::OnRamp, "sepa_bank_transfer", 66_66).await;
        let session = session_for(&world, &quote, ADDRESS).await;
        start(&world, command(&world, &quote, &session)).await.unwrap();
        world.pass_seconds(5).await;
        assert_eq!(world.session(&session).await.status(), "completed");
        world.pass_seconds(30).await;
        assert_eq!(world.transaction_of(&session).await.state.status(), "review");
        assert_eq!(balance(&world, "losses EUR").await, 66_66);
        assert_eq!(balance(&world, "bank:sepa_bank_transfer EUR").await, 0);
        let types = world.event_types().await;
        assert!(types.contains(&"rail.pay_in.settled".to_owned()));
        assert_eq!(types.last().unwrap(), "payment.reversed");
        assert!(!types.contains(&"rail.pay_in.failed".to_owned()));
    }

    async fn what_is_taken_back_before_anything_was_sent_is_not_sent(store) {
        let world = World::over(store).await;
        // Nobody has looked at the rails for a minute: both answers come at once.
        let session = world.paying("reversed").await;
        world.clock.advance_ms(60_000);
        world.pass_seconds(10).await;
        let moved = world.transaction_of(&session).await.state;
        assert_eq!((moved.status(), moved.reason()), ("refunded", Some(Reason::PaymentReversed)));
        assert_eq!(losses(&world).await, [0, 0]);
        assert_eq!(balance(&world, "treasury USDC.base").await, 0, "the tokens stay");
        assert_eq!(world.session(&session).await.state.phase(), "refunded");
    }
}
