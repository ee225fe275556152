//! What nobody knew the end of, and a person who found out.

use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::{BoxFuture, ready};
use gate_app::admin::reviews::{Command as ReviewCommand, Outcome, ReviewsAnswer, ShownReview};
use gate_app::admin::{self, AdminError, Command, Whose};
use gate_app::testing::{DEAD_ADDRESS, World};
use gate_domain::Millis;
use gate_domain::ids::{Mode, SessionId, TransactionId};
use gate_domain::rail::{Command as RailCommand, CommandKind};
use gate_rails::simulator::{CHAIN, SimulatedCards};
use gate_rails::{Rail, RailError, Rails, Reply};
use gate_store::both_engines;
use gate_store::testing::TestPlace;

use crate::purchases::balance;
use crate::refunds::{bought, found, refund};

/// A party that never says anything about one kind of command.
pub(crate) struct Silent<R>(pub(crate) R, pub(crate) CommandKind);

impl<R: Rail> Rail for Silent<R> {
    fn send<'a>(
        &'a self,
        command: &'a RailCommand,
        now: Millis,
    ) -> BoxFuture<'a, Result<Reply, RailError>> {
        if command.kind == self.1 {
            return ready(Err(RailError::AnswerLost)).boxed();
        }
        self.0.send(command, now)
    }

    fn ask<'a>(
        &'a self,
        command: &'a RailCommand,
        now: Millis,
    ) -> BoxFuture<'a, Result<Option<Reply>, RailError>> {
        if command.kind == self.1 {
            return ready(Err(RailError::AnswerLost)).boxed();
        }
        self.0.ask(command, now)
    }
}

pub(crate) fn silent_refunds() -> Rails {
    let card = Arc::new(Silent(SimulatedCards, CommandKind::Refund));
    Rails { card, ..Rails::simulated() }
}

pub(crate) fn silent_charges() -> Rails {
    let card = Arc::new(Silent(SimulatedCards, CommandKind::Charge));
    Rails { card, ..Rails::simulated() }
}

pub(crate) fn silent_chain() -> Rails {
    let chain = Arc::new(Silent(CHAIN, CommandKind::Payout));
    Rails { chain, ..Rails::simulated() }
}

pub(crate) fn whose() -> Whose {
    Whose { partner: None, mode: Mode::Test }
}

pub(crate) async fn wait(world: &World) {
    for _ in 0..40 {
        world.pass_seconds(1).await;
        world.clock.advance_ms(60_000);
    }
}

pub(crate) async fn resolve(
    world: &World,
    subject: &str,
    outcome: Outcome,
    (payment, transfer): (Option<&str>, Option<&str>),
) -> Result<ShownReview, AdminError> {
    let command = ReviewCommand::Resolve {
        whose: whose(),
        subject: subject.into(),
        outcome,
        reason: "seen at the provider".into(),
        actor: "ada".into(),
        payment: payment.map(str::to_owned),
        transfer: transfer.map(str::to_owned),
    };
    let answer = admin::run(&world.app, Command::Reviews(command)).await?;
    Ok(serde_json::from_value(answer).unwrap())
}

async fn waiting(world: &World) -> Vec<String> {
    let list = Command::Reviews(ReviewCommand::List { whose: whose() });
    let answer = admin::run(&world.app, list).await.unwrap();
    let answer: ReviewsAnswer = serde_json::from_value(answer).unwrap();
    let refunds = answer.refunds.into_iter().map(|refund| refund.id);
    answer.transactions.into_iter().map(|transaction| transaction.refid).chain(refunds).collect()
}

/// A purchase that ended in review.
async fn in_review(world: &World, address: Option<&str>, card: &str) -> (SessionId, TransactionId) {
    let session = world.create().await;
    let address = address.unwrap_or(gate_app::testing::ADDRESS);
    let quote = world.choose(&session, address).await;
    world.pay(&session, &quote, card).await.unwrap();
    wait(world).await;
    let transaction = world.transaction_of(&session).await;
    assert_eq!(transaction.state.status(), "review");
    assert_eq!(waiting(world).await, [transaction.id.to_string()]);
    world.sound().await;
    (session, transaction.id)
}

async fn told(world: &World, name: &str) -> usize {
    world.event_types().await.iter().filter(|event| *event == name).count()
}

