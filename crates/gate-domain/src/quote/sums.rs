//! Sums in smallest units. What would leave the range is refused.

use super::QuoteError;

/// What is left of an amount.
pub(super) fn less<const PARTS: usize>(
    units: i128,
    parts: [i128; PARTS],
) -> Result<i128, QuoteError> {
    let mut left = parts.into_iter();
    left.try_fold(units, i128::checked_sub).ok_or(QuoteError::TooLarge)
}

pub(super) fn checked_mul(left: i128, right: i128) -> Result<i128, QuoteError> {
    left.checked_mul(right).ok_or(QuoteError::TooLarge)
}

pub(super) fn div_ceil(value: i128, by: i128) -> i128 {
    value / by + i128::from(value % by != 0)
}

pub(super) fn power_of_ten(exponent: u8) -> i128 {
    10i128.pow(u32::from(exponent))
}
