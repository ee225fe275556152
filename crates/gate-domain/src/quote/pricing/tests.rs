use proptest::prelude::*;

use super::*;

fn currency(code: &str, decimals: u8) -> Asset {
    Asset { code: code.into(), network: None, decimals }
}

fn token(symbol: &str, decimals: u8) -> Asset {
    Asset { code: symbol.into(), network: Some("base".into()), decimals }
}

const POLICY: FeePolicy = FeePolicy {
    service_bps: 149,
    service_minimum_units: 50,
    service_maximum_units: None,
    fixed_units: 0,
    network_units: 35,
};

#[test]
fn a_hundred_euro_of_usdc() {
    let charge = Money::new(100_00, currency("EUR", 2));
    let priced = price(&charge, &token("USDC", 6), Rate(92_000_000), POLICY).unwrap();
    assert_eq!(priced.crypto.to_decimal(), "106.695652");
    let fees: Vec<_> = priced.fees.iter().map(|fee| (fee.kind, fee.amount.units)).collect();
    assert_eq!(fees, [(FeeKind::Service, 149), (FeeKind::Network, 35)]);
}

#[test]
fn an_amount_that_the_fees_eat_is_refused() {
    let charge = Money::new(85, currency("EUR", 2));
    let token = token("USDC", 6);
    assert_eq!(price(&charge, &token, Rate(92_000_000), POLICY), Err(QuoteError::TooSmall));
}

#[test]
fn every_part_of_a_policy_has_a_line() {
    let policy = FeePolicy { fixed_units: 30, service_maximum_units: Some(1_00), ..POLICY };
    let charge = Money::new(100_00, currency("EUR", 2));
    let usdc = token("USDC", 6);
    let bought = price(&charge, &usdc, Rate(92_000_000), policy).unwrap();
    let lines =
        |fees: &[Fee]| -> Vec<_> { fees.iter().map(|fee| (fee.kind, fee.amount.units)).collect() };
    let (service, fixed) = ((FeeKind::Service, 1_00), (FeeKind::Fixed, 30));
    assert_eq!(lines(&bought.fees), [service, fixed, (FeeKind::Network, 35)]);
    let tokens = Money::new(100_000_000, usdc.clone());
    let sold = price_sale(&tokens, &charge.asset, Rate(92_000_000), policy).unwrap();
    assert_eq!((lines(&sold.fees), sold.fiat.units), (vec![service, fixed], 90_70));
    let beyond = FeePolicy { fixed_units: i128::MAX, network_units: i128::MAX, ..POLICY };
    assert_eq!(price(&charge, &usdc, Rate(1), beyond), Err(QuoteError::TooLarge));
}

#[test]
fn a_sale_of_a_hundred_usdc() {
    let tokens = Money::new(100_000_000, token("USDC", 6));
    let eur = currency("EUR", 2);
    let priced = price_sale(&tokens, &eur, Rate(92_000_000), POLICY).unwrap();
    assert_eq!((priced.fiat.to_decimal(), priced.crypto), ("90.62".into(), tokens));
    let fees: Vec<_> = priced.fees.iter().map(|fee| (fee.kind, fee.amount.units)).collect();
    assert_eq!(fees, [(FeeKind::Service, 138)], "1.3708 is rounded up; sending is the user's");
    let crumbs = Money::new(543_478, token("USDC", 6));
    assert_eq!(price_sale(&crumbs, &eur, Rate(92_000_000), POLICY), Err(QuoteError::TooSmall));
}

#[test]
fn what_cannot_be_counted_is_refused() {
    let most = Money::parse(&"9".repeat(18), token("ETH", 18)).unwrap();
    let sale = price_sale(&most, &currency("KWD", 3), Rate(i64::MAX), POLICY);
    assert_eq!(sale, Err(QuoteError::TooLarge));
}

#[test]
fn a_swap_of_a_hundred_euro_of_ether_into_usdc() {
    let value = Money::new(100_00, currency("EUR", 2));
    let (ether, usdc) = (token("ETH", 18), token("USDC", 6));
    let price =
        price_swap(&value, (&ether, Rate(298_075_000_000)), (&usdc, Rate(92_000_000)), POLICY);
    let (paid, priced) = price.unwrap();
    assert_eq!(paid.amount.to_decimal(), "0.033548603539377674");
    assert_eq!((priced.fiat, priced.crypto.to_decimal()), (value, "106.695652".into()));
}

