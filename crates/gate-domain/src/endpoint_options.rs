//! How an endpoint wants its webhooks, beyond where they go and which they are.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::change::Change;

/// The most webhooks a second that an endpoint can ask to be kept to. More is no limit.
pub const RATE_LIMIT_MAX: i64 = 1_000;
/// Waits in a schedule of an endpoint's own: so many retries at most.
pub const GAPS_MAX: usize = 20;
/// The longest wait between two attempts: a day.
pub const GAP_MAX_S: i64 = 86_400;
/// Headers of an endpoint's own.
pub const HEADERS_MAX: usize = 10;
/// Characters of a header's name.
pub const HEADER_NAME_CHARS_MAX: usize = 64;
/// Characters of a header's value.
pub const HEADER_VALUE_CHARS_MAX: usize = 512;

/// What an endpoint has chosen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EndpointOptions {
    /// Webhooks a second at most, 1 to [`RATE_LIMIT_MAX`]; none without a limit.
    pub rate_limit: Option<i64>,
    /// When to try again; none for what everybody gets.
    pub retry_schedule: Option<RetrySchedule>,
    /// How much an event says.
    pub payload: Payload,
    /// Whether it is signed with the endpoint's key pair too.
    pub asymmetric: bool,
}

/// What changes about it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OptionsChange {
    /// As in [`EndpointOptions`].
    pub rate_limit: Change<i64>,
    /// As in [`EndpointOptions`].
    pub retry_schedule: Change<RetrySchedule>,
    /// As in [`EndpointOptions`].
    pub payload: Option<Payload>,
    /// As in [`EndpointOptions`].
    pub asymmetric: Option<bool>,
}

impl OptionsChange {
    /// The options after the change.
    #[must_use]
    pub fn over(&self, present: EndpointOptions) -> EndpointOptions {
        EndpointOptions {
            rate_limit: self.rate_limit.over(present.rate_limit),
            retry_schedule: self.retry_schedule.clone().over(present.retry_schedule),
            payload: self.payload.unwrap_or(present.payload),
            asymmetric: self.asymmetric.unwrap_or(present.asymmetric),
        }
    }
}

/// How much an event says to an endpoint.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Payload {
    /// All of it.
    #[default]
    Full,
    /// That it happened. Its `data` is empty, and whoever wants to know more reads the event.
    Thin,
}

impl Payload {
    /// Both of them.
    pub const ALL: [Self; 2] = [Self::Full, Self::Thin];

    /// The word on the wire and in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Thin => "thin",
        }
    }

    /// Read the word again.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|payload| payload.as_str() == word)
    }
}

/// The waits between the attempts of a delivery, in seconds. An empty one gives up after the first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<i64>", into = "Vec<i64>")]
pub struct RetrySchedule(Vec<i64>);

/// Waits that are no schedule. The message says what would be right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a retry schedule has at most {GAPS_MAX} waits of 1 to {GAP_MAX_S} seconds")]
pub struct InvalidSchedule;

impl RetrySchedule {
    /// The waits, in seconds.
    pub fn gaps_s(&self) -> &[i64] {
        &self.0
    }
}

impl TryFrom<Vec<i64>> for RetrySchedule {
    type Error = InvalidSchedule;
    fn try_from(gaps_s: Vec<i64>) -> Result<Self, InvalidSchedule> {
        let each = gaps_s.iter().all(|gap_s| (1..=GAP_MAX_S).contains(gap_s));
        (gaps_s.len() <= GAPS_MAX && each).then_some(Self(gaps_s)).ok_or(InvalidSchedule)
    }
}

impl From<RetrySchedule> for Vec<i64> {
    fn from(schedule: RetrySchedule) -> Self {
        schedule.0
    }
}

/// Headers that an endpoint wants beside ours, such as a token of its own gateway: names in lower
/// case, each once. They may be secrets, so `Debug` shows the names only.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EndpointHeaders(Vec<(String, String)>);

/// Why a header cannot be sent. The message says what would be right.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeaderProblem {
    /// There are too many of them.
    #[error("there may be 1 to {HEADERS_MAX} headers")]
    Count,
    /// The name is none that HTTP has (RFC 9110, section 5.1), or too long.
    #[error(
        "the name of a header has 1 to {HEADER_NAME_CHARS_MAX} letters, digits and -_.!#$%&'*+^`|~"
    )]
    Name,
    /// It is one of those that the gateway or the connection sets.
    #[error("this header is set by the gateway; choose another name")]
    Reserved,
    /// The same name in another case.
    #[error("this header is named twice")]
    Twice,
    /// The value cannot be sent.
    #[error(
        "the value of a header has 1 to {HEADER_VALUE_CHARS_MAX} printable ASCII characters, and no space at its ends"
    )]
    Value,
}

/// Names that belong to the gateway or to the connection, and beginnings of such names.
const RESERVED: [&str; 13] = [
    "accept",
    "accept-encoding",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "date",
    "expect",
    "host",
    "keep-alive",
    "te",
    "trailer",
    "user-agent",
];
const RESERVED_BEGINNINGS: [&str; 8] =
    ["gate-", "x-0bit-", "webhook-", "proxy-", "sec-", "transfer-", "upgrade", ":"];

