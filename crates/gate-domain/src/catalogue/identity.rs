//! What people may move, by how well the gateway knows them: the data behind limits. Limits are
//! counted in one currency; what the others count for in it is the operator's, not the market's, so that
//! no price moves a limit.

use std::collections::BTreeMap;

use crate::money::{Asset, Money};
use crate::person::Ask;
use crate::session::IdentityLevel;

/// The highest limit: what is worth more is counted as just more than this.
pub const LIMIT_UNITS_MAX: i128 = 1_000_000_000_000_000;
/// How many decimals a worth has.
pub const WORTH_DECIMALS: u8 = 8;

/// What one unit of a currency counts for in that of the limits, in steps of 10⁻⁸. It is more than 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Worth(pub i64);

impl Worth {
    /// What the currency of the limits counts for.
    const ONE: Self = Self(100_000_000);
}

/// What people may move, by how well the gateway knows them, and what it asks of them. Made by reading
/// a catalogue file, which checks that no rung allows less than the one below; without a file it allows
/// nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentityRules {
    /// What limits are counted in.
    pub currency: Asset,
    /// What the other currencies count for.
    pub worth: BTreeMap<String, Worth>,
    /// The most of one transaction of somebody who has shown nothing, in smallest units; 0 where
    /// everybody is asked. Who nobody knows has no day and no month.
    pub guest_units: i128,
    /// Those who have shown the least.
    pub basic: Rung,
    /// Those who have shown everything.
    pub enhanced: Rung,
}

/// What somebody of a level may move, and what the level asks of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rung {
    /// The limits.
    pub limits: SpendLimits,
    /// What is asked, beside an e-mail address.
    pub asks: Vec<Ask>,
}

/// What may be moved, in smallest units of the currency of the limits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SpendLimits {
    /// In one transaction.
    pub transaction_units: i128,
    /// In one day.
    pub day_units: i128,
    /// In one month.
    pub month_units: i128,
}

impl Default for IdentityRules {
    fn default() -> Self {
        Self {
            currency: Asset { code: String::new(), network: None, decimals: 0 },
            worth: BTreeMap::new(),
            guest_units: 0,
            basic: Rung::default(),
            enhanced: Rung::default(),
        }
    }
}

impl IdentityRules {
    /// What a level asks, and allows.
    pub const fn rung(&self, level: IdentityLevel) -> &Rung {
        match level {
            IdentityLevel::Basic => &self.basic,
            IdentityLevel::Enhanced => &self.enhanced,
        }
    }

    /// What somebody may move. Of a user who is known and has shown nothing, a day and a month count
    /// as they do on the lowest level.
    pub fn limits(&self, level: Option<IdentityLevel>) -> SpendLimits {
        match level {
            Some(level) => self.rung(level).limits,
            None => SpendLimits { transaction_units: self.guest_units, ..self.basic.limits },
        }
    }

    /// What an amount counts for, rounded up. Nothing that cannot be counted passes a limit.
    pub fn value(&self, amount: &Money) -> i128 {
        let value = self.scales(&amount.asset).and_then(|(per_unit, whole)| {
            let scaled = amount.units.checked_mul(per_unit)?;
            Some(scaled.div_euclid(whole) + i128::from(scaled.rem_euclid(whole) != 0))
        });
        value.unwrap_or(i128::MAX).min(LIMIT_UNITS_MAX + 1)
    }

    /// The most of a currency that counts for no more than so many units.
    pub fn most_within(&self, units: i128, asset: &Asset) -> Money {
        let most = self.scales(asset).and_then(|(per_unit, whole)| {
            let scaled = units.min(LIMIT_UNITS_MAX).checked_mul(whole)?;
            Some(scaled.div_euclid(per_unit))
        });
        Money::new(most.unwrap_or(0), asset.clone())
    }

    /// So many smallest units of the currency of the limits.
    pub fn money(&self, units: i128) -> Money {
        Money::new(units, self.currency.clone())
    }

    /// A unit of `asset` counts for the first of these divided by the second.
    fn scales(&self, asset: &Asset) -> Option<(i128, i128)> {
        let worth = match self.worth.get(&asset.code) {
            Some(worth) => *worth,
            None if asset.code == self.currency.code => Worth::ONE,
            None => return None,
        };
        let per_unit = i128::from(worth.0) * 10i128.pow(self.currency.decimals.into());
        Some((per_unit, 10i128.pow(u32::from(asset.decimals) + u32::from(WORTH_DECIMALS))))
    }
}
