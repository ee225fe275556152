//! Who looks at what users show of themselves.

use futures::future::BoxFuture;
use gate_domain::ids::IdentityCheckId;
use gate_domain::person::Person;
use gate_domain::session::IdentityLevel;
use gate_domain::time::Millis;

use crate::RailError;

/// Something to look at.
#[derive(Clone, Debug)]
pub struct Question {
    /// Its id. Whoever is asked again under the same one answers about the same check.
    pub id: IdentityCheckId,
    /// How sure the gateway has to be.
    pub level: IdentityLevel,
    /// What they have shown of themselves.
    pub person: Person,
    /// When the question was first asked.
    pub asked_at: Millis,
}

/// What a verifier says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// They are who they say.
    Approved,
    /// They are not, or it cannot be told.
    Rejected,
    /// They are to give something again.
    Again(Doubt),
    /// It is not decided yet.
    Pending {
        /// When to ask again, in milliseconds.
        ask_again_ms: i64,
    },
}

/// What somebody is to give again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// The name.
    Name,
    /// The document.
    Document,
}

/// Looks at what users show of themselves. Asking again is safe: the other side knows the id.
pub trait IdentityVerifier: Send + Sync {
    /// Ask about somebody, or what has become of an earlier question.
    fn ask<'a>(
        &'a self,
        question: &'a Question,
        now: Millis,
    ) -> BoxFuture<'a, Result<Verdict, RailError>>;
}
