//! Swaps on the hosted page: tokens come in like those of a sale, and other tokens go out like those of
//! a purchase.

use gate_app::choose::{PaidWith, Wanted, accept_quote, give_refund_address, request_quote};
use gate_app::deposits::Simulated;
use gate_app::journey::JourneyError;
use gate_app::test_helpers::{Force, force};
use gate_app::testing::{ADDRESS, DEAD_ADDRESS, World, typed};
use gate_domain::deposit::{Cause, State};
use gate_domain::ids::{QuoteId, SessionId};
use gate_domain::session::Flow;
use gate_store::both_engines;
use gate_wire::journey::JourneyStep;
use gate_wire::words;

/// Where tokens go back to; not where the others go.
const BACK: &str = "0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045";
/// Longer than the price of a swap holds.
const LAPSE_MS: i64 = 21 * 60_000;

async fn step(world: &World, session: &SessionId) -> JourneyStep {
    world.journey(session).await.step
}

/// Nothing of the user's is left with us.
async fn nothing_is_left(world: &World) {
    let balances = world.sound().await.ledger.balances;
    for (name, units) in &balances {
        let users = name.starts_with("suspense") || name.starts_with("user_funds");
        assert!(!users || units == "0", "{name} {units}");
    }
}

both_engines! {
    async fn a_swap_takes_tokens_in_and_sends_others_out(store) {
        let world = World::over(store).await;
        let session = world.create_swap().await;
        let JourneyStep::Amount { flow, flows, from_options, from_selected, .. } =
            step(&world, &session).await
        else {
            panic!("the first step")
        };
        assert_eq!((flow, flows.len()), (words::Flow::Swap, 1));
        let from = from_selected.unwrap();
        assert_ne!((from.target_token.as_str(), from.target_network.as_str()), ("USDC", "base"));
        assert!(from_options.len() > 10);
        world.swap(&session, ADDRESS, BACK).await;
        let JourneyStep::Deposit { quote, missing_amount, back_to, account: None, .. } =
            step(&world, &session).await
        else {
            panic!("the page says where to send tokens")
        };
        let paid = quote.paid_in.unwrap();
        assert_eq!((paid.token.as_str(), &paid.amount), ("ETH", &missing_amount));
        assert_eq!(back_to, BACK);
        world.send_tokens(&session, None).await;
        world.pass_seconds(3).await;
        let JourneyStep::Done { address, account: None, .. } = step(&world, &session).await else {
            panic!("the tokens are there")
        };
        assert_eq!(address.to_lowercase(), ADDRESS);
        assert_eq!(world.event_types().await, ["created", "processing", "completed"]);
        let events = world.events().await;
        let told = &events[2].data["transaction"];
        assert_eq!((&told["action"], &told["source_token"]), (&"swap".into(), &"ETH".into()));
        assert_eq!(told["source_amount"], missing_amount.as_str());
        nothing_is_left(&world).await;
    }

    async fn what_cannot_be_delivered_goes_back_to_the_refund_address(store) {
        let world = World::over(store).await;
        let session = world.create_swap().await;
        world.swap(&session, DEAD_ADDRESS, BACK).await;
        let over = world.send_tokens(&session, Some("5")).await;
        assert_eq!(over.state, State::Returning { cause: Cause::Surplus });
        world.pass_seconds(3).await;
        let JourneyStep::Failed { reason, refunded: true, .. } = step(&world, &session).await else {
            panic!("it has failed")
        };
        assert_eq!(reason.code, "payout_failed");
        nothing_is_left(&world).await;
    }

    async fn a_price_that_moved_asks_the_user_again(store) {
        let world = World::over(store).await;
        let session = world.create_swap().await;
        let agreed = world.swap(&session, ADDRESS, BACK).await;
        world.clock.advance_ms(LAPSE_MS);
        world.send_tokens(&session, None).await;
        let (app, tenant) = (&world.app, world.tenant());
        let wanted = Wanted::of("USDC", "base");
        let journey = request_quote(app, &tenant, &session, wanted).await.unwrap();
        let JourneyStep::NewPrice { agreed: old, quote: Some(fresh), .. } = journey.step else {
            panic!("the page asks")
        };
        assert_eq!(old.id, agreed.as_str());
        let (old_paid, paid) = (old.paid_in.unwrap(), fresh.paid_in.clone().unwrap());
        assert_eq!(old_paid.amount, paid.amount, "for the same tokens");
        assert_ne!(old_paid.exchange_rate, paid.exchange_rate, "the market has moved");
        let id = QuoteId::parse(&fresh.id).unwrap();
        accept_quote(app, &tenant, &session, id).await.unwrap();
        world.sound().await; // what is held is what the new price brings
        world.pass_seconds(3).await;
        let JourneyStep::Done { quote, .. } = step(&world, &session).await else {
            panic!("the tokens are there")
        };
        assert_eq!(quote.crypto_amount, fresh.crypto_amount);
        nothing_is_left(&world).await;
    }

    async fn a_token_is_not_swapped_for_itself_nor_a_purchase_paid_with_tokens(store) {
        let world = World::over(store).await;
        let session = world.create_swap().await;
        let (app, tenant) = (&world.app, world.tenant());
        let itself = PaidWith { token: Some("USDC".into()), network: Some("base".into()) };
        let wanted = Wanted { from: itself, ..Wanted::of("USDC", "base") };
        let refused = request_quote(app, &tenant, &session, wanted).await;
        assert!(matches!(refused, Err(JourneyError::AssetNotAvailable)));
        let quote = world.swap(&session, ADDRESS, BACK).await;
        let paid = world.pay(&session, &quote, "succeeds").await.unwrap();
        assert!(matches!(paid.step, JourneyStep::Deposit { .. }), "a swap goes on");
        let purchase = world.create().await;
        world.choose(&purchase, ADDRESS).await;
        let back = typed(BACK);
        let refused = give_refund_address(app, &tenant, &purchase, back).await;
        assert!(matches!(refused, Err(JourneyError::Refused(_))));
    }

    async fn another_token_than_agreed_is_held(store) {
        let world = World::over(store).await;
        let session = world.create_swap().await;
        world.swap(&session, ADDRESS, BACK).await;
        let simulated = Simulated {
            amount: Some("25".into()),
            token: Some("USDC".into()),
            ..Simulated::default()
        };
        let (app, tenant) = (&world.app, world.tenant());
        let wrong = gate_app::deposits::simulate_deposit(app, &tenant, &session, simulated).await;
        assert_eq!(wrong.unwrap().state, State::Held { cause: Cause::WrongAsset });
    }

    async fn a_swap_needs_its_entitlement_and_is_forced_like_the_others(store) {
        let world = World::over(store).await;
        let without = world.create_with(|terms| terms.flow = Some(Flow::Swap)).await;
        let JourneyStep::Unavailable { reason } = step(&world, &without).await else {
            panic!("the contract does not hold it")
        };
        assert_eq!(reason.code, "entitlement_required");
        for (outcome, shown) in [(Force::Complete, "done"), (Force::Fail, "failed")] {
            let session = world.create_swap().await;
            force(&world.app, &world.tenant(), &session, outcome).await.unwrap();
            match step(&world, &session).await {
                JourneyStep::Done { .. } => assert_eq!(shown, "done"),
                JourneyStep::Failed { .. } => assert_eq!(shown, "failed"),
                other => panic!("{other:?}"),
            }
            nothing_is_left(&world).await;
        }
    }
}
