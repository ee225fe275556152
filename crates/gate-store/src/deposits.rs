//! Deposits: where a user's tokens are to come, and what has come.

use gate_domain::deposit::{Deposit, State};
use gate_domain::destination::Destination;
use gate_domain::ids::{CommandId, DepositId, Mode, SessionId, Tenant, TransactionId};
use gate_domain::time::Millis;

use crate::locked::Locked;
use crate::read::{Reader, to_json};
use crate::{Row, Sql, StoreError, Tx, sql};

const INSERT_ADDRESS: Sql = sql("insert into deposit_addresses
    (address, partner_id, mode, transaction_id, session_id, lapses_at, created_at)
    values ($1, $2, $3, $4, $5, $6, $7)");
const FIND_ADDRESS: Sql = sql("select partner_id, mode, transaction_id, session_id, lapses_at
    from deposit_addresses where address = $1");
const FIND_OF_TRANSACTION: Sql =
    sql("select partner_id, mode, transaction_id, session_id, lapses_at
    from deposit_addresses where partner_id = $1 and mode = $2 and transaction_id = $3");
const SET_DUE: Sql = sql("update deposit_addresses set due_at = $4
    where partner_id = $1 and mode = $2 and transaction_id = $3");
const LIST_DUE: Sql = sql("select partner_id, mode, transaction_id, session_id, lapses_at
    from deposit_addresses where due_at is not null and due_at <= $1 order by due_at limit $2");
const INSERT: Sql = sql("insert into deposits
    (partner_id, mode, id, transaction_id, session_id, amount, network, transfer, output, back_units,
        status, state, created_at, updated_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $13)");
const FIND: Sql = sql("select partner_id, mode, id, transaction_id, session_id, amount, transfer,
        back_units, state, created_at, updated_at, output
    from deposits where partner_id = $1 and mode = $2 and id = $3");
const LOCK: Sql = FIND.for_update();
const FIND_TRANSFER: Sql = sql("select partner_id, mode, id, transaction_id, session_id, amount,
        transfer, back_units, state, created_at, updated_at, output
    from deposits where mode = $1 and network = $2 and transfer = $3 and output = $4");
const CLAIM_TRANSFER: Sql =
    sql("insert into transfers (mode, network, transfer, output) values ($1, $2, $3, $4)");
const LIST_OF_TRANSACTION: Sql = sql("select partner_id, mode, id, transaction_id, session_id,
        amount, transfer, back_units, state, created_at, updated_at, output
    from deposits where partner_id = $1 and mode = $2 and transaction_id = $3
    order by created_at, id");
const LIST_NOT_TAKEN: Sql = sql("select partner_id, mode, id, transaction_id, session_id, amount,
        transfer, back_units, state, created_at, updated_at, output
    from deposits where partner_id = $1 and mode = $2 and session_id = $3
        and status in ('held', 'returning', 'returned')
    order by created_at desc, id desc limit $4");
const LIST_HELD: Sql = sql("select partner_id, mode, id, transaction_id, session_id, amount,
        transfer, back_units, state, created_at, updated_at, output
    from deposits where partner_id = $1 and mode = $2 and status = 'held' order by id limit $3");
const SAVE: Sql =
    sql("update deposits set back_units = $4, status = $5, state = $6, updated_at = $7
    where partner_id = $1 and mode = $2 and id = $3");
const SET_RETURN: Sql = sql("update deposits set return_command = $4
    where partner_id = $1 and mode = $2 and id = $3");
const FIND_RETURN: Sql = sql("select return_command from deposits
    where partner_id = $1 and mode = $2 and id = $3 and return_command is not null");
// Whatever came is booked once; what is back is booked once more, and nothing else is.
const LIST_MISBOOKED: Sql = sql("select d.id from deposits d
    where 100 + (case when d.status = 'returned' then 1 else 0 end)
        <> (select coalesce(sum(case when p.booking = 'tokens_received' then 100
                when p.booking = 'tokens_returned' then 1 else 1000 end), 0)
            from postings p where p.partner_id = d.partner_id and p.mode = d.mode
                and p.transaction_id = d.transaction_id and p.subject = d.id)
    limit $1");
// One is asked about for each that is on its way, and no other one for any.
const LIST_RETURNS_AMISS: Sql = sql("select d.id from deposits d
    where (d.status = 'returning' and not exists (select 1 from commands c
            where c.partner_id = d.partner_id and c.mode = d.mode and c.id = d.return_command
                and c.due_at is not null))
        or exists (select 1 from commands c
            where c.session_id = d.session_id and c.due_at is not null and c.kind = 'refund'
                and c.id <> d.return_command and c.body like '%' || d.id || '%')
    limit $1");

pub(crate) const STATEMENTS: &[Sql] = &[
    INSERT_ADDRESS,
    FIND_ADDRESS,
    FIND_OF_TRANSACTION,
    SET_DUE,
    LIST_DUE,
    INSERT,
    FIND,
    LOCK,
    FIND_TRANSFER,
    CLAIM_TRANSFER,
    LIST_OF_TRANSACTION,
    LIST_NOT_TAKEN,
    LIST_HELD,
    SAVE,
    SET_RETURN,
    FIND_RETURN,
    LIST_MISBOOKED,
    LIST_RETURNS_AMISS,
];

/// Whose tokens an address waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DepositAddress {
    /// Whose the sale is.
    pub tenant: Tenant,
    /// The transaction of the sale.
    pub transaction_id: TransactionId,
    /// Its session.
    pub session_id: SessionId,
    /// When its price lapses.
    pub lapses_at: Millis,
}

impl Tx {
    /// Write down where the tokens of a sale are to come.
    ///
    /// # Errors
    /// [`StoreError::Unique`] when the address was given out before.
    pub fn insert_deposit_address(
        &mut self,
        address: &Destination,
        waiting: &DepositAddress,
        now: Millis,
    ) -> Result<(), StoreError> {
        let (partner, mode) = (waiting.tenant.partner.as_str(), waiting.tenant.mode.as_str());
        let (transaction, session) = (waiting.transaction_id.as_str(), waiting.session_id.as_str());
        let address = address.to_string();
        self.write(
            INSERT_ADDRESS,
            &[&address, &partner, &mode, &transaction, &session, &waiting.lapses_at.0, &now.0],
        )
    }

    /// Whose tokens an address waits for.
    pub fn find_deposit_address(
        &mut self,
        address: &Destination,
    ) -> Result<Option<DepositAddress>, StoreError> {
        self.query_opt(FIND_ADDRESS, &[&address.to_string()], read_address)
    }

    /// What a transaction waits for; none for one that takes in no tokens.
    pub fn find_deposit_address_of(
        &mut self,
        tenant: &Tenant,
        transaction: &TransactionId,
    ) -> Result<Option<DepositAddress>, StoreError> {
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        let transaction = transaction.as_str();
        self.query_opt(FIND_OF_TRANSACTION, &[&partner, &mode, &transaction], read_address)
    }

    /// When somebody has to look after a sale again; none when nobody has to.
    pub fn set_deposit_due(
        &mut self,
        tenant: &Tenant,
        transaction: &TransactionId,
        due_at: Option<Millis>,
    ) -> Result<(), StoreError> {
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        let due_at = due_at.map(|due_at| due_at.0);
        self.write(SET_DUE, &[&partner, &mode, &transaction.as_str(), &due_at])
    }

    /// Sales that somebody has to look after now, of all partners.
    pub fn list_due_deposits(
        &mut self,
        now: Millis,
        limit: i64,
    ) -> Result<Vec<DepositAddress>, StoreError> {
        self.query(LIST_DUE, &[&now.0, &limit], read_address)
    }

    /// Write down a transfer that came in.
    ///
    /// # Errors
    /// [`StoreError::Unique`] when it was written down before.
    pub fn insert_deposit(&mut self, deposit: &Deposit) -> Result<(), StoreError> {
        let tenant = &deposit.tenant;
        self.write(
            INSERT,
            &[
                &tenant.partner.as_str(),
                &tenant.mode.as_str(),
                &deposit.id.as_str(),
                &deposit.transaction_id.as_str(),
                &deposit.session_id.as_str(),
                &to_json(&deposit.amount),
                &deposit.amount.asset.network.as_deref().unwrap_or_default(),
                &deposit.transfer,
                &i64::from(deposit.output),
                &deposit.back_units.to_string(),
                &deposit.state.status(),
                &to_json(&deposit.state),
                &deposit.created_at.0,
            ],
        )
    }

    /// Read a deposit.
    pub fn find_deposit(
        &mut self,
        tenant: &Tenant,
        id: &DepositId,
    ) -> Result<Option<Deposit>, StoreError> {
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        self.query_opt(FIND, &[&partner, &mode, &id.as_str()], read)
    }

    /// Read a deposit and keep everybody else from changing it. Its session and transaction are
    /// locked first, always in that order.
    pub fn lock_deposit(
        &mut self,
        tenant: &Tenant,
        id: &DepositId,
    ) -> Result<Option<Locked<Deposit>>, StoreError> {
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        let deposit = self.query_opt(LOCK, &[&partner, &mode, &id.as_str()], read)?;
        Ok(deposit.map(Locked::new))
    }

    /// The deposit that a transfer was written down as, whoever's it is: what tells it from every other
    /// one is its network's, and says nothing of partners.
    pub fn find_deposit_transfer(
        &mut self,
        mode: Mode,
        network: &str,
        (transfer, output): (&str, u32),
    ) -> Result<Option<Deposit>, StoreError> {
        let output = i64::from(output);
        self.query_opt(FIND_TRANSFER, &[&mode.as_str(), &network, &transfer, &output], read)
    }

    /// Note that a transfer is written down, as a deposit or as a stray. When somebody else writes it
    /// down at the same moment, what this closure did is rolled back and it runs again, to find theirs.
    pub fn claim_transfer(
        &mut self,
        mode: Mode,
        network: &str,
        (transfer, output): (&str, u32),
    ) -> Result<(), StoreError> {
        let output = i64::from(output);
        let claimed = self.execute(CLAIM_TRANSFER, &[&mode.as_str(), &network, &transfer, &output]);
        match claimed {
            Err(StoreError::Unique { .. }) => Err(self.retry()),
            other => other.map(drop),
        }
    }

    /// Every transfer to a transaction, oldest first. A wallet makes few.
    pub fn list_deposits(
        &mut self,
        tenant: &Tenant,
        transaction: &TransactionId,
    ) -> Result<Vec<Deposit>, StoreError> {
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        self.query(LIST_OF_TRANSACTION, &[&partner, &mode, &transaction.as_str()], read)
    }

    /// Deposits of all transactions of a session that were not taken in, or not wholly, newest first.
    pub fn list_deposits_not_taken(
        &mut self,
        tenant: &Tenant,
        session: &SessionId,
        limit: i64,
    ) -> Result<Vec<Deposit>, StoreError> {
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        self.query(LIST_NOT_TAKEN, &[&partner, &mode, &session.as_str(), &limit], read)
    }

    /// Deposits that a person has to decide on, oldest first.
    pub fn list_held_deposits(
        &mut self,
        tenant: &Tenant,
        limit: i64,
    ) -> Result<Vec<Deposit>, StoreError> {
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        self.query(LIST_HELD, &[&partner, &mode, &limit], read)
    }

    /// Save where a deposit has come to, and how much of it is not taken in.
    pub fn save_deposit(
        &mut self,
        seen: Locked<Deposit>,
        state: State,
        back_units: i128,
        now: Millis,
    ) -> Result<Deposit, StoreError> {
        let mut deposit = seen.into_inner();
        (deposit.state, deposit.back_units) = (state, back_units);
        deposit.updated_at = now.max(deposit.updated_at);
        self.write(
            SAVE,
            &[
                &deposit.tenant.partner.as_str(),
                &deposit.tenant.mode.as_str(),
                &deposit.id.as_str(),
                &deposit.back_units.to_string(),
                &deposit.state.status(),
                &to_json(&deposit.state),
                &deposit.updated_at.0,
            ],
        )?;
        Ok(deposit)
    }

    /// Save which command sends back what a deposit does not take in. The deposit is locked, or new.
    pub fn set_return_command(
        &mut self,
        deposit: &Deposit,
        command: &CommandId,
    ) -> Result<(), StoreError> {
        let Deposit { tenant, id, .. } = deposit;
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        self.write(SET_RETURN, &[&partner, &mode, &id.as_str(), &command.as_str()])
    }

    /// The command that sends back what a deposit does not take in, the last one.
    pub fn find_return_command(
        &mut self,
        tenant: &Tenant,
        id: &DepositId,
    ) -> Result<Option<CommandId>, StoreError> {
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        self.query_opt(FIND_RETURN, &[&partner, &mode, &id.as_str()], |row| {
            Reader::new(row, "deposits", 0).parse(0)
        })
    }

    /// Deposits on their way back that nobody asks about, and those that are sent back twice.
    pub fn list_returns_amiss(&mut self, limit: i64) -> Result<Vec<String>, StoreError> {
        self.query(LIST_RETURNS_AMISS, &[&limit], |row| row.get(0))
    }

    /// Deposits whose postings do not fit where they stand.
    pub fn list_misbooked_deposits(&mut self, limit: i64) -> Result<Vec<String>, StoreError> {
        self.query(LIST_MISBOOKED, &[&limit], |row| row.get(0))
    }
}

fn read_address(row: &Row<'_>) -> Result<DepositAddress, StoreError> {
    let reader = Reader::new(row, "deposit_addresses", 2);
    Ok(DepositAddress {
        tenant: reader.tenant()?,
        transaction_id: reader.parse(2)?,
        session_id: reader.parse(3)?,
        lapses_at: Millis(reader.int(4)?),
    })
}

fn read(row: &Row<'_>) -> Result<Deposit, StoreError> {
    let reader = Reader::new(row, "deposits", 2);
    Ok(Deposit {
        tenant: reader.tenant()?,
        id: reader.parse(2)?,
        transaction_id: reader.parse(3)?,
        session_id: reader.parse(4)?,
        amount: reader.json(5)?,
        transfer: reader.text(6)?,
        output: reader.number(11)?,
        back_units: reader.word(7, |text| text.parse().ok())?,
        state: reader.json(8)?,
        created_at: Millis(reader.int(9)?),
        updated_at: Millis(reader.int(10)?),
    })
}
