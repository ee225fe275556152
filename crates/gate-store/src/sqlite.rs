//! SQLite: statements on one connection, and what its errors mean to us. It refuses parameters
//! that do not match the statement, which SQLite itself would quietly let through.

mod group;
mod open;
mod threads;

use rusqlite::{CachedStatement, Connection, ErrorCode, ffi};

pub(crate) use threads::start;

use crate::{Param, Row, Sql, StoreError, tx::misuse};

pub(crate) fn execute(
    connection: &Connection,
    sql: Sql,
    params: &[&dyn Param],
) -> Result<u64, StoreError> {
    let mut statement = prepare(connection, sql)?;
    if statement.column_count() > 0 {
        return Err(misuse(sql, "it gives rows back, so query it"));
    }
    bind(&mut statement, sql, params)?;
    let rows = statement.raw_execute().map_err(|error| explain(connection, error))?;
    Ok(u64::try_from(rows).expect("a count fits"))
}

pub(crate) fn query(
    connection: &Connection,
    sql: Sql,
    params: &[&dyn Param],
    read: &mut dyn FnMut(&Row<'_>) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut statement = prepare(connection, sql)?;
    bind(&mut statement, sql, params)?;
    let mut rows = statement.raw_query();
    while let Some(row) = rows.next().map_err(|error| explain(connection, error))? {
        read(&Row::sqlite(row))?;
    }
    Ok(())
}

pub(crate) fn prepare(
    connection: &Connection,
    sql: Sql,
) -> Result<CachedStatement<'_>, StoreError> {
    connection.prepare_cached(sql.text()).map_err(|error| explain(connection, error))
}

pub(crate) fn batch(connection: &Connection, text: &str) -> Result<(), StoreError> {
    connection.execute_batch(text).map_err(|error| explain(connection, error))
}

/// SQLite takes `$1` for a name and numbers names by first appearance, so we go by the name.
/// As many names as parameters, each in range: then every parameter is used.
fn bind(
    statement: &mut CachedStatement<'_>,
    sql: Sql,
    params: &[&dyn Param],
) -> Result<(), StoreError> {
    if statement.parameter_count() != params.len() {
        return Err(misuse(sql, "it was given another number of parameters than it takes"));
    }
    for index in 1..=params.len() {
        let name = statement.parameter_name(index);
        let number = name.and_then(|name| name.strip_prefix('$')?.parse::<usize>().ok());
        let param = number.and_then(|number| params.get(number.checked_sub(1)?));
        let param = param.ok_or_else(|| misuse(sql, "its parameters are not $1, $2, and so on"))?;
        statement
            .raw_bind_parameter(index, *param as &dyn rusqlite::ToSql)
            .map_err(StoreError::other)?;
    }
    Ok(())
}

/// What an error of SQLite means to us.
fn explain(connection: &Connection, error: rusqlite::Error) -> StoreError {
    let rusqlite::Error::SqliteFailure(failure, message) = &error else {
        return StoreError::other(error);
    };
    let message = message.clone().unwrap_or_else(|| failure.to_string());
    let unique = [
        ffi::SQLITE_CONSTRAINT_UNIQUE,
        ffi::SQLITE_CONSTRAINT_PRIMARYKEY,
        ffi::SQLITE_CONSTRAINT_ROWID,
    ];
    if unique.contains(&failure.extended_code) {
        return StoreError::Unique { table: clashing_table(connection, &message) };
    }
    let code = failure.code;
    if code == ErrorCode::ReadOnly {
        StoreError::ReadOnly
    } else if matches!(code, ErrorCode::DiskFull | ErrorCode::SystemIoFailure) {
        tracing::error!(error = message, "the disk is full or failing");
        StoreError::Full(message)
    } else if matches!(code, ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) {
        StoreError::Unavailable(message)
    } else {
        StoreError::other(error)
    }
}

/// `UNIQUE constraint failed: table.column, table.column` or, for an index over an expression,
/// `UNIQUE constraint failed: index 'name'`.
fn clashing_table(connection: &Connection, message: &str) -> String {
    let what = message.split_once(": ").map_or("", |(_, what)| what);
    if let Some(index) = what.strip_prefix("index '") {
        let find = "select tbl_name from sqlite_master where type = 'index' and name = ?1";
        let index = index.trim_end_matches('\'');
        return connection.query_row(find, [index], |row| row.get(0)).unwrap_or_default();
    }
    what.split('.').next().unwrap_or_default().to_owned()
}
