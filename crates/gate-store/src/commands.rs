//! Commands to the rails: written with the change that causes them, sent by a worker under a lease.

use gate_domain::ids::{CommandId, RefundId, SessionId, Tenant, TransactionId};
use gate_domain::rail::{Command, CommandKind};
use gate_domain::time::Millis;
use gate_domain::transaction::Transaction;

use crate::read::{Reader, to_json};
use crate::{Row, Sql, StoreError, Tx, sql};

const INSERT: Sql = sql("insert into commands
    (partner_id, mode, id, session_id, transaction_id, kind, body, sent, attempts, due_at, created_at)
    values ($1, $2, $3, $4, $5, $6, $7, 0, 0, $8, $8)");
const LIST_DUE: Sql = sql("select partner_id, mode, id, session_id, body, sent, attempts
    from commands where due_at is not null and due_at <= $1 order by due_at limit $2")
.skip_locked();
const LEASE: Sql = sql("update commands
    set due_at = $4, lease_token = $5, sent = 1, attempts = attempts + 1
    where partner_id = $1 and mode = $2 and id = $3");
const RECORD: Sql = sql("update commands set due_at = $5, body = $6, lease_token = null
    where partner_id = $1 and mode = $2 and id = $3 and lease_token = $4");
const HASTEN: Sql = sql("update commands set due_at = $4
    where partner_id = $1 and mode = $2 and id = $3 and due_at > $4 and lease_token is null");
const LIST_DUE_OF_TRANSACTION: Sql = sql("select partner_id, mode, id, body
    from commands where partner_id = $1 and mode = $2 and session_id = $3 and transaction_id = $4
        and due_at is not null");
const CLOSE: Sql = sql("update commands set due_at = null, lease_token = null
    where partner_id = $1 and mode = $2 and id = $3 and due_at is not null");
const WAKE: Sql = sql("update commands set due_at = $4, attempts = 0, lease_token = null
    where partner_id = $1 and mode = $2 and id = $3");
const WITHDRAW: Sql = sql("update commands set due_at = null
    where partner_id = $1 and mode = $2 and id = $3 and sent = 0 and due_at is not null");
const RELEASE_ALL: Sql = sql("update commands set due_at = $1, lease_token = null
    where due_at is not null and lease_token is not null");

pub(crate) const STATEMENTS: &[Sql] = &[
    INSERT,
    LIST_DUE,
    LEASE,
    RECORD,
    HASTEN,
    LIST_DUE_OF_TRANSACTION,
    CLOSE,
    WAKE,
    WITHDRAW,
    RELEASE_ALL,
];

/// A command that this worker holds, until the lease ends.
#[derive(Clone, Debug)]
pub struct ClaimedCommand {
    /// Whose it is.
    pub tenant: Tenant,
    /// The session to lock before its transaction.
    pub session_id: SessionId,
    /// What to send.
    pub command: Command,
    /// Whether the other side may have seen it before: then ask first.
    pub sent_before: bool,
    /// How often it was sent or asked about before.
    pub attempts: i64,
    /// What the answer is recorded against.
    pub lease_token: String,
    /// When somebody else may claim it.
    pub leased_until: Millis,
}

impl Tx {
    /// Write down a command, due at once.
    pub fn insert_command(
        &mut self,
        tenant: &Tenant,
        session: &SessionId,
        command: &Command,
    ) -> Result<(), StoreError> {
        self.write(
            INSERT,
            &[
                &tenant.partner.as_str(),
                &tenant.mode.as_str(),
                &command.id.as_str(),
                &session.as_str(),
                &command.transaction_id.as_str(),
                &command.kind.as_str(),
                &to_json(command),
                &command.created_at.0,
            ],
        )?;
        Ok(())
    }

    /// Lease up to `limit` commands that are due, of all partners, until `lease_until`. A lease
    /// that ends unrecorded makes the command due again. One that no longer parses is logged, and
    /// its lease keeps it out of everybody else's way.
    pub fn claim_commands(
        &mut self,
        now: Millis,
        lease_until: Millis,
        lease_token: &str,
        limit: i64,
    ) -> Result<Vec<ClaimedCommand>, StoreError> {
        let due = self.query(LIST_DUE, &[&now.0, &limit], |row| {
            let key: [String; 3] = [row.get(0)?, row.get(1)?, row.get(2)?];
            Ok((key, read(row, lease_token, lease_until)))
        })?;
        let mut claims = Vec::with_capacity(due.len());
        for ([partner, mode, id], claim) in due {
            self.write(LEASE, &[&partner, &mode, &id, &lease_until.0, &lease_token])?;
            match claim {
                Ok(claim) => claims.push(claim),
                Err(error) => tracing::error!(%id, %error, "command {id} cannot be read"),
            }
        }
        Ok(claims)
    }

    /// Record what came of a claim: when to ask again, or none when it is answered for good; then
    /// the user's code is forgotten too. False when the lease was lost meanwhile: somebody else
    /// has the command now.
    pub fn record_command(
        &mut self,
        claim: &ClaimedCommand,
        due_at: Option<Millis>,
    ) -> Result<bool, StoreError> {
        let (partner, mode) = (claim.tenant.partner.as_str(), claim.tenant.mode.as_str());
        let mut command = claim.command.clone();
        if due_at.is_none() {
            command.challenge_code = None;
        }
        let (id, due_at) = (command.id.as_str(), due_at.map(|due_at| due_at.0));
        let changed = self.execute(
            RECORD,
            &[&partner, &mode, &id, &claim.lease_token, &due_at, &to_json(&command)],
        )?;
        Ok(changed == 1)
    }

    /// Make a command due now whose lease was lost, if anybody is to ask about it at all and nobody does
    /// at the moment.
    pub fn hasten_command(
        &mut self,
        claim: &ClaimedCommand,
        now: Millis,
    ) -> Result<(), StoreError> {
        let (partner, mode) = (claim.tenant.partner.as_str(), claim.tenant.mode.as_str());
        self.write(HASTEN, &[&partner, &mode, &claim.command.id.as_str(), &now.0])
    }

    /// Let go of what is due of these kinds for a refund, or else for a transaction itself: what its
    /// refunds and its deposits ask for stays due. An answer that is on its way finds its lease lost.
    /// Only for the sandbox, whose other side is ours, and for a person who knows the answer.
    pub fn close_commands(
        &mut self,
        tenant: &Tenant,
        session: &SessionId,
        transaction: &TransactionId,
        refund: Option<&RefundId>,
        kinds: &[CommandKind],
    ) -> Result<(), StoreError> {
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        for command in self.list_due_commands(tenant, session, transaction)? {
            let own = command.refund_id.as_ref() == refund && command.deposit_id.is_none();
            if own && kinds.contains(&command.kind) {
                self.write(CLOSE, &[&partner, &mode, &command.id.as_str()])?;
            }
        }
        Ok(())
    }

    /// Let go of one command: somebody knows what came of it. An answer that is on its way finds its
    /// lease lost.
    pub fn close_command(&mut self, tenant: &Tenant, id: &CommandId) -> Result<(), StoreError> {
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        self.write(CLOSE, &[&partner, &mode, &id.as_str()])
    }

    /// Ask about a command again, now and as often as about a new one. An answer that is on its way
    /// finds its lease lost.
    pub fn wake_command(
        &mut self,
        tenant: &Tenant,
        id: &CommandId,
        now: Millis,
    ) -> Result<(), StoreError> {
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        self.write(WAKE, &[&partner, &mode, &id.as_str(), &now.0])
    }

    /// Let go of a transaction's own commands of a kind that nobody has sent: what its refunds and its
    /// deposits ask for stays due. Answers how many there were.
    pub fn withdraw_commands(
        &mut self,
        transaction: &Transaction,
        kind: CommandKind,
    ) -> Result<u64, StoreError> {
        let Transaction { tenant, session_id, id, .. } = transaction;
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        let mut withdrawn = 0;
        for command in self.list_due_commands(tenant, session_id, id)? {
            let own = command.refund_id.is_none() && command.deposit_id.is_none();
            if own && command.kind == kind {
                let id = command.id.as_str();
                withdrawn += self.execute(WITHDRAW, &[&partner, &mode, &id])?;
            }
        }
        Ok(withdrawn)
    }

    fn list_due_commands(
        &mut self,
        tenant: &Tenant,
        session: &SessionId,
        transaction: &TransactionId,
    ) -> Result<Vec<Command>, StoreError> {
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        let params: [&dyn crate::Param; 4] =
            [&partner, &mode, &session.as_str(), &transaction.as_str()];
        self.query(LIST_DUE_OF_TRANSACTION, &params, |row| Reader::new(row, "commands", 2).json(3))
    }

    /// Make every leased command due now. Only for a process that knows that it is the only one.
    pub fn release_commands(&mut self, now: Millis) -> Result<u64, StoreError> {
        self.execute(RELEASE_ALL, &[&now.0])
    }
}

fn read(
    row: &Row<'_>,
    lease_token: &str,
    leased_until: Millis,
) -> Result<ClaimedCommand, StoreError> {
    let reader = Reader::new(row, "commands", 2);
    Ok(ClaimedCommand {
        tenant: reader.tenant()?,
        session_id: reader.parse(3)?,
        command: reader.json(4)?,
        sent_before: reader.int(5)? == 1,
        attempts: reader.int(6)?,
        lease_token: lease_token.to_owned(),
        leased_until,
    })
}
