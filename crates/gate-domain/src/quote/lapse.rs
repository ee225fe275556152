//! What becomes of money that arrives after its price has lapsed.

use serde::{Deserialize, Serialize};

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

#[cfg(test)]
mod tests {
    use super::*;

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
}
