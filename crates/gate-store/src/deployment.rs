//! Facts about the deployment as a whole: they belong to no partner.

use gate_domain::time::Millis;

use crate::{Sql, StoreError, Tx, sql};

const INSERT: Sql = sql("insert into deployment (name, value, created_at) values ($1, $2, $3)
    on conflict do nothing");
const FIND: Sql = sql("select value from deployment where name = $1");

pub(crate) const STATEMENTS: &[Sql] = &[INSERT, FIND];

impl Tx {
    /// What is written down under this name.
    pub fn find_deployment_fact(&mut self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.query_opt(FIND, &[&name], |row| row.get(0))
    }

    /// Write a fact down, unless there is one under this name.
    pub fn insert_deployment_fact(
        &mut self,
        name: &str,
        value: &[u8],
        now: Millis,
    ) -> Result<(), StoreError> {
        self.write(INSERT, &[&name, &value, &now.0])?;
        Ok(())
    }
}
