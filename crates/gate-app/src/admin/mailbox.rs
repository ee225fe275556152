//! The sandbox's mailbox: mails to users, which are written and not sent.

use gate_domain::Mode;
use gate_domain::customer::Email;
use gate_wire::mail::MailBody;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{AdminError, Whose, read};
use crate::app::App;
use crate::identity::list_mails;

/// Rows in one answer.
const LIST_MAX: i64 = 100;

/// What can be done with the mailbox.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Command {
    /// The newest mails, all or those to one address.
    List {
        /// Whose pages they were written on.
        whose: Whose,
        /// Whom they are to.
        to: Option<String>,
    },
}

/// What is in the mailbox.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailsAnswer {
    /// Newest first.
    pub mails: Vec<MailBody>,
}

pub(super) async fn run(app: &App, command: Command) -> Result<Value, AdminError> {
    let Command::List { whose, to } = command;
    if whose.mode != Mode::Test {
        let message = "Only the sandbox has a mailbox. Nothing of another mode is kept to be read.";
        return Err(AdminError::new("no_mailbox", message));
    }
    let to = match to.as_deref().map(Email::parse) {
        Some(None) => {
            let message = "This is no e-mail address, such as ada@example.com.";
            return Err(AdminError::new("email_invalid", message));
        }
        to => to.flatten(),
    };
    let (modes, vault) = (app.config().modes.clone(), app.vault().clone());
    read(app, move |tx| {
        let tenant = whose.find(tx, &modes)?;
        let mails = list_mails(tx, &vault, &tenant, to.as_ref(), None, LIST_MAX)?;
        Ok(MailsAnswer { mails })
    })
    .await
}
