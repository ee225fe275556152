//! Journeys on networks of other families than Ethereum's: their addresses, their memos, and tokens that
//! come without one.

use gate_app::app::Scope;
use gate_app::choose::{
    PaidWith, TypedAddress, Wanted, accept_quote, give_account, give_address, give_refund_address,
    request_quote, step_back,
};
use gate_app::create_session::CreateError;
use gate_app::deposits::{
    DepositError, Received, SimulateError, Simulated, Transfer, assign_stray, simulate_stray,
    start_deposit,
};
use gate_app::journey::JourneyError;
use gate_app::testing::{ADDRESS, World, card, typed};
use gate_domain::deposit::Deposit;
use gate_domain::destination::{
    Destination, DestinationError, Family, Memo, MemoError, TypedMemo, spell,
};
use gate_domain::ids::{QuoteId, SessionId, StrayId};
use gate_domain::session::{BackTo, Flow, Refused};
use gate_domain::stray::Stray;
use gate_rails::simulator::{TEST_ACCOUNTS, test_wallets};
use gate_store::{StrayFilter, Tx, both_engines};
use gate_wire::journey::{Journey, JourneyStep};

use crate::strays::tell;

/// Ask for a price and say yes to it.
pub(crate) async fn accept(
    world: &World,
    session: &SessionId,
    wanted: Wanted,
) -> (QuoteId, JourneyStep) {
    let (app, tenant) = (&world.app, world.tenant());
    world.clock.advance_ms(3_000);
    let journey = request_quote(app, &tenant, session, wanted).await.unwrap();
    let JourneyStep::Amount { quote: Some(quote), .. } = journey.step else {
        panic!("a price is on the table")
    };
    let quote = QuoteId::parse(&quote.id).unwrap();
    let journey = accept_quote(app, &tenant, session, quote.clone()).await.unwrap();
    (quote, journey.step)
}

async fn give(
    world: &World,
    session: &SessionId,
    typed: TypedAddress,
) -> Result<Journey, JourneyError> {
    give_address(&world.app, &world.tenant(), session, typed).await
}

/// A wallet of a family.
pub(crate) fn wallet(family: Family) -> String {
    spell(family, &[9; 32])
}

/// A sale of a token, up to where to send it.
pub(crate) async fn sell(
    world: &World,
    (token, network): (&str, &str),
    back_to: &str,
) -> SessionId {
    let (app, tenant) = (&world.app, world.tenant());
    let session = world.create_sale().await;
    let (quote, _) = accept(world, &session, Wanted::of(token, network)).await;
    give_account(app, &tenant, &session, TEST_ACCOUNTS[0].account()).await.unwrap();
    give(world, &session, typed(back_to)).await.unwrap();
    start_deposit(app, &tenant, &session, quote).await.unwrap();
    session
}

pub(crate) async fn lose(
    world: &World,
    session: &SessionId,
    (memo, transfer): (Option<&str>, &str),
) -> Result<Stray, SimulateError> {
    let simulated = Simulated { transfer: Some(transfer.into()), ..Simulated::default() };
    let memo = memo.map(str::to_owned);
    simulate_stray(&world.app, &world.tenant(), session, memo, simulated).await
}

/// A person says that a stray belongs to the sale of a session.
pub(crate) async fn assign(
    world: &World,
    stray: &StrayId,
    session: &SessionId,
) -> Result<Deposit, DepositError> {
    let transaction = world.session(session).await.transaction.unwrap();
    let (tenant, stray) = (world.tenant(), stray.clone());
    let prices = world.app.rails(tenant.mode).unwrap().prices.clone();
    let assign = move |tx: &mut Tx, scope: &Scope<'_>| {
        assign_stray(tx, scope, &*prices, &tenant, (&stray, &transaction))
    };
    world.app.write(assign).await
}

async fn done(world: &World, session: &SessionId) -> (String, Option<String>, String) {
    match world.journey(session).await.step {
        JourneyStep::Done { address, memo, chain_transaction, .. } => {
            (address, memo, chain_transaction)
        }
        step => panic!("{step:?}"),
    }
}

