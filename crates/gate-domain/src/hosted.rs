//! What the hosted page can do with a session now. Asked at every step before a payment is written
//! down; from then on money may be moving, and no switch touches it.

use crate::bank::AccountKind;
use crate::catalogue::{Method, Offer, Refusal, RefusalCode, Side, Token, Wanted};
use crate::customer::CountryCode;
use crate::limits::{Standing, within_limits};
use crate::money::Asset;
use crate::quote::{CARD, Quote, TOKENS};
use crate::rail::PayoutAccount;
use crate::session::{Flow, Terms};

/// A way of being paid out that the hosted page can ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payout {
    /// Its id in the catalogue.
    pub id: String,
    /// The name for people.
    pub name: String,
    /// What it asks for.
    pub account: AccountKind,
}

/// One thing that the user can do in a session, and with which tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choices {
    /// Buy or sell; a swap is a buy that is paid with tokens.
    pub side: Side,
    /// By which the user pays, or is paid where they say nothing else.
    pub method: String,
    /// The ways of being paid out, in the order of the catalogue; empty unless this is a sale.
    pub payouts: Vec<Payout>,
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
            && (quote.side == Side::OnRamp || self.payout_of(quote).is_some())
    }

    /// Whether the page can take, or make, the payment that a price is for.
    pub fn take(&self, quote: &Quote) -> bool {
        let by_its_method = quote.side == Side::OffRamp || quote.payment_method == self.method;
        quote.side == self.side && by_its_method && self.hold(quote)
    }

    /// By which the user pays, or is paid out: as they ask for, and where they do not, by the first way on
    /// offer.
    pub fn method_for(&self, payout: Option<&str>) -> Result<&str, Box<Refusal>> {
        let Some(wanted) = payout.filter(|_| self.side == Side::OffRamp) else {
            return Ok(&self.method);
        };
        let found = self.payouts.iter().find(|payout| payout.id.eq_ignore_ascii_case(wanted));
        found.map(|payout| payout.id.as_str()).ok_or_else(|| {
            let message = "This way of being paid out is not on offer here.".to_owned();
            let next_step = "Choose one of the payout_methods of the step.";
            Refusal::lasting(RefusalCode::MethodNotAvailable, message, next_step)
        })
    }

    /// How a price is paid out, while that is on offer.
    pub fn payout_of(&self, quote: &Quote) -> Option<&Payout> {
        self.payouts.iter().find(|payout| payout.id == quote.payment_method)
    }
}

impl Payout {
    /// What to say about an account of another kind than the one that it asks for.
    pub fn other_account(&self) -> Box<Refusal> {
        let message = format!("{} goes to another kind of account.", self.name);
        Refusal::lasting(RefusalCode::MethodNotAvailable, message, self.account.wants())
    }

    /// Refuse an account in a country that is closed, or that this does not pay out to.
    pub fn check_country(
        &self,
        account: &PayoutAccount,
        currency: &str,
        offer: &Offer,
    ) -> Result<(), Box<Refusal>> {
        let country = account.country.as_str();
        offer.country(country)?;
        offer.method(Side::OffRamp, &self.id, Some(currency), Some(country)).map(drop)
    }

    /// Whether money can go to this account.
    pub fn takes(&self, account: &PayoutAccount, currency: &str, offer: &Offer) -> bool {
        account.kind == self.account && self.check_country(account, currency, offer).is_ok()
    }
}

/// What there is to choose from in a flow, or why there is nothing.
pub fn choices(terms: &Terms, flow: Flow, offer: &Offer) -> Result<Choices, Box<Refusal>> {
    let currency = terms.amount.asset.code.as_str();
    let check = |method: Option<&str>| {
        let (flow, currency, amount) = (Some(flow), Some(currency), Some(&terms.amount));
        offer.check(&Wanted { flow, currency, method, amount, ..Wanted::default() })
    };
    let mut payouts = Vec::new();
    let (side, method) = match flow {
        Flow::OnRamp => {
            check(Some(CARD))?;
            (Side::OnRamp, CARD.to_owned())
        }
        Flow::OffRamp => {
            let mut refused = None;
            for payout in payouts_in(offer, currency)? {
                match check(Some(&payout.id)) {
                    Ok(()) => payouts.push(payout),
                    Err(refusal) => refused = refused.or(Some(refusal)),
                }
            }
            let Some(first) = payouts.first() else {
                return Err(refused.unwrap_or_else(Refusal::nothing_to_buy));
            };
            (Side::OffRamp, first.id.clone())
        }
        // It needs no choice of a method (contract, section 7).
        Flow::Swap => {
            check(None)?;
            (Side::OnRamp, TOKENS.to_owned())
        }
    };
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
    Ok(Choices { side, method, payouts, tokens, from })
}

/// The same for a user who lives and is in `countries`, as far as these are known, and stands where they
/// stand: or why they may not move that much, or anything.
pub fn choices_for(
    terms: &Terms,
    flow: Flow,
    offer: &Offer,
    (countries, standing): (&[&CountryCode], &Standing),
) -> Result<Choices, Box<Refusal>> {
    let choices = choices(terms, flow, offer)?;
    for country in countries {
        offer.country(country.as_str())?;
    }
    within_limits(offer, &terms.amount, (choices.side, &choices.method), standing)?;
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

/// Those of these methods that the page can pay out by.
pub fn payouts<'a>(methods: impl IntoIterator<Item = &'a Method>) -> Vec<Payout> {
    let of_the_page = methods.into_iter().filter(|method| method.side == Side::OffRamp);
    let payouts = of_the_page.filter_map(|method| {
        let (id, name) = (method.id.clone(), method.name.clone());
        Some(Payout { id, name, account: method.account? })
    });
    payouts.collect()
}

/// At least one, or why there is none.
fn payouts_in(offer: &Offer, currency: &str) -> Result<Vec<Payout>, Box<Refusal>> {
    let payouts = payouts(offer.methods(Side::OffRamp, currency, None));
    if payouts.is_empty() {
        offer.some_method(Side::OffRamp, currency, None)?;
        return Err(not_here(&format!("Selling for {currency}")));
    }
    Ok(payouts)
}

fn not_here(what: &str) -> Box<Refusal> {
    let message = format!("{what} is not available on this page yet.");
    Refusal::lasting(RefusalCode::FlowNotAvailableHere, message, "Go back to the shop.")
}
