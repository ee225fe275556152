//! Checks of who users are: written with the details that they gave, asked about by a worker under a
//! lease. What was given rests sealed; this crate does not see it.

use gate_domain::ids::{IdentityCheckId, Mode, ScreeningId, SessionId, Tenant, UserId};
use gate_domain::session::IdentityLevel;
use gate_domain::time::Millis;

use crate::read::Reader;
use crate::{Param, Row, Sql, StoreError, Tx, sql};

const INSERT: Sql = sql("insert into identity_checks
    (partner_id, mode, id, session_id, user_id, level, submission_sealed, status, screening_id,
        attempts, asked_at, due_at, created_at, updated_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, $10, $10, $11, $11)");
const LIST_DUE: Sql = sql("select partner_id, mode, id, session_id, user_id, level,
        submission_sealed, attempts, asked_at, created_at
    from identity_checks where due_at is not null and due_at <= $1 order by due_at limit $2")
.skip_locked();
const LEASE: Sql = sql("update identity_checks
    set due_at = $4, lease_token = $5, attempts = attempts + 1
    where partner_id = $1 and mode = $2 and id = $3");
const PUT_OFF: Sql = sql("update identity_checks set due_at = $5, lease_token = null
    where partner_id = $1 and mode = $2 and id = $3 and lease_token = $4 and status = 'pending'");
const DECIDE: Sql = sql("update identity_checks
    set status = $5, submission_sealed = null, due_at = null, lease_token = null, updated_at = $6
    where partner_id = $1 and mode = $2 and id = $3 and lease_token = $4
        and status = $7");
const FIND_HELD: Sql = sql("select id from identity_checks
    where partner_id = $1 and mode = $2 and session_id = $3 and screening_id = $4
        and status = 'held'");
const RELEASE_HELD: Sql = sql("update identity_checks
    set status = 'pending', asked_at = $4, due_at = $4, updated_at = $4
    where partner_id = $1 and mode = $2 and id = $3 and status = 'held'");
const LIST_OF_SCREENING: Sql = sql(
    "select user_id, status from identity_checks
    where partner_id = $1 and mode = $2 and session_id = $3 and screening_id = $4 order by user_id",
);
// Without its lease, what the verifier says about it is not heard any more.
const REJECT_OF_SCREENING: Sql = sql("update identity_checks
    set status = 'rejected', submission_sealed = null, due_at = null, lease_token = null,
        updated_at = $5
    where partner_id = $1 and mode = $2 and session_id = $3 and screening_id = $4
        and status in ('pending', 'held', 'dropped', 'approved')");
const DROP_OF_SESSION: Sql = sql("update identity_checks
    set status = 'dropped', submission_sealed = null, due_at = null, updated_at = $4
    where partner_id = $1 and mode = $2 and session_id = $3 and status in ('pending', 'held')");
const LIST_SESSIONS: Sql = sql("select partner_id, mode, session_id from identity_checks
    where mode = $1 and user_id = $2 and status in ('pending', 'held')
    order by partner_id, session_id");
const ERASE: Sql = sql("update identity_checks
    set submission_sealed = null, due_at = null, updated_at = $3,
        status = case when status in ('pending', 'held') then 'dropped' else status end
    where mode = $1 and user_id = $2 and submission_sealed is not null");
const RELEASE_ALL: Sql = sql("update identity_checks set due_at = $1, lease_token = null
    where due_at is not null and lease_token is not null");

pub(crate) const STATEMENTS: &[Sql] = &[
    INSERT,
    LIST_DUE,
    LEASE,
    PUT_OFF,
    DECIDE,
    FIND_HELD,
    RELEASE_HELD,
    LIST_OF_SCREENING,
    REJECT_OF_SCREENING,
    DROP_OF_SESSION,
    LIST_SESSIONS,
    ERASE,
    RELEASE_ALL,
];

/// A check that is to be made.
#[derive(Clone, Debug)]
pub struct NewIdentityCheck {
    /// Whose page the user is on.
    pub tenant: Tenant,
    /// Its id, which the verifier dedupes on.
    pub id: IdentityCheckId,
    /// The session that waits for it.
    pub session_id: SessionId,
    /// Who the user is.
    pub user_id: UserId,
    /// How sure the gateway has to be.
    pub level: IdentityLevel,
    /// What they gave, and what was known before.
    pub submission_sealed: Vec<u8>,
    /// What people decide about, or have decided: its name.
    pub screening: Option<ScreeningId>,
    /// The verifier is not asked before they have.
    pub held: bool,
}

/// A check that this worker holds, until the lease ends.
#[derive(Clone, Debug)]
pub struct ClaimedCheck {
    /// Whose page the user is on.
    pub tenant: Tenant,
    /// Its id, which the verifier dedupes on.
    pub id: IdentityCheckId,
    /// The session to lock before the user.
    pub session_id: SessionId,
    /// Who the user is.
    pub user_id: UserId,
    /// How sure the gateway has to be.
    pub level: IdentityLevel,
    /// What is to be looked at.
    pub submission_sealed: Vec<u8>,
    /// How often the verifier was asked before.
    pub attempts: i64,
    /// Since when it is asked.
    pub asked_at: Millis,
    /// What the answer is recorded against.
    pub lease_token: String,
}

/// What a worker holds, until the lease ends.
#[derive(Debug, Default)]
pub struct ClaimedChecks {
    /// What can be asked about.
    pub checks: Vec<ClaimedCheck>,
    /// What cannot, since it does not parse.
    pub broken: Vec<BrokenCheck>,
}

/// A check that is due and does not parse. Another version of the gateway may be able to read it.
#[derive(Debug)]
pub struct BrokenCheck {
    /// Its id, as it stands there.
    pub id: String,
    /// The session that waits for it; none where that does not parse either.
    pub session: Option<(Tenant, SessionId)>,
    /// Since when somebody should be asked.
    pub asked_at: Millis,
    /// What is wrong with it.
    pub error: StoreError,
    partner: String,
    mode: String,
    lease_token: String,
}

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckEnd {
    /// They are who they say.
    Approved,
    /// It could not be confirmed.
    Rejected,
    /// They are to give something again.
    Again,
    /// There was no answer in time.
    TimedOut,
}

/// What people have rejected.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RejectedChecks {
    /// A session was waiting for it.
    pub waited_for: bool,
    /// Who had been approved by it, in the order of their ids.
    pub approved: Vec<UserId>,
}

/// What became of recording an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// The session waits for it.
    InTime,
    /// The session has let go of the check while the verifier was asked.
    Late,
    /// Somebody else has the check now, or has recorded its end.
    LeaseLost,
}

impl CheckEnd {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::Again => "again",
            Self::TimedOut => "timed_out",
        }
    }
}

impl Tx {
    /// Write down a check, due at once unless it is held.
    pub fn insert_identity_check(
        &mut self,
        new: &NewIdentityCheck,
        now: Millis,
    ) -> Result<(), StoreError> {
        let (partner, mode) = (new.tenant.partner.as_str(), new.tenant.mode.as_str());
        let status = if new.held { "held" } else { "pending" };
        let asked_at = (!new.held).then_some(now.0);
        let params: [&dyn Param; 11] = [
            &partner,
            &mode,
            &new.id.as_str(),
            &new.session_id.as_str(),
            &new.user_id.as_str(),
            &new.level.as_str(),
            &new.submission_sealed,
            &status,
            &new.screening.as_ref().map(ScreeningId::as_str),
            &asked_at,
            &now.0,
        ];
        self.write(INSERT, &params)
    }

    /// Lease up to `limit` checks that are due, of all partners, until `lease_until`. A lease that ends
    /// unrecorded makes the check due again. The lease of one that does not parse keeps it out of
    /// everybody else's way.
    pub fn claim_identity_checks(
        &mut self,
        now: Millis,
        lease_until: Millis,
        lease_token: &str,
        limit: i64,
    ) -> Result<ClaimedChecks, StoreError> {
        let due = self.query(LIST_DUE, &[&now.0, &limit], |row| {
            let key: [String; 3] = [row.get(0)?, row.get(1)?, row.get(2)?];
            let claim = match read(row, lease_token) {
                Ok(check) => Ok(check),
                Err(error) => Err(read_broken(row, lease_token, error)?),
            };
            Ok((key, claim))
        })?;
        let mut claimed = ClaimedChecks::default();
        for ([partner, mode, id], claim) in due {
            self.write(LEASE, &[&partner, &mode, &id, &lease_until.0, &lease_token])?;
            match claim {
                Ok(check) => claimed.checks.push(check),
                Err(broken) => claimed.broken.push(broken),
            }
        }
        Ok(claimed)
    }

    /// Give up a check that does not parse. False when the lease was lost, or nobody waits any more.
    pub fn give_up_identity_check(
        &mut self,
        broken: &BrokenCheck,
        now: Millis,
    ) -> Result<bool, StoreError> {
        let BrokenCheck { id, partner, mode, lease_token, .. } = broken;
        let status = CheckEnd::TimedOut.as_str();
        let params: [&dyn Param; 7] = [partner, mode, id, lease_token, &status, &now.0, &"pending"];
        Ok(self.execute(DECIDE, &params)? == 1)
    }

    /// Ask again about a claim then. False when the lease was lost, or nobody waits any more.
    pub fn put_off_identity_check(
        &mut self,
        claim: &ClaimedCheck,
        due_at: Millis,
    ) -> Result<bool, StoreError> {
        let (partner, mode) = (claim.tenant.partner.as_str(), claim.tenant.mode.as_str());
        let params: [&dyn Param; 5] =
            [&partner, &mode, &claim.id.as_str(), &claim.lease_token, &due_at.0];
        Ok(self.execute(PUT_OFF, &params)? == 1)
    }

    /// Record how a claim ended, and forget what was given for it.
    pub fn end_identity_check(
        &mut self,
        claim: &ClaimedCheck,
        end: CheckEnd,
        now: Millis,
    ) -> Result<Recorded, StoreError> {
        let (partner, mode) = (claim.tenant.partner.as_str(), claim.tenant.mode.as_str());
        let (id, status) = (claim.id.as_str(), end.as_str());
        for (stands, recorded) in [("pending", Recorded::InTime), ("dropped", Recorded::Late)] {
            let params: [&dyn Param; 7] =
                [&partner, &mode, &id, &claim.lease_token, &status, &now.0, &stands];
            if self.execute(DECIDE, &params)? == 1 {
                return Ok(recorded);
            }
        }
        Ok(Recorded::LeaseLost)
    }

    /// The check of a session that waits for people to decide about this, if one does.
    pub fn find_held_check(
        &mut self,
        tenant: &Tenant,
        session: &SessionId,
        screening: &ScreeningId,
    ) -> Result<Option<IdentityCheckId>, StoreError> {
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        let params: [&dyn Param; 4] = [&partner, &mode, &session.as_str(), &screening.as_str()];
        self.query_opt(FIND_HELD, &params, |row| Reader::new(row, "identity_checks", 0).parse(0))
    }

    /// People let a check go on: the verifier is asked from now on.
    pub fn release_held_check(
        &mut self,
        tenant: &Tenant,
        id: &IdentityCheckId,
        now: Millis,
    ) -> Result<(), StoreError> {
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        self.write(RELEASE_HELD, &[&partner, &mode, &id.as_str(), &now.0])
    }

    /// People keep a name for good: the checks of a session, which is locked, that were about it are
    /// rejected, wherever they stood.
    pub fn reject_checks_of(
        &mut self,
        tenant: &Tenant,
        session: &SessionId,
        screening: &ScreeningId,
        now: Millis,
    ) -> Result<RejectedChecks, StoreError> {
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        let (session, screening) = (session.as_str(), screening.as_str());
        let of = [&partner as &dyn Param, &mode, &session, &screening];
        let rows = self.query(LIST_OF_SCREENING, &of, |row| {
            let user = Reader::new(row, "identity_checks", 0).parse(0)?;
            Ok((user, row.get::<String>(1)?))
        })?;
        let mut rejected = RejectedChecks::default();
        for (user, status) in rows {
            match status.as_str() {
                "pending" | "held" => rejected.waited_for = true,
                "approved" => rejected.approved.push(user),
                _ => {}
            }
        }
        rejected.approved.dedup();
        self.write(REJECT_OF_SCREENING, &[&partner, &mode, &session, &screening, &now.0])?;
        Ok(rejected)
    }

    /// Let go of whatever a session still waits for. The lease stays, so that an answer that is on its
    /// way is still heard.
    pub fn drop_identity_check(
        &mut self,
        tenant: &Tenant,
        session: &SessionId,
        now: Millis,
    ) -> Result<(), StoreError> {
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        self.write(DROP_OF_SESSION, &[&partner, &mode, &session.as_str(), &now.0])
    }

    /// The sessions that wait for checks of a user.
    pub fn list_sessions_checking(
        &mut self,
        mode: Mode,
        user: &UserId,
    ) -> Result<Vec<(Tenant, SessionId)>, StoreError> {
        self.query(LIST_SESSIONS, &[&mode.as_str(), &user.as_str()], |row| {
            let reader = Reader::new(row, "identity_checks", 2);
            Ok((reader.tenant()?, reader.parse(2)?))
        })
    }

    /// Forget everything that a user gave for checks.
    pub(crate) fn erase_submissions(
        &mut self,
        mode: Mode,
        user: &UserId,
        now: Millis,
    ) -> Result<(), StoreError> {
        self.write(ERASE, &[&mode.as_str(), &user.as_str(), &now.0])
    }

    /// Make every leased check due now. Only for a process that knows that it is the only one.
    pub fn release_identity_checks(&mut self, now: Millis) -> Result<u64, StoreError> {
        self.execute(RELEASE_ALL, &[&now.0])
    }
}

fn read(row: &Row<'_>, lease_token: &str) -> Result<ClaimedCheck, StoreError> {
    let reader = Reader::new(row, "identity_checks", 2);
    Ok(ClaimedCheck {
        tenant: reader.tenant()?,
        id: reader.parse(2)?,
        session_id: reader.parse(3)?,
        user_id: reader.parse(4)?,
        level: reader.word(5, IdentityLevel::parse)?,
        submission_sealed: row.get(6)?,
        attempts: reader.int(7)?,
        asked_at: Millis(reader.int(8)?),
        lease_token: lease_token.to_owned(),
    })
}

fn read_broken(
    row: &Row<'_>,
    lease_token: &str,
    error: StoreError,
) -> Result<BrokenCheck, StoreError> {
    let reader = Reader::new(row, "identity_checks", 2);
    let asked_at = match row.get::<Option<i64>>(8)? {
        Some(asked_at) => asked_at,
        None => row.get(9)?,
    };
    Ok(BrokenCheck {
        id: row.get(2)?,
        session: reader.tenant().ok().zip(reader.parse(3).ok()),
        asked_at: Millis(asked_at),
        error,
        partner: row.get(0)?,
        mode: row.get(1)?,
        lease_token: lease_token.to_owned(),
    })
}
