//! Halts: the books were found broken, and no money moves until an operator says so. One stands at a
//! time, for the whole deployment.

use gate_domain::ids::{Mode, PartnerId, Tenant};
use gate_domain::time::Millis;

use crate::read::Reader;
use crate::{Sql, StoreError, Tx, sql};

const FIND: Sql = sql("select partner_id, mode, number, finding, began_at from ledger_halts
    where lifted_at is null order by number limit 1");
// Two processes may find the same breach; the first one's words stand.
const BEGIN: Sql = sql("insert into ledger_halts (number, partner_id, mode, finding, began_at)
    select coalesce(max(number), 0) + 1, $1, $2, $3, $4 from ledger_halts
    having coalesce(sum(case when lifted_at is null then 1 else 0 end), 0) = 0
    on conflict do nothing");
const LIFT: Sql = sql("update ledger_halts set lifted_at = $2, actor = $3, reason = $4
    where number = $1 and lifted_at is null");

pub(crate) const STATEMENTS: &[Sql] = &[FIND, BEGIN, LIFT];

/// A halt that stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HaltRow {
    /// Its number, from 1.
    pub number: i64,
    /// Whose books are broken; none where that is not one partner's matter.
    pub tenant: Option<Tenant>,
    /// What was found, in words.
    pub finding: String,
    /// Since when.
    pub began_at: Millis,
}

impl Tx {
    /// The halt that stands, if one does.
    pub fn find_halt(&mut self) -> Result<Option<HaltRow>, StoreError> {
        self.query_opt(FIND, &[], |row| {
            let reader = Reader::new(row, "ledger_halts", 2);
            let partner: Option<PartnerId> = reader.parse_opt(0)?;
            let tenant = match partner {
                Some(partner) => Some(Tenant { partner, mode: reader.word(1, Mode::parse)? }),
                None => None,
            };
            Ok(HaltRow {
                number: reader.int(2)?,
                tenant,
                finding: reader.text(3)?,
                began_at: Millis(reader.int(4)?),
            })
        })
    }

    /// Halt, unless a halt stands already. Answers whether it does only since now.
    pub fn begin_halt(
        &mut self,
        tenant: Option<&Tenant>,
        finding: &str,
        now: Millis,
    ) -> Result<bool, StoreError> {
        let partner = tenant.map(|tenant| tenant.partner.as_str().to_owned());
        let mode = tenant.map(|tenant| tenant.mode.as_str().to_owned());
        Ok(self.execute(BEGIN, &[&partner, &mode, &finding, &now.0])? == 1)
    }

    /// Lift a halt. False when somebody else has.
    pub fn lift_halt(
        &mut self,
        number: i64,
        actor: &str,
        reason: &str,
        now: Millis,
    ) -> Result<bool, StoreError> {
        Ok(self.execute(LIFT, &[&number, &now.0, &actor, &reason])? == 1)
    }
}
