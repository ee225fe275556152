//! Whether somebody may move an amount, what they have to show for it, and what to say when they may
//! not: which limit, what is left of it, when it renews, and the amount that would have passed.

use crate::calendar::{day_of, day_words, month_of};
use crate::catalogue::{IdentityRules, Offer, Refusal, RefusalCode, Side};
use crate::money::Money;
use crate::session::IdentityLevel;
use crate::time::Millis;

/// How well somebody is known, and what they have moved already. The default is somebody whom nobody
/// knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// What they have shown.
    pub level: Option<IdentityLevel>,
    /// What they have moved in the day of `at`, in smallest units of the currency of the limits.
    pub day_units: i128,
    /// What they have moved in its month.
    pub month_units: i128,
    /// When that was counted, in the time of their session.
    pub at: Millis,
}

impl Standing {
    /// The same without something that is counted in it.
    #[must_use]
    pub const fn without(self, units: i128) -> Self {
        Self { day_units: self.day_units - units, month_units: self.month_units - units, ..self }
    }
}

/// What is to be done about an amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// They have shown enough.
    Enough,
    /// They may once they have shown this.
    Ask(IdentityLevel),
    /// They may not, whatever they show.
    Over(Over),
}

/// The limit that an amount is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Over {
    /// What it is a limit of. Where there are several, the one that lasts longest.
    pub period: Period,
    /// The limit.
    pub limit_units: i128,
    /// What is left of it.
    pub remaining_units: i128,
    /// What would pass every limit now.
    pub passes_units: i128,
}

/// What a limit is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    /// One transaction.
    Transaction,
    /// A day.
    Day,
    /// A month.
    Month,
}

/// What is to be done about an amount that counts for `value`. The lowest level that allows it is asked
/// for; whoever has shown that much is asked nothing.
pub fn judge(rules: &IdentityRules, value: i128, standing: &Standing) -> Verdict {
    use IdentityLevel::{Basic, Enhanced};
    // No level allows more than the highest.
    if let Some(over) = exceeded(rules, Some(Enhanced), value, standing) {
        return Verdict::Over(over);
    }
    let allows = |level| exceeded(rules, level, value, standing).is_none();
    let lowest = [Basic, Enhanced].into_iter().find(|level| allows(Some(*level)));
    match lowest {
        Some(level) if standing.level < Some(level) && !allows(None) => Verdict::Ask(level),
        Some(_) | None => Verdict::Enough,
    }
}

/// The limit of a level that an amount is over, if it is over one.
fn exceeded(
    rules: &IdentityRules,
    level: Option<IdentityLevel>,
    value: i128,
    standing: &Standing,
) -> Option<Over> {
    let limits = rules.limits(level);
    let all = [
        (Period::Transaction, limits.transaction_units, 0),
        (Period::Month, limits.month_units, standing.month_units),
        (Period::Day, limits.day_units, standing.day_units),
    ];
    let all = all.map(|(period, limit, spent)| (period, limit, (limit - spent).max(0)));
    let passes_units = all.iter().map(|(_, _, left)| *left).min().unwrap_or(0);
    let (period, limit_units, remaining_units) =
        all.into_iter().find(|(_, _, left)| value > *left)?;
    Some(Over { period, limit_units, remaining_units, passes_units })
}

impl Period {
    /// When the whole limit can be used again; a limit of one transaction does not renew.
    pub const fn renews_at(self, at: Millis) -> Option<Millis> {
        match self {
            Self::Transaction => None,
            Self::Day => Some(day_of(at).until),
            Self::Month => Some(month_of(at).until),
        }
    }
}

/// Whether somebody may move an amount at all, once they have shown what is asked for it. A refusal
/// says how much they could move on this `side`, with this `method`.
pub fn within_limits(
    offer: &Offer,
    amount: &Money,
    (side, method): (Side, &str),
    standing: &Standing,
) -> Result<(), Box<Refusal>> {
    let rules = offer.catalogue().identity();
    let Verdict::Over(over) = judge(rules, rules.value(amount), standing) else { return Ok(()) };
    let most = rules.most_within(over.passes_units, &amount.asset);
    let offered = offer.limits(&amount.asset.code, side, Some(method));
    let maximum = offered.and_then(|offered| {
        let units = most.units.min(offered.maximum_units);
        (units >= offered.minimum_units).then(|| Money::new(units, amount.asset.clone()))
    });
    Err(refusal(rules, over, maximum, standing.at))
}

fn refusal(rules: &IdentityRules, over: Over, maximum: Option<Money>, at: Millis) -> Box<Refusal> {
    let (limit, remaining) = (rules.money(over.limit_units), rules.money(over.remaining_units));
    let renews_at = over.period.renews_at(at);
    let renews = renews_at.map(day_words);
    let (most, left) = (limit.to_words(), remaining.to_words());
    let until = renews.as_deref().unwrap_or_default();
    let message = match over.period {
        Period::Transaction => format!("You can move {most} at a time."),
        Period::Day => format!("You can move {most} a day; {left} is left until {until}."),
        Period::Month => format!("You can move {most} a month; {left} is left until {until}."),
    };
    let choose = maximum.as_ref().map(|maximum| format!("choose at most {}", maximum.to_words()));
    let come_back = renews.map(|day| format!("come back on {day}"));
    let ways: Vec<_> = choose.into_iter().chain(come_back).collect();
    let next_step = if ways.is_empty() {
        "Go back to the shop.".to_owned()
    } else {
        format!("Go back to the shop and {}.", ways.join(", or "))
    };
    Box::new(Refusal {
        retryable: true,
        limit: Some(limit),
        remaining: Some(remaining),
        maximum,
        renews_at,
        ..*Refusal::lasting(RefusalCode::LimitReached, message, &next_step)
    })
}

#[cfg(test)]
mod tests;