impl EndpointHeaders {
    /// Check headers as they were given. The error names the first that is wrong.
    pub fn parse<'a>(
        headers: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, (String, HeaderProblem)> {
        let mut checked: Vec<(String, String)> = Vec::new();
        for (name, value) in headers {
            let lower = name.to_ascii_lowercase();
            let problem = if !is_token(&lower) {
                Some(HeaderProblem::Name)
            } else if is_reserved(&lower) {
                Some(HeaderProblem::Reserved)
            } else if checked.iter().any(|(known, _)| *known == lower) {
                Some(HeaderProblem::Twice)
            } else if !is_value(value) {
                Some(HeaderProblem::Value)
            } else {
                None
            };
            if let Some(problem) = problem {
                return Err((name.to_owned(), problem));
            }
            checked.push((lower, value.to_owned()));
        }
        if (1..=HEADERS_MAX).contains(&checked.len()) {
            Ok(Self(checked))
        } else {
            Err((String::new(), HeaderProblem::Count))
        }
    }

    /// The names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }

    /// Names and values, for the one place that sends them.
    pub fn expose(&self) -> &[(String, String)] {
        &self.0
    }
}

impl fmt::Debug for EndpointHeaders {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_list().entries(self.names()).finish()
    }
}

fn is_token(name: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.!#$%&'*+^`|~".contains(&byte);
    (1..=HEADER_NAME_CHARS_MAX).contains(&name.len()) && name.bytes().all(is_part)
}

fn is_reserved(name: &str) -> bool {
    RESERVED.contains(&name) || RESERVED_BEGINNINGS.iter().any(|start| name.starts_with(start))
}

fn is_value(value: &str) -> bool {
    (1..=HEADER_VALUE_CHARS_MAX).contains(&value.len())
        && value.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic())
        && value.trim() == value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schedule_is_bounded_in_every_way() {
        let parse = |gaps: &[i64]| RetrySchedule::try_from(gaps.to_vec());
        for good in [&[][..], &[1], &[60, 300, 1_800], &[GAP_MAX_S, GAP_MAX_S], &[1; GAPS_MAX]] {
            assert_eq!(parse(good).unwrap().gaps_s(), good);
        }
        for bad in [&[0][..], &[-1], &[GAP_MAX_S + 1], &[1; GAPS_MAX + 1]] {
            assert_eq!(parse(bad), Err(InvalidSchedule), "{bad:?}");
        }
    }

    #[test]
    fn headers_are_checked_one_by_one() {
        use HeaderProblem as P;
        let good = EndpointHeaders::parse([("Authorization", "Bearer x"), ("X-Shop", "1")]);
        let good = good.unwrap();
        assert_eq!(good.names().collect::<Vec<_>>(), ["authorization", "x-shop"]);
        assert_eq!(format!("{good:?}"), r#"["authorization", "x-shop"]"#, "no value shows");
        let long = "x".repeat(HEADER_VALUE_CHARS_MAX + 1);
        for (name, value, problem) in [
            ("", "x", P::Name),
            ("a b", "x", P::Name),
            ("a:b", "x", P::Name),
            ("héader", "x", P::Name),
            ("Host", "x", P::Reserved),
            ("Content-Type", "x", P::Reserved),
            ("Gate-Signature", "x", P::Reserved),
            ("Webhook-Id", "x", P::Reserved),
            ("Transfer-Encoding", "chunked", P::Reserved),
            ("x-a", "", P::Value),
            ("x-a", " x", P::Value),
            ("x-a", "x\r\nx-b: y", P::Value),
            ("x-a", "é", P::Value),
            ("x-a", long.as_str(), P::Value),
        ] {
            let told = EndpointHeaders::parse([(name, value)]);
            assert_eq!(told, Err((name.to_owned(), problem)), "{name} {value}");
        }
        let twice = EndpointHeaders::parse([("x-a", "1"), ("X-A", "2")]);
        assert_eq!(twice, Err(("X-A".into(), P::Twice)));
        let names: Vec<_> = (0..=HEADERS_MAX).map(|number| format!("x-{number}")).collect();
        let many = EndpointHeaders::parse(names.iter().map(|name| (name.as_str(), "1")));
        assert_eq!(many, Err((String::new(), P::Count)));
        assert_eq!(EndpointHeaders::parse([]), Err((String::new(), P::Count)));
    }

    #[test]
    fn a_change_leaves_the_rest() {
        let present = EndpointOptions {
            rate_limit: Some(5),
            retry_schedule: RetrySchedule::try_from(vec![60]).ok(),
            payload: Payload::Thin,
            asymmetric: true,
        };
        assert_eq!(OptionsChange::default().over(present.clone()), present);
        let cleared = OptionsChange {
            rate_limit: Change::Clear,
            retry_schedule: Change::Clear,
            payload: Some(Payload::Full),
            asymmetric: Some(false),
        };
        assert_eq!(cleared.over(present), EndpointOptions::default());
    }
}
