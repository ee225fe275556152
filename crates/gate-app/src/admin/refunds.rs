//! Refunds as an operator makes and lists them.

use gate_domain::ids::{Tenant, TransactionId};
use gate_store::{IdempotentRequest, OperatorAction};
use gate_wire::refund::RefundBody;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::reviews::decision;
use super::{AdminError, Whose, read, write};
use crate::app::App;
use crate::refunds::{CreateRefund, RefundError, create_refund, list_refunds};

/// Refunds in one answer.
const LIST_MAX: i64 = 1_000;
/// The longest idempotency key.
const KEY_CHARS_MAX: usize = 255;

/// What can be done with refunds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Command {
    /// Give a completed payment back.
    Create {
        /// Whose.
        whose: Whose,
        /// `tx_..`.
        transaction: String,
        /// A decimal string of the currency; all that is left where nothing is said.
        amount: Option<String>,
        /// Why, in the operator's words.
        reason: String,
        /// Who does it.
        actor: String,
        /// What makes it safe to repeat.
        #[serde(default)]
        idempotency_key: Option<String>,
    },
    /// The refunds of a transaction, newest first.
    List {
        /// Whose.
        whose: Whose,
        /// `tx_..`.
        transaction: String,
    },
}

/// The refunds of a transaction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundsAnswer {
    /// Newest first.
    pub refunds: Vec<RefundBody>,
}

pub(super) async fn run(app: &App, command: Command) -> Result<Value, AdminError> {
    let modes = app.config().modes.clone();
    match command {
        Command::Create { whose, transaction, amount, reason, actor, idempotency_key } => {
            let decision = decision(reason, actor)?;
            check_key(idempotency_key.as_deref())?;
            write(app, move |tx, scope| {
                let tenant = whose.find(tx, &modes)?;
                let transaction_id = parse(&transaction)?;
                let key = idempotency_key.as_deref();
                let create = CreateRefund {
                    tenant: tenant.clone(),
                    request: key
                        .map(|key| request(&tenant, &transaction_id, key, amount.as_deref())),
                    transaction_id,
                    amount: amount.clone(),
                };
                let answered = create_refund(tx, scope, &create)?;
                let body: RefundBody = serde_json::from_str(&answered.answer.response)
                    .expect("it was written a line above");
                if answered.replayed {
                    return Ok(body);
                }
                let action = OperatorAction {
                    action: "refund_created".into(),
                    outcome: body.amount.clone(),
                    reason: decision.reason.clone(),
                    actor: decision.actor.clone(),
                    created_at: scope.now,
                };
                tx.insert_operator_action(&tenant, &body.id, &action)?;
                Ok(body)
            })
            .await
        }
        Command::List { whose, transaction } => {
            read(app, move |tx| {
                let tenant = whose.find(tx, &modes)?;
                let id = parse(&transaction)?;
                let refunds = list_refunds(tx, &tenant, &id, None, LIST_MAX)?;
                Ok(RefundsAnswer { refunds: refunds.ok_or(RefundError::NotFound)? })
            })
            .await
        }
    }
}

fn check_key(key: Option<&str>) -> Result<(), AdminError> {
    let fits = |key: &str| {
        (1..=KEY_CHARS_MAX).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic())
    };
    if key.is_none_or(fits) {
        return Ok(());
    }
    let message = format!("A key has 1 to {KEY_CHARS_MAX} printable characters, no spaces.");
    Err(AdminError::new("idempotency_key_invalid", message))
}

/// The logical request behind an operator's key. The keys of partners are apart: theirs begin with a
/// method.
fn request(
    tenant: &Tenant,
    transaction: &TransactionId,
    key: &str,
    amount: Option<&str>,
) -> IdempotentRequest {
    let scope = Sha256::digest(format!("gate refunds create\n{transaction}\n{key}"));
    IdempotentRequest {
        tenant: tenant.clone(),
        key_hash: scope[..16].to_vec(),
        fingerprint: Sha256::digest(amount.unwrap_or_default()).to_vec(),
    }
}

fn parse(text: &str) -> Result<TransactionId, AdminError> {
    TransactionId::parse(text).map_err(|_| RefundError::NotFound.into())
}

impl From<RefundError> for AdminError {
    fn from(error: RefundError) -> Self {
        let code = match error {
            RefundError::NotFound => "transaction_not_found",
            RefundError::Paused => "payments_paused",
            RefundError::Store(error) => return error.into(),
            _ => "refund_refused",
        };
        let mut message = error.to_string();
        if let Some(first) = message.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        Self::new(code, format!("{message}."))
    }
}
