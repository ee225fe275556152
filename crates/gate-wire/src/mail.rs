//! Mails of the sandbox, which stay in its mailbox.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A mail to a user that was written and not sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MailBody {
    /// Its id.
    #[schema(example = "mail_test_01hf7yat00fentqaxbnentqaxb")]
    pub id: String,
    /// Always `mail`.
    pub object: String,
    /// Whom it is to.
    pub to: String,
    /// Its subject.
    pub subject: String,
    /// All of it.
    pub text: String,
    /// The code in it.
    #[schema(required)]
    pub code: Option<String>,
    /// RFC 3339.
    pub created_at: String,
}
