//! The shipped file holds, and a mistake in a file is told with its line.

use std::fmt::Write as _;

use gate_domain::bank::AccountKind;
use gate_domain::catalogue::{Charged, Offer, Rules, Side, SpendLimits};
use gate_domain::ids::{PartnerId, Seed, Tenant};
use gate_domain::limits::{Standing, within_limits};
use gate_domain::money::Money;
use gate_domain::person::Ask;
use gate_domain::quote::{FeePolicy, price};
use gate_domain::session::IdentityLevel;
use gate_domain::time::Millis;
use gate_rails::Rails;
use proptest::prelude::*;

use super::*;

#[test]
fn the_world_is_large_and_complete() {
    let world = world_wide();
    let supported = world.countries().iter().filter(|country| country.supported).count();
    assert_eq!(world.countries().len(), rust_iso3166::ALL.len(), "every country of ISO 3166");
    assert!(supported > 200, "{supported}");
    assert!((20..=40).contains(&world.currencies().len()));
    assert!((10..=20).contains(&world.assets().len()));
    for code in ["KP", "IR", "CU", "SY"] {
        assert!(!world.country(code).unwrap().supported, "{code}");
    }
    let germany = world.country("de").unwrap();
    assert_eq!((germany.name.as_str(), germany.currency.as_str()), ("Germany", "EUR"));
    let euro = world.currency("EUR").unwrap();
    assert_eq!((euro.symbol.as_str(), euro.decimals), ("€", 2));
    assert_eq!(world.currency("JPY").unwrap().decimals, 0);
    let first = world.tokens().next().unwrap();
    assert_eq!((first.symbol.as_str(), first.network.as_str()), ("USDC", "base"));
    // Each currency can be paid with, and each method has a currency.
    for currency in world.currencies() {
        let mut methods = world.methods().iter();
        let paid = methods.any(|m| m.side == Side::OnRamp && m.takes(&currency.code));
        assert!(paid, "{}", currency.code);
    }
    assert!(world.methods().iter().all(|method| !method.currencies.is_empty()));
}

/// Contracts are spelt with the checksum of their family, so a wrong digit would have been noticed.
/// Mints of Solana have none: the one that there is was compared by hand.
#[test]
fn contracts_carry_their_checksum() {
    for line in WORLD.lines().filter(|line| line.contains("contract = ")) {
        let mut words = line.split('"').skip(1).step_by(2);
        let (chain, contract) = (words.next().unwrap(), words.next().unwrap());
        let family = world_wide().network(chain).unwrap().family;
        assert_eq!(family.parse_contract(contract).as_deref(), Some(contract), "{line}");
        assert_ne!(contract, contract.to_lowercase(), "{line}");
    }
}

#[test]
fn tokens_are_told_apart_as_their_family_does() {
    let (xrp, stellar) = (
        "rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh",
        "GA7QYNF7SOWQ3GLR2BGMZEHXAVIRZA4KVWLTJJFC7MGXUA74P7UJVSGZ",
    );
    for (family, contract, taken) in [
        ("bitcoin", "anything".into(), false),
        ("tron", "T9yD14Nj9j7xAB4dbGeiX9h8unkKHxuWwb".into(), true),
        ("tron", xrp.into(), false),
        ("solana", "11111111111111111111111111111111".into(), true),
        ("xrp", format!("USD:{xrp}"), true),
        ("xrp", xrp.into(), false),
        ("stellar", format!("USDC:{stellar}"), true),
        ("stellar", format!("US DC:{stellar}"), false),
        ("stellar", format!("USDC:{xrp}"), false),
    ] {
        let text = SMALL
            .replace("chain_id = 8453", &format!("family = \"{family}\""))
            .replace("decimals = 6", &format!("decimals = 6, contract = \"{contract}\""));
        let read = read_text(&text);
        assert_eq!(read.is_ok(), taken, "{family} {contract}: {read:?}");
        if let Ok(read) = read {
            let network = read.network("base").unwrap();
            assert_eq!((network.family.as_str(), network.chain_id), (family, None));
        }
    }
}

/// What a partner without a contract can offer.
fn plain_offer(world: &Arc<Catalogue>) -> Offer {
    let partner = PartnerId::new(Seed { at: Millis(0), random: [7; 10] });
    let tenant = Tenant { partner, mode: gate_domain::Mode::Test };
    Offer::new(Arc::clone(world), Arc::new(Rules::default()), tenant)
}

