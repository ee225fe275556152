//! What an operator can do: one enum, one function that carries a command out.
//!
//! The command line sends a [`Command`] as JSON to the running gateway, or carries it out itself on a
//! gateway that is stopped; both end in [`run`]. Commands hold no secrets, answers may.

pub mod capabilities;
pub mod deposits;
pub mod endpoints;
pub mod fees;
pub mod keys;
pub mod ledger;
pub mod mailbox;
pub mod origins;
pub mod partners;
pub mod prices;
pub mod refunds;
pub mod reviews;
pub mod screening;
pub mod users;

use gate_domain::ids::{Mode, PartnerId, Tenant};
use gate_store::{StoreError, Tx};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::app::{App, Scope};

/// A command of an operator. As JSON: `{"keys": {"list": {…}}}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Partners.
    Partners(partners::Command),
    /// API keys.
    Keys(keys::Command),
    /// Where a partner may embed and be returned to.
    Origins(origins::Command),
    /// Where webhooks go.
    Endpoints(endpoints::Command),
    /// What is on offer.
    Capabilities(capabilities::Command),
    /// The books.
    Ledger(ledger::Command),
    /// What a person has to look into.
    Reviews(reviews::Command),
    /// What is held because of a list of sanctions.
    Screening(screening::Command),
    /// Whom the gateway knows.
    Users(users::Command),
    /// Mails of the sandbox.
    Mailbox(mailbox::Command),
    /// Completed payments that go back.
    Refunds(refunds::Command),
    /// Tokens that came in for sales.
    Deposits(deposits::Command),
    /// What is charged on top of the price.
    Fees(fees::Command),
    /// What each source of prices says.
    Prices(prices::Command),
}

/// Why a command was not carried out: a stable word, and a sentence that says what to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct AdminError {
    /// A stable word, such as `partner_not_found`.
    pub code: String,
    /// What is wrong, and what would be right.
    pub message: String,
}

impl AdminError {
    /// A refusal.
    pub fn new(code: &str, message: impl Into<String>) -> Self {
        Self { code: code.into(), message: message.into() }
    }
}

impl From<StoreError> for AdminError {
    fn from(error: StoreError) -> Self {
        Self::new("database", format!("The database did not take it: {error}."))
    }
}

/// Which partner and mode a command is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Whose {
    /// The partner's id. It may be left out where there is one partner only.
    pub partner: Option<String>,
    /// The mode.
    pub mode: Mode,
}

/// Carry a command out, and answer with what the command line prints.
pub async fn run(app: &App, command: Command) -> Result<Value, AdminError> {
    match command {
        Command::Capabilities(command) => capabilities::run(app, command).await,
        Command::Fees(command) => fees::run(app, command).await,
        Command::Prices(command) => prices::run(app, command).await,
        Command::Partners(command) => partners::run(app, command).await,
        Command::Keys(command) => keys::run(app, command).await,
        Command::Origins(command) => origins::run(app, command).await,
        Command::Endpoints(command) => endpoints::run(app, command).await,
        Command::Ledger(command) => ledger::run(app, command).await,
        Command::Reviews(command) => reviews::run(app, command).await,
        Command::Screening(command) => screening::run(app, command).await,
        Command::Users(command) => users::run(app, command).await,
        Command::Mailbox(command) => mailbox::run(app, command).await,
        Command::Refunds(command) => refunds::run(app, command).await,
        Command::Deposits(command) => deposits::run(app, command).await,
    }
}

/// Carry out a use case in one transaction; its answer as JSON.
pub(crate) async fn write<T, F>(app: &App, use_case: F) -> Result<Value, AdminError>
where
    F: Fn(&mut Tx, &Scope<'_>) -> Result<T, AdminError> + Send + 'static,
    T: Serialize + Send + 'static,
{
    app.write(use_case).await.map(|answer| to_value(&answer))
}

/// Answer a question; the answer as JSON.
pub(crate) async fn read<T, F>(app: &App, question: F) -> Result<Value, AdminError>
where
    F: Fn(&mut Tx) -> Result<T, AdminError> + Send + 'static,
    T: Serialize + Send + 'static,
{
    app.store().read(question).await.map(|answer| to_value(&answer))
}

/// What an error says, as a sentence.
fn sentence(error: &impl std::error::Error) -> String {
    let mut message = error.to_string();
    if let Some(first) = message.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    format!("{message}.")
}

fn to_value<T: Serialize>(answer: &T) -> Value {
    serde_json::to_value(answer).expect("answers have string keys and no custom failures")
}

impl Whose {
    /// The tenant that is meant, if the partner exists and this gateway serves the mode.
    pub(crate) fn find(&self, tx: &mut Tx, modes: &[Mode]) -> Result<Tenant, AdminError> {
        if !modes.contains(&self.mode) {
            let message = format!("This gateway does not serve {} mode.", self.mode);
            return Err(AdminError::new("mode_not_served", message));
        }
        let partner = find_partner(tx, self.partner.as_deref())?;
        Ok(Tenant { partner, mode: self.mode })
    }
}

/// The partner that is meant: the named one, or the only one there is.
pub(crate) fn find_partner(tx: &mut Tx, named: Option<&str>) -> Result<PartnerId, AdminError> {
    let Some(named) = named else { return only_partner(tx) };
    let id = PartnerId::parse(named).ok();
    let found = match id {
        Some(id) => tx.find_partner(&id)?,
        None => None,
    };
    found.map(|partner| partner.id).ok_or_else(|| {
        let message =
            format!("There is no partner {named:?}. `gate partner list` shows their ids.");
        AdminError::new("partner_not_found", message)
    })
}

fn only_partner(tx: &mut Tx) -> Result<PartnerId, AdminError> {
    let mut partners = tx.list_partners(None, 2)?;
    match (partners.pop(), partners.is_empty()) {
        (Some(partner), true) => Ok(partner.id),
        (Some(_), false) => Err(AdminError::new(
            "partner_needed",
            "There is more than one partner. Name one with --partner; `gate partner list` shows their ids.",
        )),
        (None, _) => Err(AdminError::new(
            "partner_not_found",
            "There is no partner yet. Make one with `gate partner create`.",
        )),
    }
}

/// A name that people read: 1 to `chars_max` characters, none of them a control character.
pub(crate) fn check_name(what: &str, name: &str, chars_max: usize) -> Result<(), AdminError> {
    let fits = (1..=chars_max).contains(&name.chars().count());
    if fits && name.trim() == name && !name.chars().any(char::is_control) {
        return Ok(());
    }
    let message = format!(
        "The name of a {what} has 1 to {chars_max} characters, without control characters, and does not begin or end with a space."
    );
    Err(AdminError::new("name_invalid", message))
}
