//! What the hosted page shows: one step at a time, decided by the server.

mod assets;
mod not_taken;
mod payouts;
mod quote;
mod sentences;
mod simulator;
mod step;
mod translate;

use gate_domain::catalogue::Catalogue;
use gate_domain::journey::Step;
use gate_domain::session::Session;
use gate_domain::time::Millis;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::branding::BrandingBody;
use crate::instant::to_rfc3339;
use crate::words::{Mode, SessionStatus};
use translate::step_body;

pub use assets::{AssetChoice, AssetOption};
pub use not_taken::NotTakenBody;
pub use payouts::{AccountBody, PayoutMethodBody};
pub use quote::{FeeBody, PaidInBody, QuoteBody};
pub use simulator::{
    RailHints, TestAccount, TestCard, TestOutcome, TestPayout, TestPerson, TestWallet,
};
pub use step::JourneyStep;

/// The whole of what the page needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Journey {
    /// The session, as far as the user may know it.
    pub session: JourneySession,
    /// Grows with each change of the session; an older one never overwrites a newer one.
    pub revision: i64,
    /// RFC 3339: the server's clock, for the countdown.
    pub server_time: String,
    /// What to show.
    pub step: JourneyStep,
}

/// A session as the user sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct JourneySession {
    /// Its id.
    pub id: String,
    /// Where it stands.
    pub status: SessionStatus,
    /// Which world.
    pub mode: Mode,
    /// The pinned flow.
    #[schema(required)]
    pub flow: Option<String>,
    /// What the user pays.
    pub amount: String,
    /// ISO 4217.
    pub currency: String,
    /// RFC 3339.
    pub expires_at: String,
    /// Where the user goes back to.
    pub return_url: String,
    /// Where the user goes back to after giving up.
    #[schema(required)]
    pub cancel_url: Option<String>,
    /// The partner's name.
    pub partner_name: String,
    /// How the page looks.
    pub branding: BrandingBody,
}

/// Who sells, as the page shows it.
#[derive(Clone, Debug, Default)]
pub struct Seller {
    /// The partner's name.
    pub partner_name: String,
    /// How its pages look.
    pub branding: BrandingBody,
}

impl Journey {
    /// The journey of a session, from the step that the domain computed and what came for the session and
    /// was not taken in.
    pub fn new(
        session: &Session,
        (step, not_taken): (Step<'_>, Vec<NotTakenBody>),
        seller: &Seller,
        hints: &RailHints,
        catalogue: &Catalogue,
        now: Millis,
    ) -> Self {
        let terms = &session.terms;
        Self {
            session: JourneySession {
                id: session.id.to_string(),
                status: (&session.state).into(),
                mode: session.tenant.mode.into(),
                flow: terms.flow.map(|flow| flow.as_str().into()),
                amount: terms.amount.to_decimal(),
                currency: terms.amount.asset.code.clone(),
                expires_at: to_rfc3339(terms.expires_at),
                return_url: terms.return_url.clone(),
                cancel_url: terms.cancel_url.clone(),
                partner_name: seller.partner_name.clone(),
                branding: seller.branding.clone(),
            },
            revision: session.revision,
            server_time: to_rfc3339(now),
            step: step_body(session, (step, not_taken), hints, catalogue, now),
        }
    }
}