/// What was charged before fees were data.
#[test]
fn the_fees_of_the_world_are_those_that_were_always_charged() {
    let world = world_wide();
    let offer = plain_offer(&world);
    for currency in world.currencies() {
        let on = |network| {
            let charged = Charged {
                currency: &currency.code,
                method: "card",
                country: Some("DE"),
                asset: "ETH",
                network: Some(network),
            };
            offer.fees(&charged)
        };
        let (base, ethereum) = (on("base"), on("ethereum"));
        assert_eq!((base.service_bps, base.fixed_units), (149, 0), "{}", currency.code);
        let cent = base.service_minimum_units / 50;
        assert_eq!(base.network_units, 35 * cent, "{}", currency.code);
        assert!(cent > 0 && base.service_maximum_units.is_none(), "{}", currency.code);
        assert_eq!(ethereum, FeePolicy { network_units: 250 * cent, ..base }, "{}", currency.code);
    }
}

#[test]
fn everything_in_the_world_has_a_price_within_its_limits() {
    let world = world_wide();
    let prices = Rails::simulated().prices;
    let offer = plain_offer(&world);
    for token in world.tokens() {
        for currency in world.currencies() {
            let pair = format!("{} on {} for {}", token.symbol, token.network, currency.code);
            let market = prices.price(&token.asset(), &currency.asset(), Millis(0)).expect(&pair);
            let fees = offer.fees(&Charged {
                currency: &currency.code,
                method: "card",
                country: None,
                asset: &token.symbol,
                network: Some(&token.network),
            });
            for units in [currency.limits.minimum_units, currency.limits.maximum_units] {
                let charge = currency.money(units);
                let bought = price(&charge, &token.asset(), market.rate, fees);
                assert!(bought.is_ok_and(|bought| bought.crypto.units > 0), "{pair}: {charge}");
            }
        }
    }
}

const SMALL: &str = r#"flows = ["on_ramp"]
payout_methods = []

[currencies]
EUR = { minimum = "10.00", maximum = "1000.00" }

[networks]
base = { name = "Base", chain_id = 8453 }

[[assets]]
symbol = "USDC"
name = "USD Coin"
networks = [{ chain = "base", decimals = 6 }]

[[payment_methods]]
id = "card"
name = "Card"
currencies = ["EUR"]

[countries]
DE = { currency = "EUR" }
"#;

#[test]
fn a_small_file_is_enough() {
    let catalogue = read_text(SMALL).unwrap();
    assert_eq!(catalogue.tokens().count(), 1);
    assert!(catalogue.country("DE").unwrap().supported);
    assert_eq!(catalogue.asset("USDC").unwrap().sides, [Side::OnRamp, Side::OffRamp]);
}

