//! What the hosted page can do with a session now. Asked at every step before a payment is written
//! down; from then on money may be moving, and no switch touches it.

use crate::catalogue::{Offer, Refusal, RefusalCode, Side, Token, Wanted};
use crate::limits::{Standing, within_limits};
use crate::money::Asset;
use crate::quote::{CARD, Quote, TOKENS};
use crate::session::{Flow, Terms};

/// The ways of being paid out that the hosted page can ask an account for: an IBAN.
const TO_AN_IBAN: [&str; 2] = ["sepa_payout", "faster_payments_payout"];

/// One thing that the user can do in a session, and with which tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choices {
    /// Buy or sell; a swap is a buy that is paid with tokens.
    pub side: Side,
    /// By which the user pays, or is paid.
    pub method: &'static str,
    /// The tokens that the session leaves to choose from; never empty.
    pub tokens: Vec<Token>,
    /// What a swap can be paid with; empty otherwise.
    pub from: Vec<Token>,
}

impl Choices {
    /// Whether what a price was made for can still be had.
    pub fn hold(&self, quote: &Quote) -> bool {
        let held = |tokens: &[Token], asset: &Asset| tokens.iter().any(|token| token.is(asset));
        let paid_in = quote.paid_in.as_ref();
        held(&self.tokens, &quote.crypto.asset)
            && paid_in.is_none_or(|paid| held(&self.from, &paid.amount.asset))
    }
}

/// What there is to choose from in a flow, or why there is nothing.
pub fn choices(terms: &Terms, flow: Flow, offer: &Offer) -> Result<Choices, Box<Refusal>> {
    let currency = terms.amount.asset.code.as_str();
    let (side, method) = match flow {
        Flow::OnRamp => (Side::OnRamp, CARD),
        Flow::OffRamp => (Side::OffRamp, payout_method(offer, currency)?),
        Flow::Swap => (Side::OnRamp, TOKENS),
    };
    offer.check(&Wanted {
        flow: Some(flow),
        currency: Some(currency),
        // A swap needs no choice of a method (contract, section 7).
        method: Some(method).filter(|method| *method != TOKENS),
        amount: Some(&terms.amount),
        ..Wanted::default()
    })?;
    let (symbol, network) = (terms.target_token.as_deref(), terms.target_network.as_deref());
    let mut tokens = offer.tokens(side, symbol, network);
    // An address that the partner fixed is of one family.
    if let Some(address) = &terms.wallet_address {
        let family = |token: &Token| offer.catalogue().family(&token.asset());
        tokens.retain(|token| family(token) == Some(address.family));
    }
    if tokens.is_empty() {
        offer.check(&Wanted { asset: symbol, network, ..Wanted::default() })?;
        return Err(Refusal::nothing_to_buy());
    }
    let from = match flow {
        Flow::Swap => offer.tokens(Side::OffRamp, None, None),
        Flow::OnRamp | Flow::OffRamp => Vec::new(),
    };
    // One token alone can be swapped for nothing.
    if flow == Flow::Swap && from.iter().all(|token| tokens == [token.clone()]) {
        return Err(Refusal::nothing_to_buy());
    }
    Ok(Choices { side, method, tokens, from })
}

/// The same for a user who lives in `country`, as far as that is known, and stands where they stand: or
/// why they may not move that much, or anything.
pub fn choices_for(
    terms: &Terms,
    flow: Flow,
    offer: &Offer,
    (country, standing): (Option<&str>, &Standing),
) -> Result<Choices, Box<Refusal>> {
    let choices = choices(terms, flow, offer)?;
    if let Some(country) = country {
        offer.country(country)?;
    }
    within_limits(offer, &terms.amount, (choices.side, choices.method), standing)?;
    Ok(choices)
}

/// The flows that the page offers in a session: the pinned one, or all that are possible now.
pub fn flows(terms: &Terms, offer: &Offer) -> Vec<Flow> {
    if let Some(pinned) = terms.flow {
        return vec![pinned];
    }
    let possible = |flow: &Flow| choices(terms, *flow, offer).is_ok();
    [Flow::OnRamp, Flow::OffRamp, Flow::Swap].into_iter().filter(possible).collect()
}

/// Whether the page can be paid, or pay, by this method.
pub fn is_for_the_page(side: Side, method: &str) -> bool {
    match side {
        Side::OnRamp => method == CARD,
        Side::OffRamp => TO_AN_IBAN.contains(&method),
    }
}

fn payout_method(offer: &Offer, currency: &str) -> Result<&'static str, Box<Refusal>> {
    let methods = offer.methods(Side::OffRamp, currency, None);
    let known = TO_AN_IBAN.into_iter().find(|id| methods.iter().any(|method| method.id == *id));
    let Some(known) = known else {
        offer.some_method(Side::OffRamp, currency, None)?;
        return Err(not_here(&format!("Selling for {currency}")));
    };
    Ok(known)
}

fn not_here(what: &str) -> Box<Refusal> {
    let message = format!("{what} is not available on this page yet.");
    Refusal::lasting(RefusalCode::FlowNotAvailableHere, message, "Go back to the shop.")
}
