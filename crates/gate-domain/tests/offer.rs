//! What is on offer to whom, and what a refusal says: rules over a small catalogue.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Arc;

use gate_domain::catalogue::{
    Catalogue, Country, CryptoAsset, Currency, Entitlement, Kind, Limits, Method, Network, Offer,
    PartnerTerms, Refusal, RefusalCode, Rules, Side, Subject, Switch, Token, Wanted,
};
use gate_domain::destination::Family;
use gate_domain::ids::{Mode, PartnerId, Seed, Tenant};
use gate_domain::money::Money;
use gate_domain::session::Flow;
use gate_domain::time::Millis;

fn currency(code: &str, decimals: u8, minimum_units: i128, maximum_units: i128) -> Currency {
    let limits = Limits { minimum_units, maximum_units };
    let text = |text: &str| text.to_owned();
    Currency { code: text(code), name: text(code), symbol: text(code), decimals, limits }
}

fn asset(symbol: &str, chains: &[&str], sides: &[Side], active: bool) -> CryptoAsset {
    let tokens = chains.iter().map(|chain| Token {
        symbol: symbol.into(),
        name: symbol.into(),
        network: (*chain).into(),
        network_name: chain.to_uppercase(),
        contract: None,
        decimals: 6,
    });
    let (symbol, name) = (symbol.to_owned(), symbol.to_owned());
    CryptoAsset { symbol, name, active, sides: sides.to_vec(), tokens: tokens.collect() }
}

fn catalogue() -> Arc<Catalogue> {
    let country = |code: &str, currency: &str, supported| Country {
        code: code.into(),
        name: format!("Land of {code}"),
        currency: currency.into(),
        supported,
    };
    let network = |chain: &str| Network {
        chain: chain.into(),
        name: chain.to_uppercase(),
        family: Family::Evm,
        chain_id: Some(1),
    };
    let method = |id: &str, side, currencies, countries: &[&str]| Method {
        id: id.into(),
        name: format!("By {id}"),
        side,
        currencies,
        countries: countries.iter().map(|code| (*code).to_owned()).collect(),
        account: None,
    };
    let both = [Side::OnRamp, Side::OffRamp];
    let small = Limits { minimum_units: 50_00, maximum_units: 20_000_00 };
    Arc::new(Catalogue::new(
        vec![Flow::OnRamp, Flow::OffRamp, Flow::Swap],
        vec![country("DE", "EUR", true), country("US", "USD", true), country("KP", "KPW", false)],
        vec![currency("EUR", 2, 10_00, 1_000_00), currency("USD", 2, 10_00, 1_000_00)],
        vec![network("base"), network("ethereum")],
        vec![
            asset("USDC", &["base", "ethereum"], &both, true),
            asset("ETH", &["ethereum"], &[Side::OnRamp], true),
            asset("OLD", &["base"], &both, false),
        ],
        vec![
            method("card", Side::OnRamp, vec![("EUR".into(), None), ("USD".into(), None)], &[]),
            method("sepa", Side::OnRamp, vec![("EUR".into(), Some(small))], &["DE"]),
            method("sepa_payout", Side::OffRamp, vec![("EUR".into(), None)], &["DE"]),
        ],
    ))
}

fn tenant(last: u8, mode: Mode) -> Tenant {
    Tenant { partner: PartnerId::new(Seed { at: Millis(0), random: [last; 10] }), mode }
}

fn off(subject: &str, partner: Option<PartnerId>, mode: Option<Mode>) -> Switch {
    Switch {
        subject: Subject::parse(subject).expect("a subject"),
        partner,
        mode,
        reason: "Closed for the night".into(),
        actor: "night shift".into(),
        since: Millis(0),
    }
}

fn offer(rules: Rules) -> Offer {
    Offer::new(catalogue(), Arc::new(rules), tenant(1, Mode::Test))
}

fn with_switches(switches: Vec<Switch>) -> Offer {
    offer(Rules { revision: 1, switches, ..Rules::default() })
}

fn with_terms(terms: PartnerTerms) -> Offer {
    let partners = [(tenant(1, Mode::Test), terms)].into_iter().collect();
    offer(Rules { revision: 1, partners, ..Rules::default() })
}