both_engines! {
    async fn xrp_goes_to_an_account_at_an_exchange(store) {
        let world = World::over(store).await;
        let session = world.create().await;
        let (quote, step) = accept(&world, &session, Wanted::of("XRP", "xrpl")).await;
        let JourneyStep::Wallet { memo_name: Some(name), unchecked: false, .. } = step else {
            panic!("the wallet step")
        };
        assert_eq!(name, "destination tag");
        let wallet = wallet(Family::Xrp);
        let forgot = give(&world, &session, TypedAddress::of(&wallet)).await.unwrap_err();
        let needed = MemoError::Needed("destination tag");
        assert!(matches!(&forgot, JourneyError::Destination(DestinationError::Memo(why)) if *why == needed));
        let other = give(&world, &session, typed(ADDRESS)).await.unwrap_err();
        let (found, wanted) = (Family::Evm, Family::Xrp);
        let expected = DestinationError::OtherFamily { found, wanted };
        assert!(matches!(&other, JourneyError::Destination(why) if *why == expected));
        let step = give(&world, &session, typed(&format!("{wallet} 271828"))).await.unwrap().step;
        let JourneyStep::Payment { memo: Some(memo), .. } = step else { panic!("payment") };
        assert_eq!(memo, "271828");
        world.pay(&session, &quote, "succeeds").await.unwrap();
        world.pass_seconds(3).await;
        let (address, memo, hash) = done(&world, &session).await;
        assert_eq!((address, memo.as_deref()), (wallet, Some("271828")));
        assert_eq!(hash, hash.to_ascii_uppercase());
        world.sound().await;
    }

    async fn bitcoin_arrives_or_comes_back(store) {
        let world = World::over(store).await;
        let wallets = test_wallets(Family::Bitcoin);
        for (test, ends) in [(&wallets[0], "done"), (&wallets[1], "failed")] {
            let session = world.create().await;
            let (quote, _) = accept(&world, &session, Wanted::of("BTC", "bitcoin")).await;
            give(&world, &session, TypedAddress::of(&test.address)).await.unwrap();
            world.pay(&session, &quote, "succeeds").await.unwrap();
            world.pass_seconds(4).await;
            let step = serde_json::to_value(world.journey(&session).await.step).unwrap();
            assert_eq!(step["kind"], ends, "{}", test.outcome);
        }
        world.sound().await;
    }

    async fn another_family_asks_for_another_wallet(store) {
        let world = World::over(store).await;
        let session = world.create().await;
        accept(&world, &session, Wanted::of("USDC", "base")).await;
        give(&world, &session, typed(ADDRESS)).await.unwrap();
        // A network of the same family keeps the wallet, one of another asks.
        let (app, tenant) = (&world.app, world.tenant());
        step_back(app, &tenant, &session, BackTo::Amount).await.unwrap();
        let (_, step) = accept(&world, &session, Wanted::of("USDC", "polygon")).await;
        assert!(matches!(step, JourneyStep::Payment { .. }), "{step:?}");
        step_back(app, &tenant, &session, BackTo::Amount).await.unwrap();
        let (quote, step) = accept(&world, &session, Wanted::of("USDC", "solana")).await;
        assert!(matches!(step, JourneyStep::Wallet { unchecked: true, .. }), "{step:?}");
        // A page that is behind cannot pay to the other wallet.
        let paid = gate_app::pay::pay(app, &tenant, &session, quote, card("succeeds")).await;
        assert!(matches!(paid, Err(JourneyError::Refused(Refused::OutOfStep))), "{paid:?}");
        let step = give(&world, &session, typed(&wallet(Family::Solana))).await.unwrap().step;
        assert!(matches!(step, JourneyStep::Payment { .. }), "{step:?}");
    }

    async fn a_partners_address_leaves_the_tokens_that_can_go_there(store) {
        let world = World::over(store).await;
        let stellar = Destination::parse(Family::Stellar, &wallet(Family::Stellar), TypedMemo::of(Some("7")));
        let stellar = stellar.unwrap();
        let session = world.create_with(|terms| terms.wallet_address = Some(stellar)).await;
        let JourneyStep::Amount { options, .. } = world.journey(&session).await.step else {
            panic!("the first step")
        };
        assert!(!options.is_empty());
        assert!(options.iter().all(|option| option.target_network == "stellar"), "{options:?}");
        let (_, step) = accept(&world, &session, Wanted::of("XLM", "stellar")).await;
        let JourneyStep::Payment { memo: Some(memo), .. } = step else { panic!("{step:?}") };
        assert_eq!(memo, "7");
    }

    async fn a_sale_with_a_memo_is_paid_out(store) {
        let world = World::over(store).await;
        let back_to = format!("{} mine", wallet(Family::Stellar));
        let session = sell(&world, ("XLM", "stellar"), &back_to).await;
        let JourneyStep::Deposit { address, memo: Some(memo), qr, qr_has_memo, back_to_memo, .. } =
            world.journey(&session).await.step
        else {
            panic!("where to send")
        };
        assert!(qr.contains(&address) && qr.contains(&memo) && qr_has_memo, "{qr}");
        assert_eq!(back_to_memo.as_deref(), Some("mine"));
        // Somebody else gets the same address and another memo.
        let other = sell(&world, ("XLM", "stellar"), &back_to).await;
        let JourneyStep::Deposit { address: same, memo: Some(theirs), .. } =
            world.journey(&other).await.step
        else {
            panic!("where to send")
        };
        assert!(same == address && theirs != memo);
        world.send_tokens(&session, None).await;
        world.pass_seconds(3).await;
        assert!(matches!(world.journey(&session).await.step, JourneyStep::Done { .. }));
        assert!(matches!(world.journey(&other).await.step, JourneyStep::Deposit { .. }));
        world.sound().await;
    }

    async fn what_comes_without_its_memo_waits_for_a_person(store) {
        let world = World::over(store).await;
        let session = sell(&world, ("XRP", "xrpl"), &wallet(Family::Xrp)).await;
        let stray = lose(&world, &session, (None, "lost")).await.unwrap();
        assert_eq!(stray.address.memo, None);
        // The same transfer told again is the same stray; with a memo of nobody it is another one.
        assert_eq!(lose(&world, &session, (None, "lost")).await.unwrap(), stray);
        lose(&world, &session, (Some("1"), "another")).await.unwrap();
        let JourneyStep::Deposit { memo: Some(right), .. } = world.journey(&session).await.step
        else {
            panic!("where to send")
        };
        let right = lose(&world, &session, (Some(&right), "right")).await;
        assert!(matches!(right, Err(SimulateError::NotStray)), "{right:?}");
        let mode = world.tenant().mode;
        let waiting = world.app.store().read(move |tx| tx.list_strays(mode, StrayFilter::Open, "", 10)).await;
        assert_eq!(waiting.unwrap().len(), 2);
        assert!(matches!(world.journey(&session).await.step, JourneyStep::Deposit { .. }));
        assert!(world.deposits(&session).await.is_empty());
        world.sound().await;

        // It is nobody's who waits for something else.
        let other = sell(&world, ("XLM", "stellar"), &wallet(Family::Stellar)).await;
        let elsewhere = assign(&world, &stray.id, &other).await;
        assert!(matches!(elsewhere, Err(DepositError::Elsewhere)), "{elsewhere:?}");

        // A person finds out whose it is, and the sale goes on as if the memo had been there.
        let deposit = assign(&world, &stray.id, &session).await.unwrap();
        assert_eq!(deposit.transfer, stray.transfer);
        let again = assign(&world, &stray.id, &session).await;
        assert!(matches!(again, Err(DepositError::Found)), "{again:?}");
        // Told once more when its address has become somebody else's, it is not theirs.
        let later = sell(&world, ("XRP", "xrpl"), &wallet(Family::Xrp)).await;
        let means = world.transaction_of(&later).await.means;
        let told = Transfer {
            mode,
            address: means.deposit().unwrap().address.clone(),
            amount: stray.amount.clone(),
            transfer: stray.transfer.clone(),
            output: stray.output,
        };
        let told = tell(&world, &told).await;
        assert!(matches!(told, Received::Stray(known) if known.id == stray.id));
        assert!(world.deposits(&later).await.is_empty());
        world.pass_seconds(3).await;
        assert!(matches!(world.journey(&session).await.step, JourneyStep::Done { .. }));
        world.sound().await;
    }

    async fn a_swap_goes_from_one_family_to_another(store) {
        let world = World::over(store).await;
        let (app, tenant) = (&world.app, world.tenant());
        world.create_swap().await;
        let session = world.create_with(|terms| terms.flow = Some(Flow::Swap)).await;
        let from = PaidWith { token: Some("USDC".into()), network: Some("base".into()) };
        let wanted = Wanted { from, ..Wanted::of("XLM", "stellar") };
        let (quote, step) = accept(&world, &session, wanted).await;
        assert!(matches!(step, JourneyStep::Wallet { refund: false, memo_name: Some(_), .. }));
        let to = format!("{} 42", wallet(Family::Stellar));
        let step = give(&world, &session, typed(&to)).await.unwrap().step;
        assert!(matches!(step, JourneyStep::Wallet { refund: true, memo_name: None, .. }));
        let wrong = give_refund_address(app, &tenant, &session, typed(&to)).await;
        assert!(matches!(wrong, Err(JourneyError::Destination(_))), "{wrong:?}");
        give_refund_address(app, &tenant, &session, typed(ADDRESS)).await.unwrap();
        start_deposit(app, &tenant, &session, quote).await.unwrap();
        world.send_tokens(&session, None).await;
        world.pass_seconds(3).await;
        let (address, memo, _) = done(&world, &session).await;
        assert_eq!((address, memo.as_deref()), (wallet(Family::Stellar), Some("42")));
        world.sound().await;
    }

    async fn digits_go_out_as_the_text_that_an_exchange_asks_for(store) {
        let world = World::over(store).await;
        let stellar = wallet(Family::Stellar);
        for (memo_is_text, memo) in [(false, Memo::Number(42)), (true, Memo::Text("42".into()))] {
            let session = world.create().await;
            let (quote, _) = accept(&world, &session, Wanted::of("XLM", "stellar")).await;
            let typed = TypedAddress {
                memo: Some("42".into()),
                memo_is_text,
                ..TypedAddress::of(&stellar)
            };
            give(&world, &session, typed).await.unwrap();
            world.pay(&session, &quote, "succeeds").await.unwrap();
            let sent_to = world.transaction_of(&session).await.address.unwrap();
            assert_eq!(sent_to.memo, Some(memo));
            world.pass_seconds(3).await;
            assert_eq!(done(&world, &session).await.1.as_deref(), Some("42"));
        }
        world.sound().await;
    }

    async fn nobody_sends_to_our_own_address_or_to_a_contract(store) {
        let world = World::over(store).await;
        let sale = sell(&world, ("XRP", "xrpl"), &wallet(Family::Xrp)).await;
        let evm = sell(&world, ("USDC", "base"), ADDRESS).await;
        let session = world.create().await;
        let (app, tenant) = (&world.app, world.tenant());
        for (id, family, wanted) in [
            (&sale, Family::Xrp, Wanted::of("XRP", "xrpl")),
            (&evm, Family::Evm, Wanted::of("USDC", "base")),
        ] {
            let JourneyStep::Deposit { address, .. } = world.journey(id).await.step else {
                panic!("where to send")
            };
            step_back(app, &tenant, &session, BackTo::Amount).await.unwrap();
            accept(&world, &session, wanted).await;
            let ours = give(&world, &session, typed(&address)).await.unwrap_err();
            assert!(
                matches!(ours, JourneyError::Destination(DestinationError::OurOwn)),
                "{address} {ours}"
            );
            // Nor does a partner name it for them.
            let named = Destination::parse(family, &address, TypedMemo::default()).unwrap();
            let refused = world.try_create_with(|terms| terms.wallet_address = Some(named)).await;
            assert!(
                matches!(refused, Err(CreateError::Wallet(DestinationError::OurOwn))),
                "{address} {refused:?}"
            );
        }
        let contract = "0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913";
        let lost = give(&world, &session, typed(contract)).await.unwrap_err();
        let JourneyError::Destination(DestinationError::TokenContract { symbol, .. }) = lost else {
            panic!("{lost}")
        };
        assert_eq!(symbol, "USDC");
    }
}