/// Every way to get a file wrong, each by one change of the small one.
#[test]
fn each_mistake_is_told_with_its_line() {
    let mistakes = [
        ("flows = [\"on_ramp\"]", "flows = [\"lend\"]"),
        ("flows = [\"on_ramp\"]", "flows = \"on_ramp\""),
        ("flows = [\"on_ramp\"]\n", ""),
        ("EUR = {", "EUX = {"),
        ("EUR = {", "XAU = {"),
        ("minimum = \"10.00\"", "minimum = 10"),
        ("minimum = \"10.00\"", "minimum = \"10.001\""),
        ("minimum = \"10.00\"", "minimum = \"0.00\""),
        ("minimum = \"10.00\"", "minimum = \"2000.00\""),
        ("minimum = \"10.00\", ", ""),
        ("minimum = ", "least = "),
        ("chain_id = 8453", "chain_id = 0"),
        (", chain_id = 8453", ""),
        ("chain_id = 8453", "family = \"bitcoins\""),
        ("chain_id = 8453", "chain_id = 8453, family = \"solana\""),
        ("base = {", "\"Base Chain\" = {"),
        ("symbol = \"USDC\"", "symbol = \"usdc\""),
        ("chain = \"base\"", "chain = \"solana\""),
        ("decimals = 6", "decimals = 19"),
        ("decimals = 6", "decimals = 6, contract = \"0x12\""),
        ("decimals = 6 }]", "decimals = 6 }, { chain = \"base\", decimals = 6 }]"),
        ("networks = [{ chain = \"base\", decimals = 6 }]", "networks = []"),
        ("name = \"USD Coin\"", "name = \"USD Coin\"\nsides = [\"both\"]"),
        ("id = \"card\"", "id = \"Credit card\""),
        ("currencies = [\"EUR\"]", "currencies = [\"USD\"]"),
        ("currencies = [\"EUR\"]", "currencies = [\"EUR\"]\ncountries = [\"FR\"]"),
        (
            "currencies = [\"EUR\"]",
            "currencies = [\"EUR\"]\nlimits = { USD = { maximum = \"1.00\" } }",
        ),
        (
            "currencies = [\"EUR\"]",
            "currencies = [\"EUR\"]\nlimits = { EUR = { maximum = \"1.00\" } }",
        ),
        ("DE = {", "DX = {"),
        ("DE = { currency = \"EUR\"", "DE = { currency = \"EURO\""),
        ("[countries]", "[countries"),
    ];
    let mut told = String::new();
    for (right, wrong) in mistakes {
        assert!(SMALL.contains(right), "{right}");
        let text = SMALL.replacen(right, wrong, 1);
        let problems = read_text(&text).expect_err(wrong);
        let shown = wrong.lines().last().unwrap_or("");
        writeln!(told, "{shown}\n{problems}").expect("a text grows");
    }
    insta::assert_snapshot!(told, @r#"
    flows = ["lend"]
      line 1: "lend" is no flow; there are on_ramp, off_ramp and swap.
    flows = "on_ramp"
      line 1: invalid type: string "on_ramp", expected a sequence.

      line 1: missing field `flows`.
    EUX = {
      line 5: "EUX" is no currency code of ISO 4217, such as EUR.
      line 18: "EUR" is not among the currencies of this file.
    XAU = {
      line 5: "XAU" has no minor units, so it cannot be paid with.
      line 18: "EUR" is not among the currencies of this file.
    minimum = 10
      line 5: invalid type: integer `10`, expected a string.
    minimum = "10.001"
      line 5: "10.001" must have at most 2 decimals.
    minimum = "0.00"
      line 5: 0.00 must be more than 0.
    minimum = "2000.00"
      line 5: "1000.00" is less than the minimum.

      line 5: "EUR" needs a minimum and a maximum.
    least = 
      line 5: unknown field `least`, expected `minimum` or `maximum`.
    chain_id = 0
      line 8: "0" must be the network's number of EIP-155.

      line 8: "base" needs a chain_id, its number of EIP-155, or a family such as "bitcoin".
    family = "bitcoins"
      line 8: "bitcoins" is no family; there are evm, bitcoin, tron, xrp, stellar and solana.
    chain_id = 8453, family = "solana"
      line 8: "8453" is a number of EIP-155, and this network is of another family.
    "Base Chain" = {
      line 8: "Base Chain" must have 1 to 40 lower case letters, digits and underscores.
      line 13: "base" is not among the networks of this file.
    symbol = "usdc"
      line 11: "usdc" must have 2 to 12 upper case letters and digits.
    chain = "solana"
      line 13: "solana" is not among the networks of this file.
    decimals = 19
      line 13: "19" must be from 0 to 18.
    decimals = 6, contract = "0x12"
      line 13: "0x12" must be the address of a contract.
    decimals = 6 }, { chain = "base", decimals = 6 }]
      line 13: "base" is there twice; each network of an asset has one entry.
    networks = []
      line 11: "USDC" needs at least one network.
    sides = ["both"]
      line 13: "both" is no side; there are on_ramp and off_ramp.
    id = "Credit card"
      line 16: "Credit card" must have 1 to 64 lower case letters, digits and underscores.
    currencies = ["USD"]
      line 18: "USD" is not among the currencies of this file.
    countries = ["FR"]
      line 19: "FR" is not among the countries of this file.
    limits = { USD = { maximum = "1.00" } }
      line 19: "USD" has limits, but this method does not take it.
    limits = { EUR = { maximum = "1.00" } }
      line 19: "1.00" is less than the minimum.
    DX = {
      line 21: "DX" is no country code of ISO 3166, such as DE.
    DE = { currency = "EURO"
      line 21: "EURO" is no currency code of ISO 4217, such as EUR.
    [countries
      line 20: unclosed table, expected `]`.
    "#);
}

#[test]
fn what_a_method_pays_out_to_is_read() {
    let with = |lines: &str| {
        let methods =
            format!("[[payout_methods]]\nname = \"Out\"\ncurrencies = [\"EUR\"]\n{lines}\n");
        SMALL.replacen("payout_methods = []\n", "", 1) + &methods
    };
    for (lines, account) in [
        ("id = \"mine\"\naccount = \"sort_code\"", Some(AccountKind::SortCode)),
        ("id = \"sepa_payout\"\naccount = \"aba\"", Some(AccountKind::Aba)),
        // Where the file says nothing: as in the program, and for rails alone where that has none.
        ("id = \"sepa_payout\"", Some(AccountKind::Iban)),
        ("id = \"mine\"", None),
    ] {
        let catalogue = read_text(&with(lines)).expect(lines);
        let method = catalogue.methods().iter().find(|method| method.side == Side::OffRamp);
        assert_eq!(method.unwrap().account, account, "{lines}");
    }
    let unknown = read_text(&with("id = \"mine\"\naccount = \"cheque\"")).unwrap_err();
    let wrong_side = SMALL.replace("id = \"card\"", "id = \"card\"\naccount = \"card\"");
    let wrong_side = read_text(&wrong_side).unwrap_err();
    insta::assert_snapshot!(format!("{unknown}\n{wrong_side}"), @r#"
      line 25: "cheque" is no kind of account; there are iban, sort_code, aba, pix and card.
      line 17: "card": only payout methods have an account.
    "#);
    // The page can pay out by every method that ships.
    for method in world_wide().methods() {
        assert_eq!(method.account.is_some(), method.side == Side::OffRamp, "{}", method.id);
    }
}

#[test]
fn fees_are_read_and_their_mistakes_told() {
    let fees = |lines: &str| format!("{SMALL}\n[[fees]]\n{lines}\n");
    let text = fees("method = \"card\"\nfixed = { EUR = \"0.30\" }");
    let catalogue = read_text(&text).unwrap();
    assert_eq!(catalogue.fees().len(), 1);
    assert_eq!(catalogue.fees()[0].fixed_units["EUR"], 30);
    assert_eq!(read_text(SMALL).unwrap().fees(), world_wide().fees(), "nothing said is the usual");
    let free = read_text(&SMALL.replace("payout_methods = []", "payout_methods = []\nfees = []"));
    assert!(free.unwrap().fees().is_empty(), "none at all can be said too");
    let mut told = String::new();
    for lines in [
        "method = \"card\"",
        "basis_points = 5001",
        "basis_points = -1",
        "basis_points = 1.5",
        "basis_points = 1\nmethod = \"cash\"",
        "basis_points = 1\ncountry = \"FR\"",
        "minimum = { USD = \"1.00\" }",
        "minimum = { EUR = \"1.005\" }",
        "minimum = { EUR = \"10000000000.01\" }",
        "minimum = { EUR = \"2.00\" }\nmaximum = { EUR = \"1.00\" }",
        "basis_points = 1\n[[fees]]\nbasis_points = 2",
    ] {
        let problems = read_text(&fees(lines)).expect_err(lines);
        writeln!(told, "{lines}\n{problems}").expect("a text grows");
    }
    insta::assert_snapshot!(told, @r#"
    method = "card"
      line 23: A fee needs basis points or an amount.
    basis_points = 5001
      line 23: Basis points must be from 0 to 5000.
    basis_points = -1
      line 23: Basis points must be from 0 to 5000.
    basis_points = 1.5
      line 24: invalid type: floating point `1.5`, expected i64.
    basis_points = 1
    method = "cash"
      line 23: There is no method "cash".
    basis_points = 1
    country = "FR"
      line 23: There is no country "FR".
    minimum = { USD = "1.00" }
      line 24: "USD" is not among the currencies of this file.
    minimum = { EUR = "1.005" }
      line 24: "1.005" must have at most 2 decimals.
    minimum = { EUR = "10000000000.01" }
      line 23: The minimum must be from 0 to 10000000000.00 EUR.
    minimum = { EUR = "2.00" }
    maximum = { EUR = "1.00" }
      line 23: The maximum in EUR is less than the minimum.
    basis_points = 1
    [[fees]]
    basis_points = 2
      line 25: There is another rule for exactly the same.
    "#);
}

const IDENTITY: &str = r#"
[identity]
currency = "EUR"
guest = { transaction = "100.00" }
basic = { transaction = "500.00", day = "500.00", month = "600.00", asks = ["name"] }
enhanced = { transaction = "900.00", day = "1000.00", month = "1000.00" }
"#;

#[test]
fn what_people_may_move_is_read() {
    let read = |text: &str| read_text(text).unwrap().identity().clone();
    let rules = read(&format!("{SMALL}{IDENTITY}"));
    assert_eq!((rules.currency.code.as_str(), rules.guest_units), ("EUR", 100_00));
    assert_eq!(rules.basic.limits.month_units, 600_00);
    assert_eq!((rules.basic.asks, rules.enhanced.asks), (vec![Ask::Name], vec![]));
    assert_eq!(read(SMALL), *world_wide().identity(), "nothing said is the usual");
    for everybody in ["", "guest = {}\n", "guest = { transaction = \"0\" }\n"] {
        let guest = "guest = { transaction = \"100.00\" }\n";
        let rules = read(&format!("{SMALL}{}", IDENTITY.replace(guest, everybody)));
        assert_eq!(rules.guest_units, 0, "{everybody}");
    }
}

#[test]
fn mistakes_in_what_people_may_move_are_told() {
    let two = SMALL.replace(
        "[currencies]\n",
        "[currencies]\nUSD = { minimum = \"1.00\", maximum = \"2.00\" }\n",
    );
    let mut told = String::new();
    for (file, right, wrong) in [
        (SMALL, "currency = \"EUR\"\nguest", "currency = \"EUX\"\nguest"),
        (SMALL, "currency = \"EUR\"\nguest", "guest"),
        (SMALL, "guest", "worth = { EUR = \"2\" }\nguest"),
        (SMALL, "guest", "worth = { USD = \"2\" }\nguest"),
        (&two, "guest", "guest"),
        (&two, "guest", "worth = { USD = \"0\" }\nguest"),
        (&two, "guest", "worth = { USD = \"0.000000001\" }\nguest"),
        (SMALL, "transaction = \"100.00\"", "transaction = \"100.001\""),
        (SMALL, "transaction = \"100.00\"", "transaction = \"500.01\""),
        (SMALL, "transaction = \"100.00\"", "day = \"500.00\""),
        (SMALL, "day = \"500.00\", ", ""),
        (SMALL, "day = \"500.00\"", "day = \"499.99\""),
        (SMALL, "month = \"600.00\"", "month = \"499.99\""),
        (SMALL, "month = \"600.00\"", "month = \"1000.01\""),
        (SMALL, "day = \"1000.00\"", "day = \"499.99\""),
        (SMALL, "month = \"1000.00\"", "month = \"10000000000000.01\""),
        (SMALL, "asks = [\"name\"]", "asks = [\"selfie\"]"),
        (SMALL, "asks = [\"name\"]", "asks = [\"name\", \"name\"]"),
    ] {
        assert!(IDENTITY.contains(right), "{right}");
        let text = format!("{file}{}", IDENTITY.replacen(right, wrong, 1));
        let problems = read_text(&text).expect_err(wrong);
        writeln!(told, "{}\n{problems}", wrong.lines().next().unwrap_or("")).expect("a text grows");
    }
    let unknown = SMALL.replace("EUR", "XOF").replace(".00", "");
    let problems = read_text(&unknown).expect_err("nobody said what it counts for");
    writeln!(told, "XOF\n{problems}").expect("a text grows");
    insta::assert_snapshot!(told, @r#"
    currency = "EUX"
      line 24: "EUX" is no currency code of ISO 4217, such as EUR.
    guest
      line 23: missing field `currency`.
    worth = { EUR = "2" }
      line 25: "EUR" is what limits are counted in, and counts for itself.
    worth = { USD = "2" }
      line 25: "USD" is not among the currencies of this file.
    guest
      line 5: "USD" needs a worth in [identity.worth]: what one of it counts for.
    worth = { USD = "0" }
      line 26: "0" must be a decimal string of more than 0 with at most 8 decimals.
    worth = { USD = "0.000000001" }
      line 26: "0.000000001" must be a decimal string of more than 0 with at most 8 decimals.
    transaction = "100.001"
      line 25: "100.001" must have at most 2 decimals.
    transaction = "500.01"
      line 26: "500.00" is less than what a guest may move, which is 500.01 EUR.
    day = "500.00"
      line 25: unknown field `day`, expected `transaction`.

      line 26: missing field `day`.
    day = "499.99"
      line 26: "499.99" is less than what one transaction may come to, which is 500.00 EUR.
    month = "499.99"
      line 26: "499.99" is less than what a day allows, which is 500.00 EUR.
    month = "1000.01"
      line 27: "1000.00" is less than what basic may move, which is 1000.01 EUR.
    day = "499.99"
      line 27: "499.99" is less than what basic may move, which is 500.00 EUR.
      line 27: "499.99" is less than what one transaction may come to, which is 900.00 EUR.
    month = "10000000000000.01"
      line 27: A limit is at most 10000000000000.00 EUR.
    asks = ["selfie"]
      line 26: "selfie" is nothing that can be asked; there are name, birth_date, country, document, source_of_funds.
    asks = ["name", "name"]
      line 26: "name" is there twice; each word has one entry.
    XOF
      line 5: "XOF" needs a worth in [identity.worth]: what one of it counts for.
    "#);
}

/// What the program ships: guests may do little, and whoever shows everything may buy and sell as much as
/// the currencies allow, or nearly.
#[test]
fn the_world_counts_every_currency() {
    let world = world_wide();
    let rules = world.identity();
    let of = |level| {
        let SpendLimits { transaction_units, day_units, month_units } = rules.limits(level);
        (transaction_units, day_units, month_units)
    };
    assert_eq!(rules.guest_units, 1_000_00);
    assert_eq!(of(Some(IdentityLevel::Basic)), (5_000_00, 5_000_00, 15_000_00));
    assert_eq!(of(Some(IdentityLevel::Enhanced)), (10_000_00, 25_000_00, 100_000_00));
    for currency in world.currencies() {
        let least = rules.value(&currency.money(currency.limits.minimum_units));
        let most = rules.value(&currency.money(currency.limits.maximum_units));
        assert!(least <= 15_00, "{}: {least}", currency.code);
        assert!((8_000_00..=12_000_00).contains(&most), "{}: {most}", currency.code);
    }
}

proptest! {
    /// In each currency of the world: what a refusal names as the most passes its limits and those of the
    /// currency, and one unit more does not.
    #[test]
    fn the_number_in_a_refusal_passes_in_every_currency(
        share in 0i128..=1_000,
        (day_units, month_units) in (0i128..3_000_000, 0i128..11_000_000),
    ) {
        let world = world_wide();
        let offer = plain_offer(&world);
        let level = Some(IdentityLevel::Enhanced);
        let standing = Standing { level, day_units, month_units, at: Millis(0) };
        for currency in world.currencies() {
            let limits = currency.limits;
            let span = limits.maximum_units - limits.minimum_units;
            let asked = currency.money(limits.minimum_units + span * share / 1_000);
            let passes = |amount: &Money| {
                within_limits(&offer, amount, (Side::OnRamp, "card"), &standing)
                    .and_then(|()| offer.amount(amount, Some(Side::OnRamp), Some("card")))
            };
            let Err(refusal) = passes(&asked) else { continue };
            match refusal.maximum {
                Some(most) => {
                    prop_assert!(passes(&most).is_ok(), "{most}");
                    prop_assert!(passes(&currency.money(most.units + 1)).is_err(), "{most}");
                }
                None => prop_assert!(passes(&currency.money(limits.minimum_units)).is_err()),
            }
        }
    }
}

#[test]
fn all_mistakes_are_told_at_once_in_the_order_of_the_file() {
    let text = SMALL.replace("EUR = {", "EUX = {").replace("decimals = 6", "decimals = 99");
    let lines: Vec<_> = read_text(&text).unwrap_err().0.iter().map(|p| p.line).collect();
    assert_eq!(lines, [5, 13, 18]);
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let error = read_file(Path::new("/nowhere/gate.toml")).unwrap_err().to_string();
    assert!(error.starts_with("/nowhere/gate.toml cannot be read: "), "{error}");
}
