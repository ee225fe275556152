//! Statements that wait to be sent with a later one. Repetitions of an insert become one statement
//! over arrays: the server plans, checks and answers once.

use tokio_postgres::types::{ToSql, Type};

use crate::Sql;

/// A parameter that is kept.
#[derive(Clone, Debug)]
pub enum Value {
    Integer(Option<i64>),
    Text(Option<String>),
    Bytes(Option<Vec<u8>>),
}

/// The same parameter of many repetitions.
#[derive(Debug)]
pub(crate) enum Array<'a> {
    Integers(Vec<Option<i64>>),
    Texts(Vec<Option<&'a str>>),
    Bytes(Vec<Option<&'a [u8]>>),
}

/// A statement that was put off, once or more often.
pub(super) struct PutOff {
    pub(super) sql: Sql,
    /// It must change one row: somebody has been told so already.
    pub(super) changes_one: bool,
    /// One list of parameters for each repetition; never empty.
    pub(super) repetitions: Vec<Vec<Value>>,
}

/// What is put off, in the order in which it is sent.
#[derive(Default)]
pub(super) struct Queue {
    statements: Vec<PutOff>,
    /// Since this place there are inserts only, so an insert may join an earlier one: tables do not
    /// refer to each other.
    inserts_from: usize,
    count: usize,
}

impl Queue {
    pub(super) fn push(&mut self, sql: Sql, params: Vec<Value>) {
        self.count += 1;
        if many(sql).is_none() {
            return self.push_alone(PutOff { sql, changes_one: false, repetitions: vec![params] });
        }
        let mut inserts = self.statements[self.inserts_from..].iter_mut();
        if let Some(earlier) = inserts.find(|earlier| earlier.sql.key() == sql.key()) {
            earlier.repetitions.push(params);
        } else {
            let repetitions = vec![params];
            self.statements.push(PutOff { sql, changes_one: false, repetitions });
        }
    }

    /// A statement that must change one row.
    pub(super) fn push_change(&mut self, sql: Sql, params: Vec<Value>) {
        self.count += 1;
        self.push_alone(PutOff { sql, changes_one: true, repetitions: vec![params] });
    }

    /// Nothing joins it, and no insert goes past it.
    fn push_alone(&mut self, statement: PutOff) {
        self.statements.push(statement);
        self.inserts_from = self.statements.len();
    }

    /// How many statements were put off.
    pub(super) fn len(&self) -> usize {
        self.count
    }

    pub(super) fn take(&mut self) -> Vec<PutOff> {
        std::mem::take(self).statements
    }
}

impl Value {
    pub(super) fn as_sql(&self) -> &(dyn ToSql + Sync) {
        match self {
            Self::Integer(number) => number,
            Self::Text(text) => text,
            Self::Bytes(bytes) => bytes,
        }
    }
}

impl Array<'_> {
    pub(super) fn as_sql(&self) -> &(dyn ToSql + Sync) {
        match self {
            Self::Integers(numbers) => numbers,
            Self::Texts(texts) => texts,
            Self::Bytes(bytes) => bytes,
        }
    }
}

/// The parameters of many repetitions, turned: an array for each place.
pub(super) fn turned(repetitions: &[Vec<Value>]) -> Vec<Array<'_>> {
    let places = repetitions.first().map_or(0, Vec::len);
    (0..places).map(|place| column(repetitions, place)).collect()
}

fn column(repetitions: &[Vec<Value>], place: usize) -> Array<'_> {
    let values = repetitions.iter().map(|params| &params[place]);
    match repetitions[0][place] {
        Value::Integer(_) => Array::Integers(
            values
                .map(|value| if let Value::Integer(number) = value { *number } else { None })
                .collect(),
        ),
        Value::Text(_) => Array::Texts(
            values
                .map(|value| if let Value::Text(text) = value { text.as_deref() } else { None })
                .collect(),
        ),
        Value::Bytes(_) => Array::Bytes(
            values
                .map(|value| if let Value::Bytes(bytes) = value { bytes.as_deref() } else { None })
                .collect(),
        ),
    }
}

/// The text of an insert of one row, taken apart around its list of values.
struct OneRow {
    before: &'static str,
    values: &'static str,
    after: &'static str,
}

/// An insert that can be told to repeat itself: it has a list of values, and no parameter after it.
fn many(sql: Sql) -> Option<OneRow> {
    let text = sql.text();
    if !text.starts_with("insert into") {
        return None;
    }
    let (before, rest) = text.split_once("values (")?;
    let mut depth = 1;
    let end = rest.find(|character| {
        depth += match character {
            '(' => 1,
            ')' => -1,
            _ => 0,
        };
        depth == 0
    })?;
    let (values, after) = (&rest[..end], &rest[end + 1..]);
    (!after.contains('$')).then_some(OneRow { before, values, after })
}

/// The same insert over arrays of its parameters, which have these types.
pub(super) fn over_arrays(sql: Sql, types: &[Type]) -> Option<String> {
    let OneRow { before, values, after } = many(sql)?;
    let values = values.replace('$', "given.p");
    let arrays: Vec<_> =
        types.iter().enumerate().map(|(at, kind)| format!("${}::{kind}[]", at + 1)).collect();
    let names: Vec<_> = (1..=types.len()).map(|place| format!("p{place}")).collect();
    let (arrays, names) = (arrays.join(", "), names.join(", "));
    Some(format!("{before}select {values} from unnest({arrays}) as given ({names}){after}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql;

    const INSERT: Sql = sql("insert into t (a, b, c)
        values ($1, coalesce($2, 'x'), $1) on conflict do nothing");
    const UPDATE: Sql = sql("update t set a = $1");
    const UPSERT: Sql = sql("insert into t (a) values ($1) on conflict (a) do update set b = $2");

    #[test]
    fn an_insert_is_told_to_repeat_itself() {
        let text = over_arrays(INSERT, &[Type::INT8, Type::TEXT]).unwrap();
        assert_eq!(
            text,
            "insert into t (a, b, c)
        select given.p1, coalesce(given.p2, 'x'), given.p1 \
             from unnest($1::int8[], $2::text[]) as given (p1, p2) on conflict do nothing"
        );
        assert!(over_arrays(UPDATE, &[Type::INT8]).is_none());
        assert!(over_arrays(UPSERT, &[Type::INT8, Type::TEXT]).is_none());
    }

    #[test]
    fn inserts_join_earlier_ones_and_everything_else_keeps_its_place() {
        const OTHER: Sql = sql("insert into u (a) values ($1)");
        let mut queue = Queue::default();
        let one = |number| vec![Value::Integer(Some(number))];
        for (sql, number) in
            [(INSERT, 1), (OTHER, 2), (INSERT, 3), (UPDATE, 4), (OTHER, 5), (INSERT, 6), (OTHER, 7)]
        {
            queue.push(sql, one(number));
        }
        assert_eq!(queue.len(), 7);
        let sent: Vec<_> = queue
            .take()
            .iter()
            .map(|put_off| (put_off.sql.text(), put_off.repetitions.len()))
            .collect();
        let [insert, other, update] = [INSERT, OTHER, UPDATE].map(|sql| sql.text());
        assert_eq!(sent, [(insert, 2), (other, 1), (update, 1), (other, 2), (insert, 1)]);
        assert_eq!(queue.len(), 0);
    }
}
