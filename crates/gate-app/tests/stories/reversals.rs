//! Payments that are taken back after their delivery: chargebacks, and transfers that are recalled.

use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::{BoxFuture, ready};
use gate_app::admin::reviews::{Command as ReviewCommand, Outcome, ReviewsAnswer, ShownReview};
use gate_app::admin::{self, Command, Whose};
use gate_app::journey::find_journey;
use gate_app::refunds::RefundError;
use gate_app::testing::{ADDRESS, DEAD_ADDRESS, World};
use gate_app::workers::commands::send_due_commands;
use gate_domain::Millis;
use gate_domain::catalogue::Side;
use gate_domain::ids::{Mode, TransactionId};
use gate_domain::rail::{Command as RailCommand, CommandKind};
use gate_domain::reason::Reason;
use gate_domain::refund::NotRefundable;
use gate_domain::transaction::{Event, Reversal, State};
use gate_rails::simulator::SimulatedCards;
use gate_rails::{Rail, RailError, Rails, Reply};
use gate_store::both_engines;
use gate_store::testing::TestPlace;
use gate_wire::journey::JourneyStep;
use gate_wire::words::RefundStatus;
use serde_json::json;

use crate::log::Log;
use crate::purchases::balance;
use crate::rails::{command, lock_amount, session_for, start, world};
use crate::refunds::{bought, found, refund};
use crate::replays::hear;
use crate::reviews::{self, silent_chain, silent_refunds, wait};

/// A provider that takes a minute to give a payment back.
struct SlowRefunds;

impl Rail for SlowRefunds {
    fn send<'a>(
        &'a self,
        command: &'a RailCommand,
        now: Millis,
    ) -> BoxFuture<'a, Result<Reply, RailError>> {
        if command.kind == CommandKind::Refund && now < command.created_at.plus_ms(60_000) {
            return ready(Ok(Reply::pending(1_000))).boxed();
        }
        SimulatedCards.send(command, now)
    }

    fn ask<'a>(
        &'a self,
        command: &'a RailCommand,
        now: Millis,
    ) -> BoxFuture<'a, Result<Option<Reply>, RailError>> {
        self.send(command, now).map(|reply| reply.map(Some)).boxed()
    }
}

fn whose() -> Whose {
    Whose { partner: None, mode: Mode::Test }
}

async fn listed(world: &World) -> ReviewsAnswer {
    let list = Command::Reviews(ReviewCommand::List { whose: whose() });
    serde_json::from_value(admin::run(&world.app, list).await.unwrap()).unwrap()
}

async fn resolve(world: &World, id: &TransactionId, outcome: Outcome) -> Result<(), String> {
    let reason = world.transaction(id).await.state.reason();
    let needed = outcome == Outcome::Completed && reason != Some(Reason::PaymentReversed);
    resolve_by(world, id, outcome, needed.then_some("0xknown")).await
}

async fn resolve_by(
    world: &World,
    id: &TransactionId,
    outcome: Outcome,
    transfer: Option<&str>,
) -> Result<(), String> {
    let command = ReviewCommand::Resolve {
        whose: whose(),
        subject: id.to_string(),
        outcome,
        reason: "the bank has decided".into(),
        actor: "ada".into(),
        payment: None,
        transfer: transfer.map(str::to_owned),
    };
    let resolved = admin::run(&world.app, Command::Reviews(command)).await;
    resolved.map(drop).map_err(|refused| refused.message)
}

/// A provider whose payments are taken back after two hours, and that is asked about them till then.
struct TakenBackLater;

const TAKEN_BACK_MS: i64 = 2 * 3_600_000;

