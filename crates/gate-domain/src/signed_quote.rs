//! Signed quotes: a price that a partner locked over the API. It is redeemed once, by whichever
//! payment names it first, and lapses after its time.

use crate::catalogue::Side;
use crate::ids::{Tenant, TransactionId};
use crate::quote::Quote;
use crate::session::Terms;
use crate::time::Millis;

/// A price that is offered to whoever redeems it first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedQuote {
    /// Whose it is.
    pub tenant: Tenant,
    /// The price, as it was signed.
    pub quote: Quote,
    /// HMAC-SHA256 over its economic fields, lower-case hex.
    pub signature: String,
    /// When it lapses by now. The signed instant is in `quote`; a test helper may bring it closer.
    pub lapses_at: Millis,
    /// What redeemed it, if anything did.
    pub consumed: Option<Consumed>,
}

/// The redemption of a quote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consumed {
    /// When.
    pub at: Millis,
    /// By which transaction.
    pub by: TransactionId,
}

/// Where a signed quote stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It can be redeemed.
    Active,
    /// It was redeemed.
    Consumed,
    /// Nobody redeemed it in time.
    Expired,
}

impl Status {
    /// The word on the wire (contract, section 8.3).
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Consumed => "consumed",
            Self::Expired => "expired",
        }
    }
}

/// Why a quote cannot be redeemed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotRedeemable {
    /// Something else redeemed it.
    #[error("the quote has been redeemed already")]
    Consumed,
    /// It has lapsed.
    #[error("the quote has lapsed")]
    Expired,
    /// It is for the other direction.
    #[error("the quote is for {}, not for {}", .quote.as_str(), .wanted.as_str())]
    OtherSide {
        /// What it is for.
        quote: Side,
        /// What was wanted.
        wanted: Side,
    },
    /// The session fixes another amount or currency.
    #[error("the quote is for {quote}, the session for {session}")]
    OtherAmount {
        /// What the quote is for, for people.
        quote: String,
        /// What the session is for, for people.
        session: String,
    },
    /// The session pins another token or network.
    #[error("the session pins another token or network")]
    OtherAsset,
    /// The session pins another flow.
    #[error("the session is for another flow")]
    OtherFlow,
}

impl SignedQuote {
    /// Where it stands at `now`. A quote that was redeemed in time stays so.
    pub fn status(&self, now: Millis) -> Status {
        if self.consumed.is_some() {
            Status::Consumed
        } else if now >= self.lapses_at {
            Status::Expired
        } else {
            Status::Active
        }
    }

    /// Whether it can be redeemed now.
    pub fn check_active(&self, now: Millis) -> Result<(), NotRedeemable> {
        match self.status(now) {
            Status::Active => Ok(()),
            Status::Consumed => Err(NotRedeemable::Consumed),
            Status::Expired => Err(NotRedeemable::Expired),
        }
    }

    /// Whether a session with these terms may redeem it: a session's economics are fixed when it is
    /// made, so the quote has to agree with every one of them. It need not be the quote that the
    /// session was made with: that one may have lapsed, or its payment failed.
    pub fn check_terms(&self, terms: &Terms) -> Result<(), NotRedeemable> {
        let (quote, asset) = (&self.quote, &self.quote.crypto.asset);
        if terms.flow.is_some_and(|flow| flow != quote.side.flow()) {
            return Err(NotRedeemable::OtherFlow);
        }
        if quote.fiat != terms.amount {
            let (quote, session) = (quote.fiat.to_string(), terms.amount.to_string());
            return Err(NotRedeemable::OtherAmount { quote, session });
        }
        let network = asset.network.as_deref().unwrap_or_default();
        let fits = |pinned: &Option<String>, word: &str| {
            pinned.as_ref().is_none_or(|pinned| pinned.eq_ignore_ascii_case(word))
        };
        if fits(&terms.target_token, &asset.code) && fits(&terms.target_network, network) {
            Ok(())
        } else {
            Err(NotRedeemable::OtherAsset)
        }
    }
}
