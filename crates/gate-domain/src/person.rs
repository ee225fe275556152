//! What users show of themselves, and what each level of identity asks for. It rests sealed, and nothing of
//! it is printed by accident.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::customer::{CountryCode, Email};
use crate::text::normal_number;
use crate::time::Millis;

/// The longest given or family name.
pub const NAME_CHARS_MAX: usize = 128;
/// The longest number of a document.
pub const DOCUMENT_NUMBER_CHARS_MAX: usize = 40;
/// Nobody younger is served.
pub const AGE_MIN: i64 = 18;

const DAY_MS: i64 = 24 * 3_600_000;

/// A person, as far as they have shown who they are.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// The address that they read.
    pub email: Option<Email>,
    /// Their given names.
    pub given_name: Option<String>,
    /// Their family name.
    pub family_name: Option<String>,
    /// The day of their birth.
    pub birth_date: Option<Date>,
    /// Where they live.
    pub country: Option<CountryCode>,
    /// What shows who they are.
    pub document: Option<Document>,
    /// Where their money comes from.
    pub source_of_funds: Option<SourceOfFunds>,
}

/// A document that shows who somebody is.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    /// What it is.
    pub kind: DocumentKind,
    /// Its number, as it is printed.
    pub number: String,
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$word_doc:meta])* $word:ident = $text:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$word_doc])* $word),* }

        impl $name {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$word),*];

            /// The word on the wire.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$word => $text),* }
            }

            /// Read the word again.
            pub fn parse(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|known| known.as_str() == word)
            }
        }
    };
}

words!(
    /// What a document is.
    DocumentKind {
        /// A passport.
        Passport = "passport",
        /// An identity card.
        IdCard = "id_card",
        /// A driving licence.
        DrivingLicence = "driving_licence",
    }
);

words!(
    /// Where somebody's money comes from.
    SourceOfFunds {
        /// They are paid for their work.
        Salary = "salary",
        /// They have put it by.
        Savings = "savings",
        /// They own a business.
        Business = "business",
        /// What they own pays.
        Investments = "investments",
        /// Something else.
        Other = "other",
    }
);

words!(
    /// One thing that a level of identity asks for.
    Ask {
        /// The given and the family name.
        Name = "name",
        /// The day of birth.
        BirthDate = "birth_date",
        /// Where they live.
        Country = "country",
        /// A document.
        Document = "document",
        /// Where their money comes from.
        SourceOfFunds = "source_of_funds",
    }
);

impl fmt::Debug for Person {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Person(..)")
    }
}

impl fmt::Debug for Document {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Document(..)")
    }
}

impl Document {
    /// The one text that all spellings of its number share; nothing where it has no letter and no digit.
    pub fn normal_number(&self) -> String {
        normal_number(&self.number)
    }
}

impl Person {
    /// What is asked for that is not known of them.
    pub fn missing(&self, asks: &[Ask]) -> Vec<Ask> {
        asks.iter().copied().filter(|ask| !self.shows(*ask)).collect()
    }

    fn shows(&self, ask: Ask) -> bool {
        match ask {
            Ask::Name => self.given_name.is_some() && self.family_name.is_some(),
            Ask::BirthDate => self.birth_date.is_some(),
            Ask::Country => self.country.is_some(),
            Ask::Document => self.document.is_some(),
            Ask::SourceOfFunds => self.source_of_funds.is_some(),
        }
    }

    /// What was given, and for the rest what was known.
    #[must_use]
    pub fn over(self, known: Self) -> Self {
        Self {
            email: self.email.or(known.email),
            given_name: self.given_name.or(known.given_name),
            family_name: self.family_name.or(known.family_name),
            birth_date: self.birth_date.or(known.birth_date),
            country: self.country.or(known.country),
            document: self.document.or(known.document),
            source_of_funds: self.source_of_funds.or(known.source_of_funds),
        }
    }

