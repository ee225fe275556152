//! Transfers to our addresses that nobody can be told to have sent.

use gate_domain::destination::Destination;
use gate_domain::ids::{DepositId, Mode, StrayId};
use gate_domain::stray::{Dismissal, State, Stray};
use gate_domain::time::Millis;

use crate::locked::Locked;
use crate::read::{Reader, to_json};
use crate::{Row, Sql, StoreError, Tx, sql};

const INSERT: Sql = sql("insert into strays
    (id, mode, address, amount, network, transfer, output, created_at, updated_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $8)");
/// A question for strays, with every column that is read.
macro_rules! strays {
    ($rest:literal) => {
        sql(concat!(
            "select id, mode, address, amount, transfer, created_at, deposit_id, dismissed_at,
                dismissed_by, dismissed_reason, output from strays where mode = $1 and ",
            $rest
        ))
    };
}
const FIND_TRANSFER: Sql = strays!("network = $2 and transfer = $3 and output = $4");
const LOCK: Sql = strays!("id = $2").for_update();
const LIST_OPEN: Sql =
    strays!("id > $2 and deposit_id is null and dismissed_at is null order by id limit $3");
const LIST_ALL: Sql = strays!("id > $2 order by id limit $3");
const COUNT_OPEN: Sql = sql("select count(*) from
    (select 1 from strays where mode = $1 and deposit_id is null and dismissed_at is null
        limit 100000) counted");
const FIND_AT: Sql = sql("select id from strays where address = $1 limit 1");
// The deposit's partner is not known here, so this walks through both tables.
const LIST_AMISS: Sql = sql("select s.id from strays s
    left join deposits d on d.mode = s.mode and d.id = s.deposit_id
    where s.deposit_id is not null
        and (d.id is null or d.amount <> s.amount or d.transfer <> s.transfer
            or d.output <> s.output)
    limit $1");
const SAVE: Sql = sql("update strays set deposit_id = $3, dismissed_at = $4, dismissed_by = $5,
        dismissed_reason = $6, updated_at = $7
    where mode = $1 and id = $2 and deposit_id is null and dismissed_at is null");

pub(crate) const STATEMENTS: &[Sql] =
    &[INSERT, FIND_TRANSFER, LOCK, LIST_OPEN, LIST_ALL, COUNT_OPEN, FIND_AT, LIST_AMISS, SAVE];

/// Which strays are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StrayFilter {
    /// Those of which nobody knows whose they are.
    Open,
    /// Those that were assigned or dismissed, too.
    All,
}

impl Tx {
    /// Write down a stray transfer.
    ///
    /// # Errors
    /// [`StoreError::Unique`] when it was written down before.
    pub fn insert_stray(&mut self, stray: &Stray) -> Result<(), StoreError> {
        self.write(
            INSERT,
            &[
                &stray.id.as_str(),
                &stray.mode.as_str(),
                &stray.address.to_string(),
                &to_json(&stray.amount),
                &stray.amount.asset.network.as_deref().unwrap_or_default(),
                &stray.transfer,
                &i64::from(stray.output),
                &stray.created_at.0,
            ],
        )
    }

    /// The stray that a transfer was written down as.
    pub fn find_stray_transfer(
        &mut self,
        mode: Mode,
        network: &str,
        (transfer, output): (&str, u32),
    ) -> Result<Option<Stray>, StoreError> {
        let output = i64::from(output);
        self.query_opt(FIND_TRANSFER, &[&mode.as_str(), &network, &transfer, &output], read)
    }

    /// Whether a stray ever came to this address with this memo: whoever sent it may send there again.
    pub fn is_stray_at(&mut self, address: &Destination) -> Result<bool, StoreError> {
        let address = address.to_string();
        let found = self.query_opt(FIND_AT, &[&address], |row| row.get::<String>(0))?;
        Ok(found.is_some())
    }

    /// Read a stray and keep everybody else from changing it. It is locked before the session that it
    /// is found to belong to.
    pub fn lock_stray(
        &mut self,
        mode: Mode,
        id: &StrayId,
    ) -> Result<Option<Locked<Stray>>, StoreError> {
        let stray = self.query_opt(LOCK, &[&mode.as_str(), &id.as_str()], read)?;
        Ok(stray.map(Locked::new))
    }

    /// Strays behind this id, oldest first.
    pub fn list_strays(
        &mut self,
        mode: Mode,
        filter: StrayFilter,
        after: &str,
        limit: usize,
    ) -> Result<Vec<Stray>, StoreError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let list = match filter {
            StrayFilter::Open => LIST_OPEN,
            StrayFilter::All => LIST_ALL,
        };
        self.query(list, &[&mode.as_str(), &after, &limit], read)
    }

    /// How many strays of a mode are open, counted up to 100000.
    pub fn count_open_strays(&mut self, mode: Mode) -> Result<i64, StoreError> {
        self.query_one(COUNT_OPEN, &[&mode.as_str()], |row| row.get(0))
    }

    /// Assigned strays whose deposit is missing or another transfer.
    pub fn list_strays_amiss(&mut self, limit: i64) -> Result<Vec<String>, StoreError> {
        self.query(LIST_AMISS, &[&limit], |row| row.get(0))
    }

    /// Save how a stray ended. One that has ended before is left as it is, which is an error.
    pub fn save_stray(
        &mut self,
        stray: Locked<Stray>,
        state: State,
        now: Millis,
    ) -> Result<Stray, StoreError> {
        let stray = Stray { state, ..stray.into_inner() };
        let dismissal = stray.state.dismissal();
        self.write(
            SAVE,
            &[
                &stray.mode.as_str(),
                &stray.id.as_str(),
                &stray.state.deposit_id().map(DepositId::as_str),
                &dismissal.map(|dismissal| dismissal.at.0),
                &dismissal.map(|dismissal| dismissal.actor.as_str()),
                &dismissal.map(|dismissal| dismissal.reason.as_str()),
                &now.0,
            ],
        )?;
        Ok(stray)
    }
}

fn read(row: &Row<'_>) -> Result<Stray, StoreError> {
    let reader = Reader::new(row, "strays", 0);
    let dismissed: (Option<i64>, Option<String>, Option<String>) =
        (row.get(7)?, row.get(8)?, row.get(9)?);
    let state = match (reader.parse_opt(6)?, dismissed) {
        (None, (None, None, None)) => State::Open,
        (Some(deposit_id), (None, None, None)) => State::Assigned { deposit_id },
        (None, (Some(at), Some(actor), Some(reason))) => {
            State::Dismissed(Dismissal { reason, actor, at: Millis(at) })
        }
        _ => return Err(reader.corrupt(&"it ended in more than one way")),
    };
    Ok(Stray {
        id: reader.parse(0)?,
        mode: reader.word(1, Mode::parse)?,
        address: reader.word(2, Destination::from_stored)?,
        amount: reader.json(3)?,
        transfer: reader.text(4)?,
        output: reader.number(10)?,
        state,
        created_at: Millis(reader.int(5)?),
    })
}
