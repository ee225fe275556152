//! What goes into a statement and what comes out of a row: integers, text, bytes and their
//! options. It refuses everything else, because PostgreSQL refuses what SQLite lets through.

use tokio_postgres::types::ToSql;

use crate::StoreError;

mod sealed {
    use tokio_postgres::types::{FromSql, ToSql};

    pub trait Param: rusqlite::ToSql + ToSql + Sync {
        /// The same value for later.
        fn to_owned_sql(&self) -> Box<dyn ToSql + Sync + Send>;
        fn text(&self) -> Option<&str> {
            None
        }
    }
    /// What a parameter is kept as.
    pub trait Kept {
        type As: ToSql + Sync + Send + 'static;
        fn kept(&self) -> Self::As;
    }
    pub trait Column: rusqlite::types::FromSql + for<'a> FromSql<'a> {}
}

/// A value a statement can take: `i64`, `String`, `&str`, `Vec<u8>`, `&[u8]`, and options of them.
pub trait Param: sealed::Param {}

/// A value a row can give: `i64`, `String`, `Vec<u8>`, and options of them.
pub trait Column: sealed::Column {}

macro_rules! params {
    ($($type:ty as $kept:ty => |$value:ident| $text:expr),* $(,)?) => {$(
        impl sealed::Kept for $type {
            type As = $kept;
            fn kept(&self) -> $kept {
                self.to_owned().into()
            }
        }
        impl sealed::Param for $type {
            fn to_owned_sql(&self) -> Box<dyn ToSql + Sync + Send> {
                Box::new(sealed::Kept::kept(self))
            }
            fn text(&self) -> Option<&str> {
                let $value = self;
                $text
            }
        }
        impl Param for $type {}
        impl Param for Option<$type> {}
    )*};
}

params! {
    i64 as i64 => |_value| None,
    String as String => |value| Some(value),
    &str as String => |value| Some(value),
    Vec<u8> as Vec<u8> => |_value| None,
    &[u8] as Vec<u8> => |_value| None,
}

impl<T: sealed::Param + sealed::Kept> sealed::Param for Option<T> {
    fn to_owned_sql(&self) -> Box<dyn ToSql + Sync + Send> {
        Box::new(self.as_ref().map(sealed::Kept::kept))
    }
    fn text(&self) -> Option<&str> {
        self.as_ref().and_then(T::text)
    }
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
