//! Quotes: a price with every fee, whose parts add up exactly.

use serde::{Deserialize, Serialize};

use crate::catalogue::Side;
use crate::ids::{QuoteId, SessionId};
use crate::money::{Asset, Money, format_decimal};
use crate::session::Flow;
use crate::time::Millis;

/// How long a quote holds where nothing is said: 120 s.
pub const LOCK_MS: i64 = 120_000;
/// The shortest time that a partner may lock a quote for: 15 s.
pub const LOCK_MIN_S: i64 = 15;
/// The longest time that a partner may lock a quote for: 20 min.
pub const LOCK_MAX_S: i64 = 1_200;
/// What the hosted page takes payments by.
pub const CARD: &str = "card";
/// What a swap is paid by.
pub const TOKENS: &str = "tokens";

/// The price of one whole token in whole units of the currency, in steps of 10⁻⁸.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Rate(pub i64);

const RATE_DECIMALS: u8 = 8;

impl Rate {
    /// Read a decimal number as others write it, such as `0.000012`, to the nearest step. Nothing
    /// but digits and a point; zero and what is too large are no prices.
    pub fn parse(text: &str) -> Option<Self> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |part: &str| {
            (1..=30).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
        };
        if !digits(whole) || !digits(fraction) {
            return None;
        }
        let kept = usize::from(RATE_DECIMALS);
        let steps = format!("{whole}{fraction:0<kept$.kept$}").parse::<i128>().ok()?;
        let up = fraction.as_bytes().get(kept).is_some_and(|digit| *digit >= b'5');
        i64::try_from(steps + i128::from(up)).ok().filter(|steps| *steps > 0).map(Self)
    }

    /// The rate as a decimal string with eight decimals.
    pub fn to_decimal(self) -> String {
        format_decimal(i128::from(self.0), RATE_DECIMALS)
    }
}

/// What a part of the charge is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FeeKind {
    /// Ours, by the amount.
    Service,
    /// Ours, whatever the amount.
    Fixed,
    /// The network's, for sending the tokens.
    Network,
    /// What is left because tokens are not infinitely divisible; almost always zero and then not listed.
    Rounding,
}

impl FeeKind {
    /// Under which kind it is booked: what is ours is one income.
    #[must_use]
    pub const fn booked_as(self) -> Self {
        match self {
            Self::Service | Self::Fixed => Self::Service,
            Self::Network => Self::Network,
            Self::Rounding => Self::Rounding,
        }
    }
}

/// One line of the bill.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fee {
    /// What it is for.
    pub kind: FeeKind,
    /// How much, in the currency of the charge.
    pub amount: Money,
}

/// What we charge on top of the price.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FeePolicy {
    /// Share of the charge, in hundredths of a percent.
    pub service_bps: i64,
    /// The least that the share comes to, in smallest units of the currency.
    pub service_minimum_units: i128,
    /// The most that the share comes to, even where the minimum is more; none is without limit.
    pub service_maximum_units: Option<i128>,
    /// Beside the share, in smallest units of the currency.
    pub fixed_units: i128,
    /// What sending costs, in smallest units of the currency.
    pub network_units: i128,
}

impl FeePolicy {
    /// What we take of an amount by its size, rounded up.
    fn service(self, units: i128) -> Result<i128, QuoteError> {
        let share = checked_mul(units, i128::from(self.service_bps))?;
        let least = div_ceil(share, 10_000).max(self.service_minimum_units);
        Ok(self.service_maximum_units.map_or(least, |most| least.min(most)))
    }
}

/// What becomes of money that arrives after the price has lapsed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnLapse {
    /// A new price is made and agreed on first.
    #[default]
    Requote,
    /// It goes back.
    Refund,
    /// It is converted at the new price, if that is no further away than so many hundredths of a
    /// percent; and else it goes back.
    ConvertWithin(i64),
}

impl OnLapse {
    /// The furthest that a new price may be away: 10 %.
    pub const BPS_MAX: i64 = 1_000;

