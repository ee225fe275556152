//! What an amount buys or brings once the fees are taken. The parts add up to the unit.

use super::fees::bill;
use super::rate::RATE_DECIMALS;
use super::sums::{checked_mul, div_ceil, less, power_of_ten};
use super::{Fee, FeeKind, FeePolicy, PaidIn, Rate};
use crate::money::{Asset, Money};

#[cfg(test)]
mod tests;

/// Why there is no quote.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QuoteError {
    /// The fees leave nothing to buy tokens with.
    #[error("the amount does not cover the fees")]
    TooSmall,
    /// The arithmetic would leave the range that is proved exact.
    #[error("the amount is too large to quote")]
    TooLarge,
}

/// The numbers of a quote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Priced {
    /// What the user pays in all; for a sale, what they receive.
    pub fiat: Money,
    /// What the user receives, rounded down to the token's smallest unit; for a sale, what they give.
    pub crypto: Money,
    /// Every fee, in the currency.
    pub fees: Vec<Fee>,
}

/// Work out what `charge` buys at `rate` once the fees are taken.
///
/// Fees are rounded up, tokens down; what the second rounding leaves over becomes a fee line of its
/// own, so that the parts add up to the unit.
pub fn price(
    charge: &Money,
    token: &Asset,
    rate: Rate,
    policy: FeePolicy,
) -> Result<Priced, QuoteError> {
    let service = policy.service(charge.units)?;
    let net = less(charge.units, [service, policy.fixed_units, policy.network_units])?;
    if net <= 0 {
        return Err(QuoteError::TooSmall);
    }
    // crypto = net / rate, with both sides brought to whole numbers of their smallest units.
    let token_scale = power_of_ten(token.decimals + RATE_DECIMALS);
    let price_scale = checked_mul(i128::from(rate.0), power_of_ten(charge.asset.decimals))?;
    let crypto_units = checked_mul(net, token_scale)? / price_scale;
    if crypto_units == 0 {
        return Err(QuoteError::TooSmall);
    }
    let value = div_ceil(checked_mul(crypto_units, price_scale)?, token_scale);
    let rounding = net - value;
    assert!(rounding >= 0, "tokens are rounded down, so they cannot be worth more than was paid");

    let fees = [
        (FeeKind::Service, service),
        (FeeKind::Fixed, policy.fixed_units),
        (FeeKind::Network, policy.network_units),
        (FeeKind::Rounding, rounding),
    ];
    let crypto = Money::new(crypto_units, token.clone());
    Ok(Priced { fiat: charge.clone(), crypto, fees: bill(fees, &charge.asset) })
}

/// Work out what `tokens` bring at `rate` once the fees are taken.
///
/// What they are worth is rounded down to the currency's smallest unit and fees are rounded up, so
/// the parts add up to the unit. Users send the tokens themselves, so no network fee is taken.
pub fn price_sale(
    tokens: &Money,
    currency: &Asset,
    rate: Rate,
    policy: FeePolicy,
) -> Result<Priced, QuoteError> {
    let gross = worth(tokens, currency, rate)?.units;
    let service = policy.service(gross)?;
    let net = less(gross, [service, policy.fixed_units])?;
    if net <= 0 {
        return Err(QuoteError::TooSmall);
    }
    let lines = [(FeeKind::Service, service), (FeeKind::Fixed, policy.fixed_units)];
    let fees = bill(lines, currency);
    Ok(Priced { fiat: Money::new(net, currency.clone()), crypto: tokens.clone(), fees })
}

/// Work out what tokens that are worth `value` buy of another token, once the fees are taken: how many
/// the user gives, and the price of a buy for what these are worth to the currency's smallest unit.
pub fn price_swap(
    value: &Money,
    (given, given_rate): (&Asset, Rate),
    (token, rate): (&Asset, Rate),
    policy: FeePolicy,
) -> Result<(PaidIn, Priced), QuoteError> {
    let amount = tokens_for(value, given, given_rate)?;
    let priced = price(&worth(&amount, &value.asset, given_rate)?, token, rate, policy)?;
    Ok((PaidIn { amount, rate: given_rate }, priced))
}

/// Work out how many tokens bring `payout` at `rate` once the fees are taken: what a user sells who
/// wants to be paid so much.
///
/// The tokens are rounded up to their smallest unit; what they are worth beyond the amount becomes a
/// fee line of its own, so that the user is paid the amount to the unit.
pub fn price_payout(
    payout: &Money,
    token: &Asset,
    rate: Rate,
    policy: FeePolicy,
) -> Result<Priced, QuoteError> {
    if payout.units <= 0 {
        return Err(QuoteError::TooSmall);
    }
    // The fee is a share of the gross, so the gross is found from below: each step closes at least
    // half of what is missing, since no share is more than a half.
    let mut gross = payout.units;
    loop {
        let fees = policy.service(gross)?.checked_add(policy.fixed_units);
        let missing = payout.units - less(gross, [fees.ok_or(QuoteError::TooLarge)?])?;
        if missing <= 0 {
            break;
        }
        gross = gross.checked_add(missing).ok_or(QuoteError::TooLarge)?;
    }
    let tokens = tokens_for(&Money::new(gross, payout.asset.clone()), token, rate)?;
    let value = worth(&tokens, &payout.asset, rate)?.units;
    let service = policy.service(value)?;
    let rounding = less(value, [service, policy.fixed_units, payout.units])?;
    assert!(rounding >= 0, "tokens are rounded up, so they cannot be worth less than is paid");
    let lines = [
        (FeeKind::Service, service),
        (FeeKind::Fixed, policy.fixed_units),
        (FeeKind::Rounding, rounding),
    ];
    let fees = bill(lines, &payout.asset);
    Ok(Priced { fiat: payout.clone(), crypto: tokens, fees })
}

/// What `tokens` are worth at `rate` before any fee, rounded down to the currency's smallest unit.
pub fn worth(tokens: &Money, currency: &Asset, rate: Rate) -> Result<Money, QuoteError> {
    let token_scale = power_of_ten(tokens.asset.decimals + RATE_DECIMALS);
    let price_scale = checked_mul(i128::from(rate.0), power_of_ten(currency.decimals))?;
    let units = checked_mul(tokens.units, price_scale)? / token_scale;
    Ok(Money::new(units, currency.clone()))
}

/// The least amount of a token that is worth `value` at `rate` before any fee.
pub fn tokens_for(value: &Money, token: &Asset, rate: Rate) -> Result<Money, QuoteError> {
    let token_scale = power_of_ten(token.decimals + RATE_DECIMALS);
    let price_scale = checked_mul(i128::from(rate.0), power_of_ten(value.asset.decimals))?;
    let units = div_ceil(checked_mul(value.units, token_scale)?, price_scale);
    Ok(Money::new(units, token.clone()))
}