proptest! {
    /// The user is paid the amount to the unit, for no more tokens than that takes.
    #[test]
    fn a_payout_takes_the_least_tokens_that_bring_it(
        units in 1i128..=1_000_000_000,
        rate in 1_000i64..=20_000_000_000_000,
        service_bps in 0i64..=5000,
        fixed_units in 0i128..=500,
    ) {
        let policy = FeePolicy { service_bps, fixed_units, ..POLICY };
        for currency in [currency("EUR", 2), currency("JPY", 0), currency("KWD", 3)] {
            for token in [token("USDC", 6), token("WBTC", 8), token("ETH", 18)] {
                let payout = Money::new(units, currency.clone());
                let Ok(priced) = price_payout(&payout, &token, Rate(rate), policy) else {
                    continue;
                };
                prop_assert_eq!(&priced.fiat, &payout);
                let fees: i128 = priced.fees.iter().map(|fee| fee.amount.units).sum();
                let value = worth(&priced.crypto, &currency, Rate(rate)).unwrap().units;
                prop_assert_eq!(units + fees, value);
                prop_assert!(priced.fees.iter().all(|fee| fee.amount.units > 0));
                let fewer = Money::new(priced.crypto.units - 1, token.clone());
                let sold = price_sale(&fewer, &currency, Rate(rate), policy);
                prop_assert!(sold.is_err() || sold.unwrap().fiat.units < units);
            }
        }
    }

    /// The same sum for a sale: rounded down before the fees.
    #[test]
    fn the_parts_of_a_sale_add_up_to_the_unit(
        units in 1i128..=1_000_000_000_000_000_000_000,
        rate in 1_000i64..=20_000_000_000_000,
        service_bps in 0i64..=1000,
    ) {
        let policy = FeePolicy { service_bps, ..POLICY };
        for currency in [currency("EUR", 2), currency("JPY", 0), currency("KWD", 3)] {
            for token in [token("USDC", 6), token("WBTC", 8), token("ETH", 18)] {
                let tokens = Money::new(units, token);
                let Ok(priced) = price_sale(&tokens, &currency, Rate(rate), policy) else {
                    continue;
                };
                let gross = worth(&tokens, &currency, Rate(rate)).unwrap();
                let least = tokens_for(&gross, &tokens.asset, Rate(rate)).unwrap();
                prop_assert!(least.units <= units);
                prop_assert_eq!(worth(&least, &currency, Rate(rate)).unwrap(), gross);
                let scale = power_of_ten(tokens.asset.decimals + RATE_DECIMALS);
                let value = units * i128::from(rate) * power_of_ten(currency.decimals);
                let fees: i128 = priced.fees.iter().map(|fee| fee.amount.units).sum();
                prop_assert_eq!(priced.fiat.units + fees, value / scale);
                prop_assert!(priced.fiat.units > 0 && fees > 0);
            }
        }
    }

    /// The sum that the contract promises, for currencies and tokens of all kinds of decimals.
    #[test]
    fn the_parts_add_up_to_the_unit(
        share in 0i128..=1_000_000,
        rate in 1_000i64..=20_000_000_000_000,
        service_bps in 0i64..=1000,
    ) {
        let policy = FeePolicy { service_bps, ..POLICY };
        for (currency, most) in
            [(currency("EUR", 2), 10_000_00), (currency("JPY", 0), 1_500_000), (currency("KWD", 3), 3_000_000)]
        {
            let charge = Money::new(10 + most * share / 1_000_000, currency);
            for token in [token("USDC", 6), token("WBTC", 8), token("ETH", 18)] {
                let Ok(priced) = price(&charge, &token, Rate(rate), policy) else { continue };
                let scale = power_of_ten(token.decimals + RATE_DECIMALS);
                let value = priced.crypto.units * i128::from(rate) * power_of_ten(charge.asset.decimals);
                let fees: i128 = priced.fees.iter().map(|fee| fee.amount.units).sum();
                prop_assert_eq!(div_ceil(value, scale) + fees, charge.units);
                prop_assert!(priced.fees.iter().all(|fee| fee.amount.units > 0));
            }
        }
    }
}
