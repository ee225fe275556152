//! Reviews: transactions and refunds whose end nobody knows, and saying how they ended.

use gate_domain::ids::{RefundId, Tenant, TransactionId};
use gate_domain::text::{check_name, check_visible};
use gate_domain::transaction::{Refused, Resolution, Transaction};
use gate_store::{OperatorAction, StoreError, TransactionFilter, Tx};
use gate_wire::instant::to_rfc3339;
use gate_wire::refund::RefundBody;
use gate_wire::transaction::TransactionBody;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::ledger::{Entry, Only, lines};
use super::{AdminError, Whose, read, sentence, write};
use crate::advance::find_agreed_quote;
use crate::app::App;
use crate::refunds::quote_of;
use crate::reviews::{Decision, ReviewError, resolve_refund, resolve_transaction};

/// Reviews in one answer.
const LIST_MAX: i64 = 1_000;
/// The longest reason.
const REASON_CHARS_MAX: usize = 500;
/// The longest name outside, of a payment or a transfer.
const NAME_CHARS_MAX: usize = 200;

/// What can be done with reviews.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Command {
    /// What waits for a person.
    List {
        /// Whose.
        whose: Whose,
    },
    /// One transaction or refund: where it stands, what is booked, what operators did.
    Show {
        /// Whose.
        whose: Whose,
        /// `tx_..` or `rf_..`.
        subject: String,
    },
    /// Say how it ended.
    Resolve {
        /// Whose.
        whose: Whose,
        /// `tx_..` or `rf_..`.
        subject: String,
        /// How.
        outcome: Outcome,
        /// Why, in the operator's words.
        reason: String,
        /// Who says so.
        actor: String,
        /// The provider's name for the payment, where none is known yet.
        payment: Option<String>,
        /// The name outside of the transfer that delivered; needed for `completed`, unless it is known.
        transfer: Option<String>,
    },
}

/// How something ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The user has what they get.
    Completed,
    /// What the user gave is with them again.
    Refunded,
    /// Nothing was taken; for a refund: nothing was given back.
    Failed,
}

/// What waits for a person, oldest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReviewsAnswer {
    /// Transactions.
    pub transactions: Vec<TransactionBody>,
    /// Refunds.
    pub refunds: Vec<RefundBody>,
}

/// A transaction or a refund of it, with everything that helps to decide.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownReview {
    /// The transaction.
    pub transaction: TransactionBody,
    /// The refund, if one was asked for.
    pub refund: Option<RefundBody>,
    /// What is booked about the transaction and its refunds.
    pub entries: Vec<Entry>,
    /// What operators did.
    pub actions: Vec<Action>,
}

/// Something that an operator did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Action {
    /// When (RFC 3339).
    pub at: String,
    /// Who.
    pub actor: String,
    /// What.
    pub action: String,
    /// What came of it.
    pub outcome: String,
    /// Why.
    pub reason: String,
}

impl From<OperatorAction> for Action {
    fn from(action: OperatorAction) -> Self {
        Self {
            at: to_rfc3339(action.created_at),
            actor: action.actor,
            action: action.action,
            outcome: action.outcome,
            reason: action.reason,
        }
    }
}

/// What a command is about.
enum Subject {
    Transaction(TransactionId),
    Refund(RefundId),
}

pub(super) async fn run(app: &App, command: Command) -> Result<Value, AdminError> {
    let modes = app.config().modes.clone();
    match command {
        Command::List { whose } => {
            read(app, move |tx| {
                let tenant = whose.find(tx, &modes)?;
                list(tx, &tenant)
            })
            .await
        }
        Command::Show { whose, subject } => {
            read(app, move |tx| {
                let tenant = whose.find(tx, &modes)?;
                show(tx, &tenant, &Subject::parse(&subject)?)
            })
            .await
        }
        Command::Resolve { whose, subject, outcome, reason, actor, payment, transfer } => {
            let decision = decision(reason, actor)?;
            let named = named(outcome, payment, transfer)?;
            write(app, move |tx, scope| {
                let tenant = whose.find(tx, &modes)?;
                let subject = Subject::parse(&subject)?;
                match &subject {
                    Subject::Transaction(id) => {
                        resolve_transaction(tx, scope, &tenant, id, &named, &decision)?;
                    }
                    Subject::Refund(id) => {
                        let paid = paid(outcome)?;
                        resolve_refund(tx, scope, &tenant, id, paid, &decision)?;
                    }
                }
                show(tx, &tenant, &subject)
            })
            .await
        }
    }
}

fn list(tx: &mut Tx, tenant: &Tenant) -> Result<ReviewsAnswer, AdminError> {
    let filter = TransactionFilter { status: Some("review"), session: None };
    let rows = tx.list_transactions(tenant, &filter, None, LIST_MAX)?;
    let mut transactions: Vec<_> =
        rows.iter().map(|(transaction, quote)| TransactionBody::new(transaction, quote)).collect();
    transactions.reverse();
    let mut refunds = Vec::new();
    for refund in tx.list_refunds_in_review(tenant, LIST_MAX)? {
        let quote = quote_of(tx, &refund)?;
        refunds.push(RefundBody::new(&refund, &quote));
    }
    Ok(ReviewsAnswer { transactions, refunds })
}

