//! How an endpoint fares: whether it may be sent to, and what the partner is told about it. One that
//! keeps failing is left alone for a while and then asked with a single delivery; one that asks for
//! time gets it; one that fails for days is switched off.

use crate::time::Millis;

/// Failures in a row after which an endpoint is left alone.
pub const FAILURES_MAX: i64 = 10;
/// The first pause, before jitter: 30 s.
pub const PAUSE_MS_MIN: i64 = 30_000;
/// The longest pause, before jitter: 10 min.
pub const PAUSE_MS_MAX: i64 = 600_000;
/// Failures only for this long, and the partner is warned: 24 h.
pub const WARN_AFTER_MS: i64 = 24 * HOUR_MS;
/// Failures only for this long, and the endpoint is switched off: 5 days.
pub const DISABLE_AFTER_MS: i64 = 120 * HOUR_MS;
/// Failures that a warning takes at least.
const WARN_FAILURES_MIN: i64 = 5;
/// After such a silence days of failure are counted anew: 48 h.
const FORGOTTEN_AFTER_MS: i64 = 48 * HOUR_MS;
const HOUR_MS: i64 = 3_600_000;
/// What a throttled endpoint gets at once when its time is over, until it takes something.
const AFTER_THROTTLE_MAX: i64 = 4;

/// Whether an endpoint is sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HealthState {
    /// It is.
    Ok,
    /// It asked for time, and gets it.
    Throttled,
    /// It kept failing; once the pause is over a single delivery asks whether it is back.
    Paused,
}

impl HealthState {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Ok, Self::Throttled, Self::Paused];

    /// The word on the wire and in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Throttled => "throttled",
            Self::Paused => "paused",
        }
    }

    /// Read the word again.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

/// What an attempt says about its endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    /// It took it.
    Arrived,
    /// It did not.
    Failed,
    /// It is there, and wants to be left alone for so long.
    Busy {
        /// How long.
        wait_ms: i64,
    },
    /// It says that it will never be there again.
    Gone,
}

/// How an endpoint fares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Health {
    /// Whether it is sent to.
    pub state: HealthState,
    /// Since when.
    pub since: Millis,
    /// Until when nothing is sent; none while it is well.
    pub until: Option<Millis>,
    /// Failures since the last success.
    pub failures_in_row: i64,
    /// Since when there have been failures only.
    pub failing_since: Option<Millis>,
    /// When the last of them was.
    pub failed_at: Option<Millis>,
    /// How long the last pause was, before jitter.
    pub pause_ms: i64,
    /// What went wrong last.
    pub last_error: Option<String>,
    /// When the partner was warned.
    pub warned_at: Option<Millis>,
}

/// How much may be sent now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Up to so many.
    Go(i64),
    /// A single one, which asks whether the endpoint is back.
    Probe,
    /// Nothing before this.
    Wait(Millis),
}

/// What the partner is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// It is left alone for a while.
    Paused,
    /// It takes webhooks again.
    Resumed,
    /// It has been failing for a day.
    Failing,
}

/// Why an endpoint is switched off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SwitchedOff {
    /// It answered 410.
    Gone,
    /// It failed for days.
    Failing,
}

impl SwitchedOff {
    /// The word on the wire and in the store.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Gone => "gone",
            Self::Failing => "failing",
        }
    }
}

/// What a sign comes to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct News {
    /// What the partner is told, in this order.
    pub notices: Vec<Notice>,
    /// Whether the endpoint is switched off.
    pub switch_off: Option<SwitchedOff>,
}

impl Health {
    /// An endpoint about which nothing bad is known.
    pub const fn well(since: Millis) -> Self {
        Self {
            state: HealthState::Ok,
            since,
            until: None,
            failures_in_row: 0,
            failing_since: None,
            failed_at: None,
            pause_ms: 0,
            last_error: None,
            warned_at: None,
        }
    }

    /// Whether a success would change nothing.
    pub fn is_well(&self) -> bool {
        self.state == HealthState::Ok && self.failing_since.is_none()
    }

    /// The state that holds now: a throttle ends by itself.
    pub fn state_at(&self, now: Millis) -> HealthState {
        match self.state {
            HealthState::Throttled if self.until.is_none_or(|until| until <= now) => {
                HealthState::Ok
            }
            HealthState::Ok | HealthState::Throttled | HealthState::Paused => self.state,
        }
    }

    /// How much may be sent, of `limit` at most.
    pub fn turn(&self, now: Millis, limit: i64) -> Turn {
        if let Some(until) = self.until
            && until > now
        {
            return Turn::Wait(until);
        }
        match self.state {
            HealthState::Ok => Turn::Go(limit),
            HealthState::Throttled => Turn::Go(limit.min(AFTER_THROTTLE_MAX)),
            HealthState::Paused => Turn::Probe,
        }
    }

    /// A probe goes out. Until `until` nobody sends another.
    pub fn probe(&mut self, until: Millis) {
        self.until = Some(until);
    }

