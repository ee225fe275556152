//! Mails to users. In the sandbox they are written down and never sent: its partner reads them.

use gate_domain::customer::Email;
use gate_domain::ids::{MailId, Tenant};
use gate_store::{MailRow, StoreError, Tx};
use gate_wire::instant::to_rfc3339;
use gate_wire::mail::MailBody;
use serde::{Deserialize, Serialize};

use super::{open, seal};
use crate::app::Scope;
use crate::vault::Vault;

/// How long mails, and the codes in them, are kept: a day.
pub const MAILS_KEPT_MS: i64 = 24 * 3_600_000;

/// What a mail says, and to whom.
#[derive(Serialize, Deserialize)]
pub(super) struct Mail {
    to: Email,
    subject: String,
    text: String,
    code: Option<String>,
}

impl Mail {
    /// The mail that brings a code.
    pub(super) fn with_code(to: &Email, code: &str, partner: &str) -> Self {
        let text = format!(
            "Your code is {code}. Type it on the page of {partner}; it is good for 10 minutes.\n\n\
             If you did not ask for it, you need not do anything."
        );
        let subject = format!("{code} is your code");
        Self { to: to.clone(), subject, text, code: Some(code.to_owned()) }
    }
}

/// Write a mail down.
pub(super) fn write_mail(
    tx: &mut Tx,
    scope: &Scope<'_>,
    tenant: &Tenant,
    email_hash: &[u8],
    mail: &Mail,
) -> Result<(), StoreError> {
    let id = MailId::new(tenant.mode, scope.seed());
    let mail_sealed = seal(scope, id.as_str(), mail);
    tx.insert_mail(tenant, email_hash, &MailRow { id, mail_sealed, created_at: scope.now })
}

/// The mails of a partner's pages, newest first: all, or those to one address; those before `after`,
/// or from the newest on.
pub fn list_mails(
    tx: &mut Tx,
    vault: &Vault,
    tenant: &Tenant,
    to: Option<&Email>,
    after: Option<&MailId>,
    limit: i64,
) -> Result<Vec<MailBody>, StoreError> {
    let email_hash = to.map(|to| vault.user_email_hash(tenant.mode, &to.folded()));
    let rows = tx.list_mails(tenant, email_hash.as_deref(), after, limit)?;
    rows.iter().map(|row| body(vault, row)).collect()
}

fn body(vault: &Vault, row: &MailRow) -> Result<MailBody, StoreError> {
    let mail: Mail = open(vault, "mails", row.id.as_str(), &row.mail_sealed)?;
    Ok(MailBody {
        id: row.id.to_string(),
        object: "mail".into(),
        to: mail.to.into(),
        subject: mail.subject,
        text: mail.text,
        code: mail.code,
        created_at: to_rfc3339(row.created_at),
    })
}
