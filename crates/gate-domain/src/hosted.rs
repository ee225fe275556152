//! What the hosted page can do with a session now. Asked at every step before a payment is written
//! down; from then on money may be moving, and no switch touches it.

use crate::catalogue::{Offer, Refusal, RefusalCode, Side, Token, Wanted};
use crate::session::{Flow, Terms};

/// How users pay on the hosted page.
const METHOD: &str = "card";

/// The tokens that the session leaves to choose from, or why there is no way to buy any.
pub fn tokens_on_offer(terms: &Terms, offer: &Offer) -> Result<Vec<Token>, Box<Refusal>> {
    match terms.flow {
        None | Some(Flow::OnRamp) => {}
        Some(Flow::OffRamp) => return Err(not_here("Selling")),
        Some(Flow::Swap) => return Err(not_here("Swapping")),
    }
    offer.check(&Wanted {
        flow: Some(Flow::OnRamp),
        currency: Some(&terms.amount.asset.code),
        method: Some(METHOD),
        amount: Some(&terms.amount),
        ..Wanted::default()
    })?;
    let (symbol, network) = (terms.target_token.as_deref(), terms.target_network.as_deref());
    let tokens = offer.tokens(Side::OnRamp, symbol, network);
    if tokens.is_empty() {
        offer.check(&Wanted { asset: symbol, network, ..Wanted::default() })?;
        return Err(Refusal::nothing_to_buy());
    }
    Ok(tokens)
}

fn not_here(what: &str) -> Box<Refusal> {
    let message = format!("{what} is not available on this page yet.");
    Refusal::lasting(RefusalCode::FlowNotAvailableHere, message, "Go back to the shop.")
}
