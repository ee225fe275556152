//! What PostgreSQL knows of its tables. It plans a statement for the tables that it has counted, keeps
//! the plan, and counts again once a minute at best; a new gateway has written a hundred thousand rows
//! by then, with plans for none. So whoever writes looks after that.

use crate::tx::Engine;
use crate::{Sql, StoreError, Tx, sql};

// Changed by more than half since they were counted. A count is a sample: it costs a few milliseconds
// of a small table and tens of a large one, and keeps nobody from writing.
const LIST_GROWN: Sql = sql("select relname::text from pg_stat_user_tables
    where schemaname = any(current_schemas(false))
        and n_mod_since_analyze > 500 and n_mod_since_analyze > n_live_tup / 2");

impl Tx {
    /// Count the tables again that have changed much since they were counted, so that statements are
    /// planned for what is there. Answers their names; SQLite needs none of this, since its plans do
    /// not hang on counts.
    pub fn refresh_statistics(&mut self) -> Result<Vec<String>, StoreError> {
        if matches!(self.engine, Engine::Sqlite(_)) {
            return Ok(Vec::new());
        }
        let grown: Vec<String> = self.query(LIST_GROWN, &[], |row| row.get(0))?;
        for table in &grown {
            self.engine.batch(&format!("analyze \"{table}\""))?;
        }
        Ok(grown)
    }
}
