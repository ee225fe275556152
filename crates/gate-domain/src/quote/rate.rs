//! The price of a token.

use serde::{Deserialize, Serialize};

use crate::money::format_decimal;

/// The price of one whole token in whole units of the currency, in steps of 10⁻⁸.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Rate(pub i64);

pub(super) const RATE_DECIMALS: u8 = 8;

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

#[cfg(test)]
mod tests {
    use super::*;

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
}