fn show(tx: &mut Tx, tenant: &Tenant, subject: &Subject) -> Result<ShownReview, AdminError> {
    let (refund, transaction_id) = match subject {
        Subject::Transaction(id) => (None, id.clone()),
        Subject::Refund(id) => {
            let refund = tx.find_refund(tenant, id)?.ok_or(ReviewError::NotFound)?;
            let transaction = refund.transaction_id.clone();
            (Some(refund), transaction)
        }
    };
    let transaction: Transaction =
        tx.find_transaction(tenant, &transaction_id)?.ok_or(ReviewError::NotFound)?;
    let quote = find_agreed_quote(tx, &transaction)?;
    let postings = tx.list_postings_of(tenant, &transaction.id)?;
    Ok(ShownReview {
        transaction: TransactionBody::new(&transaction, &quote),
        refund: refund.map(|refund| RefundBody::new(&refund, &quote)),
        entries: postings.iter().flat_map(|row| lines(row, &Only::ALL)).collect(),
        actions: list_actions(tx, tenant, subject.as_str())?,
    })
}

/// What operators did about something, in order.
pub(super) fn list_actions(
    tx: &mut Tx,
    tenant: &Tenant,
    subject: &str,
) -> Result<Vec<Action>, StoreError> {
    Ok(tx.list_operator_actions(tenant, subject)?.into_iter().map(Action::from).collect())
}

/// Who decides, and why; both have to be said.
pub(super) fn decision(reason: String, actor: String) -> Result<Decision, AdminError> {
    let fits = |text: &str| (1..=REASON_CHARS_MAX).contains(&text.trim().chars().count());
    if !fits(&reason) || !fits(&actor) {
        let message = format!(
            "A decision needs a reason and the name of who decides, each of 1 to {REASON_CHARS_MAX} characters in one line."
        );
        return Err(AdminError::new("reason_needed", message));
    }
    check_visible(&reason).map_err(|problem| {
        AdminError::new("text_invalid", format!("The reason cannot be taken. {problem}"))
    })?;
    // Nobody is two people by a letter that looks like another.
    check_name(&actor).map_err(|problem| {
        let message = format!("The name of who decides cannot be taken. {problem}");
        AdminError::new("text_invalid", message)
    })?;
    Ok(Decision { reason, actor })
}

fn named(
    outcome: Outcome,
    payment: Option<String>,
    transfer: Option<String>,
) -> Result<Resolution, AdminError> {
    let fits = |name: &String| {
        (1..=NAME_CHARS_MAX).contains(&name.len())
            && name.bytes().all(|byte| byte.is_ascii_graphic())
    };
    if !payment.iter().chain(&transfer).all(fits) {
        let message = format!("A name has 1 to {NAME_CHARS_MAX} printable characters, no spaces.");
        return Err(AdminError::new("name_invalid", message));
    }
    match (outcome, transfer) {
        (Outcome::Completed, transfer) => Ok(Resolution::Completed { payment, transfer }),
        (Outcome::Refunded | Outcome::Failed, Some(_)) => Err(AdminError::new(
            "transfer_unexpected",
            "A transfer brought the user what they get: --transfer goes with --as completed alone.",
        )),
        (Outcome::Refunded, None) => Ok(Resolution::Refunded { payment }),
        (Outcome::Failed, None) => Ok(Resolution::Failed),
    }
}

fn paid(outcome: Outcome) -> Result<bool, AdminError> {
    match outcome {
        Outcome::Refunded => Ok(true),
        Outcome::Failed => Ok(false),
        Outcome::Completed => Err(AdminError::new(
            "outcome_invalid",
            "A refund was either paid (--as refunded) or not (--as failed).",
        )),
    }
}

impl Subject {
    fn parse(text: &str) -> Result<Self, AdminError> {
        let transaction = TransactionId::parse(text).map(Self::Transaction);
        let subject = transaction.or_else(|_| RefundId::parse(text).map(Self::Refund));
        subject.map_err(|_| ReviewError::NotFound.into())
    }

    fn as_str(&self) -> &str {
        match self {
            Self::Transaction(id) => id.as_str(),
            Self::Refund(id) => id.as_str(),
        }
    }
}

impl From<ReviewError> for AdminError {
    fn from(error: ReviewError) -> Self {
        let code = match error {
            ReviewError::NotFound => "not_found",
            ReviewError::ToldOtherwise => "told_otherwise",
            ReviewError::Transaction(Refused::TransferUnnamed) => "transfer_needed",
            ReviewError::Transaction(_) | ReviewError::Refund(_) | ReviewError::Session(_) => {
                "review_refused"
            }
            ReviewError::Store(error) => return error.into(),
        };
        Self::new(code, sentence(&error))
    }
}