    /// Read `requote`, `refund` or `convert_within:<bps>`, with 1 to [`Self::BPS_MAX`] and no
    /// leading zero.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "requote" => Some(Self::Requote),
            "refund" => Some(Self::Refund),
            _ => {
                let digits = text.strip_prefix("convert_within:")?;
                let plain = !digits.starts_with(['0', '+']);
                let bps = digits.parse().ok().filter(|bps| (1..=Self::BPS_MAX).contains(bps));
                bps.filter(|_| plain).map(Self::ConvertWithin)
            }
        }
    }

    /// The words on the wire.
    pub fn words(self) -> String {
        match self {
            Self::Requote => "requote".to_owned(),
            Self::Refund => "refund".to_owned(),
            Self::ConvertWithin(bps) => format!("convert_within:{bps}"),
        }
    }
}

/// A price, good until it lapses. It is written down once and never changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quote {
    /// Its id.
    pub id: QuoteId,
    /// The session that it was made for; none for a signed quote, which a session redeems.
    #[serde(default)]
    pub session_id: Option<SessionId>,
    /// Which way the money goes.
    #[serde(default = "buy")]
    pub side: Side,
    /// The method that the price is for.
    #[serde(default = "card")]
    pub payment_method: String,
    /// What the user pays in all; for a sale, what they receive.
    pub fiat: Money,
    /// What the user receives; for a sale, what they give.
    pub crypto: Money,
    /// What a swap is paid with, in place of money; its price is a buy for what these are worth.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paid_in: Option<PaidIn>,
    /// The price without fees.
    pub rate: Rate,
    /// Every fee. A buy: `fiat = crypto × rate (rounded up) + Σ fees`. A sale:
    /// `fiat = crypto × rate (rounded down) − Σ fees`.
    pub fees: Vec<Fee>,
    /// Where the price came from.
    pub source: String,
    /// When the source was asked, where that was not when the quote was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priced_at: Option<Millis>,
    /// What becomes of money that arrives too late.
    #[serde(default)]
    pub on_lapse: OnLapse,
    /// When it was made.
    pub created_at: Millis,
    /// When it lapses.
    pub expires_at: Millis,
}

/// The tokens that a swap is paid with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaidIn {
    /// How much of which.
    pub amount: Money,
    /// The price of one of them without fees.
    pub rate: Rate,
}

// What a quote that was written before sales existed is.
fn buy() -> Side {
    Side::OnRamp
}

fn card() -> String {
    CARD.to_owned()
}

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

impl Quote {
    /// Whether the price no longer holds.
    pub fn lapsed(&self, now: Millis) -> bool {
        now >= self.expires_at
    }

    /// When the source of the price was asked.
    pub fn priced_at(&self) -> Millis {
        self.priced_at.unwrap_or(self.created_at)
    }

    /// What it is for.
    pub fn flow(&self) -> Flow {
        if self.paid_in.is_some() { Flow::Swap } else { self.side.flow() }
    }

    /// What the user gives: money for a buy, tokens for a sale or a swap.
    pub fn taken(&self) -> &Money {
        match (&self.paid_in, self.side) {
            (Some(paid), _) => &paid.amount,
            (None, Side::OnRamp) => &self.fiat,
            (None, Side::OffRamp) => &self.crypto,
        }
    }

    /// What the user gets: tokens for a buy or a swap, money for a sale.
    pub fn delivered(&self) -> &Money {
        match self.side {
            Side::OnRamp => &self.crypto,
            Side::OffRamp => &self.fiat,
        }
    }

    /// The method that an amount at this price moves by; none for tokens, which go to an address.
    pub fn method_of(&self, amount: &Money) -> Option<String> {
        amount.asset.network.is_none().then(|| self.payment_method.clone())
    }

    /// All fees together.
    pub fn total_fees(&self) -> Money {
        let units = self.fees.iter().map(|fee| fee.amount.units).sum();
        Money::new(units, self.fiat.asset.clone())
    }

