//! Sales on the hosted page: tokens come in exactly, short, over, late, twice or wrong, and whatever
//! the sale does not take in goes back.

use gate_app::choose::{Wanted, accept_quote, choose_flow, request_quote, step_back};
use gate_app::deposits::{
    DepositError, SimulateError, Simulated, Transfer, decline_new_price, look_after_deposits,
    send_back, simulate_deposit,
};
use gate_app::journey::JourneyError;
use gate_app::testing::{ADDRESS, DEAD_ADDRESS, World, typed};
use gate_app::{cancel_session::cancel_session, quotes};
use gate_domain::bank::{Account, BankAccount};
use gate_domain::catalogue::{Entitlement, Side};
use gate_domain::deposit::{Cause, Deposit, State};
use gate_domain::ids::{DepositId, Mode, QuoteId, SessionId};
use gate_domain::money::Money;
use gate_domain::quote::OnLapse;
use gate_domain::session::{BackTo, Flow};
use gate_domain::transaction;
use gate_store::both_engines;
use gate_wire::journey::JourneyStep;
use gate_wire::words;

use crate::strays::tell;

pub(crate) const PAID: &str = "DE09 0000 0000 0000 0000 01";
const BOUNCES: &str = "DE79 0000 0000 0000 0000 02";
/// Longer than the price of a sale holds.
pub(crate) const LAPSE_MS: i64 = 21 * 60_000;

/// What stands on an account in the end, `0` where nothing ever did.
async fn balance(world: &World, name: &str) -> String {
    let report = world.sound().await;
    report.ledger.balances.get(name).cloned().unwrap_or_else(|| "0".into())
}

/// Nothing of the user's is left with us.
pub(crate) async fn nothing_is_left(world: &World) {
    for account in ["suspense USDC.base", "user_funds USDC.base", "user_funds EUR"] {
        assert_eq!(balance(world, account).await, "0", "{account}");
    }
}

async fn step(world: &World, session: &SessionId) -> JourneyStep {
    world.journey(session).await.step
}

async fn reason(world: &World, session: &SessionId) -> String {
    let JourneyStep::Failed { reason, .. } = step(world, session).await else {
        panic!("the sale has failed")
    };
    reason.code
}

fn states(deposits: &[Deposit]) -> Vec<State> {
    deposits.iter().map(|deposit| deposit.state).collect()
}

/// A sale at a price that the partner has locked, with what becomes of late tokens.
pub(crate) async fn locked_sale(world: &World, on_lapse: OnLapse) -> SessionId {
    world.entitle(&[Entitlement::Rails]).await;
    let catalogue = world.app.catalogue();
    let token = catalogue.tokens().find(|token| token.symbol == "USDC").unwrap().asset();
    let wanted = quotes::PriceWanted {
        side: Side::OffRamp,
        currency: catalogue.currency("EUR").unwrap().asset(),
        amount: Money::new(120_000_000, token.clone()),
        token,
        country: None,
    };
    let command = quotes::LockQuote {
        tenant: world.tenant(),
        request: None,
        wanted,
        payment_method: "sepa_payout".into(),
        lock_s: 300,
        on_lapse,
    };
    let locked = quotes::lock_quote(&world.app, command).await.unwrap();
    let body: serde_json::Value = serde_json::from_str(&locked.answer.response).unwrap();
    let id = QuoteId::parse(body["id"].as_str().unwrap()).unwrap();
    let (tenant, wanted) = (world.tenant(), id.clone());
    let quote = world.app.store().read(move |tx| tx.find_quote(&tenant, &wanted)).await;
    let amount = quote.unwrap().unwrap().fiat;
    world
        .create_with(|terms| {
            terms.flow = Some(Flow::OffRamp);
            terms.amount = amount;
            terms.quote_id = Some(id);
        })
        .await
}

