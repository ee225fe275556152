//! Trying again: what the bank or the network did not take is asked for again, and nobody pays a second
//! time for what cannot arrive.

use gate_app::choose::{Wanted, accept_quote, choose_flow, give_address, request_quote, retry};
use gate_app::journey::JourneyError;
use gate_app::testing::{ADDRESS, DEAD_ADDRESS, World, typed};
use gate_domain::destination::Destination;
use gate_domain::ids::SessionId;
use gate_domain::session::{Flow, Refused};
use gate_store::both_engines;
use gate_wire::error::ReasonBody;
use gate_wire::journey::JourneyStep;

const BOUNCES: &str = "DE79 0000 0000 0000 0000 02";

/// Why the last attempt failed, and whether the page offers another one.
async fn failure(world: &World, session: &SessionId) -> (ReasonBody, bool) {
    let JourneyStep::Failed { reason, can_retry, refunded: true, .. } =
        world.journey(session).await.step
    else {
        panic!("it has failed, and what was given is back")
    };
    (reason, can_retry)
}

/// Try again with the price on the table, as the page does.
async fn again(world: &World, session: &SessionId) -> JourneyStep {
    let (app, tenant) = (&world.app, world.tenant());
    retry(app, &tenant, session).await.unwrap();
    let quote = world.quote(session).await;
    accept_quote(app, &tenant, session, quote).await.unwrap().step
}

both_engines! {
    async fn an_account_that_bounced_is_asked_for_again(store) {
        let world = World::over(store).await;
        let session = world.create_sale().await;
        world.sell(&session, BOUNCES, ADDRESS).await;
        world.send_tokens(&session, None).await;
        world.pass_seconds(3).await;
        let (reason, can_retry) = failure(&world, &session).await;
        assert_eq!((reason.code.as_str(), can_retry), ("payout_bounced", true));
        assert_eq!(
            reason.message,
            "The bank did not take the money. Your tokens have gone back to your wallet."
        );
        let step = again(&world, &session).await;
        assert!(matches!(step, JourneyStep::Account { .. }), "{step:?}");
        let choice = world.session(&session).await.choice().unwrap().clone();
        assert!(choice.address.is_some(), "where tokens go back to is known");
    }

    async fn an_address_that_the_network_refused_is_asked_for_again(store) {
        let world = World::over(store).await;
        let session = world.create().await;
        let quote = world.choose(&session, DEAD_ADDRESS).await;
        world.pay(&session, &quote, "succeeds").await.unwrap();
        world.pass_seconds(3).await;
        let (reason, can_retry) = failure(&world, &session).await;
        assert_eq!((reason.code.as_str(), can_retry), ("payout_failed", true));
        assert_eq!(reason.next_step.as_deref(), Some("Start again with another address."));
        let step = again(&world, &session).await;
        assert!(matches!(step, JourneyStep::Wallet { refund: false, .. }), "{step:?}");
        let (app, tenant) = (&world.app, world.tenant());
        give_address(app, &tenant, &session, typed(ADDRESS)).await.unwrap();
        let quote = world.session(&session).await.choice().unwrap().quote.clone().unwrap();
        world.pay(&session, &quote, "succeeds").await.unwrap();
        world.pass_seconds(3).await;
        assert!(matches!(world.journey(&session).await.step, JourneyStep::Done { .. }));
        world.sound().await;
    }

    async fn of_a_swap_too_while_the_refund_address_stays(store) {
        let world = World::over(store).await;
        let session = world.create_swap().await;
        world.swap(&session, DEAD_ADDRESS, ADDRESS).await;
        world.send_tokens(&session, None).await;
        world.pass_seconds(3).await;
        assert_eq!(failure(&world, &session).await.0.code, "payout_failed");
        let step = again(&world, &session).await;
        assert!(matches!(step, JourneyStep::Wallet { refund: false, .. }), "{step:?}");
        assert!(world.session(&session).await.choice().unwrap().back_to.is_some());
    }

    async fn nobody_pays_again_for_an_address_that_the_partner_fixed(store) {
        let world = World::over(store).await;
        let (app, tenant) = (&world.app, world.tenant());
        let dead = Destination::from_stored(DEAD_ADDRESS).unwrap();
        let session = world.create_with(|terms| terms.wallet_address = Some(dead)).await;
        let quote = world.quote(&session).await;
        accept_quote(app, &tenant, &session, quote.clone()).await.unwrap();
        world.pay(&session, &quote, "succeeds").await.unwrap();
        world.pass_seconds(3).await;
        let (reason, can_retry) = failure(&world, &session).await;
        assert_eq!((reason.retryable, can_retry), (false, false));
        assert_eq!(reason.next_step.as_deref(), Some("Go back to the shop."));
        let out_of_step = |refused: JourneyError| {
            assert!(matches!(refused, JourneyError::Refused(Refused::OutOfStep)), "{refused}");
        };
        out_of_step(retry(app, &tenant, &session).await.unwrap_err());
        out_of_step(choose_flow(app, &tenant, &session, Flow::OnRamp).await.unwrap_err());
        let wanted = Wanted::of("USDC", "base");
        out_of_step(request_quote(app, &tenant, &session, wanted).await.unwrap_err());
    }
}
