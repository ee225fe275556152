//! Time that passes for one session alone: the sandbox moves every stored deadline of it towards
//! the past. What partners read as `created_at` stays where it is.

use gate_domain::ids::{SessionId, Tenant};
use gate_domain::rail::Command;
use gate_domain::session::Session;
use gate_domain::time::Millis;

use crate::locked::Locked;
use crate::read::{Reader, to_json};
use crate::{Sql, StoreError, Tx, sql};

const SHIFT_SESSION: Sql = sql("update sessions set terms = $4, revision = $5, updated_at = $6,
        expiry_due_at = expiry_due_at - $7
    where partner_id = $1 and mode = $2 and id = $3");
// What was agreed, and signed, stays as it is in the body.
const SHIFT_QUOTE: Sql = sql("update quotes set expires_at = expires_at - $4
    where partner_id = $1 and mode = $2 and id = $3 and consumed_at is null");
const LIST_COMMANDS: Sql = sql("select partner_id, mode, id, body from commands
    where session_id = $3 and due_at is not null and partner_id = $1 and mode = $2")
.for_update();
// A worker that holds it finds its lease lost, and the command is asked about again at once.
const SHIFT_COMMAND: Sql = sql("update commands
    set body = $4, due_at = case when lease_token is null then due_at - $5 else created_at end,
        lease_token = null
    where partner_id = $1 and mode = $2 and id = $3");
const SHIFT_DEPOSITS: Sql = sql("update deposit_addresses
    set lapses_at = lapses_at - $4, due_at = due_at - $4
    where partner_id = $1 and mode = $2 and transaction_id = $3");
const SHIFT_CODES: Sql = sql("update email_codes set sent_at = sent_at - $4
    where partner_id = $1 and mode = $2 and session_id = $3");
// Likewise: a worker that holds it finds its lease lost, and the verifier is asked again.
const SHIFT_CHECKS: Sql = sql("update identity_checks
    set asked_at = asked_at - $4,
        due_at = case when lease_token is null then due_at else asked_at end - $4,
        lease_token = null
    where partner_id = $1 and mode = $2 and session_id = $3 and status = 'pending'");
const LIST_ENDPOINTS: Sql =
    sql("select id from endpoints where partner_id = $1 and mode = $2 order by id");
// Nothing of an endpoint that is paused is tried again, so the pause passes too of one that something of
// the session waits for.
const SHIFT_PAUSE: Sql = sql("update endpoint_health
    set until = until - $4, held_until = held_until - $4
    where partner_id = $1 and mode = $2 and endpoint_id = $3");
// The status twice: the first is what the index knows, the second what is meant.
const SHIFT_DELIVERIES: Sql = sql("update deliveries set next_attempt_at = next_attempt_at - $4
    where endpoint_id = $2 and order_key = $3 and status in ('pending', 'in_flight')
        and status = 'pending' and partner_id = $1");
const INSERT: Sql = sql("insert into time_shifts
    (partner_id, mode, session_id, number, shifted_at, by_ms)
    select $1, $2, $3, count(*) + 1, $4, $5 from time_shifts
    where partner_id = $1 and mode = $2 and session_id = $3");
const SHIFTED_SINCE: Sql = sql("select cast(coalesce(sum(by_ms), 0) as bigint) from time_shifts
    where partner_id = $1 and mode = $2 and session_id = $3 and shifted_at >= $4");

pub(crate) const STATEMENTS: &[Sql] = &[
    SHIFT_SESSION,
    SHIFT_QUOTE,
    LIST_COMMANDS,
    SHIFT_COMMAND,
    SHIFT_DEPOSITS,
    SHIFT_CODES,
    SHIFT_CHECKS,
    LIST_ENDPOINTS,
    SHIFT_PAUSE,
    SHIFT_DELIVERIES,
    INSERT,
    SHIFTED_SINCE,
];

impl Tx {
    /// Let `by_ms` pass for a session: its expiry, the price on its table, its commands, the
    /// code and the check of its user, and the next attempts of its deliveries with the pauses of the endpoints that they go to. Only for the sandbox, and the one change of a session that
    /// is no step of its machine.
    pub fn shift_session_time(
        &mut self,
        seen: Locked<Session>,
        by_ms: i64,
        now: Millis,
    ) -> Result<Session, StoreError> {
        let mut session = seen.into_inner();
        session.terms.expires_at = session.terms.expires_at.plus_ms(-by_ms);
        session.revision += 1;
        session.updated_at = now.max(session.updated_at);
        let tenant = session.tenant.clone();
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        let id = session.id.as_str();
        self.write(
            SHIFT_SESSION,
            &[
                &partner,
                &mode,
                &id,
                &to_json(&session.terms),
                &session.revision,
                &session.updated_at.0,
                &by_ms,
            ],
        )?;
        self.shift_quotes(&session, by_ms)?;
        self.shift_commands(&session, by_ms)?;
        if let Some(transaction) = &session.transaction {
            self.write(SHIFT_DEPOSITS, &[&partner, &mode, &transaction.as_str(), &by_ms])?;
        }
        self.write(SHIFT_CODES, &[&partner, &mode, &id, &by_ms])?;
        self.write(SHIFT_CHECKS, &[&partner, &mode, &id, &by_ms])?;
        let endpoints =
            self.query(LIST_ENDPOINTS, &[&partner, &mode], |row| row.get::<String>(0))?;
        // Deliveries first, as whoever records one has them before the health of their endpoint.
        let mut waiting = Vec::new();
        for endpoint in endpoints {
            if self.execute(SHIFT_DELIVERIES, &[&partner, &endpoint, &id, &by_ms])? > 0 {
                waiting.push(endpoint);
            }
        }
        for endpoint in waiting {
            self.write(SHIFT_PAUSE, &[&partner, &mode, &endpoint, &by_ms])?;
        }
        self.write(INSERT, &[&partner, &mode, &id, &now.0, &by_ms])?;
        Ok(session)
    }

    /// How many milliseconds were passed over since `since`, for a limit that counts from then.
    pub fn shifted_since(
        &mut self,
        tenant: &Tenant,
        session: &SessionId,
        since: Millis,
    ) -> Result<i64, StoreError> {
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        let params: &[&dyn crate::Param] = &[&partner, &mode, &session.as_str(), &since.0];
        self.query_one(SHIFTED_SINCE, params, |row| row.get(0))
    }

    /// The price on the session's table, and the one that the partner locked for it.
    fn shift_quotes(&mut self, session: &Session, by_ms: i64) -> Result<(), StoreError> {
        let (partner, mode) = (session.tenant.partner.as_str(), session.tenant.mode.as_str());
        let offered = session.choice().and_then(|choice| choice.quote.as_ref());
        let locked = session.terms.quote_id.as_ref().filter(|locked| Some(*locked) != offered);
        for id in offered.into_iter().chain(locked) {
            self.write(SHIFT_QUOTE, &[&partner, &mode, &id.as_str(), &by_ms])?;
        }
        Ok(())
    }

    /// Commands are older from now on, since the other side's answer and our patience hang on
    /// their age.
    fn shift_commands(&mut self, session: &Session, by_ms: i64) -> Result<(), StoreError> {
        let (partner, mode) = (session.tenant.partner.as_str(), session.tenant.mode.as_str());
        let unfinished =
            self.query(LIST_COMMANDS, &[&partner, &mode, &session.id.as_str()], |row| {
                Reader::new(row, "commands", 2).json::<Command>(3)
            })?;
        for command in unfinished {
            let command = Command { created_at: command.created_at.plus_ms(-by_ms), ..command };
            let id = command.id.as_str();
            self.write(SHIFT_COMMAND, &[&partner, &mode, &id, &to_json(&command), &by_ms])?;
        }
        Ok(())
    }
}
