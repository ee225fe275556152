//! What an operator sets as fees of a contract, and what the next quote then says.

use gate_app::admin::fees::{By, Charge, Command as Fees, FeesAnswer};
use gate_app::admin::{self, Command, Whose};
use gate_app::quotes::{PriceWanted, preview_quotes};
use gate_app::testing::World;
use gate_domain::Mode;
use gate_domain::catalogue::{FeeScope, Side};
use gate_domain::money::Money;
use gate_domain::quote::FeeKind;
use gate_store::both_engines;

async fn ask(world: &World, command: Fees) -> Result<FeesAnswer, String> {
    let sent = serde_json::to_vec(&Command::Fees(command)).unwrap();
    let command = serde_json::from_slice(&sent).unwrap();
    let answer = admin::run(&world.app, command).await.map_err(|refused| refused.code)?;
    Ok(serde_json::from_value(answer).unwrap())
}

fn whose() -> Whose {
    Whose { partner: None, mode: Mode::Test }
}

fn by(reason: &str) -> By {
    By { actor: "kim".into(), reason: reason.into() }
}

fn only_card() -> FeeScope {
    FeeScope { method: Some("CARD".into()), ..FeeScope::default() }
}

fn set(scope: FeeScope, charge: Charge, reason: &str) -> Fees {
    Fees::Set { whose: whose(), scope, charge, by: by(reason) }
}

/// Each method with its fees, for a hundred euro of USDC on Base.
fn quoted(world: &World) -> Vec<(String, Vec<(FeeKind, i128)>)> {
    let catalogue = world.app.catalogue();
    let currency = catalogue.currency("EUR").unwrap().asset();
    let wanted = PriceWanted {
        side: Side::OnRamp,
        amount: Money::new(100_00, currency.clone()),
        currency,
        token: catalogue.token("USDC", "base").unwrap().asset(),
        country: Some("DE".into()),
    };
    let quotes = preview_quotes(&world.app, &world.tenant(), &wanted).unwrap();
    let fees = quotes.into_iter().map(|quote| {
        let lines = quote.fees.iter().filter(|fee| fee.kind != FeeKind::Rounding);
        let lines = lines.map(|fee| (fee.kind, fee.amount.units)).collect();
        (quote.payment_method, lines)
    });
    fees.collect()
}

both_engines! {
    async fn a_contract_is_charged_what_it_says_until_it_is_cleared(store) {
        let world = World::over(store).await;
        let usual = vec![(FeeKind::Service, 149), (FeeKind::Network, 35)];
        let before = quoted(&world);
        assert_eq!(before, [
            ("card".to_owned(), usual.clone()),
            ("sepa_bank_transfer".to_owned(), usual.clone()),
        ]);

        let general = Charge { basis_points: Some(99), ..Charge::default() };
        ask(&world, set(FeeScope::default(), general, "Contract of March.")).await.unwrap();
        let card = Charge { fixed: vec!["eur=0.30".into()], ..Charge::default() };
        let shown = ask(&world, set(only_card(), card, "Cards cost more.")).await.unwrap();
        let rows: Vec<_> = shown.rules.iter().map(|row| (&*row.from, &*row.scope)).collect();
        assert_eq!(rows, [
            ("contract", "method card"),
            ("contract", "everything"),
            ("catalogue", "network ethereum"),
            ("catalogue", "network bitcoin"),
            ("catalogue", "network tron"),
            ("catalogue", "everything"),
        ]);
        assert_eq!(shown.rules[0].fixed, ["0.30 EUR"]);
        assert_eq!(quoted(&world), [
            ("card".to_owned(), vec![(FeeKind::Service, 99), (FeeKind::Fixed, 30), (FeeKind::Network, 35)]),
            ("sepa_bank_transfer".to_owned(), vec![(FeeKind::Service, 99), (FeeKind::Network, 35)]),
        ]);

        // Setting the same scope again replaces; clearing takes back.
        let dear = Charge { fixed: vec!["EUR=0.50".into()], ..Charge::default() };
        let shown = ask(&world, set(only_card(), dear, "Cards cost even more.")).await.unwrap();
        assert_eq!(shown.rules.len(), 6);
        let clear = |scope| Fees::Clear { whose: whose(), scope, by: by("The contract has ended.") };
        ask(&world, clear(Some(only_card()))).await.unwrap();
        assert_eq!(ask(&world, clear(Some(only_card()))).await.unwrap_err(), "fee_unknown");
        ask(&world, clear(None)).await.unwrap();
        assert_eq!(quoted(&world), before);

        let changes = world.app.store().read(|tx| tx.list_capability_changes(None, 10)).await;
        let reasons: Vec<_> = changes.unwrap().into_iter().map(|(_, change)| change.reason).collect();
        assert_eq!(reasons, [
            "The contract has ended.",
            "The contract has ended.",
            "Cards cost even more.",
            "Cards cost more.",
            "Contract of March.",
        ]);
    }

    async fn a_fee_that_cannot_be_charged_changes_nothing(store) {
        let world = World::over(store).await;
        let before = quoted(&world);
        let amounts = |text: &str| Charge { minimum: vec![text.into()], ..Charge::default() };
        let share = |share| Charge { basis_points: Some(share), ..Charge::default() };
        let nowhere = FeeScope { country: Some("XX".into()), ..FeeScope::default() };
        for (scope, charge, reason, code) in [
            (FeeScope::default(), Charge::default(), "Why not.", "fee_invalid"),
            (FeeScope::default(), share(5_001), "Why not.", "fee_invalid"),
            (FeeScope::default(), share(-1), "Why not.", "fee_invalid"),
            (FeeScope::default(), amounts("EUR"), "Why not.", "fee_invalid"),
            (FeeScope::default(), amounts("EUR=-1.00"), "Why not.", "fee_invalid"),
            (FeeScope::default(), amounts("XXX=1.00"), "Why not.", "fee_invalid"),
            (nowhere, share(1), "Why not.", "fee_invalid"),
            (FeeScope::default(), share(1), "", "text_invalid"),
        ] {
            let refused = ask(&world, set(scope, charge.clone(), reason)).await;
            assert_eq!(refused.unwrap_err(), code, "{charge:?}");
        }
        assert_eq!(quoted(&world), before);
        let revision = world.app.store().read(gate_store::Tx::read_capability_revision).await;
        assert_eq!(revision.unwrap(), 0);
    }
}
