//! Signed quotes and rail payments: redeemed once, settled by themselves, booked to the unit.

use gate_app::App;
use gate_app::quotes::{LockQuote, PriceWanted, lock_quote};
use gate_app::rails::{
    RailError, RailOutcome, StartRailPayment, find_rail_payment, force_rail_payment,
    start_rail_payment,
};
use gate_app::testing::{ADDRESS, DEAD_ADDRESS, World};
use gate_domain::catalogue::{Entitlement, RefusalCode, Side};
use gate_domain::destination::Destination;
use gate_domain::ids::{Mode, QuoteId, SessionId};
use gate_domain::money::Money;
use gate_domain::quote::{OnLapse, Quote};
use gate_domain::rail_payment::{RailKind, RailPaymentId};
use gate_domain::session::{Flow, IdentityLevel, Refused};
use gate_domain::signed_quote::NotRedeemable;
use gate_store::{IdempotentRequest, Store, both_engines, sql};
use gate_wire::quote::SignedQuoteBody;
use gate_wire::rail::RailPaymentBody;
use serde_json::{Value, json};

use crate::limits::{known, lives_in, session_of, show};
use crate::purchases::balance;

/// Where the money of transfers that come in stands.
const BANK: &str = "bank:sepa_bank_transfer EUR";

/// A gateway whose partner may use the rails.
pub(crate) async fn world(store: &Store) -> World {
    let world = World::over(store).await;
    world.entitle(&[Entitlement::Rails]).await;
    world
}

fn key(app: &App, world: &World) -> IdempotentRequest {
    let key_hash = app.ids().random::<16>().to_vec();
    IdempotentRequest { tenant: world.tenant(), key_hash, fingerprint: vec![1; 32] }
}

/// Lock the price of 100 EUR, or of selling 100 USDC.
pub(crate) async fn lock(world: &World, side: Side, method: &str) -> Quote {
    let units = if side == Side::OnRamp { 100_00 } else { 100_000_000 };
    lock_amount(world, side, method, units).await
}

/// Lock the price of so much.
pub(crate) async fn lock_amount(world: &World, side: Side, method: &str, units: i128) -> Quote {
    let offer = world.app.offer(&world.tenant());
    let currency = offer.currency("EUR").unwrap().asset();
    let token = offer.token("USDC", "base", Some(side)).unwrap().asset();
    let amount = match side {
        Side::OnRamp => Money::new(units, currency.clone()),
        Side::OffRamp => Money::new(units, token.clone()),
    };
    lock_price(world, PriceWanted { side, currency, token, amount, country: None }, method).await
}

/// Lock a price.
pub(crate) async fn lock_price(world: &World, wanted: PriceWanted, method: &str) -> Quote {
    let command = LockQuote {
        tenant: world.tenant(),
        request: None,
        wanted,
        payment_method: method.into(),
        lock_s: 120,
        on_lapse: OnLapse::default(),
    };
    let answered = lock_quote(&world.app, command).await.unwrap();
    let body: SignedQuoteBody = serde_json::from_str(&answered.answer.response).unwrap();
    let (tenant, id) = (world.tenant(), QuoteId::parse(&body.id).unwrap());
    let signed = world.app.store().read(move |tx| tx.find_signed_quote(&tenant, &id)).await;
    signed.unwrap().unwrap().quote
}

/// A session for exactly what a quote is for, with a wallet where it buys.
pub(crate) async fn session_for(world: &World, quote: &Quote, address: &str) -> SessionId {
    let address = Destination::from_stored(address).unwrap();
    let (fiat, side) = (quote.fiat.clone(), quote.side);
    world
        .create_with(|terms| {
            terms.amount = fiat;
            match side {
                Side::OnRamp => terms.wallet_address = Some(address),
                Side::OffRamp => terms.flow = Some(Flow::OffRamp),
            }
        })
        .await
}

pub(crate) fn command(world: &World, quote: &Quote, session: &SessionId) -> StartRailPayment {
    StartRailPayment {
        tenant: world.tenant(),
        request: key(&world.app, world),
        kind: if quote.side == Side::OnRamp { RailKind::PayIn } else { RailKind::PayOut },
        quote_id: quote.id.clone(),
        session_id: session.clone(),
    }
}

