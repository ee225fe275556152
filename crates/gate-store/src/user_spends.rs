//! What users move: what counts against their limits, over all partners.

use gate_domain::calendar::{Window, day_of, month_of};
use gate_domain::ids::{Mode, PartnerId, TransactionId, UserId};
use gate_domain::time::Millis;
use gate_domain::user::User;

use crate::locked::Locked;
use crate::users::same_person;
use crate::{Sql, StoreError, Tx, sql};

const INSERT: Sql = sql("insert into user_spends
    (mode, user_id, partner_id, transaction_id, units, spent_at)
    values ($1, $2, $3, $4, $5, $6)");
const SAVE: Sql = sql("update user_spends set units = $3, spent_at = $4
    where mode = $1 and transaction_id = $2");
const GIVE_BACK: Sql = sql("update user_spends set given_back_at = $3
    where mode = $1 and transaction_id = $2 and given_back_at is null");
const COUNT_AGAIN: Sql = sql("update user_spends set given_back_at = null
    where mode = $1 and transaction_id = $2 and given_back_at is not null");
const SUM: Sql = sql(concat!(
    "select cast(coalesce(sum(units), 0) as bigint) from user_spends
        where mode = $1 and spent_at >= $3 and spent_at < $4 and given_back_at is null
            and user_id in (",
    same_person!(),
    ")"
));

pub(crate) const STATEMENTS: &[Sql] = &[INSERT, SAVE, GIVE_BACK, COUNT_AGAIN, SUM];

/// What a transaction counts for against the limits of the user who made it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spend {
    /// On whose page it was made.
    pub partner: PartnerId,
    /// The transaction.
    pub transaction: TransactionId,
    /// How much, in smallest units of the currency of the limits.
    pub units: i64,
    /// When.
    pub spent_at: Millis,
}

impl Tx {
    /// Count a transaction against the limits of its user, who is locked so that nobody else counts
    /// at the same time.
    pub fn insert_spend(&mut self, user: &Locked<User>, spend: &Spend) -> Result<(), StoreError> {
        self.write(
            INSERT,
            &[
                &user.mode.as_str(),
                &user.id.as_str(),
                &spend.partner.as_str(),
                &spend.transaction.as_str(),
                &spend.units,
                &spend.spent_at.0,
            ],
        )
    }

    /// A transaction of this user, who is locked, moves another amount at another time than it was
    /// counted for.
    pub fn save_spend(
        &mut self,
        user: &Locked<User>,
        transaction: &TransactionId,
        units: i64,
        spent_at: Millis,
    ) -> Result<(), StoreError> {
        let saved =
            self.execute(SAVE, &[&user.mode.as_str(), &transaction.as_str(), &units, &spent_at.0])?;
        if saved == 1 {
            return Ok(());
        }
        Err(StoreError::Corrupt {
            table: "user_spends",
            id: transaction.to_string(),
            why: "what it moves was never counted".into(),
        })
    }

    /// A transaction has moved nothing for good: it counts no more, if it did.
    pub fn give_spend_back(
        &mut self,
        mode: Mode,
        transaction: &TransactionId,
        now: Millis,
    ) -> Result<(), StoreError> {
        self.write(GIVE_BACK, &[&mode.as_str(), &transaction.as_str(), &now.0])
    }

    /// It has after all.
    pub fn count_spend_again(
        &mut self,
        mode: Mode,
        transaction: &TransactionId,
    ) -> Result<(), StoreError> {
        self.write(COUNT_AGAIN, &[&mode.as_str(), &transaction.as_str()])
    }

    /// What a user has moved in the day and in the month of an instant, together with all users who are
    /// the same person.
    pub fn sum_spends(
        &mut self,
        mode: Mode,
        user: &UserId,
        at: Millis,
    ) -> Result<(i64, i64), StoreError> {
        let mut sum = |window: Window| {
            let (mode, user) = (mode.as_str(), user.as_str());
            self.query_one(SUM, &[&mode, &user, &window.from.0, &window.until.0], |row| row.get(0))
        };
        Ok((sum(day_of(at))?, sum(month_of(at))?))
    }
}
