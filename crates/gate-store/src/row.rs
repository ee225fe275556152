//! What goes into a statement and what comes out of a row: integers, text, bytes and their
//! options. It refuses everything else, because PostgreSQL refuses what SQLite lets through.

use crate::{StoreError, postgres::Value};

mod sealed {
    use tokio_postgres::types::{FromSql, ToSql};

    pub trait Param: rusqlite::ToSql + ToSql + Sync {
        /// The same value for later.
        fn kept(&self) -> crate::postgres::Value;
        fn text(&self) -> Option<&str> {
            None
        }
    }
    pub trait Column: rusqlite::types::FromSql + for<'a> FromSql<'a> {}
}

/// A value a statement can take: `i64`, `String`, `&str`, `Vec<u8>`, `&[u8]`, and options of them.
pub trait Param: sealed::Param {}

/// A value a row can give: `i64`, `String`, `Vec<u8>`, and options of them.
pub trait Column: sealed::Column {}

macro_rules! params {
    ($($type:ty => |$value:ident| $kept:ident($owned:expr), $text:expr);* $(;)?) => {$(
        impl sealed::Param for $type {
            fn kept(&self) -> Value {
                let $value = self;
                Value::$kept(Some($owned))
            }
            fn text(&self) -> Option<&str> {
                $text(self)
            }
        }
        impl sealed::Param for Option<$type> {
            fn kept(&self) -> Value {
                self.as_ref().map_or(Value::$kept(None), sealed::Param::kept)
            }
            fn text(&self) -> Option<&str> {
                self.as_ref().and_then(sealed::Param::text)
            }
        }
        impl Param for $type {}
        impl Param for Option<$type> {}
    )*};
}

params! {
    i64 => |value| Integer(*value), no_text;
    String => |value| Text(value.clone()), Some;
    &str => |value| Text((*value).to_owned()), Some;
    Vec<u8> => |value| Bytes(value.clone()), no_text;
    &[u8] => |value| Bytes(value.to_vec()), no_text;
}

fn no_text<T: ?Sized>(_value: &T) -> Option<&str> {
    None
}

macro_rules! columns {
    ($($type:ty),*) => {$(
        impl sealed::Column for $type {}
        impl sealed::Column for Option<$type> {}
        impl Column for $type {}
        impl Column for Option<$type> {}
    )*};
}

columns!(i64, String, Vec<u8>);

/// Whether a parameter is text that PostgreSQL could not store.
pub(crate) fn has_nul(param: &dyn Param) -> bool {
    param.text().is_some_and(|text| text.as_bytes().contains(&0))
}

/// One row of an answer, for as long as it is being read.
pub struct Row<'a>(Kind<'a>);

enum Kind<'a> {
    Sqlite(&'a rusqlite::Row<'a>),
    Postgres(&'a tokio_postgres::Row),
}

impl<'a> Row<'a> {
    pub(crate) fn sqlite(row: &'a rusqlite::Row<'a>) -> Self {
        Self(Kind::Sqlite(row))
    }

    pub(crate) fn postgres(row: &'a tokio_postgres::Row) -> Self {
        Self(Kind::Postgres(row))
    }

    /// The value in a column, counted from 0.
    ///
    /// # Errors
    /// [`StoreError::Other`] when there is no such column, or it holds another type or a null.
    pub fn get<T: Column>(&self, index: usize) -> Result<T, StoreError> {
        match self.0 {
            Kind::Sqlite(row) => row.get(index).map_err(StoreError::other),
            Kind::Postgres(row) => row.try_get(index).map_err(StoreError::other),
        }
    }
}
