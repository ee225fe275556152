//! What is held because it may stand on a list of sanctions. What was screened rests sealed and is
//! found by a keyed hash; this crate sees neither it nor the keys.

use gate_domain::ids::{ScreeningId, SessionId, Tenant};
use gate_domain::screening::{Kind, State};
use gate_domain::time::Millis;

use crate::locked::Locked;
use crate::read::{Reader, to_json};
use crate::{Row, Sql, StoreError, Tx, sql};

const INSERT: Sql = sql("insert into screenings
    (partner_id, mode, id, session_id, kind, subject_hash, finding_sealed, status, state, created_at,
        updated_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)");
const FIND: Sql = sql("select partner_id, mode, id, session_id, kind, finding_sealed, state,
        created_at, updated_at
    from screenings where partner_id = $1 and mode = $2 and id = $3");
const LOCK: Sql = FIND.for_update();
const FIND_OF_SESSION: Sql = sql("select partner_id, mode, id, session_id, kind, finding_sealed,
        state, created_at, updated_at
    from screenings where partner_id = $1 and mode = $2 and session_id = $3 and kind = $4
        and subject_hash = $5");
const LIST: Sql = sql("select partner_id, mode, id, session_id, kind, finding_sealed, state,
        created_at, updated_at
    from screenings where partner_id = $1 and mode = $2 and status = $3 order by id limit $4");
const SAVE: Sql = sql("update screenings set status = $4, state = $5, updated_at = $6
    where partner_id = $1 and mode = $2 and id = $3");
const COUNT_WAITING: Sql = sql("select count(*) from screenings where status = 'waiting'");

pub(crate) const STATEMENTS: &[Sql] =
    &[INSERT, FIND, LOCK, FIND_OF_SESSION, LIST, SAVE, COUNT_WAITING];

/// Something that is to be held.
#[derive(Clone, Debug)]
pub struct NewScreening {
    /// Whose it is.
    pub tenant: Tenant,
    /// Its id.
    pub id: ScreeningId,
    /// The session that it came up in.
    pub session_id: SessionId,
    /// Whether it is a name or an address.
    pub kind: Kind,
    /// The keyed hash of it.
    pub subject_hash: Vec<u8>,
    /// It, and whom it may be.
    pub finding_sealed: Vec<u8>,
}

/// Something that is held, or was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScreeningRow {
    /// Whose it is.
    pub tenant: Tenant,
    /// Its id.
    pub id: ScreeningId,
    /// The session that it came up in.
    pub session_id: SessionId,
    /// Whether it is a name or an address.
    pub kind: Kind,
    /// It, and whom it may be.
    pub finding_sealed: Vec<u8>,
    /// Where it stands.
    pub state: State,
    /// Since when it is held.
    pub created_at: Millis,
    /// When somebody last said something about it.
    pub updated_at: Millis,
}

impl Tx {
    /// Hold something.
    ///
    /// # Errors
    /// [`StoreError::Unique`] when it is held in this session already.
    pub fn insert_screening(&mut self, new: &NewScreening, now: Millis) -> Result<(), StoreError> {
        let (partner, mode) = (new.tenant.partner.as_str(), new.tenant.mode.as_str());
        self.write(
            INSERT,
            &[
                &partner,
                &mode,
                &new.id.as_str(),
                &new.session_id.as_str(),
                &new.kind.as_str(),
                &new.subject_hash,
                &new.finding_sealed,
                &State::HELD.status(),
                &to_json(&State::HELD),
                &now.0,
            ],
        )
    }

    /// Read something that is held, or was.
    pub fn find_screening(
        &mut self,
        tenant: &Tenant,
        id: &ScreeningId,
    ) -> Result<Option<ScreeningRow>, StoreError> {
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        self.query_opt(FIND, &[&partner, &mode, &id.as_str()], read)
    }

    /// The same, and keep everybody else from changing it.
    pub fn lock_screening(
        &mut self,
        tenant: &Tenant,
        id: &ScreeningId,
    ) -> Result<Option<Locked<ScreeningRow>>, StoreError> {
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        Ok(self.query_opt(LOCK, &[&partner, &mode, &id.as_str()], read)?.map(Locked::new))
    }

    /// The row of what was screened in a session, if it was ever held there.
    pub fn find_screening_of(
        &mut self,
        tenant: &Tenant,
        session: &SessionId,
        kind: Kind,
        subject_hash: &[u8],
    ) -> Result<Option<ScreeningRow>, StoreError> {
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        let (session, kind) = (session.as_str(), kind.as_str());
        let params: [&dyn crate::Param; 5] = [&partner, &mode, &session, &kind, &subject_hash];
        self.query_opt(FIND_OF_SESSION, &params, read)
    }

    /// What stands like this, oldest first.
    pub fn list_screenings(
        &mut self,
        tenant: &Tenant,
        status: &str,
        limit: i64,
    ) -> Result<Vec<ScreeningRow>, StoreError> {
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        self.query(LIST, &[&partner, &mode, &status, &limit], read)
    }

    /// Save where something has come to.
    pub fn save_screening(
        &mut self,
        seen: Locked<ScreeningRow>,
        state: State,
        now: Millis,
    ) -> Result<ScreeningRow, StoreError> {
        let mut row = seen.into_inner();
        row.state = state;
        row.updated_at = now.max(row.updated_at);
        let (partner, mode) = (row.tenant.partner.as_str(), row.tenant.mode.as_str());
        let (id, status, state) = (row.id.as_str(), row.state.status(), to_json(&row.state));
        self.write(SAVE, &[&partner, &mode, &id, &status, &state, &row.updated_at.0])?;
        Ok(row)
    }

    /// What waits for people, of all partners.
    pub fn count_waiting_screenings(&mut self) -> Result<i64, StoreError> {
        self.query_one(COUNT_WAITING, &[], |row| row.get(0))
    }
}

fn read(row: &Row<'_>) -> Result<ScreeningRow, StoreError> {
    let reader = Reader::new(row, "screenings", 2);
    Ok(ScreeningRow {
        tenant: reader.tenant()?,
        id: reader.parse(2)?,
        session_id: reader.parse(3)?,
        kind: reader.word(4, Kind::parse)?,
        finding_sealed: row.get(5)?,
        state: reader.json(6)?,
        created_at: Millis(reader.int(7)?),
        updated_at: Millis(reader.int(8)?),
    })
}
