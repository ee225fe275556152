//! The parts of every bill add up to the unit: for each currency and each token that the shipped
//! catalogue knows, at the smallest and the largest amounts and at those that force rounding.

use gate_domain::catalogue::{FEE_BPS_MAX, FEE_UNITS_MAX, Side};
use gate_domain::ids::{Mode, QuoteId, Seed};
use gate_domain::ledger::{Account, Booking, Posting, imbalance};
use gate_domain::money::{Asset, Money};
use gate_domain::quote::{
    FeePolicy, OnLapse, PaidIn, Priced, Quote, QuoteError, Rate, price, price_payout, price_sale,
    price_swap, tokens_for, worth,
};
use gate_domain::time::Millis;
use gate_rails::Rails;
use proptest::prelude::*;

use super::world_wide;

/// The largest amount that a request can name.
const WHOLE: i128 = 999_999_999_999_999_999;

fn pairs() -> Vec<(Asset, Asset)> {
    let world = world_wide();
    let tokens = world.tokens().flat_map(|token| {
        world.currencies().iter().map(|currency| (token.asset(), currency.asset()))
    });
    tokens.collect()
}

/// What tokens are worth, rounded up. It divides in another order than the code that it checks.
fn value_rounded_up(tokens: &Money, currency: &Asset, rate: Rate) -> i128 {
    let below = worth(tokens, currency, rate).unwrap().units;
    let scale = 10i128.pow(u32::from(tokens.asset.decimals + 8));
    let exact = tokens.units * i128::from(rate.0) * 10i128.pow(u32::from(currency.decimals));
    below + i128::from(exact != below * scale)
}

/// Either the sum holds, or there is no price: nothing in between, and never a panic.
fn holds(charge: &Money, tokens: &Money, rate: Rate, policy: FeePolicy) {
    let (currency, token) = (&charge.asset, &tokens.asset);
    let words = || format!("{charge} {tokens} at {rate:?} by {policy:?}");
    let fees = |priced: &Priced| -> i128 { priced.fees.iter().map(|fee| fee.amount.units).sum() };
    let sane = |priced: &Priced| priced.fees.iter().all(|fee| fee.amount.units > 0);
    match price(charge, token, rate, policy) {
        Ok(bought) => {
            let value = value_rounded_up(&bought.crypto, currency, rate);
            assert_eq!(bought.fiat, *charge);
            assert_eq!(value + fees(&bought), charge.units, "{}", words());
            assert!(bought.crypto.units > 0 && sane(&bought), "{}", words());
        }
        Err(QuoteError::TooSmall | QuoteError::TooLarge) => {}
    }
    match price_sale(tokens, currency, rate, policy) {
        Ok(sold) => {
            let value = worth(tokens, currency, rate).unwrap().units;
            assert_eq!(sold.crypto, *tokens);
            assert_eq!(value - fees(&sold), sold.fiat.units, "{}", words());
            assert!(sold.fiat.units > 0 && sane(&sold), "{}", words());
        }
        Err(QuoteError::TooSmall | QuoteError::TooLarge) => {}
    }
}

/// The same for a sale that pays an amount out, and for a swap of tokens that are worth one.
fn pays_out(payout: &Money, token: &Asset, rate: Rate, policy: FeePolicy) {
    let words = || format!("{payout} for {} at {rate:?} by {policy:?}", token.code);
    match price_payout(payout, token, rate, policy) {
        Ok(sold) => {
            let fees: i128 = sold.fees.iter().map(|fee| fee.amount.units).sum();
            let value = worth(&sold.crypto, &payout.asset, rate).unwrap().units;
            assert_eq!(sold.fiat, *payout, "{}", words());
            assert_eq!(value, payout.units + fees, "{}", words());
            assert!(sold.fees.iter().all(|fee| fee.amount.units > 0), "{}", words());
            let posted = booked(&sold, Side::OffRamp, None);
            assert!(posted, "{}", words());
        }
        Err(QuoteError::TooSmall | QuoteError::TooLarge) => {}
    }
}

