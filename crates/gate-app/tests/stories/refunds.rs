//! Completed payments that go back at the partner's wish.

use futures::future::join_all;
use gate_app::App;
use gate_app::admin::refunds::{Command as RefundCommand, RefundsAnswer};
use gate_app::admin::{self, Command, Whose};
use gate_app::refunds::{CreateRefund, RefundError, create_refund, find_refund};
use gate_app::testing::World;
use gate_app::vault::Vault;
use gate_app::workers::commands::send_due_commands;
use gate_domain::ids::{Mode, RefundId, SessionId, TransactionId};
use gate_domain::refund::NotRefundable;
use gate_rails::Rails;
use gate_store::{IdempotentRequest, StoreError, Tx, both_engines};
use gate_wire::refund::RefundBody;
use gate_wire::words::RefundStatus;
use serde_json::json;

use crate::purchases::balance;
use crate::reviews::silent_refunds;

pub(crate) async fn bought(world: &World, card: &str) -> (SessionId, TransactionId) {
    let session = world.paying(card).await;
    world.pass_seconds(3).await;
    let id = world.transaction_of(&session).await.id;
    (session, id)
}

pub(crate) async fn refund(
    world: &World,
    transaction: &TransactionId,
    amount: Option<&str>,
) -> Result<RefundBody, RefundError> {
    let key_hash = world.app.ids().random::<16>().to_vec();
    repeat(world, transaction, amount, key_hash).await.map(|(body, _)| body)
}

async fn repeat(
    world: &World,
    transaction: &TransactionId,
    amount: Option<&str>,
    key_hash: Vec<u8>,
) -> Result<(RefundBody, bool), RefundError> {
    let request = IdempotentRequest { tenant: world.tenant(), key_hash, fingerprint: vec![1; 32] };
    let command = CreateRefund {
        tenant: world.tenant(),
        request: Some(request),
        transaction_id: transaction.clone(),
        amount: amount.map(str::to_owned),
    };
    let answered = world.app.write(move |tx, scope| create_refund(tx, scope, &command)).await?;
    Ok((serde_json::from_str(&answered.answer.response).unwrap(), answered.replayed))
}

pub(crate) async fn found(world: &World, id: &str) -> RefundBody {
    let (tenant, id) = (world.tenant(), RefundId::parse(id).unwrap());
    let found = world.app.store().read(move |tx| find_refund(tx, &tenant, &id)).await;
    found.unwrap().unwrap()
}

/// Ask ten times at once, of all of these gateways in turn; how many were taken on.
async fn at_once(worlds: &[World], transaction: &TransactionId, amount: Option<&str>) -> usize {
    let asked = (0..10).map(|number| refund(&worlds[number % worlds.len()], transaction, amount));
    let answers = join_all(asked).await;
    for refused in answers.iter().filter_map(|answer| answer.as_ref().err()) {
        let known = matches!(
            refused,
            RefundError::InFlight
                | RefundError::TooMuch { .. }
                | RefundError::NotRefundable(NotRefundable::NothingLeft)
                | RefundError::Store(StoreError::Retry)
        );
        assert!(known, "{refused:?}");
    }
    answers.iter().filter(|answer| answer.is_ok()).count()
}

