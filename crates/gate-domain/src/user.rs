//! Users whom the gateway knows. They belong to the deployment: whoever has shown who they are on the
//! page of one partner is known on the page of another, and limits count over all of them.

use crate::ids::{Mode, UserId};
use crate::session::IdentityLevel;
use crate::time::Millis;

/// Somebody who reads an e-mail address, and what they have shown of themselves. What is known about the
/// person rests elsewhere, sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// In which world.
    pub mode: Mode,
    /// Their id.
    pub id: UserId,
    /// How sure the gateway is of who they are.
    pub level: Option<IdentityLevel>,
    /// When they were first seen.
    pub created_at: Millis,
    /// When the person was erased; the user's history stays.
    pub erased_at: Option<Millis>,
}
