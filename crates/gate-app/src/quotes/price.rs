//! What a payment by one method comes to.

use gate_domain::catalogue::{Charged, Offer, Refusal, Side};
use gate_domain::ids::QuoteId;
use gate_domain::money::{Asset, Money};
use gate_domain::price::NoPrice;
use gate_domain::quote::{LOCK_MS, OnLapse, Quote, Rate, price, price_sale, tokens_for, worth};
use gate_domain::time::Millis;
use gate_rails::{Price, PriceSource};
use gate_store::StoreError;

use crate::idempotency::KeyReused;

/// The most decimals of an amount in a request (contract, section 8.1).
pub const AMOUNT_DECIMALS_MAX: u8 = 8;

/// What a partner wants to know the price of. Currency and token are ones that are on offer.
#[derive(Clone, Debug)]
pub struct PriceWanted {
    /// Which way.
    pub side: Side,
    /// The currency.
    pub currency: Asset,
    /// The token on its network.
    pub token: Asset,
    /// What the user gives: an amount of the currency for a buy, of the token for a sale.
    pub amount: Money,
    /// Where the user is, if that is known.
    pub country: Option<String>,
}

/// Why there is no price.
#[derive(Debug, thiserror::Error)]
pub enum PriceError {
    /// It is not on offer, or not for this amount.
    #[error("this is not on offer: {}", .0.message)]
    Refused(Box<Refusal>),
    /// No price can be made now.
    #[error("there is no price for this now: {0}")]
    NoPrice(#[from] NoPrice),
    /// The mode has no rails.
    #[error("payments are not enabled in this mode")]
    NotEnabled,
    /// The idempotency key was used for another body.
    #[error(transparent)]
    KeyReused(#[from] KeyReused),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<Box<Refusal>> for PriceError {
    fn from(refusal: Box<Refusal>) -> Self {
        Self::Refused(refusal)
    }
}

/// Which way to round.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Toward {
    Less,
    More,
}

/// An amount in as many decimals as an amount of a request may have.
fn shorten(units: i128, asset: &Asset, toward: Toward) -> Money {
    let decimals = asset.decimals.min(AMOUNT_DECIMALS_MAX);
    let step = 10i128.pow(u32::from(asset.decimals - decimals));
    let rounded = match toward {
        Toward::Less => units / step,
        Toward::More => units / step + i128::from(units % step != 0),
    };
    Money::new(rounded, Asset { decimals, ..asset.clone() })
}

impl PriceWanted {
    /// The market's price for the pair.
    pub(super) fn market(
        &self,
        prices: &dyn PriceSource,
        now: Millis,
    ) -> Result<Price, PriceError> {
        Ok(prices.price(&self.token, &self.currency, now)?)
    }

    /// Whether the amount is within the limits, which are in the currency: for a sale it is what the
    /// tokens are worth.
    pub(super) fn check_limits(
        &self,
        offer: &Offer,
        market: &Price,
        method: Option<&str>,
    ) -> Result<(), PriceError> {
        let value = match self.side {
            Side::OnRamp => self.amount.clone(),
            // Worth more than can be counted is more than any limit.
            Side::OffRamp => worth(&self.amount, &self.currency, market.rate)
                .unwrap_or_else(|_| Money::new(i128::MAX, self.currency.clone())),
        };
        let within = offer.amount(&value, Some(self.side), method);
        match self.side {
            Side::OnRamp => within?,
            Side::OffRamp => within.map_err(|refusal| self.in_tokens(refusal, market.rate))?,
        }
        Ok(())
    }

    /// The limits of a sale as what would pass: amounts of the token at this price.
    fn in_tokens(&self, refusal: Box<Refusal>, rate: Rate) -> Box<Refusal> {
        let (Some(minimum), Some(maximum)) = (&refusal.minimum, &refusal.maximum) else {
            return refusal;
        };
        // The most is the last amount before one that is worth a unit more.
        let beyond = Money::new(maximum.units + 1, maximum.asset.clone());
        let least = tokens_for(minimum, &self.token, rate);
        let (Ok(least), Ok(beyond)) = (least, tokens_for(&beyond, &self.token, rate)) else {
            return refusal;
        };
        let least = shorten(least.units, &self.token, Toward::More);
        let most = shorten(beyond.units - 1, &self.token, Toward::Less);
        let short = refusal.limit.as_ref() == Some(minimum);
        Box::new(Refusal {
            message: format!("amount must be from {least} to {most} at this price."),
            limit: Some(if short { least.clone() } else { most.clone() }),
            minimum: Some(least),
            maximum: Some(most),
            ..*refusal
        })
    }

    /// The whole quote, with nothing agreed on yet.
    pub(super) fn quote(
        &self,
        id: QuoteId,
        offer: &Offer,
        market: &Price,
        method: &str,
        now: Millis,
    ) -> Result<Quote, PriceError> {
        let fees = offer.fees(&Charged {
            currency: &self.currency.code,
            method,
            country: self.country.as_deref(),
            asset: &self.token.code,
            network: self.token.network.as_deref(),
        });
        let priced = match self.side {
            Side::OnRamp => price(&self.amount, &self.token, market.rate, fees),
            Side::OffRamp => price_sale(&self.amount, &self.currency, market.rate, fees),
        };
        // The limits were asked before, so these are amounts that no catalogue should let through.
        let priced = priced.map_err(|_| NoPrice::Amount)?;
        Ok(Quote {
            id,
            session_id: None,
            side: self.side,
            payment_method: method.to_owned(),
            fiat: priced.fiat,
            crypto: priced.crypto,
            paid_in: None,
            rate: market.rate,
            fees: priced.fees,
            source: market.source.clone(),
            priced_at: Some(market.at).filter(|at| *at != now),
            on_lapse: OnLapse::default(),
            created_at: now,
            expires_at: now.plus_ms(LOCK_MS),
        })
    }
}
