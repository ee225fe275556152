//! Partners.

use gate_domain::ids::{Mode, PartnerId};
use gate_domain::time::Millis;

use crate::read::Reader;
use crate::{Row, Sql, StoreError, Tx, sql};

const INSERT_PARTNER: Sql =
    sql("insert into partners (id, name, created_at) values ($1, $2, $3) on conflict do nothing");
const FIND_PARTNER_NAME: Sql = sql("select name from partners where id = $1");
const LIST_PARTNERS: Sql =
    sql("select id, name, created_at from partners where id < $1 order by id desc limit $2");
const FIND_PARTNER: Sql = sql("select id, name, created_at from partners where id = $1");
const INSERT_FEED: Sql = sql("insert into feeds (partner_id, mode, last_sequence)
    values ($1, $2, 0) on conflict do nothing");
pub(crate) const STATEMENTS: &[Sql] =
    &[INSERT_PARTNER, FIND_PARTNER_NAME, LIST_PARTNERS, FIND_PARTNER, INSERT_FEED];

/// A partner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartnerRow {
    /// Its id.
    pub id: PartnerId,
    /// The name that users see.
    pub name: String,
    /// When it was written down.
    pub created_at: Millis,
}

impl Tx {
    /// Write down a partner, with an empty feed for each mode. Safe to repeat.
    pub fn insert_partner(
        &mut self,
        id: &PartnerId,
        name: &str,
        now: Millis,
    ) -> Result<(), StoreError> {
        self.write(INSERT_PARTNER, &[&id.as_str(), &name, &now.0])?;
        for mode in [Mode::Test, Mode::Live] {
            self.write(INSERT_FEED, &[&id.as_str(), &mode.as_str()])?;
        }
        Ok(())
    }

    /// The name that users see.
    pub fn find_partner_name(&mut self, id: &PartnerId) -> Result<Option<String>, StoreError> {
        self.query_opt(FIND_PARTNER_NAME, &[&id.as_str()], |row| row.get(0))
    }

    /// A partner by its id.
    pub fn find_partner(&mut self, id: &PartnerId) -> Result<Option<PartnerRow>, StoreError> {
        self.query_opt(FIND_PARTNER, &[&id.as_str()], read_partner)
    }

    /// Partners, newest first, after the one named (or from the newest). The operator's question:
    /// partners do not see each other.
    pub fn list_partners(
        &mut self,
        after: Option<&PartnerId>,
        limit: i64,
    ) -> Result<Vec<PartnerRow>, StoreError> {
        // Sorts behind every id, under any collation: it is built like one, of the last letter.
        let after = after.map_or_else(|| format!("ptr_{}", "z".repeat(26)), ToString::to_string);
        self.query(LIST_PARTNERS, &[&after, &limit], read_partner)
    }
}

fn read_partner(row: &Row<'_>) -> Result<PartnerRow, StoreError> {
    let reader = Reader::new(row, "partners", 0);
    Ok(PartnerRow {
        id: reader.parse(0)?,
        name: reader.text(1)?,
        created_at: Millis(reader.int(2)?),
    })
}
