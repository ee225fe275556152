//! Days and months in UTC, the calendar that limits are counted in.

use crate::time::Millis;

const DAY_MS: i64 = 86_400_000;
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// A stretch of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Its first instant.
    pub from: Millis,
    /// The first instant after it.
    pub until: Millis,
}

/// The day that an instant lies in.
pub const fn day_of(at: Millis) -> Window {
    let day = at.0.div_euclid(DAY_MS);
    Window { from: midnight(day), until: midnight(day + 1) }
}

/// The month that an instant lies in.
pub const fn month_of(at: Millis) -> Window {
    let date = Date::of(at);
    let next = if date.month == 12 { (date.year + 1, 1) } else { (date.year, date.month + 1) };
    Window { from: first_of(date.year, date.month), until: first_of(next.0, next.1) }
}

/// The day that an instant lies in as people say it: `28 November`.
pub fn day_words(at: Millis) -> String {
    let date = Date::of(at);
    let months = MONTHS.iter().zip(1..);
    let month = months.filter(|(_, number)| *number == date.month).map(|(name, _)| *name).next();
    format!("{} {}", date.day, month.expect("a year has twelve months"))
}

/// A day of the Gregorian calendar.
struct Date {
    year: i64,
    month: i64,
    day: i64,
}

impl Date {
    /// Years are counted from March here, so that a leap day is the last of its year, and in eras of
    /// 400 years, which all have the same length.
    const fn of(at: Millis) -> Self {
        let days = at.0.div_euclid(DAY_MS) + DAYS_TO_1970;
        let (era, day_of_era) = (days.div_euclid(DAYS_OF_ERA), days.rem_euclid(DAYS_OF_ERA));
        let leap_days = day_of_era / 1_460 - day_of_era / 36_524 + day_of_era / 146_096;
        let year_of_era = (day_of_era - leap_days) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let month = (month_from_march + 2) % 12 + 1;
        let year = year_of_era + era * 400 + if month <= 2 { 1 } else { 0 };
        Self { year, month, day: day_of_year - (153 * month_from_march + 2) / 5 + 1 }
    }
}

/// From 1 March of the year 0 to 1 January 1970.
const DAYS_TO_1970: i64 = 719_468;
const DAYS_OF_ERA: i64 = 146_097;

const fn first_of(year: i64, month: i64) -> Millis {
    let (year, month_from_march) =
        if month <= 2 { (year - 1, month + 9) } else { (year, month - 3) };
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * month_from_march + 2) / 5;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    midnight(year.div_euclid(400) * DAYS_OF_ERA + day_of_era - DAYS_TO_1970)
}

const fn midnight(day: i64) -> Millis {
    Millis(day.saturating_mul(DAY_MS))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(seconds: i64) -> Millis {
        Millis(seconds * 1000)
    }

    #[test]
    fn known_days() {
        for (seconds, words, month_from, month_until) in [
            (0, "1 January", 0, 2_678_400),
            (1_795_824_000, "28 November", 1_793_491_200, 1_796_083_200),
            // The last second of a year.
            (1_798_761_599, "31 December", 1_796_083_200, 1_798_761_600),
            // Leap days: of 2000, which 1900 and 2100 do not have, and of 2028.
            (951_782_400, "29 February", 949_363_200, 951_868_800),
            (4_107_542_400, "1 March", 4_107_542_400, 4_110_220_800),
            (1_835_395_200, "29 February", 1_832_976_000, 1_835_481_600),
            (-1, "31 December", -2_678_400, 0),
        ] {
            assert_eq!(day_words(at(seconds)), words);
            let month = Window { from: at(month_from), until: at(month_until) };
            assert_eq!(month_of(at(seconds)), month, "{words}");
        }
    }

    proptest! {
        #[test]
        fn every_instant_lies_in_its_day_and_its_month(ms in -62_000_000_000_000i64..253_000_000_000_000) {
            let at = Millis(ms);
            let (day, month) = (day_of(at), month_of(at));
            prop_assert!(day.from <= at && at < day.until);
            prop_assert_eq!(day.until.0 - day.from.0, DAY_MS);
            prop_assert!(month.from <= day.from && day.until <= month.until);
            let days = (month.until.0 - month.from.0) / DAY_MS;
            prop_assert!((28..=31).contains(&days));
            prop_assert_eq!(month_of(month.until).from, month.until, "months follow one another");
            prop_assert!(day_words(month.from).starts_with("1 "));
        }
    }
}