fn swaps(value: &Money, given: (&Asset, Rate), got: (&Asset, Rate), policy: FeePolicy) {
    let words = || format!("{value} of {} into {} by {policy:?}", given.0.code, got.0.code);
    match price_swap(value, given, got, policy) {
        Ok((paid, priced)) => {
            // The fewest tokens that are worth the value, and a buy for exactly what these are worth.
            assert_eq!(paid.amount, tokens_for(value, given.0, given.1).unwrap());
            let charge = worth(&paid.amount, &value.asset, given.1).unwrap();
            assert!(charge.units >= value.units, "{}", words());
            let fewer = Money::new(paid.amount.units - 1, given.0.clone());
            assert!(
                worth(&fewer, &value.asset, given.1).unwrap().units < value.units,
                "{}",
                words()
            );
            assert_eq!(priced.fiat, charge, "{}", words());
            let fees: i128 = priced.fees.iter().map(|fee| fee.amount.units).sum();
            let bought = value_rounded_up(&priced.crypto, &value.asset, got.1);
            assert_eq!(bought + fees, charge.units, "{}", words());
            assert!(priced.crypto.units > 0, "{}", words());
            let posted = booked(&priced, Side::OnRamp, Some(paid));
            assert!(posted, "{}", words());
        }
        Err(QuoteError::TooSmall | QuoteError::TooLarge) => {}
    }
}

/// Whether every fact about such a quote is booked to the unit: each posting sums to zero, and once the
/// user has what they get, or what they gave again, nothing of theirs is left with us.
fn booked(priced: &Priced, side: Side, paid_in: Option<PaidIn>) -> bool {
    let quote = Quote {
        id: QuoteId::new(Mode::Test, Seed { at: Millis(0), random: [1; 10] }),
        session_id: None,
        side,
        payment_method: "sepa_payout".into(),
        fiat: priced.fiat.clone(),
        crypto: priced.crypto.clone(),
        paid_in,
        rate: Rate(1),
        fees: priced.fees.clone(),
        source: "test".into(),
        priced_at: None,
        on_lapse: OnLapse::default(),
        created_at: Millis(0),
        expires_at: Millis(1),
    };
    let taken = Posting::of_deposit(quote.taken());
    [Booking::TokensDelivered, Booking::PaymentRefunded].into_iter().all(|end| {
        let story = [taken.clone(), Posting::of_tokens_taken(&quote), Posting::of(end, &quote)];
        let lines = || story.iter().flat_map(Posting::entries);
        let users = |account: &Account| matches!(account, Account::UserFunds | Account::Suspense);
        let theirs: Vec<_> = lines().filter(|entry| users(&entry.account)).cloned().collect();
        story.iter().all(|posting| imbalance(posting.entries()).is_empty())
            && imbalance(&theirs).is_empty()
    })
}

fn policies() -> Vec<FeePolicy> {
    let most = i128::from(FEE_UNITS_MAX);
    let usual = FeePolicy {
        service_bps: 149,
        service_minimum_units: 50,
        service_maximum_units: None,
        fixed_units: 0,
        network_units: 35,
    };
    vec![
        FeePolicy::default(),
        usual,
        FeePolicy { service_maximum_units: Some(1), fixed_units: 1, ..usual },
        FeePolicy { service_bps: FEE_BPS_MAX, service_maximum_units: Some(0), ..usual },
        FeePolicy {
            service_bps: FEE_BPS_MAX,
            service_minimum_units: most,
            service_maximum_units: Some(most),
            fixed_units: most,
            network_units: most,
        },
    ]
}