pub(crate) async fn start(
    world: &World,
    command: StartRailPayment,
) -> Result<RailPaymentBody, RailError> {
    let started = start_rail_payment(&world.app, command).await?;
    assert_eq!(started.answer.status, 201);
    Ok(serde_json::from_str(&started.answer.response).unwrap())
}

async fn find(world: &World, id: &str) -> RailPaymentBody {
    let (tenant, id) = (world.tenant(), RailPaymentId::parse(id).unwrap());
    let found = world.app.store().read(move |tx| find_rail_payment(tx, &tenant, &id)).await;
    found.unwrap().unwrap()
}

fn status(body: &RailPaymentBody) -> Value {
    json!(body.status)
}

async fn force(world: &World, id: &str, outcome: RailOutcome) -> Result<Value, RailError> {
    let id = RailPaymentId::parse(id).unwrap();
    force_rail_payment(&world.app, &world.tenant(), &id, outcome).await.map(|body| status(&body))
}

pub(crate) async fn running(world: &World, side: Side) -> (SessionId, RailPaymentBody) {
    let method = if side == Side::OnRamp { "sepa_bank_transfer" } else { "sepa_payout" };
    let quote = lock(world, side, method).await;
    let session = session_for(world, &quote, ADDRESS).await;
    let body = start(world, command(world, &quote, &session)).await.unwrap();
    (session, body)
}