    /// Take an attempt's sign in. `probe` says that this attempt was to ask whether the endpoint is
    /// back; `jitter` is random, from 0 to 255.
    pub fn observe(
        &mut self,
        sign: Sign,
        probe: bool,
        error: Option<&str>,
        now: Millis,
        jitter: u8,
    ) -> News {
        let mut news = News::default();
        if sign == Sign::Arrived {
            if self.state == HealthState::Paused {
                news.notices.push(Notice::Resumed);
            }
            *self = Self::well(if self.state == HealthState::Ok { self.since } else { now });
            return news;
        }
        let forgotten = self.failed_at.is_some_and(|at| now.0 - at.0 > FORGOTTEN_AFTER_MS);
        let since = self.failing_since.filter(|_| !forgotten).unwrap_or(now);
        self.failing_since = Some(since);
        self.failed_at = Some(now);
        self.last_error = error.map(str::to_owned);
        match sign {
            Sign::Busy { wait_ms } => self.give_time(wait_ms, probe, now),
            Sign::Failed | Sign::Gone | Sign::Arrived => {
                self.failures_in_row += 1;
                if self.state != HealthState::Paused && self.failures_in_row >= FAILURES_MAX {
                    self.state = HealthState::Paused;
                    self.since = now;
                    self.pause(PAUSE_MS_MIN, now, jitter);
                    news.notices.push(Notice::Paused);
                } else if self.state == HealthState::Paused && probe {
                    self.pause(self.pause_ms.saturating_mul(2).min(PAUSE_MS_MAX), now, jitter);
                }
            }
        }
        let failing_ms = now.0 - since.0;
        let warned = self.warned_at.is_some() && !forgotten;
        if !warned && failing_ms >= WARN_AFTER_MS && self.failures_in_row >= WARN_FAILURES_MIN {
            self.warned_at = Some(now);
            news.notices.push(Notice::Failing);
        }
        let for_days = failing_ms >= DISABLE_AFTER_MS && self.failures_in_row >= FAILURES_MAX;
        news.switch_off = match sign {
            Sign::Gone => Some(SwitchedOff::Gone),
            Sign::Arrived | Sign::Failed | Sign::Busy { .. } => {
                for_days.then_some(SwitchedOff::Failing)
            }
        };
        news
    }

    /// Somebody says that it is mended: a pause ends now, and the next delivery asks.
    pub fn ask_now(&mut self, now: Millis) {
        if let Some(until) = self.until {
            self.until = Some(until.min(now));
        }
    }

    fn give_time(&mut self, wait_ms: i64, probe: bool, now: Millis) {
        let end = now.plus_ms(wait_ms);
        match self.state {
            // It is there after all, but nothing was taken: the pause goes on.
            HealthState::Paused if probe => {
                self.until = Some(end.max(now.plus_ms(self.pause_ms)));
            }
            HealthState::Paused => {}
            HealthState::Ok | HealthState::Throttled => {
                if self.state_at(now) == HealthState::Ok {
                    self.since = now;
                }
                self.state = HealthState::Throttled;
                self.until = Some(self.until.map_or(end, |until| until.max(end)));
            }
        }
    }

    /// From half of the pause to one and a half: those who failed together do not come back together.
    fn pause(&mut self, pause_ms: i64, now: Millis, jitter: u8) {
        self.pause_ms = pause_ms;
        self.until = Some(now.plus_ms(pause_ms / 2 + pause_ms * i64::from(jitter) / 255));
    }
}

const MICROS_PER_MS: i64 = 1_000;
const MICROS_PER_S: i64 = 1_000_000;

/// A limit of so many a second, kept exactly by one number: the generic cell rate algorithm. At most
/// a tenth of a second's worth goes at once, so no second sees more than a tenth above the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    per_second: i64,
    /// When what was sent so far is worked off, in microseconds.
    tat_us: i64,
}

impl Pace {
    /// A limit, and where it stands.
    pub const fn new(per_second: i64, tat_us: i64) -> Self {
        Self { per_second: if per_second < 1 { 1 } else { per_second }, tat_us }
    }

    /// What is kept between two looks.
    pub const fn tat_us(self) -> i64 {
        self.tat_us
    }

    /// How many may go now, of `wanted` at most.
    pub fn allowed(self, now: Millis, wanted: i64) -> i64 {
        let worked_off = self.tat_us.max(now.0 * MICROS_PER_MS);
        let room_us = now.0 * MICROS_PER_MS + self.burst() * self.gap_us() - worked_off;
        (room_us / self.gap_us()).clamp(0, wanted)
    }

    /// So many have gone.
    #[must_use]
    pub fn spent(self, now: Millis, count: i64) -> Self {
        let tat_us = self.tat_us.max(now.0 * MICROS_PER_MS) + count * self.gap_us();
        Self { tat_us, ..self }
    }

    /// When the next may go.
    pub fn next_at(self) -> Millis {
        let open_us = self.tat_us - (self.burst() - 1) * self.gap_us();
        Millis((open_us + MICROS_PER_MS - 1).div_euclid(MICROS_PER_MS))
    }

    fn burst(self) -> i64 {
        (self.per_second / 10).max(1)
    }

    fn gap_us(self) -> i64 {
        (MICROS_PER_S + self.per_second - 1) / self.per_second
    }
}

#[cfg(test)]
mod tests;