#[test]
fn every_pair_adds_up_at_the_extremes() {
    let world = world_wide();
    let prices = Rails::simulated().prices;
    for (token, currency) in pairs() {
        let market = prices.price(&token, &currency, Millis(0)).unwrap().rate;
        let limits = world.currency(&currency.code).unwrap().limits;
        let finest = 10i128.pow(u32::from(token.decimals));
        let amounts = [1, 2, 3, 7, limits.minimum_units, limits.maximum_units, i128::MAX];
        let tokens = [1, 3, finest - 1, finest, finest + 1, WHOLE * finest, i128::MAX];
        for rate in [Rate(1), Rate(3), market, Rate(market.0 + 1), Rate(i64::MAX)] {
            for policy in policies() {
                for (units, crypto) in amounts.into_iter().zip(tokens) {
                    let charge = Money::new(units, currency.clone());
                    holds(&charge, &Money::new(crypto, token.clone()), rate, policy);
                }
            }
        }
        for rate in [Rate(1), Rate(3), market, Rate(market.0 + 1), Rate(i64::MAX)] {
            for policy in policies() {
                for units in amounts {
                    pays_out(&Money::new(units, currency.clone()), &token, rate, policy);
                }
            }
        }
        // What is allowed has a price, and what cannot be counted has none.
        for units in [limits.minimum_units, limits.maximum_units] {
            let charge = Money::new(units, currency.clone());
            let free = price(&charge, &token, market, FeePolicy::default());
            assert!(free.is_ok(), "{charge} of {}: {free:?}", token.code);
        }
        let beyond = Money::new(i128::MAX, currency.clone());
        for policy in policies() {
            assert_eq!(price(&beyond, &token, market, policy), Err(QuoteError::TooLarge));
        }
        let beyond = Money::new(i128::MAX, token.clone());
        let sold = price_sale(&beyond, &currency, market, FeePolicy::default());
        assert_eq!(sold, Err(QuoteError::TooLarge));
    }
}

/// Every token against every other one, valued in every currency.
#[test]
fn every_pair_of_tokens_swaps_to_the_unit() {
    let world = world_wide();
    let market = Rails::simulated().prices;
    for currency in world.currencies() {
        let (limits, money) = (currency.limits, currency.asset());
        let rated = world.tokens().map(|token| {
            let token = token.asset();
            let rate = market.price(&token, &money, Millis(0)).unwrap().rate;
            (token, rate)
        });
        let rated: Vec<_> = rated.collect();
        for (given, given_rate) in &rated {
            for (got, rate) in rated.iter().filter(|(got, _)| got != given) {
                for policy in policies() {
                    for units in [1, 7, limits.minimum_units, limits.maximum_units, i128::MAX] {
                        let value = Money::new(units, money.clone());
                        swaps(&value, (given, *given_rate), (got, *rate), policy);
                    }
                }
                // What is allowed has a price.
                for units in [limits.minimum_units, limits.maximum_units] {
                    let value = Money::new(units, money.clone());
                    let free = FeePolicy::default();
                    let swap = price_swap(&value, (given, *given_rate), (got, *rate), free);
                    assert!(swap.is_ok(), "{value} of {} into {}: {swap:?}", given.code, got.code);
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn every_pair_adds_up_anywhere(
        units in 1i128..=1_000_000_000_000_000,
        crypto in 1i128..=1_000_000_000_000_000_000_000,
        rate in 1i64..=20_000_000_000_000_000,
        service_bps in 0..=FEE_BPS_MAX,
        service_minimum_units in 0i128..=1_000,
        service_maximum_units in proptest::option::of(0i128..=100_000),
        fixed_units in 0i128..=1_000,
        network_units in 0i128..=1_000,
    ) {
        let policy = FeePolicy {
            service_bps,
            service_minimum_units,
            service_maximum_units,
            fixed_units,
            network_units,
        };
        for (token, currency) in pairs() {
            let charge = Money::new(units, currency);
            pays_out(&charge, &token, Rate(rate), policy);
            holds(&charge, &Money::new(crypto, token), Rate(rate), policy);
        }
    }
}
