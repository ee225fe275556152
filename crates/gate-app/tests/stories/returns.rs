//! Tokens that go back over a network that is not heard of: they go back once, however often it is told.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use futures::FutureExt as _;
use futures::future::{BoxFuture, ready};
use gate_app::admin::deposits::Command as DepositCommand;
use gate_app::admin::{self, AdminError, Command};
use gate_app::cancel_session::cancel_session;
use gate_app::choose::retry;
use gate_app::deposits::{Simulated, look_after_deposits, send_back, simulate_deposit};
use gate_app::doctor::examine;
use gate_app::testing::{ADDRESS, World};
use gate_domain::Millis;
use gate_domain::deposit::{Cause, Deposit, State};
use gate_domain::ids::{CommandId, SessionId};
use gate_domain::rail::{Command as RailCommand, CommandKind};
use gate_domain::transaction::Event;
use gate_rails::simulator::CHAIN;
use gate_rails::{Rail, RailError, Rails, Reply};
use gate_store::both_engines;
use gate_wire::deposit::DepositBody;
use gate_wire::journey::JourneyStep;
use serde_json::{Value, json};

use crate::reviews::{wait, whose};
use crate::sells::{LAPSE_MS, PAID, nothing_is_left};

const UNKNOWN: Cause = Cause::ReturnUnknown;

/// A network that carries out what it is sent, once for each id, and says nothing of it, or always this.
#[derive(Clone, Default)]
struct LateChain {
    told: Arc<Mutex<BTreeMap<String, RailCommand>>>,
    says: Arc<Mutex<Option<Reply>>>,
}

impl LateChain {
    fn says(&self, reply: Reply) {
        *self.says.lock().unwrap() = Some(reply);
    }

    /// Everything that it was sent.
    fn told(&self) -> Vec<RailCommand> {
        self.told.lock().unwrap().values().cloned().collect()
    }
}

impl Rail for LateChain {
    fn send<'a>(
        &'a self,
        command: &'a RailCommand,
        now: Millis,
    ) -> BoxFuture<'a, Result<Reply, RailError>> {
        if command.kind != CommandKind::Refund {
            return CHAIN.send(command, now);
        }
        self.told.lock().unwrap().insert(command.id.to_string(), command.clone());
        ready(self.says.lock().unwrap().clone().ok_or(RailError::AnswerLost)).boxed()
    }

    fn ask<'a>(
        &'a self,
        command: &'a RailCommand,
        now: Millis,
    ) -> BoxFuture<'a, Result<Option<Reply>, RailError>> {
        self.send(command, now).map(|answer| answer.map(Some)).boxed()
    }
}

/// A sale to which more came than it takes, over this network.
async fn too_much(world: &World) -> SessionId {
    let session = world.create_sale().await;
    world.sell(&session, PAID, ADDRESS).await;
    world.send_tokens(&session, Some("500")).await;
    session
}

async fn the_deposit(world: &World, session: &SessionId) -> Deposit {
    let [deposit] = world.deposits(session).await.try_into().unwrap();
    deposit
}

/// The step that a user sees, with what came and did not count.
async fn seen(world: &World, session: &SessionId) -> (&'static str, Vec<String>) {
    let (step, not_taken) = match world.journey(session).await.step {
        JourneyStep::Deposit { not_taken, .. } => ("deposit", not_taken),
        JourneyStep::Done { not_taken, .. } => ("done", not_taken),
        JourneyStep::Failed { not_taken, .. } => ("failed", not_taken),
        JourneyStep::Ended { not_taken, .. } => ("ended", not_taken),
        step => panic!("{step:?}"),
    };
    let words = not_taken.into_iter().map(|one| {
        assert!(one.back_to.eq_ignore_ascii_case(ADDRESS) && one.back_to_memo.is_none());
        let text_of = |value: Value| value.as_str().unwrap().to_owned();
        let (status, cause) = (text_of(json!(one.status)), text_of(json!(one.cause)));
        format!("{status} {cause} {} {} {}", one.amount, one.token, one.network_name)
    });
    (step, words.collect())
}

async fn send(world: &World, deposit: &Deposit) -> State {
    let (tenant, id) = (world.tenant(), deposit.id.clone());
    let sent = world.app.write(move |tx, scope| send_back(tx, scope, &tenant, &id)).await;
    sent.unwrap().state
}

