//! Money: integers of the smallest unit with what they are counted in. Decimal strings outside,
//! no floating point anywhere.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What money is counted in: a currency, or a token on one network.
///
/// Made by the catalogue only, so the number of decimals is never a guess.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Asset {
    /// ISO 4217 code, or the token's symbol.
    pub code: String,
    /// The network that the token lives on; none for a currency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<String>,
    /// Decimals of the smallest unit: 2 for EUR, 6 for USDC, 18 for ETH.
    pub decimals: u8,
}

impl Asset {
    /// The name in the ledger: `EUR`, `USDC.base`.
    pub fn key(&self) -> String {
        match &self.network {
            None => self.code.clone(),
            Some(network) => format!("{}.{network}", self.code),
        }
    }
}

/// An amount of one asset. It may be negative: ledger entries are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Money {
    /// How many smallest units.
    #[serde(serialize_with = "units_as_text", deserialize_with = "units_from_text")]
    pub units: i128,
    /// Of what.
    pub asset: Asset,
}

impl Money {
    /// So many smallest units of an asset.
    pub const fn new(units: i128, asset: Asset) -> Self {
        Self { units, asset }
    }

    /// Read a decimal string such as `100.00`, exactly.
    pub fn parse(text: &str, asset: Asset) -> Result<Self, DecimalError> {
        parse_decimal(text, asset.decimals).map(|units| Self { units, asset })
    }

    /// The amount as a decimal string with all of the asset's decimals: `100.00`.
    pub fn to_decimal(&self) -> String {
        format_decimal(self.units, self.asset.decimals)
    }

    /// The amount for a sentence that people read: `5,000.00 EUR`.
    pub fn to_words(&self) -> String {
        let decimal = self.to_decimal();
        let end = decimal.find('.').unwrap_or(decimal.len());
        let (whole, fraction) = decimal.split_at(end);
        let mut grouped = String::new();
        for (place, digit) in whole.char_indices() {
            let behind = whole.len() - place;
            if behind % 3 == 0 && grouped.ends_with(|last: char| last.is_ascii_digit()) {
                grouped.push(',');
            }
            grouped.push(digit);
        }
        format!("{grouped}{fraction} {}", self.asset.code)
    }
}

impl fmt::Display for Money {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} {}", self.to_decimal(), self.asset.code)
    }
}

// Units travel as text in stored JSON: a token amount does not fit a JSON number of every reader.
fn units_as_text<S: Serializer>(units: &i128, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(units)
}

fn units_from_text<'de, D: Deserializer<'de>>(from: D) -> Result<i128, D::Error> {
    String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
}

/// Why a decimal string is no amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecimalError {
    /// Anything but digits and one point with digits on both sides.
    #[error("must be a decimal string such as \"100.00\", with digits and at most one point")]
    Malformed,
    /// More decimals than the asset has.
    #[error("must have at most {0} decimals")]
    TooPrecise(u8),
    /// More digits than any amount of money has.
    #[error("is larger than any amount that can be handled")]
    TooLarge,
}

const WHOLE_DIGITS_MAX: usize = 18;

/// Read a plain decimal string as an integer of its smallest unit. No sign, no exponent, no
/// surrounding space, no leading zeros: one way to write each amount.
///
/// ```
/// # use gate_domain::money::parse_decimal;
/// assert_eq!(parse_decimal("12.5", 2), Ok(1250));
/// ```
pub fn parse_decimal(text: &str, decimals: u8) -> Result<i128, DecimalError> {
    let (whole, fraction) = match text.split_once('.') {
        Some((_, "")) => return Err(DecimalError::Malformed),
        Some((whole, fraction)) => (whole, fraction),
        None => (text, ""),
    };
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !all_digits(whole) || !all_digits(fraction) {
        return Err(DecimalError::Malformed);
    }
    if whole.len() > 1 && whole.starts_with('0') {
        return Err(DecimalError::Malformed);
    }
    if fraction.len() > usize::from(decimals) {
        return Err(DecimalError::TooPrecise(decimals));
    }
    if whole.len() > WHOLE_DIGITS_MAX {
        return Err(DecimalError::TooLarge);
    }
    let padding = usize::from(decimals) - fraction.len();
    let digits = format!("{whole}{fraction}{}", "0".repeat(padding));
    digits.parse().map_err(|_| DecimalError::TooLarge)
}

/// Write an integer of smallest units as a decimal string with all its decimals.
///
/// ```
/// # use gate_domain::money::format_decimal;
/// assert_eq!(format_decimal(-5, 2), "-0.05");
/// ```
pub fn format_decimal(units: i128, decimals: u8) -> String {
    let places = usize::from(decimals);
    let sign = if units < 0 { "-" } else { "" };
    let digits = format!("{:0>width$}", units.unsigned_abs(), width = places + 1);
    let (whole, fraction) = digits.split_at(digits.len() - places);
    if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_no_amount_is_refused_with_what_would_be_right() {
        use DecimalError::{Malformed, TooLarge, TooPrecise};
        for (text, why) in [
            ("", Malformed),
            (".", Malformed),
            (".5", Malformed),
            ("5.", Malformed),
            ("1e3", Malformed),
            ("-1", Malformed),
            ("+1", Malformed),
            (" 1", Malformed),
            ("1,00", Malformed),
            ("01", Malformed),
            ("1.0.0", Malformed),
            ("١", Malformed),
            ("1.005", TooPrecise(2)),
            ("1000000000000000000", TooLarge),
        ] {
            assert_eq!(parse_decimal(text, 2), Err(why), "{text}");
        }
    }

    #[test]
    fn sentences_group_digits() {
        for (units, decimals, words) in [
            (0, 2, "0.00 X"),
            (999_99, 2, "999.99 X"),
            (1_000_00, 2, "1,000.00 X"),
            (-123_456, 0, "-123,456 X"),
            (1_234_567, 0, "1,234,567 X"),
        ] {
            let asset = Asset { code: "X".into(), network: None, decimals };
            assert_eq!(Money::new(units, asset).to_words(), words);
        }
    }

    #[test]
    fn the_largest_amount_of_the_finest_token_fits() {
        let largest = format!("{}.{}", "9".repeat(WHOLE_DIGITS_MAX), "9".repeat(18));
        let units = parse_decimal(&largest, 18).unwrap();
        assert_eq!(format_decimal(units, 18), largest);
    }

    proptest! {
        #[test]
        fn writing_and_reading_meet(units in 0i128..1_000_000_000_000_000_000, decimals in 0u8..=18) {
            prop_assert_eq!(parse_decimal(&format_decimal(units, decimals), decimals), Ok(units));
        }

        #[test]
        fn money_survives_storage(units in any::<i128>()) {
            let asset = Asset { code: "USDC".into(), network: Some("base".into()), decimals: 6 };
            let money = Money::new(units, asset);
            let stored = serde_json::to_string(&money).unwrap();
            prop_assert_eq!(serde_json::from_str::<Money>(&stored).unwrap(), money);
        }
    }
}