both_engines! {
    async fn a_silent_charge_turns_out_to_be_nothing(store) {
        let world = World::with_rails(store, silent_charges()).await;
        let (session, id) = in_review(&world, None, "succeeds").await;
        for outcome in [Outcome::Completed, Outcome::Refunded] {
            let transfer = (outcome == Outcome::Completed).then_some("0x1");
            let refused = resolve(&world, id.as_str(), outcome, (None, transfer)).await;
            assert!(refused.unwrap_err().message.starts_with("No payment is known"));
        }
        let shown = resolve(&world, id.as_str(), Outcome::Failed, (None, None)).await.unwrap();
        assert!(shown.entries.is_empty());
        let [action] = shown.actions.as_slice() else { panic!("one") };
        assert_eq!((action.actor.as_str(), action.outcome.as_str()), ("ada", "failed"));
        assert_eq!(action.reason, "seen at the provider");
        assert!(waiting(&world).await.is_empty());
        assert_eq!(world.session(&session).await.state.phase(), "failed");
        assert_eq!(told(&world, "failed").await, 1);
        let again = resolve(&world, id.as_str(), Outcome::Failed, (None, None)).await;
        assert_eq!(again.unwrap_err().message, "The transaction is not in review.");
        world.sound().await;
    }

    async fn a_silent_charge_turns_out_to_be_paid_and_delivered_by_hand(store) {
        let world = World::with_rails(store, silent_charges()).await;
        let (session, id) = in_review(&world, None, "succeeds").await;
        let named = (Some("pay_77"), Some("0x77"));
        resolve(&world, id.as_str(), Outcome::Completed, named).await.unwrap();
        assert_eq!(world.session(&session).await.status(), "completed");
        assert_eq!(balance(&world, "user_funds EUR").await, 0);
        assert_eq!(balance(&world, "provider_receivable:card EUR").await, 100_00);
        assert_eq!(told(&world, "completed").await, 1);
        wait(&world).await;
        assert_eq!(told(&world, "completed").await, 1);
        assert!(world.sound().await.ok);
    }

    async fn a_silent_transfer_turns_out_either_way(place: TestPlace) {
        for (outcome, status, money) in
            [(Outcome::Completed, "completed", 100_00), (Outcome::Refunded, "open", 0)]
        {
            let place = if place.is_sqlite() { TestPlace::sqlite() } else { TestPlace::postgres() };
            let store = place.open(place.options()).unwrap();
            let world = World::with_rails(&store, silent_chain()).await;
            let (session, id) = in_review(&world, None, "succeeds").await;
            let refused = resolve(&world, id.as_str(), Outcome::Failed, (None, None)).await;
            assert!(refused.unwrap_err().message.starts_with("A payment has come in"));
            let transfer = (outcome == Outcome::Completed).then_some("0x1");
            let unnamed = resolve(&world, id.as_str(), Outcome::Completed, (None, None)).await;
            assert_eq!(unnamed.unwrap_err().code, "transfer_needed");
            let other = (Some("pay_other"), transfer);
            let refused = resolve(&world, id.as_str(), outcome, other).await;
            assert_eq!(refused.unwrap_err().message, "The answer names another payment.");
            resolve(&world, id.as_str(), outcome, (None, transfer)).await.unwrap();
            assert_eq!(world.session(&session).await.status(), status);
            assert_eq!(balance(&world, "provider_receivable:card EUR").await, money);
            assert_eq!(balance(&world, "user_funds EUR").await, 0);
            wait(&world).await;
            world.sound().await;
        }
    }

    async fn a_payment_that_could_not_be_given_back_is_given_back_by_hand(store) {
        let world = World::over(store).await;
        let (session, id) = in_review(&world, Some(DEAD_ADDRESS), "refund_fails").await;
        assert_eq!(balance(&world, "user_funds EUR").await, -100_00);
        let shown = resolve(&world, id.as_str(), Outcome::Refunded, (None, None)).await.unwrap();
        assert_eq!(shown.transaction.reason.unwrap().code, "payout_failed", "nobody looks any more");
        assert_eq!(world.session(&session).await.state.phase(), "refunded");
        assert_eq!(balance(&world, "user_funds EUR").await, 0);
        assert_eq!(balance(&world, "provider_receivable:card EUR").await, 0);
        assert!(waiting(&world).await.is_empty());
    }

    async fn a_silent_refund_turns_out_either_way(store) {
        let world = World::with_rails(store, silent_refunds()).await;
        let (_, transaction) = bought(&world, "succeeds").await;
        for (outcome, event) in
            [(Outcome::Failed, "refund.failed"), (Outcome::Refunded, "refund.succeeded")]
        {
            let asked = refund(&world, &transaction, Some("10.00")).await.unwrap();
            wait(&world).await;
            assert_eq!(waiting(&world).await, [asked.id.as_str()]);
            let refused = resolve(&world, &asked.id, Outcome::Completed, (None, Some("0x1"))).await;
            assert_eq!(refused.unwrap_err().code, "outcome_invalid");
            let shown = resolve(&world, &asked.id, outcome, (None, None)).await.unwrap();
            assert_eq!(shown.actions.len(), 1);
            assert_eq!(told(&world, event).await, 1);
            assert_ne!(found(&world, &asked.id).await.status, asked.status);
            world.sound().await;
        }
        assert_eq!(balance(&world, "provider_receivable:card EUR").await, 90_00);
    }

    async fn a_decision_needs_a_reason(store) {
        let world = World::over(store).await;
        let command = ReviewCommand::Resolve {
            whose: whose(),
            subject: "tx_test_01hf7yat00fentqaxbnentqaxb".into(),
            outcome: Outcome::Failed,
            reason: " ".into(),
            actor: "ada".into(),
            payment: None,
            transfer: None,
        };
        let refused = admin::run(&world.app, Command::Reviews(command)).await.unwrap_err();
        assert_eq!(refused.code, "reason_needed");
        let nobody = resolve(&world, "tx_1", Outcome::Failed, (None, None)).await.unwrap_err();
        assert_eq!(nobody.code, "not_found");
    }
}
