//! Sales are paid out by every method of the catalogue: each asks for its own kind of account, and what
//! its rail makes of it is the same everywhere.

use std::sync::Arc;

use gate_app::capabilities::world_wide;
use gate_app::choose::{self, Wanted};
use gate_app::deposits::start_deposit;
use gate_app::journey::JourneyError;
use gate_app::quotes::PriceWanted;
use gate_app::test_helpers::{Force, force};
use gate_app::testing::{ADDRESS, World, paid_out, typed};
use gate_domain::bank::{Account, AccountKind, BankAccount};
use gate_domain::catalogue::{Catalogue, Entitlement, Method, Side};
use gate_domain::ids::{QuoteId, SessionId};
use gate_domain::money::Money;
use gate_domain::quote::Quote;
use gate_domain::rail::{CommandKind, PayoutAccount};
use gate_domain::session::{BackTo, Flow, Refused};
use gate_domain::time::Millis;
use gate_rails::simulator::{SimulatedAccounts, TEST_ACCOUNTS};
use gate_rails::{AccountVault, CardProblem, Rails};
use gate_store::both_engines;
use gate_wire::journey::JourneyStep;
use gate_wire::words;

use crate::purchases::balance;
use crate::rails::{command, lock_price, session_for, start};

/// The simulator's account of a kind that a payout goes like this to.
fn account(kind: AccountKind, outcome: &str) -> Account {
    let mut accounts = TEST_ACCOUNTS.iter().filter(|known| known.outcome == outcome);
    accounts.find_map(|known| Some(known.account()).filter(|known| known.kind() == kind)).unwrap()
}

async fn step(world: &World, session: &SessionId) -> JourneyStep {
    world.journey(session).await.step
}

/// Makes a card of every account, as if another tab had chosen another method meanwhile.
struct Turned;

impl AccountVault for Turned {
    fn tokenise(&self, account: &Account, now: Millis) -> Result<PayoutAccount, CardProblem> {
        let taken = SimulatedAccounts.tokenise(account, now)?;
        Ok(PayoutAccount { kind: AccountKind::Card, ..taken })
    }
}

/// The world, with a second method that pays out to an IBAN, in one country alone.
fn with_a_bank_in_austria() -> Arc<Catalogue> {
    let world = world_wide();
    let sepa = world.method(Side::OffRamp, "sepa_payout").unwrap().clone();
    let countries = vec!["AT".to_owned()];
    let id = "austrian_payout".to_owned();
    let methods = world.methods().iter().cloned().chain([Method { id, countries, ..sepa }]);
    let (flows, places) = (world.flows().to_vec(), world.countries().to_vec());
    let (currencies, networks) = (world.currencies().to_vec(), world.networks().to_vec());
    let assets = world.assets().to_vec();
    let more = Catalogue::new(flows, places, currencies, networks, assets, methods.collect());
    let (fees, identity) = (world.fees().to_vec(), world.identity().clone());
    Arc::new(more.with_fees(fees).with_identity(identity))
}

async fn nothing_is_left(world: &World, kind: AccountKind) {
    let (currency, _) = paid_out(kind);
    world.sound().await;
    for name in ["suspense USDC.base", "user_funds USDC.base", &format!("user_funds {currency}")] {
        assert_eq!(balance(world, name).await, 0, "{name}");
    }
}

/// The price on the table, accepted.
async fn accepted(world: &World, session: &SessionId, payout: Option<&str>) -> QuoteId {
    let (app, tenant) = (&world.app, world.tenant());
    let wanted = Wanted { payout: payout.map(str::to_owned), ..Wanted::of("USDC", "base") };
    let journey = choose::request_quote(app, &tenant, session, wanted).await.unwrap();
    let JourneyStep::Amount { quote: Some(quote), .. } = journey.step else {
        panic!("a price is on the table")
    };
    let quote = QuoteId::parse(&quote.id).unwrap();
    choose::accept_quote(app, &tenant, session, quote.clone()).await.unwrap();
    quote
}