both_engines! {
    async fn a_pay_in_settles_by_itself(store) {
        let world = world(store).await;
        let (session, started) = running(&world, Side::OnRamp).await;
        assert_eq!((started.object.as_str(), status(&started)), ("rail_pay_in", json!("processing")));
        assert_eq!(find(&world, &started.id).await, started, "what was told is what is stored");
        assert_eq!(world.session(&session).await.state.phase(), "processing");
        world.pass_seconds(0).await;
        assert_eq!(balance(&world, BANK).await, 0, "nothing has come in");
        world.pass_seconds(1).await;
        assert_eq!(status(&find(&world, &started.id).await), "processing");
        assert_eq!(balance(&world, BANK).await, 100_00, "the tokens are not there yet");
        world.pass_seconds(1).await;
        let settled = find(&world, &started.id).await;
        assert_eq!(status(&settled), "settled");
        assert_eq!(world.session(&session).await.status(), "completed");
        assert_eq!(balance(&world, BANK).await, 100_00);
        assert_eq!(balance(&world, "user_funds EUR").await, 0);
        assert_eq!(balance(&world, "provider_receivable:card EUR").await, 0);
        let expected = ["created", "quote.consumed", "rail.pay_in.processing", "processing",
            "rail.pay_in.settled", "completed"];
        assert_eq!(world.event_types().await, expected);
        let events = world.events().await;
        assert_eq!(events[1].data["status"], "consumed");
        assert_eq!(events[1].data["tx_refid"], json!(started.refid));
        assert_eq!(events[4].data, serde_json::to_value(&settled).unwrap());
        let transaction = &events[5].data["transaction"];
        assert_eq!(transaction["local_rail_transaction_id"], json!(started.id));
        assert_eq!(transaction["status"], "completed");
        assert_eq!(events[5].data["tx_refid"], json!(started.refid));
    }

    async fn a_pay_out_settles_by_itself(store) {
        let world = world(store).await;
        let (session, started) = running(&world, Side::OffRamp).await;
        assert_eq!(started.object, "rail_pay_out");
        world.pass_seconds(3).await;
        let settled = find(&world, &started.id).await;
        assert_eq!(status(&settled), "settled");
        assert_eq!(world.session(&session).await.status(), "completed");
        assert_eq!(balance(&world, "treasury USDC.base").await, 100_000_000);
        assert_eq!(balance(&world, "user_funds USDC.base").await, 0);
        let paid: i128 = settled.fiat_amount.replace('.', "").parse().unwrap();
        assert_eq!(balance(&world, "bank:sepa_payout EUR").await, -paid);
        let expected = ["created", "quote.consumed", "rail.pay_out.processing", "processing",
            "rail.pay_out.settled", "completed"];
        assert_eq!(world.event_types().await, expected);
        assert_eq!(world.events().await[5].data["transaction"]["action"], "off_ramp");
    }

    async fn a_quote_is_redeemed_once(store) {
        let world = world(store).await;
        let quote = lock(&world, Side::OnRamp, "sepa_bank_transfer").await;
        let session = session_for(&world, &quote, ADDRESS).await;
        let first = command(&world, &quote, &session);
        let started = start(&world, first.clone()).await.unwrap();
        assert_eq!(start(&world, first).await.unwrap(), started, "the same key");
        for session in [session, session_for(&world, &quote, ADDRESS).await] {
            let second = start(&world, command(&world, &quote, &session)).await;
            assert!(matches!(second, Err(RailError::Quote(NotRedeemable::Consumed))), "{second:?}");
        }
        world.pass_seconds(200).await;
        let types = world.event_types().await;
        assert_eq!(types.iter().filter(|name| *name == "quote.consumed").count(), 1);
        assert_eq!(world.sound().await.ledger.postings, 2);
    }

    async fn whoever_is_known_moves_no_more_by_rail_than_on_the_page(store) {
        let world = world(store).await;
        let user = known(&world, IdentityLevel::Enhanced).await;
        for units in [10_000_00, 10_000_00, 4_950_00] {
            let on_page = session_of(&world, &user, units).await;
            world.pay_in(&on_page, "succeeds").await;
        }
        let quote = lock(&world, Side::OnRamp, "sepa_bank_transfer").await;
        let session = session_for(&world, &quote, ADDRESS).await;
        show(&world, &session, &user).await;
        let refused = start(&world, command(&world, &quote, &session)).await.unwrap_err();
        let RailError::Refused(refusal) = refused else { panic!("{refused}") };
        assert_eq!(refusal.code, RefusalCode::LimitReached);
        assert_eq!(world.session(&session).await.transaction, None, "nothing was written down");

        let other = known(&world, IdentityLevel::Basic).await;
        let session = session_for(&world, &quote, ADDRESS).await;
        show(&world, &session, &other).await;
        start(&world, command(&world, &quote, &session)).await.unwrap();
        let now = world.app.now();
        let moved = world.app.store().read(move |tx| tx.sum_spends(Mode::Test, &other, now));
        assert_eq!(moved.await.unwrap(), (100_00, 100_00), "it counts as on the page");
        world.sound().await;
    }

    async fn whoever_has_to_show_more_does_so_first(store) {
        let world = world(store).await;
        let user = known(&world, IdentityLevel::Basic).await;
        let on_page = session_of(&world, &user, 4_950_00).await;
        world.pay_in(&on_page, "succeeds").await;
        let quote = lock(&world, Side::OnRamp, "sepa_bank_transfer").await;
        let session = session_for(&world, &quote, ADDRESS).await;
        show(&world, &session, &user).await;
        let refused = start(&world, command(&world, &quote, &session)).await;
        assert!(matches!(refused, Err(RailError::Session(Refused::OutOfStep))), "{refused:?}");

        // And whoever lives where nothing is offered any more does not pay by rail either.
        let there = known(&world, IdentityLevel::Basic).await;
        lives_in(&world, &there, "DE").await;
        let session = session_for(&world, &quote, ADDRESS).await;
        show(&world, &session, &there).await;
        world.switch_off("country:DE", "Our licence there has ended").await;
        let refused = start(&world, command(&world, &quote, &session)).await;
        assert!(matches!(refused, Err(RailError::Session(Refused::OutOfStep))), "{refused:?}");
        assert_eq!(world.session(&session).await.transaction, None, "nothing was written down");
        world.switch_on("country:DE").await;
        start(&world, command(&world, &quote, &session)).await.unwrap();
    }

    async fn twins_at_once_redeem_it_once(store) {
        let world = world(store).await;
        let quote = lock(&world, Side::OnRamp, "sepa_bank_transfer").await;
        let session = session_for(&world, &quote, ADDRESS).await;
        let same = command(&world, &quote, &session);
        let twins = (0..50).map(|_| start(&world, same.clone()));
        let answers: Vec<_> = futures::future::join_all(twins).await;
        let first = answers[0].as_ref().unwrap();
        assert!(answers.iter().all(|answer| answer.as_ref().unwrap() == first));
        // And whoever brings a key of their own comes too late.
        let others = (0..50).map(|_| start(&world, command(&world, &quote, &session)));
        for answer in futures::future::join_all(others).await {
            assert!(matches!(answer, Err(RailError::Quote(NotRedeemable::Consumed))), "{answer:?}");
        }
        world.pass_seconds(3).await;
        assert_eq!(world.sound().await.ledger.postings, 2);
    }

    async fn rivals_with_keys_of_their_own_redeem_it_once(store) {
        let world = world(store).await;
        let quote = lock(&world, Side::OnRamp, "sepa_bank_transfer").await;
        let mut rivals = Vec::new();
        for _ in 0..10 {
            let session = session_for(&world, &quote, ADDRESS).await;
            rivals.push(command(&world, &quote, &session));
        }
        let races = rivals.into_iter().map(|rival| start(&world, rival));
        let answers = futures::future::join_all(races).await;
        assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
        for answer in answers.into_iter().filter_map(Result::err) {
            assert!(matches!(answer, RailError::Quote(NotRedeemable::Consumed)), "{answer:?}");
        }
        world.pass_seconds(3).await;
        assert_eq!(world.sound().await.ledger.postings, 2);
    }

    async fn what_cannot_be_redeemed_changes_nothing(store) {
        let world = world(store).await;
        let quote = lock(&world, Side::OnRamp, "sepa_bank_transfer").await;
        let session = session_for(&world, &quote, ADDRESS).await;
        let good = command(&world, &quote, &session);
        let refused = |change: fn(&mut StartRailPayment)| {
            let mut bad = StartRailPayment { request: key(&world.app, &world), ..good.clone() };
            change(&mut bad);
            start(&world, bad)
        };
        let other = refused(|bad| bad.kind = RailKind::PayOut).await;
        assert!(matches!(other, Err(RailError::Quote(NotRedeemable::OtherSide { .. }))), "{other:?}");
        let cheap = world.create_with(|terms| terms.amount.units = 50_00).await;
        let bad = start(&world, command(&world, &quote, &cheap)).await;
        assert!(matches!(bad, Err(RailError::Quote(NotRedeemable::OtherAmount { .. }))), "{bad:?}");
        let homeless = world.create().await;
        let bad = start(&world, command(&world, &quote, &homeless)).await;
        assert!(matches!(bad, Err(RailError::NoAddress)), "{bad:?}");
        let busy = world.paying("slow").await;
        let bad = start(&world, command(&world, &quote, &busy)).await;
        assert!(matches!(bad, Err(RailError::Session(Refused::PaymentInFlight))), "{bad:?}");
        world.switch_off("payment_method:sepa_bank_transfer", "The bank is closed.").await;
        let bad = start(&world, command(&world, &quote, &session)).await;
        assert!(matches!(bad, Err(RailError::Refused(_))), "{bad:?}");
        world.switch_on("payment_method:sepa_bank_transfer").await;
        world.clock.advance_ms(119_999);
        assert!(start(&world, good).await.is_ok(), "nothing of all that has used it up");

        let late = lock(&world, Side::OnRamp, "sepa_bank_transfer").await;
        let session = session_for(&world, &late, ADDRESS).await;
        world.clock.advance_ms(120_000);
        let bad = start(&world, command(&world, &late, &session)).await;
        assert!(matches!(bad, Err(RailError::Quote(NotRedeemable::Expired))), "{bad:?}");
    }

    async fn a_stored_quote_that_was_altered_pays_nobody(store) {
        let world = world(store).await;
        let quote = lock(&world, Side::OnRamp, "sepa_bank_transfer").await;
        let session = session_for(&world, &quote, ADDRESS).await;
        let alter = sql("update quotes set body = replace(body, '\"rate\":', '\"rate\":1')");
        world.app.store().write(move |tx| tx.execute(alter, &[])).await.unwrap();
        let bad = start(&world, command(&world, &quote, &session)).await;
        assert!(matches!(bad, Err(RailError::Store(_))), "{bad:?}");
    }

    async fn every_outcome_can_be_forced_and_stays(store) {
        let world = world(store).await;
        for side in [Side::OnRamp, Side::OffRamp] {
            for (outcome, ending, phase) in [
                (RailOutcome::Settle, "settled", "settled"),
                (RailOutcome::Fail, "failed", "failed"),
                (RailOutcome::Cancel, "cancelled", "failed"),
            ] {
                let (session, started) = running(&world, side).await;
                assert_eq!(force(&world, &started.id, outcome).await.unwrap(), ending);
                assert_eq!(world.session(&session).await.state.phase(), phase);
                let told = world.events().await.len();
                world.pass_seconds(30).await;
                assert_eq!(world.events().await.len(), told, "the simulator has forgotten it");
                assert_eq!(status(&find(&world, &started.id).await), ending);
                for again in [RailOutcome::Settle, RailOutcome::Fail, RailOutcome::Cancel] {
                    let again = force(&world, &started.id, again).await;
                    assert!(matches!(again, Err(RailError::OutOfStep(_))), "{again:?}");
                }
                world.sound().await;
            }
        }
    }

    async fn what_has_come_in_goes_back_and_is_told_then(store) {
        let world = world(store).await;
        for side in [Side::OnRamp, Side::OffRamp] {
            let (session, started) = running(&world, side).await;
            world.pass_seconds(1).await;
            let transaction = world.transaction_of(&session).await;
            assert!(["payment_received", "settling"].contains(&transaction.state.status()));
            let early = force(&world, &started.id, RailOutcome::Cancel).await;
            assert!(matches!(early, Err(RailError::OutOfStep(_))), "{early:?}");
            let failing = force(&world, &started.id, RailOutcome::Fail).await.unwrap();
            assert_eq!(failing, "processing", "the money is not back yet");
            world.pass_seconds(1).await;
            let failed = find(&world, &started.id).await;
            assert_eq!((status(&failed), failed.reason.unwrap().code), (json!("failed"), "payout_failed".into()));
            assert_eq!(world.session(&session).await.state.phase(), "refunded");
        }
        let report = world.sound().await;
        assert!(report.ledger.balances.values().all(|units| units == "0"), "{report:?}");
    }

    async fn a_wallet_that_takes_nothing_sends_the_money_back(store) {
        let world = world(store).await;
        let quote = lock(&world, Side::OnRamp, "sepa_bank_transfer").await;
        let session = session_for(&world, &quote, DEAD_ADDRESS).await;
        let started = start(&world, command(&world, &quote, &session)).await.unwrap();
        world.pass_seconds(4).await;
        assert_eq!(status(&find(&world, &started.id).await), "failed");
        assert_eq!(balance(&world, BANK).await, 0);
        // The session is open again, and another quote pays it.
        let next = lock(&world, Side::OnRamp, "sepa_bank_transfer").await;
        let started = start(&world, command(&world, &next, &session)).await.unwrap();
        assert_eq!(status(&started), "processing");
    }

    async fn the_page_offers_the_locked_price_while_it_holds(store) {
        let world = world(store).await;
        let locked = lock(&world, Side::OnRamp, "card").await;
        let named = |quote: &Quote| {
            let id = quote.id.clone();
            world.create_with(|terms| terms.quote_id = Some(id))
        };
        let (first, second) = (named(&locked).await, named(&locked).await);
        world.clock.advance_ms(30_000);
        let market = world.create().await;
        assert_ne!(world.quote(&market).await, locked.id);
        assert_eq!(world.quote(&first).await, locked.id);
        let revision = world.journey(&first).await.revision;
        assert_eq!(world.choose(&first, ADDRESS).await, locked.id, "asking again keeps it");
        assert_eq!(world.journey(&first).await.revision, revision + 2, "accepted, and an address");
        assert_eq!(world.choose(&second, ADDRESS).await, locked.id);
        world.pay(&first, &locked.id, "succeeds").await.unwrap();
        // The other page meant to pay the same price; it is gone, and the page offers another.
        let late = world.pay(&second, &locked.id, "succeeds").await;
        assert!(late.is_err(), "redeemed by the first");
        assert_ne!(world.quote(&second).await, locked.id);
        world.pass_seconds(2).await;
        assert_eq!(world.session(&first).await.status(), "completed");
        let types = world.event_types().await;
        assert_eq!(types.iter().filter(|name| *name == "quote.consumed").count(), 1);
        world.sound().await;

        let locked = lock(&world, Side::OnRamp, "card").await;
        let session = named(&locked).await;
        world.choose(&session, ADDRESS).await;
        world.clock.advance_ms(120_000);
        assert_ne!(world.quote(&session).await, locked.id, "it has lapsed");
        let other = lock(&world, Side::OnRamp, "sepa_bank_transfer").await;
        let session = named(&other).await;
        assert_ne!(world.quote(&session).await, other.id, "the page takes cards only");
    }
}
