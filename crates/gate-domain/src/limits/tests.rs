//! The judgement as a table, and the number in a refusal: exactly it passes.

use std::fmt::Write as _;

use proptest::prelude::*;

use super::*;
use crate::catalogue::{LIMIT_UNITS_MAX, Rung, SpendLimits, Worth};
use crate::money::Asset;

const BASIC: Option<IdentityLevel> = Some(IdentityLevel::Basic);
const ENHANCED: Option<IdentityLevel> = Some(IdentityLevel::Enhanced);

fn asset(code: &str, decimals: u8) -> Asset {
    Asset { code: code.into(), network: None, decimals }
}

/// Limits in whole euros, where a pound counts for 1.15 and a yen for 0.006.
fn rules(guest: i128, basic: [i128; 3], enhanced: [i128; 3]) -> IdentityRules {
    let rung = |limits: [i128; 3]| {
        let [transaction_units, day_units, month_units] = limits.map(|whole| whole * 100);
        let limits = SpendLimits { transaction_units, day_units, month_units };
        Rung { limits, asks: Vec::new() }
    };
    IdentityRules {
        currency: asset("EUR", 2),
        worth: [("GBP", 115_000_000), ("JPY", 600_000)]
            .map(|(code, steps)| (code.to_owned(), Worth(steps)))
            .into(),
        guest_units: guest * 100,
        basic: rung(basic),
        enhanced: rung(enhanced),
    }
}

fn usual() -> IdentityRules {
    rules(1_000, [5_000, 5_000, 15_000], [10_000, 25_000, 100_000])
}

/// Somebody who has moved so many whole euros in a day and in its month.
fn standing(level: Option<IdentityLevel>, day: i128, month: i128) -> Standing {
    Standing { level, day_units: day * 100, month_units: month * 100, at: Millis(0) }
}

