//! Mails to users. In the sandbox they are written down and never sent: its partner reads them. In live
//! mode they wait for the worker that sends them, and nobody reads them here.

use gate_domain::customer::Email;
use gate_domain::ids::{MailId, Mode, SessionId, Tenant};
use gate_domain::time::Millis;
use gate_rails::mail::Letter;
use gate_store::{DueMail, MailRow, NewMail, StoreError, Tx};
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
            "Your code is {code}.\n\n\
             Enter it on the payment page of {partner}. It is valid for 10 minutes.\n\n\
             Nobody from us will ever ask you for this code. If you did not request it, you can \
             ignore this message."
        );
        let subject = format!("{code} is your code");
        Self { to: to.clone(), subject, text, code: Some(code.to_owned()) }
    }
}

/// Write a mail of a session down, and in live mode have it sent, unless that takes longer than it is
/// good. What the session wrote before and still waits is not sent any more: it would come in the wrong
/// order, or to an address that was a mistake.
pub(super) fn write_mail(
    tx: &mut Tx,
    scope: &Scope<'_>,
    (tenant, session): (&Tenant, &SessionId),
    email_hash: &[u8],
    mail: &Mail,
    good_until: Millis,
) -> Result<(), StoreError> {
    tx.remove_waiting_mails(tenant, session)?;
    let id = MailId::new(tenant.mode, scope.seed());
    let new = NewMail {
        tenant: tenant.clone(),
        session_id: session.clone(),
        mail_sealed: seal(scope, id.as_str(), mail),
        id,
        email_hash: email_hash.to_owned(),
        good_until: (tenant.mode == Mode::Live).then_some(good_until),
    };
    if new.good_until.is_some() {
        scope.wake_mails();
    }
    tx.insert_mail(&new, scope.now)
}

/// A mail as it is sent.
pub(crate) fn open_letter(vault: &Vault, due: &DueMail) -> Result<Letter, StoreError> {
    let id = due.id.as_str();
    let Mail { to, subject, text, .. } = open(vault, "mails", id, &due.mail_sealed)?;
    Ok(Letter { id: id.to_owned(), to, subject, text })
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