fn eur(offer: &Offer, units: i128) -> Money {
    offer.catalogue().currency("EUR").expect("in every catalogue").money(units)
}

fn code(refused: Result<(), Box<Refusal>>) -> Option<RefusalCode> {
    refused.err().map(|refusal| refusal.code)
}

#[test]
fn every_part_is_asked_about_in_its_order() {
    let offer = offer(Rules::default());
    let some = Wanted { flow: Some(Flow::OnRamp), ..Wanted::default() };
    let (fits, small) = (eur(&offer, 100_00), eur(&offer, 9_99));
    let asked = [
        ("nothing", Wanted::default()),
        (
            "all of it",
            Wanted {
                country: Some("de"),
                currency: Some("eur"),
                asset: Some("usdc"),
                network: Some("BASE"),
                method: Some("CARD"),
                amount: Some(&fits),
                ..some
            },
        ),
        ("swap", Wanted { flow: Some(Flow::Swap), country: Some("KP"), ..some }),
        ("country", Wanted { country: Some("KP"), currency: Some("XXX"), ..some }),
        ("no country", Wanted { country: Some("ZZ"), ..some }),
        ("currency", Wanted { currency: Some("CHF"), asset: Some("DOGE"), ..some }),
        ("asset", Wanted { asset: Some("DOGE"), ..some }),
        ("inactive", Wanted { asset: Some("OLD"), ..some }),
        ("side", Wanted { flow: Some(Flow::OffRamp), asset: Some("ETH"), ..some }),
        ("network", Wanted { network: Some("solana"), ..some }),
        ("not there", Wanted { asset: Some("ETH"), network: Some("base"), ..some }),
        ("method", Wanted { method: Some("pigeon"), ..some }),
        ("its currency", Wanted { method: Some("sepa"), currency: Some("USD"), ..some }),
        ("its country", Wanted { method: Some("sepa"), country: Some("US"), ..some }),
        ("its side", Wanted { flow: Some(Flow::OffRamp), method: Some("sepa"), ..some }),
        ("amount", Wanted { amount: Some(&small), ..some }),
        ("its amount", Wanted { method: Some("sepa"), amount: Some(&small), ..some }),
    ];
    let mut table = String::new();
    for (name, wanted) in asked {
        let said = match offer.check(&wanted) {
            Ok(()) => "yes".to_owned(),
            Err(refusal) => format!(
                "{} retryable={} {:?} | {}",
                refusal.code.as_str(),
                refusal.retryable,
                refusal.message,
                refusal.next_step
            ),
        };
        writeln!(table, "{name:<13} {said}").unwrap();
    }
    insta::assert_snapshot!(table, @r#"
    nothing       yes
    all of it     yes
    swap          entitlement_required retryable=false "Your contract does not hold the entitlement swap." | Ask the operator of this gateway for it.
    country       country_not_supported retryable=false "Nothing is offered in Land of KP." | Ask /v1/capabilities/countries for what is supported.
    no country    country_not_supported retryable=false "There is no country with this code." | Ask /v1/capabilities/countries for what is supported.
    currency      currency_not_supported retryable=false "currency must be one of EUR, USD." | Choose one of these currencies.
    asset         asset_not_available retryable=false "DOGE is not on offer." | Ask /v1/capabilities/assets for what is on offer.
    inactive      asset_not_available retryable=false "OLD is not on offer." | Ask /v1/capabilities/assets for what is on offer.
    side          asset_not_available retryable=false "ETH cannot be sold here." | Ask /v1/capabilities/assets for what is on offer.
    network       network_not_available retryable=false "The network must be one of base, ethereum." | Choose one of these networks.
    not there     asset_not_available retryable=false "ETH is offered on ethereum." | Choose one of these networks.
    method        method_not_available retryable=false "There is no such method on this side." | Ask /v1/capabilities/payment-methods for what is on offer.
    its currency  method_not_available retryable=false "By sepa does not take USD." | Ask /v1/capabilities/payment-methods for what is on offer.
    its country   method_not_available retryable=false "By sepa does not work in this country." | Ask /v1/capabilities/payment-methods for what is on offer.
    its side      method_not_available retryable=false "There is no such method on this side." | Ask /v1/capabilities/payout-methods for what is on offer.
    amount        amount_out_of_range retryable=true "amount must be from 10.00 EUR to 1000.00 EUR." | Choose an amount within these limits.
    its amount    amount_out_of_range retryable=true "amount must be from 50.00 EUR to 1000.00 EUR." | Choose an amount within these limits.
    "#);
}

#[test]
fn a_switch_closes_exactly_what_it_names() {
    let wanted = |offer: &Offer| {
        let amount = eur(offer, 100_00);
        code(offer.check(&Wanted {
            flow: Some(Flow::OnRamp),
            country: Some("DE"),
            currency: Some("EUR"),
            asset: Some("USDC"),
            network: Some("base"),
            method: Some("card"),
            amount: Some(&amount),
        }))
    };
    for (subject, expected) in [
        ("flow:on_ramp", RefusalCode::FlowNotAvailable),
        ("country:DE", RefusalCode::CountryNotSupported),
        ("currency:EUR", RefusalCode::CurrencyNotSupported),
        ("asset:usdc", RefusalCode::AssetNotAvailable),
        ("network:BASE", RefusalCode::NetworkNotAvailable),
        ("payment_method:card", RefusalCode::MethodNotAvailable),
    ] {
        let closed = with_switches(vec![off(subject, None, None)]);
        assert_eq!(wanted(&closed), Some(expected), "{subject}");
    }
    for subject in ["flow:swap", "country:US", "currency:USD", "asset:ETH", "network:ethereum"] {
        assert_eq!(wanted(&with_switches(vec![off(subject, None, None)])), None, "{subject}");
    }
    // A way to be paid out is no way to pay, whatever its name.
    let payout = with_switches(vec![off("payout_method:card", None, None)]);
    assert_eq!(wanted(&payout), None);
}

#[test]
fn a_switch_is_for_one_partner_one_mode_or_everybody() {
    let ours = tenant(1, Mode::Test).partner;
    let others = tenant(2, Mode::Test).partner;
    let closed = |partner, mode| {
        with_switches(vec![off("currency:EUR", partner, mode)]).currency("EUR").is_err()
    };
    assert!(closed(None, None));
    assert!(closed(Some(ours.clone()), None));
    assert!(closed(None, Some(Mode::Test)));
    assert!(!closed(None, Some(Mode::Live)));
    assert!(!closed(Some(others), None));
    assert!(!closed(Some(ours), Some(Mode::Live)));
}

#[test]
fn what_is_left_to_choose() {
    let tokens = |offer: &Offer, symbol, network| {
        let tokens = offer.tokens(Side::OnRamp, symbol, network).into_iter();
        tokens.map(|token| format!("{}.{}", token.symbol, token.network)).collect::<Vec<_>>()
    };
    let all = offer(Rules::default());
    assert_eq!(tokens(&all, None, None), ["USDC.base", "USDC.ethereum", "ETH.ethereum"]);
    assert_eq!(tokens(&all, Some("usdc"), None), ["USDC.base", "USDC.ethereum"]);
    assert_eq!(tokens(&all, Some("ETH"), Some("base")), [""; 0]);
    let less = with_switches(vec![off("network:ethereum", None, None)]);
    assert_eq!(tokens(&less, None, None), ["USDC.base"]);
    // The only network of an asset is closed, and with it the asset.
    let closed = less.asset("ETH", Some(Side::OnRamp)).unwrap_err();
    assert_eq!(closed.code, RefusalCode::NetworkNotAvailable);
    assert_eq!(less.assets(Side::OnRamp).count(), 1);
    let nothing =
        with_switches(vec![off("asset:USDC", None, None), off("network:ethereum", None, None)]);
    let refused = nothing.something_to_choose(Side::OnRamp, None, None).unwrap_err();
    assert_eq!(refused.code, RefusalCode::AssetNotAvailable);
    assert!(refused.retryable);
}

#[test]
fn limits_are_the_narrowest_for_one_method_and_the_widest_of_several() {
    let terms = PartnerTerms {
        maximum_units: [("EUR".to_owned(), 500_00)].into_iter().collect(),
        ..PartnerTerms::default()
    };
    let offer = with_terms(terms);
    let limits = |minimum_units, maximum_units| Some(Limits { minimum_units, maximum_units });
    assert_eq!(offer.limits("EUR", Side::OnRamp, None), limits(10_00, 500_00));
    assert_eq!(offer.limits("EUR", Side::OnRamp, Some("sepa")), limits(50_00, 500_00));
    assert_eq!(offer.limits("USD", Side::OnRamp, None), limits(10_00, 1_000_00));
    assert_eq!(offer.widest_limits(Side::OnRamp, "EUR"), limits(10_00, 500_00));
    assert_eq!(offer.limits("CHF", Side::OnRamp, None), None);

    assert_eq!(offer.payable(None, &eur(&offer, 500_00)), Ok(()));
    let refusal = offer.payable(None, &eur(&offer, 500_01)).unwrap_err();
    assert_eq!(refusal.code, RefusalCode::AmountOutOfRange);
    assert_eq!(refusal.limit, Some(eur(&offer, 500_00)));
    assert_eq!(refusal.minimum, Some(eur(&offer, 10_00)));
    assert_eq!(refusal.maximum, Some(eur(&offer, 500_00)));

    // With cards closed, only the bank transfer's minimum passes.
    let closed = with_switches(vec![off("payment_method:card", None, None)]);
    assert_eq!(
        code(closed.payable(None, &eur(&closed, 49_99))),
        Some(RefusalCode::AmountOutOfRange)
    );
    assert_eq!(closed.payable(None, &eur(&closed, 50_00)), Ok(()));
}

#[test]
fn without_a_method_there_is_no_way_to_pay() {
    let offer = offer(Rules::default());
    let usd = offer.catalogue().currency("USD").unwrap().money(100_00);
    assert_eq!(offer.payable(Some(Flow::OnRamp), &usd), Ok(()));
    let refusal = offer.payable(Some(Flow::OffRamp), &usd).unwrap_err();
    assert_eq!(refusal.message, "There is no way to be paid out in USD.");
    assert_eq!(offer.payable(Some(Flow::Swap), &usd), Ok(()), "a swap needs none");
    let closed = with_switches(vec![off("payment_method:card", None, None)]);
    let refusal = closed.payable(Some(Flow::OnRamp), &usd).unwrap_err();
    assert_eq!(refusal.message, "By card is not available now. Closed for the night.");
    assert!(refusal.retryable);
}

#[test]
fn a_contract_adds_and_leaves_out() {
    let plain = offer(Rules::default());
    for entitlement in Entitlement::ALL {
        assert_eq!(code(plain.entitled(entitlement)), Some(RefusalCode::EntitlementRequired));
    }
    assert_eq!(code(plain.flow(Flow::Swap)), Some(RefusalCode::EntitlementRequired));
    let only = |kind, ids: &[&str]| {
        let ids: BTreeSet<_> = ids.iter().map(|id| (*id).to_owned()).collect();
        (kind, ids)
    };
    let offer = with_terms(PartnerTerms {
        entitlements: [Entitlement::Swap].into_iter().collect(),
        only: [only(Kind::Currency, &["USD"]), only(Kind::Asset, &["ETH"])].into_iter().collect(),
        ..PartnerTerms::default()
    });
    assert_eq!(offer.flow(Flow::Swap), Ok(()));
    assert_eq!(code(offer.entitled(Entitlement::Rails)), Some(RefusalCode::EntitlementRequired));
    let codes: Vec<_> = offer.currencies().map(|currency| currency.code.as_str()).collect();
    assert_eq!(codes, ["USD"]);
    let refusal = offer.currency("EUR").unwrap_err();
    assert_eq!((refusal.message.as_str(), refusal.retryable), ("EUR is not offered here.", false));
    assert!(offer.network("base").is_ok(), "what the contract does not name is free");
    assert_eq!(offer.tokens(Side::OnRamp, None, None).len(), 1);
}

#[test]
fn subjects_are_read_in_any_case() {
    for (text, read) in [
        ("currency:eur", Some("currency:EUR")),
        ("network:Base", Some("network:base")),
        ("payment_method:CARD", Some("payment_method:card")),
        ("currency:", None),
        ("currency", None),
        ("colour:red", None),
    ] {
        let parsed = Subject::parse(text);
        assert_eq!(parsed.map(|subject| subject.to_string()).as_deref(), read, "{text}");
    }
}
