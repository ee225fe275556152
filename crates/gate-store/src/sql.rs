//! A statement: one text for both engines, with `$1, $2, …` for parameters.
//! It refuses text made at run time, so no value can find its way into a statement.

/// A statement, with the row lock that goes with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sql {
    text: &'static str,
    lock: Lock,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Lock {
    None,
    ForUpdate,
    SkipLocked,
}

/// Name a statement. Parameters are `$1, $2, …`, in any order, repeated at will, without gaps.
pub const fn sql(text: &'static str) -> Sql {
    Sql { text, lock: Lock::None }
}

impl Sql {
    /// Lock the rows this select finds, waiting for whoever holds them. The clause goes to the
    /// end of the text, and only on PostgreSQL: SQLite has a single writer anyway.
    #[must_use]
    pub const fn for_update(self) -> Self {
        Self { lock: Lock::ForUpdate, ..self }
    }

    /// Lock the rows this select finds, passing over those that somebody else holds.
    /// The clause goes to the end of the text, and only on PostgreSQL.
    #[must_use]
    pub const fn skip_locked(self) -> Self {
        Self { lock: Lock::SkipLocked, ..self }
    }

    /// The text as SQLite takes it.
    pub const fn text(&self) -> &'static str {
        self.text
    }

    /// The lock clause as PostgreSQL takes it, or nothing.
    pub(crate) const fn lock_clause(&self) -> &'static str {
        match self.lock {
            Lock::None => "",
            Lock::ForUpdate => " for update",
            Lock::SkipLocked => " for update skip locked",
        }
    }

    /// Whether this statement locks rows.
    pub(crate) const fn locks(&self) -> bool {
        !matches!(self.lock, Lock::None)
    }

    /// Whether this statement changes rows of a table.
    pub(crate) fn changes(&self, table: &str) -> bool {
        let verbs = ["insert into ", "update ", "delete from "];
        let rest = verbs.iter().find_map(|verb| self.text.strip_prefix(verb));
        let rest = rest.and_then(|rest| rest.strip_prefix(table));
        rest.is_some_and(|rest| rest.starts_with(char::is_whitespace))
    }

    /// Whether this statement may change rows.
    pub(crate) fn writes(&self) -> bool {
        !self.text.starts_with("select") && !self.text.starts_with("with")
    }

    /// What tells this statement from others without reading the text: a static text is known
    /// by where it is and how long it is.
    pub(crate) fn key(&self) -> (usize, usize, &'static str) {
        (self.text.as_ptr() as usize, self.text.len(), self.lock_clause())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lock_is_part_of_the_key() {
        const PLAIN: Sql = sql("select 1");
        let keys = [PLAIN.key(), PLAIN.for_update().key(), PLAIN.skip_locked().key()];
        assert_ne!(keys[0], keys[1]);
        assert_ne!(keys[1], keys[2]);
        assert_ne!(sql(&PLAIN.text()[..6]).key(), PLAIN.key());
    }
}
