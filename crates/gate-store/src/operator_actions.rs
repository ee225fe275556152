//! What operators decided about transactions and refunds. Nothing here updates or deletes.

use gate_domain::ids::Tenant;
use gate_domain::time::Millis;

use crate::{Sql, StoreError, Tx, sql};

const INSERT: Sql = sql("insert into operator_actions
    (partner_id, mode, subject, number, action, outcome, reason, actor, created_at)
    select $1, $2, $3, coalesce(max(number), 0) + 1, $4, $5, $6, $7, $8
    from operator_actions where partner_id = $1 and mode = $2 and subject = $3");
const LIST: Sql = sql("select action, outcome, reason, actor, created_at from operator_actions
    where partner_id = $1 and mode = $2 and subject = $3 order by number");

pub(crate) const STATEMENTS: &[Sql] = &[INSERT, LIST];

/// Something that an operator did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperatorAction {
    /// What, in one word.
    pub action: String,
    /// What came of it, in one word.
    pub outcome: String,
    /// Why, in the operator's words.
    pub reason: String,
    /// Who.
    pub actor: String,
    /// When.
    pub created_at: Millis,
}

impl Tx {
    /// Write down what an operator did about a subject that this transaction has locked.
    pub fn insert_operator_action(
        &mut self,
        tenant: &Tenant,
        subject: &str,
        action: &OperatorAction,
    ) -> Result<(), StoreError> {
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        let OperatorAction { action, outcome, reason, actor, created_at } = action;
        let params: [&dyn crate::Param; 8] =
            [&partner, &mode, &subject, action, outcome, reason, actor, &created_at.0];
        self.execute(INSERT, &params).map(drop)
    }

    /// What operators did about a subject, in order.
    pub fn list_operator_actions(
        &mut self,
        tenant: &Tenant,
        subject: &str,
    ) -> Result<Vec<OperatorAction>, StoreError> {
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        self.query(LIST, &[&partner, &mode, &subject], |row| {
            Ok(OperatorAction {
                action: row.get(0)?,
                outcome: row.get(1)?,
                reason: row.get(2)?,
                actor: row.get(3)?,
                created_at: Millis(row.get(4)?),
            })
        })
    }
}
