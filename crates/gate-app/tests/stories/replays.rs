//! Every answer of a rail, heard again after the story has ended: nothing changes.

use std::sync::{Arc, Mutex};

use futures::FutureExt;
use futures::future::BoxFuture;
use gate_app::advance::{AdvanceError, advance_transaction};
use gate_app::choose::retry;
use gate_app::testing::{ADDRESS, DEAD_ADDRESS, World};
use gate_domain::ids::{SessionId, TransactionId};
use gate_domain::rail::Command;
use gate_domain::time::Millis;
use gate_domain::transaction::{Event, Transaction};
use gate_rails::{Rail, RailError, Rails, Reply};
use gate_store::both_engines;

/// Let a transaction hear an answer, as the rails worker does. True when it was taken.
pub(crate) async fn hear(world: &World, transaction: &Transaction, answer: &Event) -> bool {
    let (tenant, session) = (transaction.tenant.clone(), transaction.session_id.clone());
    let (id, answer) = (transaction.id.clone(), answer.clone());
    let heard = world.app.write(move |tx, scope| {
        let session = tx.lock_session(&tenant, &session)?.unwrap();
        let transaction = tx.lock_transaction(&tenant, &id)?.unwrap();
        advance_transaction(tx, scope, session, transaction, &answer, None)
    });
    match heard.await {
        Ok(()) => true,
        Err(AdvanceError::Transaction(_)) => false,
        Err(error) => panic!("{error}"),
    }
}

type Heard = Arc<Mutex<Vec<(TransactionId, Event)>>>;

/// A rail that writes down what it says.
struct Recorded {
    rail: Arc<dyn Rail>,
    heard: Heard,
}

impl Recorded {
    fn note(&self, command: &Command, reply: &Reply) {
        let answers = reply.answers.iter().cloned();
        let answers = answers.map(|answer| (command.transaction_id.clone(), answer));
        self.heard.lock().unwrap().extend(answers);
    }
}

impl Rail for Recorded {
    fn send<'a>(
        &'a self,
        command: &'a Command,
        now: Millis,
    ) -> BoxFuture<'a, Result<Reply, RailError>> {
        let said = self.rail.send(command, now);
        said.inspect(|reply| {
            if let Ok(reply) = reply {
                self.note(command, reply);
            }
        })
        .boxed()
    }

    fn ask<'a>(
        &'a self,
        command: &'a Command,
        now: Millis,
    ) -> BoxFuture<'a, Result<Option<Reply>, RailError>> {
        let said = self.rail.ask(command, now);
        said.inspect(|reply| {
            if let Ok(Some(reply)) = reply {
                self.note(command, reply);
            }
        })
        .boxed()
    }
}

fn recorded() -> (Rails, Heard) {
    let (rails, heard) = (Rails::simulated(), Heard::default());
    let record = |rail| Arc::new(Recorded { rail, heard: Arc::clone(&heard) });
    let (card, chain) = (record(rails.card), record(rails.chain));
    (Rails { card, chain, ..rails }, heard)
}

/// Everything that a replay could change.
async fn everything(world: &World, session: &SessionId) -> String {
    let session = world.session(session).await;
    let (report, events) = (world.sound().await, world.event_types().await);
    format!("{session:?} {report:?} {events:?}")
}

both_engines! {
    async fn an_answer_heard_again_changes_nothing(store) {
        let (rails, heard) = recorded();
        let world = World::with_rails(store, rails).await;
        for (outcome, address) in [
            ("succeeds", ADDRESS),
            ("declined", ADDRESS),
            ("answers_twice", ADDRESS),
            ("challenge", ADDRESS),
            ("succeeds", DEAD_ADDRESS),
        ] {
            heard.lock().unwrap().clear();
            let session = world.create().await;
            let quote = world.choose(&session, address).await;
            world.pay(&session, &quote, outcome).await.unwrap();
            world.pass_seconds(4).await;
            let before = everything(&world, &session).await;
            let answers = heard.lock().unwrap().clone();
            assert!(!answers.is_empty(), "{outcome}");
            for (transaction, answer) in answers {
                hear(&world, &world.transaction(&transaction).await, &answer).await;
                assert_eq!(everything(&world, &session).await, before, "{outcome}: {answer:?}");
            }
        }
    }

    /// Old answers do not disturb the attempt that is under way.
    async fn an_old_attempt_leaves_the_new_one_alone(store) {
        let world = World::over(store).await;
        let session = world.paying("declined").await;
        world.pass_seconds(1).await;
        let old = world.transaction_of(&session).await;
        retry(&world.app, &world.tenant(), &session).await.unwrap();
        world.pay_in(&session, "slow").await;
        assert!(hear(&world, &old, &Event::PaymentSucceeded { payment: "late".into() }).await);
        world.pass_seconds(2).await;
        assert_eq!(world.transaction(&old.id).await.state.status(), "refunded");
        assert_eq!(world.session(&session).await.state.phase(), "processing");
        world.pass_seconds(5).await;
        assert_eq!(world.session(&session).await.status(), "completed");
        let types = ["created", "processing", "failed", "processing", "completed"];
        assert_eq!(world.event_types().await, types);
        world.sound().await;
    }

    /// An answer that names another payment than the one that was booked.
    async fn a_stranger_s_payment_is_refused(store) {
        let world = World::over(store).await;
        let session = world.paying("succeeds").await;
        world.pass_seconds(3).await;
        let before = everything(&world, &session).await;
        let transaction = world.transaction_of(&session).await;
        for answer in [
            Event::PaymentSucceeded { payment: "another".into() },
            Event::PayoutSucceeded { chain_transaction: "another".into() },
            Event::PayoutFailed,
            Event::RefundSucceeded,
            Event::Voided,
        ] {
            assert!(!hear(&world, &transaction, &answer).await, "{answer:?}");
            assert_eq!(everything(&world, &session).await, before, "{answer:?}");
        }
    }
}