/// What the rails are asked for next, and by which method.
async fn commands(world: &World) -> Vec<(CommandKind, Option<String>)> {
    let now = world.app.now();
    let claimed = world.app.store().write(move |tx| tx.claim_commands(now, now, "test", 10)).await;
    let told = claimed.unwrap().into_iter().map(|claim| claim.command);
    told.map(|command| (command.kind, command.method)).collect()
}

both_engines! {
    async fn each_kind_of_account_is_paid_in_its_currency(store) {
        for kind in AccountKind::ALL {
            let world = World::over(store).await;
            let session = world.create_sale_to(kind).await;
            world.sell_to(&session, account(kind, "succeeds"), ADDRESS).await;
            world.send_tokens(&session, None).await;
            world.pass_seconds(3).await;
            let JourneyStep::Done { account: Some(shown), .. } = step(&world, &session).await else {
                panic!("the money is there: {kind:?}")
            };
            assert_eq!(shown.kind, kind.into());
            let (currency, method) = paid_out(kind);
            let till = format!("bank:{method} {currency}");
            assert_eq!(balance(&world, &till).await, -100_00, "{till}");
            nothing_is_left(&world, kind).await;
        }
    }

    async fn a_payout_that_bounces_gives_the_tokens_back_whatever_it_went_to(store) {
        for kind in AccountKind::ALL {
            let world = World::over(store).await;
            let session = world.create_sale_to(kind).await;
            world.sell_to(&session, account(kind, "bounces"), ADDRESS).await;
            world.send_tokens(&session, None).await;
            world.pass_seconds(3).await;
            let JourneyStep::Failed { reason, refunded, .. } = step(&world, &session).await else {
                panic!("the sale has failed: {kind:?}")
            };
            assert_eq!((reason.code.as_str(), refunded), ("payout_bounced", true));
            nothing_is_left(&world, kind).await;
            // With another account it works.
            choose::retry(&world.app, &world.tenant(), &session).await.unwrap();
            world.sell_to(&session, account(kind, "slow"), ADDRESS).await;
            world.send_tokens(&session, None).await;
            world.pass_seconds(8).await;
            assert!(matches!(step(&world, &session).await, JourneyStep::Processing { .. }));
            world.pass_seconds(5).await;
            assert!(matches!(step(&world, &session).await, JourneyStep::Done { .. }));
            nothing_is_left(&world, kind).await;
        }
    }

    async fn the_page_asks_for_what_the_method_pays_out_to(store) {
        let world = World::over(store).await;
        let (app, tenant) = (&world.app, world.tenant());
        for kind in AccountKind::ALL {
            let session = world.create_sale_to(kind).await;
            accepted(&world, &session, Some(paid_out(kind).1)).await;
            let JourneyStep::Account { account_kind, test_payouts, test_accounts, .. } =
                step(&world, &session).await
            else {
                panic!("an account is asked for")
            };
            assert_eq!(account_kind, words::AccountKind::from(kind));
            assert_eq!(test_payouts.len(), 4, "{kind:?}");
            assert_eq!(test_accounts.len(), if kind == AccountKind::Iban { 4 } else { 0 });
            for other in AccountKind::ALL.into_iter().filter(|other| *other != kind) {
                let given = account(other, "succeeds");
                let refused = choose::give_account(app, &tenant, &session, given).await;
                let Err(JourneyError::Unavailable(refusal)) = refused else {
                    panic!("{other:?} for {kind:?}")
                };
                assert!(refusal.message.ends_with("goes to another kind of account."));
            }
            let given = account(kind, "succeeds");
            choose::give_account(app, &tenant, &session, given).await.unwrap();
        }
    }

    async fn a_british_iban_does_for_a_sort_code_and_no_other(store) {
        let world = World::over(store).await;
        let (app, tenant) = (&world.app, world.tenant());
        let session = world.create_sale_to(AccountKind::SortCode).await;
        accepted(&world, &session, None).await;
        let iban = |text| Account::Iban(BankAccount::parse(text, None).unwrap());
        let french = iban("FR14 2004 1010 0505 0001 3M02 606");
        let refused = choose::give_account(app, &tenant, &session, french).await;
        assert!(matches!(refused, Err(JourneyError::Unavailable(_))));
        let british = iban("GB29 NWBK 6016 1331 9268 19");
        choose::give_account(app, &tenant, &session, british).await.unwrap();
        let given = world.session(&session).await.choice().unwrap().account.clone().unwrap();
        assert_eq!((given.kind, given.last4.as_str()), (AccountKind::SortCode, "6819"));
        assert_eq!(given.country, "GB");
    }

    async fn users_choose_how_they_are_paid_out(store) {
        let world = World::over(store).await;
        let (app, tenant) = (&world.app, world.tenant());
        let session = world.create_sale().await;
        let JourneyStep::Amount { payout_methods, payout_method, .. } =
            step(&world, &session).await
        else {
            panic!("the first step")
        };
        let ids: Vec<_> = payout_methods.iter().map(|method| method.id.as_str()).collect();
        assert_eq!(ids, ["sepa_payout", "card_payout"]);
        assert_eq!(payout_method.as_deref(), Some("sepa_payout"), "the first, where nobody says");
        let quote = accepted(&world, &session, None).await;
        choose::give_account(app, &tenant, &session, account(AccountKind::Iban, "succeeds"))
            .await
            .unwrap();
        choose::give_address(app, &tenant, &session, typed(ADDRESS)).await.unwrap();
        assert!(matches!(step(&world, &session).await, JourneyStep::Confirm { .. }));
        // They think again: the account that they named does not fit what they choose now.
        choose::step_back(app, &tenant, &session, BackTo::Amount)
            .await
            .unwrap();
        let other = accepted(&world, &session, Some("card_payout")).await;
        assert_ne!(other, quote);
        let JourneyStep::Account { account_kind, .. } = step(&world, &session).await else {
            panic!("a card is asked for")
        };
        assert_eq!(account_kind, words::AccountKind::Card);
        let early = start_deposit(app, &tenant, &session, other.clone()).await;
        assert!(matches!(early, Err(JourneyError::Refused(Refused::OutOfStep))), "{early:?}");
        let card = account(AccountKind::Card, "succeeds");
        choose::give_account(app, &tenant, &session, card).await.unwrap();
        start_deposit(app, &tenant, &session, other).await.unwrap();
        world.send_tokens(&session, None).await;
        world.pass_seconds(3).await;
        assert!(matches!(step(&world, &session).await, JourneyStep::Done { .. }));
        assert_eq!(balance(&world, "bank:card_payout EUR").await, -100_00);
        for unknown in ["ach_payout", "cheque"] {
            let session = world.create_sale().await;
            let wanted = Wanted { payout: Some(unknown.into()), ..Wanted::of("USDC", "base") };
            let refused = choose::request_quote(app, &tenant, &session, wanted).await;
            assert!(matches!(refused, Err(JourneyError::Unavailable(_))), "{unknown}");
        }
    }

    /// Two methods may pay out to accounts of one kind: the account alone does not say which.
    async fn the_rail_is_told_by_which_method_the_money_moves(store) {
        let world = World::over(store).await;
        let (app, tenant) = (&world.app, world.tenant());
        for (method, kind) in
            [("sepa_payout", AccountKind::Iban), ("card_payout", AccountKind::Card)]
        {
            let session = world.create_sale().await;
            let quote = accepted(&world, &session, Some(method)).await;
            choose::give_account(app, &tenant, &session, account(kind, "succeeds")).await.unwrap();
            choose::give_address(app, &tenant, &session, typed(ADDRESS)).await.unwrap();
            start_deposit(app, &tenant, &session, quote).await.unwrap();
            world.send_tokens(&session, None).await;
            assert_eq!(commands(&world).await, [(CommandKind::Payout, Some(method.to_owned()))]);
            world.pass_seconds(3).await;
        }
        let purchase = world.create().await;
        let quote = world.choose(&purchase, ADDRESS).await;
        world.pay(&purchase, &quote, "succeeds").await.unwrap();
        assert_eq!(commands(&world).await, [(CommandKind::Charge, Some("card".to_owned()))]);
    }

    async fn an_account_that_turns_out_to_be_of_another_kind_is_not_taken(store) {
        let rails = Rails { accounts: Arc::new(Turned), ..Rails::simulated() };
        let world = World::with_rails(store, rails).await;
        let session = world.create_sale().await;
        accepted(&world, &session, None).await;
        let iban = account(AccountKind::Iban, "succeeds");
        let given = choose::give_account(&world.app, &world.tenant(), &session, iban).await;
        assert!(matches!(given, Err(JourneyError::Unavailable(_))), "{given:?}");
        assert_eq!(world.session(&session).await.choice().unwrap().account, None);
    }

    async fn a_method_that_is_switched_off_leaves_the_others(store) {
        let world = World::over(store).await;
        let (app, tenant) = (&world.app, world.tenant());
        let session = world.create_sale().await;
        accepted(&world, &session, None).await;
        world.switch_off("payout_method:sepa_payout", "Our bank is closed.").await;
        let JourneyStep::Amount { payout_methods, notice, .. } = step(&world, &session).await
        else {
            panic!("they choose again")
        };
        assert_eq!(notice, Some(words::Notice::AssetNotAvailable));
        assert_eq!(payout_methods.len(), 1);
        let iban = account(AccountKind::Iban, "succeeds");
        choose::give_account(app, &tenant, &session, iban).await.unwrap();
        assert!(matches!(step(&world, &session).await, JourneyStep::Amount { .. }));
        assert_eq!(world.session(&session).await.choice().unwrap().account, None, "not taken");
        accepted(&world, &session, None).await;
        let JourneyStep::Account { account_kind, .. } = step(&world, &session).await else {
            panic!("a card is asked for")
        };
        assert_eq!(account_kind, words::AccountKind::Card);
        world.switch_off("payout_method:card_payout", "So are the schemes.").await;
        assert!(matches!(step(&world, &session).await, JourneyStep::Unavailable { .. }));
    }

    async fn a_country_that_is_closed_is_paid_out_to_no_more(store) {
        let world = World::over(store).await;
        let (app, tenant) = (&world.app, world.tenant());
        let session = world.create_sale().await;
        let quote = accepted(&world, &session, None).await;
        let iban = || account(AccountKind::Iban, "succeeds");
        choose::give_account(app, &tenant, &session, iban()).await.unwrap();
        choose::give_address(app, &tenant, &session, typed(ADDRESS)).await.unwrap();
        world.switch_off("country:DE", "Our licence there has ended.").await;
        assert!(matches!(step(&world, &session).await, JourneyStep::Account { .. }), "asked again");
        let started = start_deposit(app, &tenant, &session, quote).await;
        assert!(matches!(started, Err(JourneyError::Unavailable(_))), "{started:?}");
        let given = choose::give_account(app, &tenant, &session, iban()).await;
        assert!(matches!(given, Err(JourneyError::Unavailable(_))), "{given:?}");
        world.switch_on("country:DE").await;
        assert!(matches!(step(&world, &session).await, JourneyStep::Confirm { .. }), "as it was");
    }

    async fn an_account_is_asked_for_again_where_the_method_does_not_take_its_country(store) {
        let world = World::with_catalogue(store, with_a_bank_in_austria()).await;
        let (app, tenant) = (&world.app, world.tenant());
        let session = world.create_sale().await;
        accepted(&world, &session, None).await;
        let german = account(AccountKind::Iban, "succeeds");
        choose::give_account(app, &tenant, &session, german.clone()).await.unwrap();
        choose::give_address(app, &tenant, &session, typed(ADDRESS)).await.unwrap();
        choose::step_back(app, &tenant, &session, BackTo::Amount).await.unwrap();
        let quote = accepted(&world, &session, Some("austrian_payout")).await;
        let JourneyStep::Account { account_kind, .. } = step(&world, &session).await else {
            panic!("an Austrian one is asked for")
        };
        assert_eq!(account_kind, words::AccountKind::Iban);
        for refused in [
            choose::give_account(app, &tenant, &session, german).await,
            start_deposit(app, &tenant, &session, quote.clone()).await,
        ] {
            assert!(matches!(refused, Err(JourneyError::Unavailable(_))), "{refused:?}");
        }
        let austrian = BankAccount::parse("AT61 1904 3002 3457 3201", None).unwrap();
        choose::give_account(app, &tenant, &session, Account::Iban(austrian)).await.unwrap();
        assert!(matches!(step(&world, &session).await, JourneyStep::Confirm { .. }));

        // The first one takes both, so nothing is asked again.
        choose::step_back(app, &tenant, &session, BackTo::Amount).await.unwrap();
        accepted(&world, &session, Some("sepa_payout")).await;
        assert!(matches!(step(&world, &session).await, JourneyStep::Confirm { .. }));
    }

    async fn a_sale_is_forced_in_every_currency(store) {
        for kind in AccountKind::ALL {
            let world = World::over(store).await;
            let session = world.create_sale_to(kind).await;
            force(&world.app, &world.tenant(), &session, Force::Complete).await.unwrap();
            assert!(matches!(step(&world, &session).await, JourneyStep::Done { .. }), "{kind:?}");
            nothing_is_left(&world, kind).await;
        }
    }

    async fn a_locked_price_says_how_it_is_paid_out(store) {
        let world = World::over(store).await;
        world.entitle(&[Entitlement::Rails]).await;
        for kind in AccountKind::ALL {
            let quote = lock(&world, kind).await;
            let (id, fiat) = (quote.id.clone(), quote.fiat.clone());
            let session = world.create_with(|terms| {
                terms.flow = Some(Flow::OffRamp);
                terms.amount = fiat;
                terms.quote_id = Some(id);
            });
            let session = session.await;
            assert_eq!(accepted(&world, &session, None).await, quote.id);
            let JourneyStep::Account { account_kind, .. } = step(&world, &session).await else {
                panic!("an account is asked for")
            };
            assert_eq!(account_kind, words::AccountKind::from(kind));
        }
    }

    async fn rails_pay_out_by_every_method(store) {
        let world = World::over(store).await;
        world.entitle(&[Entitlement::Rails]).await;
        for kind in AccountKind::ALL {
            let (currency, method) = paid_out(kind);
            let quote = lock(&world, kind).await;
            let session = session_for(&world, &quote, ADDRESS).await;
            start(&world, command(&world, &quote, &session)).await.unwrap();
            world.pass_seconds(3).await;
            assert_eq!(world.session(&session).await.status(), "completed");
            let till = format!("bank:{method} {currency}");
            assert_eq!(balance(&world, &till).await, -quote.fiat.units, "{till}");
            nothing_is_left(&world, kind).await;
        }
    }
}

/// Lock the price of selling 100 USDC for what an account is paid in.
async fn lock(world: &World, kind: AccountKind) -> Quote {
    let (currency, method) = paid_out(kind);
    let offer = world.app.offer(&world.tenant());
    let token = offer.token("USDC", "base", Some(Side::OffRamp)).unwrap().asset();
    let currency = offer.currency(currency).unwrap().asset();
    let amount = Money::new(100_000_000, token.clone());
    let wanted = PriceWanted { side: Side::OffRamp, currency, token, amount, country: None };
    lock_price(world, wanted, method).await
}