#[test]
fn every_level_meets_every_amount() {
    let rules = usual();
    let mut table = String::new();
    for (level, day, month) in [
        (None, 0, 0),
        (None, 4_500, 4_500),
        (BASIC, 0, 0),
        (BASIC, 4_500, 4_500),
        (BASIC, 0, 14_800),
        (ENHANCED, 0, 0),
        (ENHANCED, 24_500, 24_500),
        (ENHANCED, 24_500, 99_900),
        (ENHANCED, 30_000, 120_000),
    ] {
        for euros in [500, 1_000, 1_001, 5_001, 10_001] {
            let standing = standing(level, day, month);
            let verdict = match judge(&rules, euros * 100, &standing) {
                Verdict::Enough => "enough".to_owned(),
                Verdict::Ask(level) => format!("ask {}", level.as_str()),
                Verdict::Over(over) => format!(
                    "over {:?} {}, {} left, {} passes",
                    over.period,
                    over.limit_units / 100,
                    over.remaining_units / 100,
                    over.passes_units / 100,
                ),
            };
            let level = level.map_or("-", IdentityLevel::as_str);
            writeln!(table, "{level:<8} {day:>5} {month:>6} + {euros:>5} {verdict}").unwrap();
        }
    }
    insta::assert_snapshot!(table, @r"
    -            0      0 +   500 enough
    -            0      0 +  1000 enough
    -            0      0 +  1001 ask basic
    -            0      0 +  5001 ask enhanced
    -            0      0 + 10001 over Transaction 10000, 10000 left, 10000 passes
    -         4500   4500 +   500 enough
    -         4500   4500 +  1000 ask enhanced
    -         4500   4500 +  1001 ask enhanced
    -         4500   4500 +  5001 ask enhanced
    -         4500   4500 + 10001 over Transaction 10000, 10000 left, 10000 passes
    basic        0      0 +   500 enough
    basic        0      0 +  1000 enough
    basic        0      0 +  1001 enough
    basic        0      0 +  5001 ask enhanced
    basic        0      0 + 10001 over Transaction 10000, 10000 left, 10000 passes
    basic     4500   4500 +   500 enough
    basic     4500   4500 +  1000 ask enhanced
    basic     4500   4500 +  1001 ask enhanced
    basic     4500   4500 +  5001 ask enhanced
    basic     4500   4500 + 10001 over Transaction 10000, 10000 left, 10000 passes
    basic        0  14800 +   500 ask enhanced
    basic        0  14800 +  1000 ask enhanced
    basic        0  14800 +  1001 ask enhanced
    basic        0  14800 +  5001 ask enhanced
    basic        0  14800 + 10001 over Transaction 10000, 10000 left, 10000 passes
    enhanced     0      0 +   500 enough
    enhanced     0      0 +  1000 enough
    enhanced     0      0 +  1001 enough
    enhanced     0      0 +  5001 enough
    enhanced     0      0 + 10001 over Transaction 10000, 10000 left, 10000 passes
    enhanced 24500  24500 +   500 enough
    enhanced 24500  24500 +  1000 over Day 25000, 500 left, 500 passes
    enhanced 24500  24500 +  1001 over Day 25000, 500 left, 500 passes
    enhanced 24500  24500 +  5001 over Day 25000, 500 left, 500 passes
    enhanced 24500  24500 + 10001 over Transaction 10000, 10000 left, 500 passes
    enhanced 24500  99900 +   500 over Month 100000, 100 left, 100 passes
    enhanced 24500  99900 +  1000 over Month 100000, 100 left, 100 passes
    enhanced 24500  99900 +  1001 over Month 100000, 100 left, 100 passes
    enhanced 24500  99900 +  5001 over Month 100000, 100 left, 100 passes
    enhanced 24500  99900 + 10001 over Transaction 10000, 10000 left, 100 passes
    enhanced 30000 120000 +   500 over Month 100000, 0 left, 0 passes
    enhanced 30000 120000 +  1000 over Month 100000, 0 left, 0 passes
    enhanced 30000 120000 +  1001 over Month 100000, 0 left, 0 passes
    enhanced 30000 120000 +  5001 over Month 100000, 0 left, 0 passes
    enhanced 30000 120000 + 10001 over Transaction 10000, 10000 left, 0 passes
    ");
}

#[test]
fn where_guests_are_switched_off_everybody_is_asked() {
    let rules = rules(0, [5_000, 5_000, 15_000], [10_000, 25_000, 100_000]);
    let ask = Verdict::Ask(IdentityLevel::Basic);
    assert_eq!(judge(&rules, 1, &Standing::default()), ask);
    assert_eq!(judge(&rules, 1, &standing(BASIC, 0, 0)), Verdict::Enough);
}

#[test]
fn rules_that_nobody_made_allow_nothing() {
    let over = judge(&IdentityRules::default(), 1, &standing(ENHANCED, 0, 0));
    assert!(matches!(over, Verdict::Over(Over { passes_units: 0, .. })), "{over:?}");
}

#[test]
fn amounts_count_for_what_the_operator_says_rounded_up() {
    let rules = usual();
    let value =
        |units, code: &str, decimals| rules.value(&Money::new(units, asset(code, decimals)));
    assert_eq!(value(100_00, "EUR", 2), 100_00);
    assert_eq!(value(100_00, "GBP", 2), 115_00);
    assert_eq!(value(1, "GBP", 2), 2, "1.15 cents");
    assert_eq!(value(1, "JPY", 0), 1, "0.6 cents");
    assert_eq!(value(1_000, "JPY", 0), 6_00);
    assert_eq!(value(i128::MAX, "EUR", 2), LIMIT_UNITS_MAX + 1, "more than any limit");
    assert_eq!(value(1, "CHF", 2), LIMIT_UNITS_MAX + 1, "nobody said");
    assert_eq!(rules.most_within(LIMIT_UNITS_MAX, &asset("CHF", 2)).units, 0);
}

proptest! {
    /// What is told as the most that would pass does, and one unit more does not: whatever a currency
    /// counts for, and whatever was moved before.
    #[test]
    fn exactly_the_number_in_a_refusal_passes(
        steps in prop_oneof![1i64..1_000, 1i64..=i64::MAX],
        decimals in 0u8..=4,
        (transaction_units, more_a_day, more_a_month) in
            (0i128..1_000_000_000, 0i128..1_000_000_000, 0i128..1_000_000_000),
        (day_units, month_units) in (0i128..2_000_000_000, 0i128..3_000_000_000),
        units in prop_oneof![1i128..100_000, 1i128..=1_000_000_000_000_000],
    ) {
        let mut rules = usual();
        let limit = transaction_units + more_a_day;
        rules.enhanced.limits =
            SpendLimits { transaction_units, day_units: limit, month_units: limit + more_a_month };
        rules.worth.insert("XXX".into(), Worth(steps));
        let asset = asset("XXX", decimals);
        let standing = Standing { level: ENHANCED, day_units, month_units, at: Millis(0) };
        let over = |units| {
            match judge(&rules, rules.value(&Money::new(units, asset.clone())), &standing) {
                Verdict::Over(over) => Some(over),
                Verdict::Enough | Verdict::Ask(_) => None,
            }
        };
        let Some(refused) = over(units) else { return Ok(()) };
        let most = rules.most_within(refused.passes_units, &asset).units;
        prop_assert!((0..units).contains(&most));
        prop_assert_eq!(over(most), None);
        prop_assert!(over(most + 1).is_some());
    }
}