    /// Their whole name.
    pub fn name(&self) -> String {
        let names = [self.given_name.as_deref(), self.family_name.as_deref()];
        names.into_iter().flatten().collect::<Vec<_>>().join(" ")
    }
}

impl Email {
    /// As much of an address as its owner needs to recognise it: `a•••@example.com`.
    pub fn masked(&self) -> String {
        let (name, host) = self.as_str().rsplit_once('@').unwrap_or(("", self.as_str()));
        let first: String = name.chars().take(1).collect();
        format!("{first}•••@{host}")
    }
}

/// A day of the Gregorian calendar, from year 1 to 9999. Its text is `YYYY-MM-DD`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Date {
    year: i64,
    month: i64,
    day: i64,
}

/// Why somebody cannot have been born on a day, or is not served yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BirthDateError {
    /// It is not over yet.
    #[error("birth_date must be a day in the past.")]
    Future,
    /// Nobody is that old.
    #[error("birth_date must be less than 130 years ago.")]
    TooLongAgo,
    /// They are too young.
    #[error("You have to be at least 18 years old.")]
    TooYoung,
}

impl Date {
    /// Read `YYYY-MM-DD`; none when there is no such day.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        if bytes.len() != 10 || bytes[4] != b'-' || bytes[7] != b'-' {
            return None;
        }
        let number = |from: usize, to: usize| -> Option<i64> {
            let digits = text.get(from..to)?;
            digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
        };
        let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
        let exists =
            year >= 1 && (1..=12).contains(&month) && (1..=days_in(year, month)).contains(&day);
        exists.then_some(Self { year, month, day })
    }

    /// The day that an instant falls on, in UTC (Howard Hinnant, "chrono-Compatible Low-Level Date
    /// Algorithms").
    pub fn of(instant: Millis) -> Self {
        let days = instant.0.div_euclid(DAY_MS) + 719_468;
        let era = days.div_euclid(146_097);
        let day_of_era = days.rem_euclid(146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * shifted + 2) / 5 + 1;
        let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        Self { year, month, day }
    }

    /// Whether somebody who was born on this day is served.
    pub fn check_birth(self, now: Millis) -> Result<(), BirthDateError> {
        let today = Self::of(now);
        // Whoever is born on 29 February is a year older on 1 March.
        let had_birthday = (today.month, today.day) >= (self.month, self.day);
        let age = today.year - self.year - i64::from(!had_birthday);
        match age {
            _ if self >= today => Err(BirthDateError::Future),
            130.. => Err(BirthDateError::TooLongAgo),
            AGE_MIN.. => Ok(()),
            _ => Err(BirthDateError::TooYoung),
        }
    }
}

