//! From create to tokens in the wallet.

use gate_app::choose::{Wanted, accept_quote, give_address, request_quote};
use gate_app::journey::{JourneyError, open_journey};
use gate_app::testing::{ADDRESS, World, typed};
use gate_app::workers::commands::send_due_commands;
use gate_domain::destination::Destination;
use gate_domain::session::Refused;
use gate_store::both_engines;
use gate_wire::journey::JourneyStep;
use serde_json::json;

/// The word by which a step is told apart.
pub(crate) fn kind(step: &JourneyStep) -> String {
    serde_json::to_value(step).unwrap()["kind"].as_str().unwrap().to_owned()
}

/// The balance of an account, in smallest units; nothing was ever booked on it: 0.
pub(crate) async fn balance(world: &World, account: &str) -> i128 {
    let balances = world.sound().await.ledger.balances;
    balances.get(account).map_or(0, |units| units.parse().unwrap())
}

both_engines! {
    async fn a_purchase_from_create_to_the_wallet(store) {
        let world = World::over(store).await;
        let (app, tenant) = (&world.app, world.tenant());
        let session = world.create().await;
        let step = open_journey(app, &tenant, &session).await.unwrap().step;
        assert_eq!(kind(&step), "amount");

        let quote = world.quote(&session).await;
        let step = accept_quote(app, &tenant, &session, quote.clone()).await.unwrap().step;
        assert_eq!(kind(&step), "wallet");
        let address = typed(ADDRESS);
        let step = give_address(app, &tenant, &session, address).await.unwrap().step;
        assert_eq!(kind(&step), "payment");
        let step = world.pay(&session, &quote, "succeeds").await.unwrap().step;
        assert_eq!(kind(&step), "processing");
        assert_eq!(world.event_types().await, ["created", "processing"]);

        assert_eq!(send_due_commands(app).await.unwrap(), 1, "the charge");
        assert_eq!(world.session(&session).await.state.phase(), "processing");
        assert_eq!(balance(&world, "user_funds EUR").await, -100_00, "charged, not delivered");
        assert_eq!(send_due_commands(app).await.unwrap(), 1, "the payout");
        assert_eq!(world.transaction_of(&session).await.state.status(), "settling");
        assert_eq!(send_due_commands(app).await.unwrap(), 0, "nothing to ask yet");
        world.clock.advance_ms(700);
        assert_eq!(send_due_commands(app).await.unwrap(), 1, "the network is asked again");

        let JourneyStep::Done { transaction_id, chain_transaction, .. } =
            world.journey(&session).await.step
        else {
            panic!("done")
        };
        assert_eq!(chain_transaction.len(), 66);
        assert_eq!(balance(&world, "user_funds EUR").await, 0);
        assert_eq!(balance(&world, "provider_receivable:card EUR").await, 100_00);
        assert_eq!(world.sound().await.ledger.postings, 2);

        let events = world.events().await;
        let sequences: Vec<_> = events.iter().map(|event| event.sequence).collect();
        assert_eq!(sequences, [1, 2, 3]);
        let types: Vec<_> = events.iter().map(|event| event.event_type.as_str()).collect();
        let expected =
            ["gate_session.created", "gate_session.processing", "gate_session.completed"];
        assert_eq!(types, expected);
        let shown = |data: &serde_json::Value| {
            let fields = ["refid", "session_id", "quote_id", "action", "status", "payment_method",
                "fiat_amount", "local_rail_transaction_id"];
            json!(fields.map(|field| data["transaction"][field].clone()))
        };
        let transaction = |status, payment: Option<&str>| {
            json!([transaction_id, session, quote, "on_ramp", status, "card", "100.00", payment])
        };
        let payment = format!("sim_pay_{}", &transaction_id["tx_test_".len()..]);
        let [created, processing, completed] = events.as_slice() else { panic!("three") };
        assert_eq!(created.data["status"], "open");
        assert_eq!(created.data.get("transaction"), None);
        assert_eq!(shown(&processing.data), transaction("awaiting_payment", None));
        assert_eq!(processing.data["progress"]["phase"], "processing");
        assert_eq!(completed.data["status"], "completed");
        assert_eq!(completed.data["progress"]["phase"], "settled");
        assert_eq!(completed.data["tx_refid"], json!(transaction_id));
        assert_eq!(shown(&completed.data), transaction("completed", Some(payment.as_str())));
        assert_eq!(completed.data.get("reason"), None);
        assert!(events.iter().all(|event| !event.livemode && event.object == "event"));
        assert!(events.iter().all(|event| event.data.get("client_secret").is_none()));
    }

    async fn a_lost_answer_is_found_by_asking(store) {
        let world = World::over(store).await;
        let session = world.paying("answer_lost").await;
        send_due_commands(&world.app).await.unwrap();
        assert_eq!(world.transaction_of(&session).await.state.status(), "awaiting_payment");
        assert_eq!(balance(&world, "user_funds EUR").await, 0);
        world.pass_seconds(3).await;
        assert_eq!(kind(&world.journey(&session).await.step), "done");
        assert_eq!(balance(&world, "provider_receivable:card EUR").await, 100_00, "charged once");
    }

    async fn an_answer_that_comes_twice_has_one_effect(store) {
        let world = World::over(store).await;
        let session = world.paying("answers_twice").await;
        world.pass_seconds(3).await;
        assert_eq!(kind(&world.journey(&session).await.step), "done");
        assert_eq!(world.event_types().await, ["created", "processing", "completed"]);
        assert_eq!(balance(&world, "provider_receivable:card EUR").await, 100_00, "charged once");
    }

    async fn paying_twice_charges_once(store) {
        let world = World::over(store).await;
        let session = world.create().await;
        let quote = world.choose(&session, ADDRESS).await;
        world.pay(&session, &quote, "succeeds").await.unwrap();
        let again = world.pay(&session, &quote, "declined").await.unwrap();
        assert_eq!(kind(&again.step), "processing", "the payment under way goes on");
        world.pass_seconds(3).await;
        let after = world.pay(&session, &quote, "succeeds").await.unwrap();
        assert_eq!(kind(&after.step), "done");
        let report = world.sound().await;
        assert_eq!(report.transactions["completed"], 1);
        assert_eq!(report.ledger.postings, 2);
    }

    async fn a_slow_bank_is_waited_for(store) {
        let world = World::over(store).await;
        let session = world.paying("slow").await;
        world.pass_seconds(3).await;
        assert_eq!(kind(&world.journey(&session).await.step), "processing");
        world.pass_seconds(4).await;
        assert_eq!(kind(&world.journey(&session).await.step), "done");
        world.sound().await;
    }

    async fn a_price_that_lapsed_cannot_be_paid_or_accepted(store) {
        let world = World::over(store).await;
        let (app, tenant) = (&world.app, world.tenant());
        let session = world.create().await;
        let quote = world.choose(&session, ADDRESS).await;
        world.clock.advance_ms(120_000);
        let refused = world.pay(&session, &quote, "succeeds").await;
        assert!(matches!(refused, Err(JourneyError::QuoteExpired)), "{refused:?}");
        let step = serde_json::to_value(world.journey(&session).await.step).unwrap();
        assert_eq!((&step["kind"], &step["notice"]), (&json!("amount"), &json!("quote_expired")));

        let second = world.quote(&session).await;
        world.clock.advance_ms(120_000);
        let refused = accept_quote(app, &tenant, &session, second).await;
        assert!(matches!(refused, Err(JourneyError::QuoteExpired)), "{refused:?}");
        assert_eq!(world.event_types().await, ["created"]);
    }

    async fn only_the_price_on_the_table_counts(store) {
        let world = World::over(store).await;
        let (app, tenant) = (&world.app, world.tenant());
        let (session, other) = (world.create().await, world.create().await);
        let old = world.quote(&session).await;
        let theirs = world.quote(&other).await;
        assert_eq!(world.quote(&session).await, old, "asking again within a moment makes none");
        world.clock.advance_ms(3_000);
        let new = world.quote(&session).await;
        for wrong in [&old, &theirs] {
            let refused = accept_quote(app, &tenant, &session, wrong.clone()).await;
            let refused = refused.unwrap_err();
            assert!(matches!(refused, JourneyError::Refused(Refused::OtherQuote)), "{refused}");
        }
        accept_quote(app, &tenant, &session, new).await.unwrap();
    }

    async fn what_the_partner_pinned_the_user_cannot_change(store) {
        let world = World::over(store).await;
        let (app, tenant) = (&world.app, world.tenant());
        let session = world
            .create_with(|terms| {
                terms.target_token = Some("USDC".into());
                terms.target_network = Some("base".into());
                terms.wallet_address = Some(Destination::from_stored(ADDRESS).unwrap());
            })
            .await;
        for (token, network) in [("USDC", "polygon"), ("ETH", "base"), ("DOGE", "base")] {
            let refused =
                request_quote(app, &tenant, &session, Wanted::of(token, network)).await;
            assert!(matches!(refused, Err(JourneyError::AssetNotAvailable)), "{token} {network}");
        }
        let quote = world.quote(&session).await;
        let step = accept_quote(app, &tenant, &session, quote).await.unwrap().step;
        assert_eq!(kind(&step), "payment", "the address is known");
        let mine = typed("0xfb6916095ca1df60bb79ce92ce3ea74c37c5d359");
        let refused = give_address(app, &tenant, &session, mine).await.unwrap_err();
        assert!(matches!(refused, JourneyError::Refused(Refused::OutOfStep)), "{refused}");
    }
}