impl Rail for TakenBackLater {
    fn send<'a>(
        &'a self,
        command: &'a RailCommand,
        now: Millis,
    ) -> BoxFuture<'a, Result<Reply, RailError>> {
        let answer = SimulatedCards.send(command, now);
        if command.kind != CommandKind::Charge {
            return answer;
        }
        let left_ms = command.created_at.plus_ms(TAKEN_BACK_MS).0 - now.0;
        answer
            .map(move |answer| {
                let Reply { mut answers, .. } = answer?;
                let ask_again_ms = (left_ms > 0).then_some(60_000);
                answers.extend((left_ms <= 0).then_some(Event::PaymentReversed));
                Ok(Reply { answers, ask_again_ms })
            })
            .boxed()
    }

    fn ask<'a>(
        &'a self,
        command: &'a RailCommand,
        now: Millis,
    ) -> BoxFuture<'a, Result<Option<Reply>, RailError>> {
        self.send(command, now).map(|answer| answer.map(Some)).boxed()
    }
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
        let shown = listed(&world).await;
        assert_eq!(shown.transactions[0].refid, transaction.to_string());
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
        assert!(listed(&world).await.transactions.is_empty());
        assert_eq!(world.events().await.len(), events.len(), "it was told already");
    }

    async fn what_comes_again_is_booked_and_told_and_can_be_refunded(store) {
        let world = World::over(store).await;
        let (session, transaction) = bought(&world, "reversed").await;
        let delivered = world.transaction(&transaction).await.state;
        world.pass_seconds(30).await;
        let refused = resolve_by(&world, &transaction, Outcome::Completed, Some("0xother")).await;
        assert!(refused.unwrap_err().starts_with("No transfer is to be named here"));
        let refused = resolve_by(&world, &transaction, Outcome::Refunded, Some("0xother")).await;
        assert!(refused.unwrap_err().contains("with --as completed alone"));
        resolve_by(&world, &transaction, Outcome::Completed, None).await.unwrap();
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
        // How much there is to take is known once the refund has ended.
        world.pass_seconds(61).await;
        assert_eq!(losses(&world).await, [50_00, 0], "no more than what came in is gone");
        let events = world.events().await;
        let told = events.iter().find(|event| event.event_type == "payment.reversed").unwrap();
        assert_eq!(told.data["amount"], "50.00");
    }

    async fn a_refund_that_was_under_way_and_came_to_nothing_is_no_part_of_what_was_given_back(store) {
        let world = World::over(store).await;
        let (_, transaction) = bought(&world, "reversed").await;
        world.clock.advance_ms(30_000);
        refund(&world, &transaction, Some("13.13")).await.unwrap();
        world.pass_seconds(61).await;
        assert_eq!(losses(&world).await, [100_00, 0]);
        let told = world.events().await.into_iter().find(|event| event.event_type == "payment.reversed");
        assert_eq!(told.unwrap().data["amount"], "100.00");
    }

    async fn what_is_taken_back_while_a_refund_is_in_review_is_booked_once_that_is_resolved(place: TestPlace) {
        for (outcome, gone) in [(Outcome::Failed, 100_00), (Outcome::Refunded, 70_00)] {
            let place = if place.is_sqlite() { TestPlace::sqlite() } else { TestPlace::postgres() };
            let store = place.open(place.options()).unwrap();
            let world = World::with_rails(&store, silent_refunds()).await;
            let (_, transaction) = bought(&world, "reversed").await;
            let asked = refund(&world, &transaction, Some("30.00")).await.unwrap();
            wait(&world).await;
            assert_eq!(found(&world, &asked.id).await.status, RefundStatus::Review);
            assert_eq!(losses(&world).await, [0, 100_00], "nobody knows how much there is to take");
            reviews::resolve(&world, &asked.id, outcome, (None, None)).await.unwrap();
            world.pass_seconds(61).await;
            assert_eq!(losses(&world).await, [gone, 0]);
            assert_eq!(world.transaction(&transaction).await.state.status(), "review");
            world.sound().await;
        }
    }

    async fn what_is_taken_back_and_refunded_too_is_gone_twice_and_put_before_a_person(place: TestPlace) {
        for (outcome, gone) in [(Outcome::Refunded, 100_00), (Outcome::Completed, 0)] {
            let place = if place.is_sqlite() { TestPlace::sqlite() } else { TestPlace::postgres() };
            let store = place.open(place.options()).unwrap();
            let rails = Rails { card: Arc::new(SlowRefunds), ..Rails::simulated() };
            let world = World::with_rails(&store, rails).await;
            let session = world.create().await;
            let quote = world.choose(&session, DEAD_ADDRESS).await;
            world.pay(&session, &quote, "reversed").await.unwrap();
            world.pass_seconds(40).await;
            let taken = world.transaction_of(&session).await;
            assert_eq!((taken.state.status(), losses(&world).await), ("refunded", [0, 0]));
            world.pass_seconds(40).await;
            let twice = world.transaction_of(&session).await.state;
            assert_eq!((twice.status(), twice.reason()), ("review", Some(Reason::PaymentReversed)));
            assert_eq!(losses(&world).await, [100_00, -100_00]);
            assert_eq!(world.session(&session).await.state.phase(), "review");
            resolve(&world, &taken.id, outcome).await.unwrap();
            assert_eq!(world.transaction_of(&session).await.state.status(), "refunded");
            assert_eq!(losses(&world).await, [gone, -gone]);
            assert_eq!(world.session(&session).await.state.phase(), "refunded");
            let told = world.event_types().await;
            assert!(!told.iter().any(|name| name.starts_with("payment.")), "it was never delivered");
            world.sound().await;
        }
    }

    async fn what_is_refunded_and_then_taken_back_is_gone_twice_too(place: TestPlace) {
        for (outcome, gone) in [(Outcome::Refunded, 100_00), (Outcome::Completed, 0)] {
            let log = Log::listen();
            let place = if place.is_sqlite() { TestPlace::sqlite() } else { TestPlace::postgres() };
            let store = place.open(place.options()).unwrap();
            let world = World::over(&store).await;
            let session = world.create().await;
            let quote = world.choose(&session, DEAD_ADDRESS).await;
            world.pay(&session, &quote, "reversed").await.unwrap();
            world.pass_seconds(10).await;
            let back = world.transaction_of(&session).await;
            assert_eq!((back.state.status(), losses(&world).await), ("refunded", [0, 0]));
            world.pass_seconds(30).await;
            let twice = world.transaction_of(&session).await.state;
            assert_eq!((twice.status(), twice.reason()), ("review", Some(Reason::PaymentReversed)));
            assert_eq!(losses(&world).await, [100_00, -100_00]);
            assert_eq!(world.session(&session).await.state.phase(), "review");
            assert!(hear(&world, &back, &Event::PaymentReversed).await, "old news");
            assert_eq!(listed(&world).await.transactions.len(), 1);

            resolve(&world, &back.id, outcome).await.unwrap();
            let closed = world.transaction_of(&session).await.state;
            assert_eq!((closed.status(), closed.reason()), ("refunded", Some(Reason::PayoutFailed)));
            assert_eq!(losses(&world).await, [gone, -gone]);
            assert_eq!(world.session(&session).await.state.phase(), "refunded");
            // Whatever is heard again is booked already; a second dispute is said aloud.
            for heard in [Event::RefundSucceeded, Event::PaymentReversed] {
                assert!(hear(&world, &back, &heard).await);
                assert_eq!(world.transaction_of(&session).await.state, closed);
            }
            let again = usize::from(outcome == Outcome::Completed);
            assert_eq!(log.errors(back.id.as_str(), "taken back again after it had come"), again);
            assert_eq!(losses(&world).await, [gone, -gone]);
            let told = world.event_types().await;
            assert!(!told.iter().any(|name| name.starts_with("payment.")), "it was never delivered");
            world.sound().await;
        }
    }

    /// Tokens that arrive after all, a refund that is paid, and a payment that is taken back.
    async fn in_whatever_order_they_are_heard_the_books_say_the_same(place: TestPlace) {
        let arrived = || Event::PayoutSucceeded { chain_transaction: "0x1".into() };
        let all = [arrived(), Event::RefundSucceeded, Event::PaymentReversed];
        let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
        let place = if place.is_sqlite() { TestPlace::sqlite() } else { TestPlace::postgres() };
        let store = place.open(place.options()).unwrap();
        let rails = Rails { card: Arc::new(SlowRefunds), ..Rails::simulated() };
        let world = World::with_rails(&store, rails).await;
        let mut lost = 0;
        for (number, order) in orders.into_iter().enumerate() {
            let session = world.create().await;
            let quote = world.choose(&session, DEAD_ADDRESS).await;
            world.pay(&session, &quote, "succeeds").await.unwrap();
            world.pass_seconds(3).await;
            let before = world.transaction_of(&session).await;
            assert_eq!(before.state.status(), "refund_pending");
            for at in order {
                for _ in 0..2 {
                    assert!(hear(&world, &before, &all[at]).await, "{order:?} {at}");
                    world.sound().await;
                }
            }
            lost += 100_00;
            assert_eq!(losses(&world).await, [lost, -lost], "{order:?}");
            let state = world.transaction_of(&session).await.state;
            assert_eq!(state.reason(), Some(Reason::DeliveredAndRefunded), "{order:?}");
            assert_eq!(listed(&world).await.transactions.len(), 1);
            let outcome = [Outcome::Completed, Outcome::Refunded][number % 2];
            resolve(&world, &before.id, outcome).await.unwrap();
            let closed = world.transaction_of(&session).await.state;
            for heard in &all {
                hear(&world, &before, heard).await;
            }
            assert_eq!(world.transaction_of(&session).await.state, closed, "{order:?}");
            assert_eq!(losses(&world).await, [lost, -lost], "{order:?}");
            assert!(refund(&world, &before.id, None).await.is_err(), "nothing of it is left");
            world.sound().await;
        }
    }

    async fn a_failure_is_told_once_however_often_the_rails_contradict_themselves(store) {
        let world = World::over(store).await;
        let session = world.create().await;
        let quote = world.choose(&session, DEAD_ADDRESS).await;
        world.pay(&session, &quote, "succeeds").await.unwrap();
        world.pass_seconds(3).await;
        let transaction = world.transaction_of(&session).await;
        assert_eq!(transaction.state.status(), "refunded");
        let arrived = Event::PayoutSucceeded { chain_transaction: "0x1".into() };
        assert!(hear(&world, &transaction, &arrived).await);
        resolve(&world, &transaction.id, Outcome::Refunded).await.unwrap();
        let told = world.event_types().await;
        assert_eq!(told.iter().filter(|name| *name == "failed").count(), 1, "{told:?}");
    }

    async fn a_payment_may_be_taken_back_after_a_person_found_its_delivery_too(place: TestPlace) {
        for silent in [false, true] {
            let place = if place.is_sqlite() { TestPlace::sqlite() } else { TestPlace::postgres() };
            let store = place.open(place.options()).unwrap();
            let rails = if silent { silent_chain() } else { Rails::simulated() };
            let world = World::with_rails(&store, Rails { card: Arc::new(TakenBackLater), ..rails }).await;
            let session = world.paying("succeeds").await;
            wait(&world).await;
            let id = world.transaction_of(&session).await.id;
            if silent {
                resolve(&world, &id, Outcome::Completed).await.unwrap();
            }
            assert_eq!(world.transaction(&id).await.state.status(), "completed");
            for _ in 0..4 {
                wait(&world).await;
            }
            let reason = world.transaction(&id).await.state.reason();
            assert_eq!(reason, Some(Reason::PaymentReversed), "delivered by a person: {silent}");
            assert!(world.event_types().await.contains(&"payment.reversed".to_owned()));
        }
    }

    async fn a_refund_that_nobody_has_sent_is_kept_back_once_the_tokens_are_there_after_all(store) {
        let world = World::over(store).await;
        let session = world.paying("succeeds").await;
        assert_eq!(send_due_commands(&world.app).await.unwrap(), 1);
        let transaction = world.transaction_of(&session).await;
        assert_eq!(transaction.state.status(), "payment_received");
        assert!(hear(&world, &transaction, &Event::PayoutFailed).await);
        assert!(hear(&world, &transaction, &Event::PayoutSucceeded { chain_transaction: "0x1".into() }).await);
        let state = world.transaction_of(&session).await.state;
        assert_eq!(state.reason(), Some(Reason::DeliveredBeforeRefund), "a person decides");
        world.pass_seconds(5).await;
        assert_eq!(world.transaction_of(&session).await.state, state, "and nobody else did");
        let subject = transaction.id.to_string();
        let show = Command::Reviews(ReviewCommand::Show { whose: whose(), subject });
        let shown: ShownReview =
            serde_json::from_value(admin::run(&world.app, show).await.unwrap()).unwrap();
        let said = &shown.actions[0];
        assert_eq!((said.action.as_str(), said.outcome.as_str()), ("refund_kept_back", "never_sent"));
    }

    async fn what_went_back_before_it_was_known_to_be_delivered_is_not_refunded_again(store) {
        let world = World::over(store).await;
        let session = world.create().await;
        let quote = world.choose(&session, DEAD_ADDRESS).await;
        world.pay(&session, &quote, "succeeds").await.unwrap();
        world.pass_seconds(3).await;
        let transaction = world.transaction_of(&session).await;
        let arrived = Event::PayoutSucceeded { chain_transaction: "0x1".into() };
        assert!(hear(&world, &transaction, &arrived).await);
        resolve(&world, &transaction.id, Outcome::Completed).await.unwrap();
        assert_eq!(world.transaction_of(&session).await.state.status(), "completed");
        let refused = refund(&world, &transaction.id, Some("1.00")).await;
        assert!(
            matches!(refused, Err(RefundError::NotRefundable(NotRefundable::NothingLeft))),
            "{refused:?}"
        );
    }

    async fn a_second_payment_is_said_aloud(store) {
        let log = Log::listen();
        let world = World::over(store).await;
        let (_, id) = bought(&world, "succeeds").await;
        let transaction = world.transaction(&id).await;
        let payment = transaction.state.payment().unwrap().to_owned();
        let paid = |payment: &str| Event::PaymentSucceeded { payment: payment.into() };
        hear(&world, &transaction, &paid(&payment)).await;
        assert_eq!(log.errors(id.as_str(), "the rail names"), 0, "old news");
        hear(&world, &transaction, &paid("pay_second")).await;
        assert_eq!(log.errors(id.as_str(), "the rail names pay_second too"), 1);
        assert_eq!(world.transaction(&id).await.state, transaction.state);
        assert_eq!(losses(&world).await, [0, 100_00], "it is not booked");
    }

    async fn a_second_dispute_and_one_about_nothing_are_said_aloud(store) {
        let log = Log::listen();
        let world = World::over(store).await;
        let (_, id) = bought(&world, "reversed").await;
        world.pass_seconds(30).await;
        resolve(&world, &id, Outcome::Completed).await.unwrap();
        let transaction = world.transaction(&id).await;
        for times in 1..3 {
            assert!(hear(&world, &transaction, &Event::PaymentReversed).await, "it changes nothing");
            assert_eq!(log.errors(id.as_str(), "taken back again after it had come again"), times);
            assert_eq!(losses(&world).await, [0, 100_00]);
        }
        let sale = world.create_sale().await;
        world.sell(&sale, "DE09 0000 0000 0000 0000 01", ADDRESS).await;
        let sold = world.transaction_of(&sale).await;
        assert!(!hear(&world, &sold, &Event::PaymentReversed).await);
        assert_eq!(log.errors(sold.id.as_str(), "nothing of it is left: not booked"), 1);
        world.sound().await;
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