const fn days_in(year: i64, month: i64) -> i64 {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

impl fmt::Display for Date {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl From<Date> for String {
    fn from(date: Date) -> Self {
        date.to_string()
    }
}

impl TryFrom<String> for Date {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text).ok_or_else(|| "not a day of the calendar".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::{IdentityCheck, IdentityLevel, IdentityProblem, IdentityStage};

    /// 23 November 2026, noon.
    const NOW: Millis = Millis(1_795_435_200_000);

    #[test]
    fn a_date_is_a_day_of_the_calendar() {
        for text in ["1990-05-17", "2000-02-29", "2024-02-29", "0001-01-01", "9999-12-31"] {
            assert_eq!(Date::parse(text).map(|date| date.to_string()).as_deref(), Some(text));
        }
        let no_days = [
            "",
            "1990-5-17",
            "1990-13-01",
            "1990-00-10",
            "1990-02-30",
            "1900-02-29",
            "2023-02-29",
            "0000-01-01",
            "1990/05/17",
            "1990-05-1a",
            "+990-05-17",
            "1990-05-17T",
            "１９90-05-17",
        ];
        for text in no_days {
            assert_eq!(Date::parse(text), None, "{text}");
        }
    }

    #[test]
    fn an_instant_falls_on_its_day() {
        for (at, day) in [
            (0, "1970-01-01"),
            (-1, "1969-12-31"),
            (951_782_400_000, "2000-02-29"),
            (951_868_799_999, "2000-02-29"),
            (951_868_800_000, "2000-03-01"),
            (NOW.0, "2026-11-23"),
        ] {
            assert_eq!(Date::of(Millis(at)).to_string(), day);
        }
    }

    #[test]
    fn who_is_served_is_decided_by_the_day() {
        let check = |text| Date::parse(text).unwrap().check_birth(NOW);
        assert_eq!(check("2008-11-23"), Ok(()), "their eighteenth birthday");
        assert_eq!(check("2008-11-24"), Err(BirthDateError::TooYoung));
        assert_eq!(check("2026-11-22"), Err(BirthDateError::TooYoung));
        assert_eq!(check("2026-11-23"), Err(BirthDateError::Future));
        assert_eq!(check("2027-01-01"), Err(BirthDateError::Future));
        assert_eq!(check("1896-11-24"), Ok(()));
        assert_eq!(check("1896-11-23"), Err(BirthDateError::TooLongAgo));
    }

    #[test]
    fn only_what_is_missing_is_asked() {
        let basic = Person {
            given_name: Some("Jane".into()),
            family_name: Some("Example".into()),
            birth_date: Date::parse("1990-05-17"),
            country: CountryCode::parse("DE"),
            ..Person::default()
        };
        assert_eq!(Person::default().missing(Ask::ALL), Ask::ALL);
        assert_eq!(basic.missing(&[Ask::Name, Ask::BirthDate, Ask::Country]), []);
        assert_eq!(basic.missing(Ask::ALL), [Ask::Document, Ask::SourceOfFunds]);
        assert_eq!(basic.name(), "Jane Example");
        let given = Person { family_name: Some("Other".into()), ..Person::default() };
        assert_eq!(given.over(basic).name(), "Jane Other");
    }

    #[test]
    fn what_was_doubted_or_rejected_is_asked_again() {
        use Ask::{BirthDate, Country, Document as Papers, Name, SourceOfFunds as Funds};
        type Row<'a> = (Option<IdentityProblem>, bool, &'a [Ask], &'a [Ask]);
        let known = Person {
            given_name: Some("Jane".into()),
            family_name: Some("Example".into()),
            birth_date: Date::parse("1990-05-17"),
            country: CountryCode::parse("DE"),
            document: Some(Document { kind: DocumentKind::Passport, number: "C01X00T47".into() }),
            ..Person::default()
        };
        let basic = [Name, BirthDate, Country];
        let table: [Row<'_>; 8] = [
            (None, false, &basic, &[]),
            (None, false, Ask::ALL, &[Funds]),
            (Some(IdentityProblem::Name), false, &basic, &[Name]),
            (Some(IdentityProblem::Name), false, Ask::ALL, &[Name, Funds]),
            (Some(IdentityProblem::Document), false, Ask::ALL, &[Papers, Funds]),
            (Some(IdentityProblem::Document), false, &basic, &[Papers]),
            (Some(IdentityProblem::TookTooLong), false, &basic, &[]),
            (None, true, Ask::ALL, Ask::ALL),
        ];
        for (problem, rejected, level_asks, asks) in table {
            let stage = IdentityStage::Details { problem };
            let check = IdentityCheck { level: IdentityLevel::Basic, rejected, stage };
            assert_eq!(check.asks(level_asks, &known), asks, "{check:?} {level_asks:?}");
        }
    }

    #[test]
    fn nothing_of_a_person_is_printed() {
        let email = Email::parse("jane@example.com").unwrap();
        assert_eq!(email.masked(), "j•••@example.com");
        let person = Person { family_name: Some("Example".into()), ..Person::default() };
        let document = Document { kind: DocumentKind::Passport, number: "C01X00T47".into() };
        assert_eq!(format!("{person:?} {document:?}"), "Person(..) Document(..)");
    }
}