both_engines! {
    async fn a_sale_takes_in_exactly_what_was_agreed(store) {
        let world = World::over(store).await;
        let session = world.create_sale().await;
        world.sell(&session, PAID, ADDRESS).await;
        let JourneyStep::Deposit { quote, missing_amount, received_amount, lapsed, .. } =
            step(&world, &session).await
        else {
            panic!("the page says where to send tokens")
        };
        assert_eq!((quote.side, quote.fiat_amount.as_str()), (words::Side::OffRamp, "100.00"));
        assert_eq!((&missing_amount, received_amount.as_str()), (&quote.crypto_amount, "0.000000"));
        assert!(!lapsed);
        let deposit = world.send_tokens(&session, None).await;
        assert_eq!((deposit.state, deposit.back_units), (State::Taken, 0));
        world.pass_seconds(3).await;
        let JourneyStep::Done { account: Some(account), .. } = step(&world, &session).await else {
            panic!("the money is there")
        };
        assert_eq!((account.last4.as_str(), account.country.as_str()), ("0001", "DE"));
        assert_eq!(world.event_types().await, ["created", "processing", "completed"]);
        nothing_is_left(&world).await;
        assert_eq!(balance(&world, "bank:sepa_payout EUR").await, "-10000");
    }

    async fn the_price_of_a_sale_is_not_paid_by_card_nor_that_of_a_purchase_in_tokens(store) {
        let world = World::over(store).await;
        let session = world.create_sale().await;
        let quote = world.quote(&session).await;
        let (app, tenant) = (&world.app, world.tenant());
        accept_quote(app, &tenant, &session, quote.clone()).await.unwrap();
        let address = typed(ADDRESS);
        gate_app::choose::give_address(app, &tenant, &session, address).await.unwrap();
        let paid = world.pay(&session, &quote, "succeeds").await;
        assert!(matches!(paid, Err(JourneyError::Refused(_))));
        let session = world.create().await;
        let quote = world.choose(&session, ADDRESS).await;
        let account = BankAccount::parse(PAID, None).map(Account::Iban).unwrap();
        gate_app::choose::give_account(app, &tenant, &session, account).await.unwrap_err();
        let started = gate_app::deposits::start_deposit(app, &tenant, &session, quote).await;
        assert!(matches!(started, Err(JourneyError::Refused(_))));
        assert_eq!(world.event_types().await, ["created", "created"]);
    }

    async fn tokens_may_come_in_parts(store) {
        let world = World::over(store).await;
        let session = world.create_sale().await;
        world.sell(&session, PAID, ADDRESS).await;
        let first = world.send_tokens(&session, Some("40")).await;
        assert_eq!(first.state, State::Counted);
        let JourneyStep::Deposit { received_amount, .. } = step(&world, &session).await else {
            panic!("more is to come")
        };
        assert_eq!(received_amount, "40.000000");
        let (tenant, id) = (world.tenant(), session.clone());
        let cancelled = world.app.write(move |tx, scope| cancel_session(tx, scope, &tenant, &id));
        assert!(cancelled.await.is_err(), "money is here, so nobody gives up");
        world.send_tokens(&session, None).await;
        assert_eq!(states(&world.deposits(&session).await), [State::Taken, State::Taken]);
        world.pass_seconds(3).await;
        assert!(matches!(step(&world, &session).await, JourneyStep::Done { .. }));
        nothing_is_left(&world).await;
    }

    async fn what_comes_short_goes_back_when_the_price_lapses(store) {
        let world = World::over(store).await;
        let session = world.create_sale().await;
        world.sell(&session, PAID, ADDRESS).await;
        world.send_tokens(&session, Some("40")).await;
        assert_eq!(look_after_deposits(&world.app).await.unwrap(), 0, "the price still holds");
        world.clock.advance_ms(LAPSE_MS);
        assert_eq!(look_after_deposits(&world.app).await.unwrap(), 1);
        assert_eq!(reason(&world, &session).await, "deposit_short");
        assert_eq!(balance(&world, "suspense USDC.base").await, "-40000000", "it is on its way");
        world.pass_seconds(3).await;
        let cause = Cause::SaleEnded;
        assert_eq!(states(&world.deposits(&session).await), [State::Returned { cause }]);
        assert_eq!(look_after_deposits(&world.app).await.unwrap(), 0);
        assert_eq!(world.event_types().await, ["created", "processing", "failed", "deposit.returned"]);
        nothing_is_left(&world).await;
    }

    async fn what_is_too_much_goes_back_and_so_does_a_second_transfer(store) {
        let world = World::over(store).await;
        let session = world.create_sale().await;
        world.sell(&session, PAID, ADDRESS).await;
        let over = world.send_tokens(&session, Some("500")).await;
        let State::Returning { cause: Cause::Surplus } = over.state else { panic!("{over:?}") };
        assert!(over.back_units > 0 && over.back_units < 500_000_000);
        let twice = world.send_tokens(&session, Some("7")).await;
        assert_eq!(twice.state, State::Returning { cause: Cause::Unexpected });
        world.pass_seconds(3).await;
        assert!(matches!(step(&world, &session).await, JourneyStep::Done { .. }));
        let long_after = world.send_tokens(&session, Some("8")).await;
        assert_eq!(long_after.state, State::Returning { cause: Cause::Unexpected });
        world.pass_seconds(3).await;
        let returned = |cause| State::Returned { cause };
        assert_eq!(
            states(&world.deposits(&session).await),
            [
                returned(Cause::Surplus),
                returned(Cause::Unexpected),
                returned(Cause::Unexpected)
            ]
        );
        nothing_is_left(&world).await;
    }

    async fn a_transfer_is_taken_in_once_however_often_it_is_told(store) {
        let world = World::over(store).await;
        let session = world.create_sale().await;
        world.sell(&session, PAID, ADDRESS).await;
        let tell = || {
            let simulated = Simulated {
                amount: Some("40".into()),
                transfer: Some("0xaa".into()),
                ..Simulated::default()
            };
            let (app, tenant, session) = (world.app.clone(), world.tenant(), session.clone());
            async move {
                let told = simulate_deposit(&app, &tenant, &session, simulated).await;
                told.unwrap()
            }
        };
        let first = tell().await;
        // At the same time, as two watchers of a network would.
        let (second, third) = tokio::join!(tell(), tell());
        assert_eq!((&second.id, &third.id), (&first.id, &first.id));
        assert_eq!(world.deposits(&session).await.len(), 1);
        assert_eq!(balance(&world, "suspense USDC.base").await, "-40000000");
    }

    async fn what_was_not_agreed_on_waits_for_a_person(store) {
        let world = World::over(store).await;
        let session = world.create_sale().await;
        world.sell(&session, PAID, ADDRESS).await;
        for (token, network, cause) in [
            (Some("EURC"), None, Cause::WrongAsset),
            (None, Some("ethereum"), Cause::WrongNetwork),
        ] {
            let simulated = Simulated {
                amount: Some("25".into()),
                token: token.map(str::to_owned),
                network: network.map(str::to_owned),
                ..Simulated::default()
            };
            let wrong = simulate_deposit(&world.app, &world.tenant(), &session, simulated).await;
            let wrong = wrong.unwrap();
            assert_eq!(wrong.state, State::Held { cause });
            let (tenant, id) = (world.tenant(), wrong.id.clone());
            let sent = world.app.write(move |tx, scope| send_back(tx, scope, &tenant, &id)).await;
            assert_eq!(sent.unwrap().state, State::Returning { cause });
            let (tenant, id) = (world.tenant(), wrong.id.clone());
            let again = world.app.write(move |tx, scope| send_back(tx, scope, &tenant, &id)).await;
            assert!(matches!(again, Err(DepositError::OutOfStep(_))), "once");
        }
        assert_eq!(balance(&world, "suspense EURC.base").await, "-25000000");
        // The sale goes on as if nothing had come.
        world.send_tokens(&session, None).await;
        world.pass_seconds(3).await;
        assert!(matches!(step(&world, &session).await, JourneyStep::Done { .. }));
        assert_eq!(balance(&world, "suspense EURC.base").await, "0");
        assert_eq!(balance(&world, "suspense USDC.ethereum").await, "0");
        nothing_is_left(&world).await;
    }

    /// What went back would go to an address that the network of these tokens does not have.
    async fn tokens_of_another_family_of_networks_do_not_come_in(store) {
        let world = World::over(store).await;
        let session = world.create_sale().await;
        world.sell(&session, PAID, ADDRESS).await;
        let simulated = Simulated { network: Some("solana".into()), ..Simulated::default() };
        let told = simulate_deposit(&world.app, &world.tenant(), &session, simulated).await;
        let refused = matches!(told, Err(SimulateError::Deposit(DepositError::OtherFamily)));
        assert!(refused, "{told:?}");
        assert!(world.deposits(&session).await.is_empty());
        // One that was taken in before that was known is told again without harm, and not sent where it
        // would be lost.
        let held = world.send_tokens(&session, Some("1")).await;
        let token = |network: &str| {
            let mut tokens = world.app.catalogue().tokens();
            tokens.find(|token| token.symbol == "USDC" && token.network == network).unwrap().asset()
        };
        let held = Deposit {
            id: DepositId::new(Mode::Test, world.app.ids().seed(world.app.now())),
            amount: Money::new(1, token("solana")),
            transfer: "of before".into(),
            state: State::Held { cause: Cause::WrongNetwork },
            ..held
        };
        let transaction = world.transaction_of(&session).await;
        let again = Transfer {
            mode: Mode::Test,
            address: transaction.means.deposit().unwrap().address.clone(),
            amount: held.amount.clone(),
            transfer: held.transfer.clone(),
            output: held.output,
        };
        let (tenant, id) = (world.tenant(), held.id.clone());
        world.app.write(move |tx, _| tx.insert_deposit(&held)).await.unwrap();
        let known = tell(&world, &again).await.deposit();
        assert_eq!(known.map(|known| known.id), Some(id.clone()));
        let sent = world.app.write(move |tx, scope| send_back(tx, scope, &tenant, &id));
        assert!(matches!(sent.await, Err(DepositError::OtherFamily)));
    }

    async fn a_return_that_fails_waits_for_a_person(store) {
        let world = World::over(store).await;
        let session = world.create_sale().await;
        world.sell(&session, PAID, DEAD_ADDRESS).await;
        world.send_tokens(&session, Some("500")).await;
        world.pass_seconds(3).await;
        let cause = Cause::ReturnFailed;
        assert_eq!(states(&world.deposits(&session).await), [State::Held { cause }]);
        assert_ne!(balance(&world, "suspense USDC.base").await, "0", "it is not forgotten");
        assert!(matches!(step(&world, &session).await, JourneyStep::Done { .. }));
    }

    async fn a_payout_that_bounces_gives_the_tokens_back(store) {
        let world = World::over(store).await;
        let session = world.create_sale().await;
        world.sell(&session, BOUNCES, ADDRESS).await;
        world.send_tokens(&session, None).await;
        world.pass_seconds(3).await;
        let JourneyStep::Failed { reason, refunded, can_retry, .. } = step(&world, &session).await
        else {
            panic!("the sale has failed")
        };
        assert_eq!((reason.code.as_str(), refunded, can_retry), ("payout_bounced", true, true));
        assert_eq!(world.event_types().await, ["created", "processing", "failed"]);
        nothing_is_left(&world).await;
        // With another account it works.
        gate_app::choose::retry(&world.app, &world.tenant(), &session).await.unwrap();
        world.sell(&session, PAID, ADDRESS).await;
        world.send_tokens(&session, None).await;
        world.pass_seconds(3).await;
        assert!(matches!(step(&world, &session).await, JourneyStep::Done { .. }));
        nothing_is_left(&world).await;
    }

    async fn tokens_that_come_too_late_ask_the_user_again(store) {
        let world = World::over(store).await;
        let (app, tenant) = (world.app.clone(), world.tenant());
        for accepts in [true, false] {
            let session = world.create_sale().await;
            world.sell(&session, PAID, ADDRESS).await;
            world.clock.advance_ms(LAPSE_MS);
            let JourneyStep::Deposit { lapsed: true, .. } = step(&world, &session).await else {
                panic!("the page says that the price has lapsed")
            };
            let late = world.send_tokens(&session, None).await;
            assert_eq!(late.state, State::Counted, "nothing happens without a yes");
            world.pass_seconds(3).await;
            let JourneyStep::NewPrice { quote: None, agreed, .. } = step(&world, &session).await
            else {
                panic!("the page asks")
            };
            let journey = request_quote(&app, &tenant, &session, Wanted::of("USDC", "base")).await.unwrap();
            let JourneyStep::NewPrice { quote: Some(fresh), .. } = journey.step else {
                panic!("there is a new price")
            };
            assert_eq!(fresh.crypto_amount, agreed.crypto_amount, "for the same tokens");
            assert_ne!(fresh.id, agreed.id);
            if accepts {
                let old = QuoteId::parse(&agreed.id).unwrap();
                let refused = accept_quote(&app, &tenant, &session, old).await;
                assert!(matches!(refused, Err(JourneyError::QuoteExpired)));
                let fresh_id = QuoteId::parse(&fresh.id).unwrap();
                accept_quote(&app, &tenant, &session, fresh_id.clone()).await.unwrap();
                world.pass_seconds(3).await;
                let JourneyStep::Done { quote, .. } = step(&world, &session).await else {
                    panic!("the money is there")
                };
                assert_eq!(quote.fiat_amount, fresh.fiat_amount, "as the new price says");
                assert_eq!(world.transaction_of(&session).await.quote_id, fresh_id);
            } else {
                decline_new_price(&app, &tenant, &session).await.unwrap();
                let again = decline_new_price(&app, &tenant, &session).await;
                assert!(matches!(again, Err(JourneyError::Refused(_))), "once");
                assert_eq!(reason(&world, &session).await, "new_price_declined");
                world.pass_seconds(3).await;
            }
            nothing_is_left(&world).await;
        }
    }

    async fn whoever_says_nothing_to_a_new_price_gets_the_tokens_back(store) {
        let world = World::over(store).await;
        let session = world.create_sale().await;
        world.sell(&session, PAID, ADDRESS).await;
        world.clock.advance_ms(LAPSE_MS);
        world.send_tokens(&session, None).await;
        world.clock.advance_ms(gate_domain::deposit::NEW_PRICE_MS - 1);
        assert_eq!(look_after_deposits(&world.app).await.unwrap(), 0);
        world.clock.advance_ms(1);
        assert_eq!(look_after_deposits(&world.app).await.unwrap(), 1);
        world.pass_seconds(3).await;
        assert_eq!(reason(&world, &session).await, "new_price_declined");
        nothing_is_left(&world).await;
    }

    async fn a_locked_price_says_what_becomes_of_late_tokens(store) {
        for (on_lapse, shown) in [
            (OnLapse::Refund, "deposit_late"),
            (OnLapse::ConvertWithin(1_000), "done"),
            (OnLapse::Requote, "new_price"),
        ] {
            let world = World::over(store).await;
            let session = locked_sale(&world, on_lapse).await;
            let quote = world.sell(&session, PAID, ADDRESS).await;
            world.clock.advance_ms(LAPSE_MS);
            world.send_tokens(&session, None).await;
            world.sound().await; // what is held is what the price of the day brings
            world.pass_seconds(3).await;
            match step(&world, &session).await {
                JourneyStep::Failed { reason, .. } => assert_eq!(reason.code, shown),
                JourneyStep::Done { quote: paid, .. } => {
                    assert_eq!(shown, "done");
                    assert_ne!(paid.id, quote.as_str(), "at the price of the day");
                }
                JourneyStep::NewPrice { .. } => assert_eq!(shown, "new_price"),
                other => panic!("{other:?}"),
            }
            world.sound().await;
        }
    }

    async fn whoever_thinks_again_before_sending_may_and_late_tokens_go_back(store) {
        let world = World::over(store).await;
        let (app, tenant) = (world.app.clone(), world.tenant());
        let session = world.create_sale().await;
        world.sell(&session, PAID, ADDRESS).await;
        let first = world.transaction_of(&session).await;
        step_back(&app, &tenant, &session, BackTo::Amount).await.unwrap();
        let JourneyStep::Amount { .. } = step(&world, &session).await else { panic!("again") };
        let abandoned = world.transaction(&first.id).await;
        assert!(matches!(abandoned.state, transaction::State::Failed { .. }));
        // The user sends to the first address all the same.
        let late = world.send_tokens(&session, Some("50")).await;
        assert_eq!(late.transaction_id, first.id);
        assert_eq!(late.state, State::Returning { cause: Cause::Unexpected });
        world.sell(&session, PAID, ADDRESS).await;
        assert_ne!(world.transaction_of(&session).await.id, first.id);
        world.send_tokens(&session, None).await;
        world.pass_seconds(3).await;
        assert!(matches!(step(&world, &session).await, JourneyStep::Done { .. }));
        nothing_is_left(&world).await;
    }

    async fn tokens_for_a_session_that_has_ended_go_back(store) {
        let world = World::over(store).await;
        let session = world.create_sale().await;
        world.sell(&session, PAID, ADDRESS).await;
        let (tenant, id) = (world.tenant(), session.clone());
        world.app.write(move |tx, scope| cancel_session(tx, scope, &tenant, &id)).await.unwrap();
        let late = world.send_tokens(&session, Some("50")).await;
        assert_eq!(late.state, State::Returning { cause: Cause::Unexpected });
        world.pass_seconds(3).await;
        assert!(matches!(step(&world, &session).await, JourneyStep::Ended { .. }));
        assert_eq!(world.event_types().await, ["created", "cancelled", "deposit.returned"]);
        nothing_is_left(&world).await;
    }

    async fn an_open_choice_shows_what_is_possible_and_forgets_prices(store) {
        let world = World::over(store).await;
        let (app, tenant) = (world.app.clone(), world.tenant());
        let session = world.create().await;
        let JourneyStep::Amount { flow, flows, .. } = step(&world, &session).await else {
            panic!("the first step")
        };
        assert_eq!(flow, words::Flow::OnRamp);
        assert_eq!(flows, [words::Flow::OnRamp, words::Flow::OffRamp]);
        world.quote(&session).await;
        let journey = choose_flow(&app, &tenant, &session, Flow::OffRamp).await.unwrap();
        let JourneyStep::Amount { flow: words::Flow::OffRamp, quote: None, .. } = journey.step
        else {
            panic!("a sale without a price yet")
        };
        world.sell(&session, PAID, ADDRESS).await;
        let late = choose_flow(&app, &tenant, &session, Flow::OnRamp).await;
        assert!(matches!(late, Err(JourneyError::Refused(_))), "tokens are expected");
        let pinned = world.create_sale().await;
        let refused = choose_flow(&app, &tenant, &pinned, Flow::OnRamp).await;
        assert!(matches!(refused, Err(JourneyError::Refused(_))), "the partner fixed it");
    }

    async fn a_sale_is_forced_like_a_purchase(store) {
        use gate_app::test_helpers::{Force, force};
        let world = World::over(store).await;
        let session = world.create_sale().await;
        force(&world.app, &world.tenant(), &session, Force::Complete).await.unwrap();
        assert!(matches!(step(&world, &session).await, JourneyStep::Done { .. }));
        nothing_is_left(&world).await;
        let session = world.create_sale().await;
        force(&world.app, &world.tenant(), &session, Force::Fail).await.unwrap();
        assert_eq!(reason(&world, &session).await, "forced_failure");
        nothing_is_left(&world).await;
    }
}