    /// The fees that are booked as one kind together, in smallest units of the currency.
    pub fn fee_units(&self, kind: FeeKind) -> i128 {
        let booked = self.fees.iter().filter(|fee| fee.kind.booked_as() == kind);
        booked.map(|fee| fee.amount.units).sum()
    }
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

/// The lines of a bill, without those that are zero.
fn bill<const LINES: usize>(lines: [(FeeKind, i128); LINES], currency: &Asset) -> Vec<Fee> {
    let fee = |(kind, units)| Fee { kind, amount: Money::new(units, currency.clone()) };
    lines.into_iter().filter(|(_, units)| *units != 0).map(fee).collect()
}

/// What is left of an amount.
fn less<const PARTS: usize>(units: i128, parts: [i128; PARTS]) -> Result<i128, QuoteError> {
    let mut left = parts.into_iter();
    left.try_fold(units, i128::checked_sub).ok_or(QuoteError::TooLarge)
}

fn checked_mul(left: i128, right: i128) -> Result<i128, QuoteError> {
    left.checked_mul(right).ok_or(QuoteError::TooLarge)
}

fn div_ceil(value: i128, by: i128) -> i128 {
    value / by + i128::from(value % by != 0)
}

fn power_of_ten(exponent: u8) -> i128 {
    10i128.pow(u32::from(exponent))
}

#[cfg(test)]
mod tests {
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
    fn a_rate_is_read_exactly_to_its_step() {
        for (text, steps) in [
            ("1", Some(100_000_000)),
            ("0.92", Some(92_000_000)),
            ("96123.45678901", Some(9_612_345_678_901)),
            ("0.000000014", Some(1)),
            ("0.000000015", Some(2)),
            ("0.999999999", Some(100_000_000)),
            ("92233720368.54775807", Some(i64::MAX)),
            ("92233720368.54775808", None),
            ("0.000000004", None),
            ("0", None),
            ("", None),
            (".5", None),
            ("5.", None),
            ("-1", None),
            ("+1", None),
            ("1e5", None),
            ("1,5", None),
            ("1.5.1", None),
            ("NaN", None),
        ] {
            assert_eq!(Rate::parse(text), steps.map(Rate), "{text}");
        }
    }

    #[test]
    fn every_part_of_a_policy_has_a_line() {
        let policy = FeePolicy { fixed_units: 30, service_maximum_units: Some(1_00), ..POLICY };
        let charge = Money::new(100_00, currency("EUR", 2));
        let usdc = token("USDC", 6);
        let bought = price(&charge, &usdc, Rate(92_000_000), policy).unwrap();
        let lines = |fees: &[Fee]| -> Vec<_> {
            fees.iter().map(|fee| (fee.kind, fee.amount.units)).collect()
        };
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
    fn what_a_late_payment_meets_is_one_of_three() {
        for words in ["requote", "refund", "convert_within:1", "convert_within:1000"] {
            assert_eq!(OnLapse::parse(words).map(OnLapse::words).as_deref(), Some(words));
        }
        for words in [
            "",
            "Requote",
            "convert_within",
            "convert_within:",
            "convert_within:0",
            "convert_within:01",
            "convert_within:+5",
            "convert_within:-5",
            "convert_within:1001",
            "convert_within:99999999999999999999",
            "convert_within:5 ",
        ] {
            assert_eq!(OnLapse::parse(words), None, "{words:?}");
        }
    }

    #[test]
    fn a_quote_from_before_sales_still_reads() {
        let old = r#"{"id":"qt_test_01hf7yat00fentqaxbnentqaxb",
            "session_id":"gs_test_01hf7yat00fentqaxbnentqaxb",
            "fiat":{"units":"10000","asset":{"code":"EUR","decimals":2}},
            "crypto":{"units":"1","asset":{"code":"USDC","network":"base","decimals":6}},
            "rate":92000000,"fees":[],"source":"x","created_at":1,"expires_at":2}"#;
        let quote: Quote = serde_json::from_str(old).unwrap();
        assert_eq!((quote.side, quote.payment_method.as_str()), (Side::OnRamp, CARD));
        assert!(quote.session_id.is_some());
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
}