both_engines! {
    async fn however_many_ask_at_once_no_more_goes_back_than_was_paid(place: TestPlace) {
        let store = place.open(place.options()).unwrap();
        let world = World::over(&store).await;
        let mut worlds = vec![world.clone()];
        // On PostgreSQL there is a process of its own beside the first.
        let other = (!place.is_sqlite()).then(|| place.open(place.options()).unwrap());
        if let Some(other) = &other {
            let (rails, config) = (Rails::simulated(), world.app.config().clone());
            let vault = Vault::new(&world.app.ids().random());
            let app = App::new((**other).clone(), world.clock.clone(), vault, rails, config);
            worlds.push(World { app, ..world.clone() });
        }
        let (_, transaction) = bought(&world, "succeeds").await;
        assert_eq!(at_once(&worlds, &transaction, Some("60.00")).await, 1, "one at a time");
        world.pass_seconds(2).await;
        assert_eq!(at_once(&worlds, &transaction, Some("60.00")).await, 0, "it is too much");
        assert_eq!(at_once(&worlds, &transaction, Some("20.00")).await, 1);
        world.pass_seconds(2).await;
        assert_eq!(at_once(&worlds, &transaction, None).await, 1, "the rest");
        world.pass_seconds(2).await;
        assert_eq!(at_once(&worlds, &transaction, None).await, 0, "nothing is left");
        let kept = balance(&world, "provider_receivable:card EUR").await;
        assert_eq!(kept, 35, "what sending the tokens has cost");
    }

    async fn a_whole_payment_goes_back(store) {
        let world = World::over(store).await;
        let (session, transaction) = bought(&world, "succeeds").await;
        let asked = refund(&world, &transaction, None).await.unwrap();
        assert_eq!(asked.status, RefundStatus::Pending);
        assert_eq!((asked.amount.as_str(), asked.fees_kept.as_str()), ("99.65", "0.35"));
        assert_eq!(asked.service_fee_returned, "1.49");
        assert_eq!(balance(&world, "provider_receivable:card EUR").await, 100_00, "not back yet");
        let again = refund(&world, &transaction, None).await;
        assert!(matches!(again, Err(RefundError::InFlight)));
        send_due_commands(&world.app).await.unwrap();
        let done = found(&world, &asked.id).await;
        assert_eq!(done.status, RefundStatus::Succeeded);
        assert_eq!(balance(&world, "provider_receivable:card EUR").await, 35);
        assert_eq!(balance(&world, "service_fees EUR").await, 0, "given back");
        assert_eq!(balance(&world, "network_fees EUR").await, -35, "kept");
        assert_eq!(balance(&world, "refunds EUR").await, 9_816);
        assert_eq!(world.transaction(&transaction).await.state.status(), "completed");
        assert_eq!(world.session(&session).await.status(), "completed");
        let events = world.events().await;
        let told: Vec<_> = events[3..].iter().map(|event| event.event_type.as_str()).collect();
        assert_eq!(told, ["refund.created", "refund.succeeded"]);
        assert_eq!(events[3].data, serde_json::to_value(&asked).unwrap());
        assert_eq!(events[4].data, serde_json::to_value(&done).unwrap());
        let nothing = refund(&world, &transaction, Some("0.01")).await;
        let Err(RefundError::NotRefundable(NotRefundable::NothingLeft)) = nothing else {
            panic!("{nothing:?}")
        };
    }

    async fn a_payment_goes_back_in_parts_and_never_more(store) {
        let world = World::over(store).await;
        let (_, transaction) = bought(&world, "succeeds").await;
        for amount in ["40.00", "0.01", "50.00"] {
            let part = refund(&world, &transaction, Some(amount)).await.unwrap();
            assert_eq!(part.amount, amount);
            world.pass_seconds(1).await;
        }
        let Err(RefundError::TooMuch { left }) = refund(&world, &transaction, Some("9.65")).await
        else {
            panic!("90.01 of 99.65 are back")
        };
        assert_eq!(left.to_string(), "9.64 EUR");
        let rest = refund(&world, &transaction, None).await.unwrap();
        assert_eq!(rest.amount, "9.64");
        world.pass_seconds(1).await;
        assert_eq!(balance(&world, "provider_receivable:card EUR").await, 35);
        assert_eq!(balance(&world, "service_fees EUR").await, 0, "all parts of it together");
        for (amount, wrong) in [("0", "more than 0"), ("1.001", "decimals"), ("-1", "decimal string")] {
            let why = refund(&world, &transaction, Some(amount)).await.unwrap_err().to_string();
            assert!(why.contains(wrong), "{amount}: {why}");
        }
    }

    async fn one_key_makes_one_refund(store) {
        let world = World::over(store).await;
        let (_, transaction) = bought(&world, "succeeds").await;
        let key = vec![7; 16];
        let (first, replayed) = repeat(&world, &transaction, Some("5.00"), key.clone()).await.unwrap();
        assert!(!replayed);
        for _ in 0..2 {
            let again = repeat(&world, &transaction, Some("5.00"), key.clone()).await.unwrap();
            assert_eq!(again, (first.clone(), true));
            world.pass_seconds(1).await;
        }
        let types = world.event_types().await;
        assert_eq!(types.iter().filter(|name| *name == "refund.created").count(), 1);
        assert_eq!(types.iter().filter(|name| *name == "refund.succeeded").count(), 1);
        assert_eq!(balance(&world, "provider_receivable:card EUR").await, 95_00);
    }

    async fn a_refused_refund_moves_nothing_and_may_be_tried_again(store) {
        let world = World::over(store).await;
        let (_, transaction) = bought(&world, "refund_fails").await;
        for _ in 0..2 {
            let asked = refund(&world, &transaction, Some("10.00")).await.unwrap();
            world.pass_seconds(1).await;
            let failed = found(&world, &asked.id).await;
            assert_eq!(failed.status, RefundStatus::Failed);
            assert_eq!(failed.reason.unwrap().code, "refund_refused");
            assert_eq!(balance(&world, "provider_receivable:card EUR").await, 100_00);
        }
        let types = world.event_types().await;
        let told = ["refund.created", "refund.failed", "refund.created", "refund.failed"];
        assert_eq!(types[3..], told);
    }

    async fn only_what_is_completed_is_refunded(store) {
        let world = World::over(store).await;
        let session = world.paying("slow").await;
        let id = world.transaction_of(&session).await.id;
        let why = refund(&world, &id, None).await.unwrap_err();
        assert!(matches!(why, RefundError::NotCompleted("awaiting_payment")), "{why}");
        let other = World::over(store).await;
        assert!(matches!(refund(&other, &id, None).await, Err(RefundError::NotFound)));
    }

    async fn a_refund_that_nobody_answers_goes_to_review_and_then_on(store) {
        let world = World::with_rails(store, silent_refunds()).await;
        let (_, transaction) = bought(&world, "succeeds").await;
        let asked = refund(&world, &transaction, None).await.unwrap();
        for _ in 0..40 {
            world.pass_seconds(1).await;
            world.clock.advance_ms(60_000);
        }
        let found = found(&world, &asked.id).await;
        assert_eq!(found.status, RefundStatus::Review);
        assert_eq!(found.reason.unwrap().code, "refund_unresolved");
        assert!(!world.event_types().await.contains(&"refund.failed".to_owned()));
        world.sound().await;
    }

    async fn an_operator_says_who_refunds_and_why(store) {
        let world = World::over(store).await;
        let (_, transaction) = bought(&world, "succeeds").await;
        for (reason, actor, code) in [
            (" ", "ada", "reason_needed"),
            ("ticket 1", "", "reason_needed"),
            ("a\nb", "ada", "text_invalid"),
        ] {
            let create = RefundCommand::Create {
                whose: Whose { partner: None, mode: Mode::Test },
                transaction: transaction.to_string(),
                amount: None,
                reason: reason.into(),
                actor: actor.into(),
                idempotency_key: None,
            };
            let made = admin::run(&world.app, Command::Refunds(create)).await;
            assert_eq!(made.map_err(|refused| refused.code), Err(code.into()));
        }
    }

    async fn an_operator_who_repeats_a_command_with_its_key_refunds_once(store) {
        let world = World::over(store).await;
        let (_, transaction) = bought(&world, "succeeds").await;
        let create = async |amount: &str, key: Option<&str>| {
            let create = RefundCommand::Create {
                whose: Whose { partner: None, mode: Mode::Test },
                transaction: transaction.to_string(),
                amount: Some(amount.into()),
                reason: "ticket 1".into(),
                actor: "ada".into(),
                idempotency_key: key.map(str::to_owned),
            };
            let made = admin::run(&world.app, Command::Refunds(create)).await;
            world.pass_seconds(2).await;
            made.map(|made| made["id"].clone()).map_err(|refused| (refused.code, refused.message))
        };
        let first = create("10.00", Some("ticket-1")).await.unwrap();
        assert_eq!(create("10.00", Some("ticket-1")).await.unwrap(), first);
        assert_eq!(balance(&world, "provider_receivable:card EUR").await, 90_00);
        let (code, message) = create("20.00", Some("ticket-1")).await.unwrap_err();
        assert_eq!((code.as_str(), message.as_str()), ("refund_refused", "The idempotency key was used for another request."));
        let refused = create("10.00", Some("two words")).await.unwrap_err();
        assert_eq!(refused.0, "idempotency_key_invalid");
        assert_ne!(create("10.00", None).await.unwrap(), first);
        assert_ne!(create("10.00", Some("ticket-2")).await.unwrap(), first);
        assert_eq!(balance(&world, "provider_receivable:card EUR").await, 70_00);
        let (tenant, subject) = (world.tenant(), first.as_str().unwrap().to_owned());
        let list = move |tx: &mut Tx| tx.list_operator_actions(&tenant, &subject);
        let written: Result<_, StoreError> = world.app.store().read(list).await;
        assert_eq!(written.unwrap().len(), 1);
    }

    async fn an_operator_refunds_too(store) {
        let world = World::over(store).await;
        let (_, transaction) = bought(&world, "succeeds").await;
        let whose = Whose { partner: None, mode: Mode::Test };
        let create = RefundCommand::Create {
            whose: whose.clone(),
            transaction: transaction.to_string(),
            amount: Some("1.00".into()),
            reason: "ticket 1".into(),
            actor: "ada".into(),
            idempotency_key: None,
        };
        let made = admin::run(&world.app, Command::Refunds(create.clone())).await.unwrap();
        assert_eq!(made["status"], json!("pending"));
        let refused = admin::run(&world.app, Command::Refunds(create)).await.unwrap_err();
        assert_eq!(refused.message, "Another refund of this transaction is under way.");
        let list = RefundCommand::List { whose, transaction: transaction.to_string() };
        let listed = admin::run(&world.app, Command::Refunds(list)).await.unwrap();
        let listed: RefundsAnswer = serde_json::from_value(listed).unwrap();
        assert_eq!(listed.refunds.len(), 1);
    }
}
