//! What a deployment decides about its HTTP side. The command line fills this in.

use std::num::NonZeroU32;
use std::time::Duration;

use ipnet::IpNet;

/// How the API meets its callers.
#[derive(Clone, Debug, Default)]
pub struct HttpConfig {
    /// How much each caller may ask.
    pub rate_limits: RateLimits,
    /// Proxies whose `X-Forwarded-For` is believed. Without any, the address of the connection
    /// counts.
    pub trusted_proxies: Vec<IpNet>,
}

impl HttpConfig {
    /// No limits at all: for tests and benchmarks.
    pub fn unlimited() -> Self {
        Self { rate_limits: RateLimits::off(), ..Self::default() }
    }
}

/// How much each caller may ask (decisions, "Rate limits"). `None` is without a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimits {
    /// Of each secret key.
    pub per_key: Option<Rate>,
    /// Of each address, for publishable keys, the hosted runtime and requests without a key.
    pub per_address: Option<Rate>,
}

impl RateLimits {
    /// No limits at all.
    pub const fn off() -> Self {
        Self { per_key: None, per_address: None }
    }

    /// The most that can be asked for; above it a limit is better switched off.
    pub const PER_SECOND_MAX: u32 = 1_000_000;

    /// `per_second` for each key with twice that at once, and a fifth of it for each address: the
    /// proportions of the default. None above [`Self::PER_SECOND_MAX`].
    pub fn scaled(per_second: NonZeroU32) -> Option<Self> {
        if per_second.get() > Self::PER_SECOND_MAX {
            return None;
        }
        let fifth = NonZeroU32::new(per_second.get() / 5).unwrap_or(NonZeroU32::MIN);
        Some(Self {
            per_key: Some(Rate::per_second(per_second)),
            per_address: Some(Rate::per_second(fifth)),
        })
    }
}

impl Default for RateLimits {
    /// 100 a second and 200 at once for a key, 20 and 40 for an address.
    fn default() -> Self {
        NonZeroU32::new(100).and_then(Self::scaled).expect("100 is a rate")
    }
}

/// A bucket of `burst` tokens that gets one back each `token_every`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// How long one token takes to come back; not zero.
    pub token_every: Duration,
    /// How many requests may come at once.
    pub burst: NonZeroU32,
}

impl Rate {
    /// So many requests a second, and twice as many at once.
    pub fn per_second(requests: NonZeroU32) -> Self {
        Self {
            token_every: Duration::from_secs(1) / requests.get(),
            burst: requests.saturating_add(requests.get()),
        }
    }
}