async fn arrived(world: &World, deposit: &Deposit) -> Result<DepositBody, AdminError> {
    let (deposit, reason, actor) = (deposit.id.to_string(), "0x51".to_owned(), "ada".to_owned());
    let command = DepositCommand::Arrived { whose: whose(), deposit, reason, actor };
    let answer = admin::run(&world.app, Command::Deposits(command)).await?;
    Ok(serde_json::from_value(answer).unwrap())
}

fn silent(chain: &LateChain) -> Rails {
    Rails { chain: Arc::new(chain.clone()), ..Rails::simulated() }
}

both_engines! {
    async fn a_return_of_which_nothing_is_heard_is_told_again_under_its_id(store) {
        let chain = LateChain::default();
        let world = World::with_rails(store, silent(&chain)).await;
        let session = too_much(&world).await;
        wait(&world).await;
        let deposit = the_deposit(&world, &session).await;
        assert_eq!(deposit.state, State::Held { cause: UNKNOWN });
        for _ in 0..2 {
            assert_eq!(send(&world, &deposit).await, State::Returning { cause: UNKNOWN });
            world.sound().await;
            wait(&world).await;
            let held = the_deposit(&world, &session).await.state;
            assert_eq!(held, State::Held { cause: UNKNOWN }, "still nobody knows");
        }
        assert_eq!(send(&world, &deposit).await, State::Returning { cause: UNKNOWN });
        chain.says(Reply::last([Event::RefundSucceeded]));
        wait(&world).await;
        let back = the_deposit(&world, &session).await.state;
        assert_eq!(back, State::Returned { cause: UNKNOWN });
        nothing_is_left(&world).await;
        assert_eq!(chain.told().len(), 1, "under one id, so that it returns them once");
    }

    async fn a_return_that_was_refused_is_sent_anew(store) {
        let chain = LateChain::default();
        chain.says(Reply::last([Event::RefundFailed]));
        let world = World::with_rails(store, silent(&chain)).await;
        let session = too_much(&world).await;
        world.pass_seconds(3).await;
        let deposit = the_deposit(&world, &session).await;
        assert_eq!(deposit.state, State::Held { cause: Cause::ReturnFailed });
        chain.says(Reply::last([Event::RefundSucceeded]));
        send(&world, &deposit).await;
        world.pass_seconds(3).await;
        let back = the_deposit(&world, &session).await.state;
        assert_eq!(back, State::Returned { cause: Cause::ReturnFailed });
        let [first, second] = chain.told().try_into().unwrap();
        assert!(first.id != second.id && first.means == second.means, "to the same address");
        nothing_is_left(&world).await;
    }

    async fn a_user_sees_what_came_and_did_not_count(store) {
        let world = World::over(store).await;
        let session = world.create_sale().await;
        world.sell(&session, PAID, ADDRESS).await;
        assert_eq!(seen(&world, &session).await, ("deposit", vec![]));
        let wrong = Simulated {
            amount: Some("110".into()),
            token: Some("EURC".into()),
            ..Simulated::default()
        };
        simulate_deposit(&world.app, &world.tenant(), &session, wrong).await.unwrap();
        let held = "held wrong_asset 110.000000 EURC Base".to_owned();
        assert_eq!(seen(&world, &session).await, ("deposit", vec![held.clone()]));
        world.send_tokens(&session, None).await;
        world.pass_seconds(3).await;
        world.send_tokens(&session, Some("5")).await;
        let going = "returning unexpected 5.000000 USDC Base".to_owned();
        assert_eq!(seen(&world, &session).await, ("done", vec![going, held.clone()]));
        world.pass_seconds(2).await;
        let back = "returned unexpected 5.000000 USDC Base".to_owned();
        assert_eq!(seen(&world, &session).await, ("done", vec![back, held]));
        let told = ["created", "deposit.held", "processing", "completed", "deposit.returned"];
        assert_eq!(world.event_types().await, told);
    }

    async fn a_user_whose_session_ended_sees_what_came_late(store) {
        let world = World::over(store).await;
        let session = world.create_sale().await;
        world.sell(&session, PAID, ADDRESS).await;
        let (tenant, id) = (world.tenant(), session.clone());
        world.app.write(move |tx, scope| cancel_session(tx, scope, &tenant, &id)).await.unwrap();
        assert_eq!(seen(&world, &session).await, ("ended", vec![]));
        world.send_tokens(&session, Some("50")).await;
        world.pass_seconds(3).await;
        let back = "returned unexpected 50.000000 USDC Base".to_owned();
        assert_eq!(seen(&world, &session).await, ("ended", vec![back]));
        // So does whose sale has failed, also while they try again.
        let session = world.create_sale().await;
        world.sell(&session, PAID, ADDRESS).await;
        world.send_tokens(&session, Some("50")).await;
        world.clock.advance_ms(LAPSE_MS);
        look_after_deposits(&world.app).await.unwrap();
        world.pass_seconds(3).await;
        let back = vec!["returned sale_ended 50.000000 USDC Base".to_owned()];
        assert_eq!(seen(&world, &session).await, ("failed", back.clone()));
        retry(&world.app, &world.tenant(), &session).await.unwrap();
        world.sell(&session, PAID, ADDRESS).await;
        assert_eq!(seen(&world, &session).await, ("deposit", back));
    }

    async fn a_partner_is_told_of_each_fact_once(store) {
        let chain = LateChain::default();
        let world = World::with_rails(store, silent(&chain)).await;
        let session = too_much(&world).await;
        wait(&world).await;
        world.clock.advance_ms(3_600_000);
        wait(&world).await;
        chain.says(Reply::last([Event::RefundFailed]));
        world.clock.advance_ms(3_600_000);
        wait(&world).await;
        let deposit = the_deposit(&world, &session).await;
        assert_eq!(deposit.state, State::Held { cause: Cause::ReturnFailed });
        arrived(&world, &deposit).await.unwrap();
        let events = world.events().await;
        let told = events.iter().filter(|event| event.event_type.starts_with("deposit."));
        let told: Vec<_> = told
            .map(|event| {
                assert_eq!(event.data["session_id"], session.as_str());
                assert_eq!(event.data["id"], deposit.id.as_str());
                format!("{} {}", event.data["status"], event.data["cause"])
            })
            .collect();
        assert_eq!(told, ["\"held\" \"return_unknown\"", "\"returned\" \"return_failed\""]);
    }

    async fn a_person_says_that_a_return_has_arrived(store) {
        let chain = LateChain::default();
        let world = World::with_rails(store, silent(&chain)).await;
        let session = too_much(&world).await;
        let deposit = the_deposit(&world, &session).await;
        let early = arrived(&world, &deposit).await.unwrap_err();
        assert_eq!(early.code, "deposit_not_held", "it may be on its way");
        wait(&world).await;
        assert_eq!(arrived(&world, &deposit).await.unwrap().id, deposit.id.to_string());
        let back = the_deposit(&world, &session).await.state;
        assert_eq!(back, State::Returned { cause: UNKNOWN });
        assert_eq!(arrived(&world, &deposit).await.unwrap_err().code, "deposit_not_held");
        let (tenant, subject) = (world.tenant(), deposit.id.to_string());
        let said = world.app.store().read(move |tx| tx.list_operator_actions(&tenant, &subject));
        let [said] = said.await.unwrap().try_into().unwrap();
        assert_eq!((said.action.as_str(), said.actor.as_str()), ("deposit_arrived", "ada"));
        // Nobody asks any more.
        chain.told.lock().unwrap().clear();
        chain.says(Reply::last([Event::RefundFailed]));
        world.clock.advance_ms(3_600_000);
        wait(&world).await;
        assert!(chain.told().is_empty());
        nothing_is_left(&world).await;
    }

    async fn what_another_command_sends_back_is_not_held_by_the_silence_of_an_earlier_one(store) {
        let chain = LateChain::default();
        let world = World::with_rails(store, silent(&chain)).await;
        let session = too_much(&world).await;
        wait(&world).await;
        world.clock.advance_ms(30 * 60_000);
        let deposit = the_deposit(&world, &session).await;
        // As it was written before the id of the earlier one was kept.
        let [earlier] = chain.told().try_into().unwrap();
        let (now, seed) = (world.app.now(), world.app.ids().seed(world.app.now()));
        let id = CommandId::new(deposit.tenant.mode, seed);
        let second = RailCommand { id, created_at: now, ..earlier };
        let two = deposit.clone();
        let written = world.app.write(move |tx, _| {
            tx.insert_command(&two.tenant, &two.session_id, &second)?;
            tx.set_return_command(&two, &second.id)
        });
        written.await.unwrap();
        send(&world, &deposit).await;
        let found = world.app.store().read(examine).await.unwrap();
        assert!(found.problems.iter().any(|problem| problem.contains(deposit.id.as_str())));
        for _ in 0..12 {
            world.pass_seconds(1).await;
            world.clock.advance_ms(60_000);
        }
        let state = the_deposit(&world, &session).await.state;
        assert_eq!(state, State::Returning { cause: UNKNOWN }, "the second one is under way");
    }
}
