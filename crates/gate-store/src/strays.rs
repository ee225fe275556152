//! Transfers to our addresses that nobody can be told to have sent.

use gate_domain::destination::Destination;
use gate_domain::ids::{DepositId, Mode, StrayId};
use gate_domain::stray::Stray;
use gate_domain::time::Millis;

use crate::locked::Locked;
use crate::read::{Reader, to_json};
use crate::{Row, Sql, StoreError, Tx, sql};

const INSERT: Sql = sql("insert into strays
    (id, mode, address, amount, network, transfer, created_at, updated_at)
    values ($1, $2, $3, $4, $5, $6, $7, $7)");
const FIND_TRANSFER: Sql = sql("select id, mode, address, amount, transfer, deposit_id, created_at
    from strays where mode = $1 and network = $2 and transfer = $3");
const LOCK: Sql = sql("select id, mode, address, amount, transfer, deposit_id, created_at
    from strays where mode = $1 and id = $2")
.for_update();
const LIST_WAITING: Sql = sql("select id, mode, address, amount, transfer, deposit_id, created_at
    from strays where mode = $1 and deposit_id is null order by id limit $2");
const SAVE_FOUND: Sql = sql("update strays set deposit_id = $3, updated_at = $4
    where mode = $1 and id = $2 and deposit_id is null");

pub(crate) const STATEMENTS: &[Sql] = &[INSERT, FIND_TRANSFER, LOCK, LIST_WAITING, SAVE_FOUND];

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
                &stray.created_at.0,
            ],
        )
    }

    /// The stray that a transfer was written down as.
    pub fn find_stray_transfer(
        &mut self,
        mode: Mode,
        network: &str,
        transfer: &str,
    ) -> Result<Option<Stray>, StoreError> {
        self.query_opt(FIND_TRANSFER, &[&mode.as_str(), &network, &transfer], read)
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

    /// Strays of which nobody has found out whose they are, oldest first.
    pub fn list_waiting_strays(
        &mut self,
        mode: Mode,
        limit: i64,
    ) -> Result<Vec<Stray>, StoreError> {
        self.query(LIST_WAITING, &[&mode.as_str(), &limit], read)
    }

    /// Save which deposit a stray was found to be.
    pub fn save_found_stray(
        &mut self,
        stray: Locked<Stray>,
        deposit: &DepositId,
        now: Millis,
    ) -> Result<(), StoreError> {
        let stray = stray.into_inner();
        let (mode, id) = (stray.mode.as_str(), stray.id.as_str());
        self.write(SAVE_FOUND, &[&mode, &id, &deposit.as_str(), &now.0])
    }
}

fn read(row: &Row<'_>) -> Result<Stray, StoreError> {
    let reader = Reader::new(row, "strays", 0);
    Ok(Stray {
        id: reader.parse(0)?,
        mode: reader.word(1, Mode::parse)?,
        address: reader.word(2, Destination::from_stored)?,
        amount: reader.json(3)?,
        transfer: reader.text(4)?,
        deposit_id: reader.parse_opt(5)?,
        created_at: Millis(reader.int(6)?),
    })
}
