//! An error and everything behind it, on one line of the log.

use std::error::Error;

/// `the gateway could not be reached: error sending request: connection refused`
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        line.push_str(": ");
        line.push_str(&error.to_string());
        cause = error.source();
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::DbError;

    #[test]
    fn the_cause_is_named() {
        let error = DbError::from(rusqlite::Error::QueryReturnedNoRows);
        assert_eq!(chain(&error), "the shop's database failed: Query returned no rows");
    }
}
