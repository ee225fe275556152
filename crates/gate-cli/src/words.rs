//! How answers are put into words: tables for people, and lengths of time from them.

use std::fmt::Write as _;

use gate_domain::text::printable;

/// Rows under their headings, each column as wide as its widest cell. What others wrote cannot draw
/// another row, nor move the terminal's cursor.
pub(crate) fn table<const N: usize>(headings: [&str; N], rows: &[[String; N]]) -> String {
    let rows: Vec<_> = rows.iter().map(|row| row.each_ref().map(|cell| printable(cell))).collect();
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.chain([headings[column].len()]).max().unwrap_or(0)
    };
    let mut text = String::new();
    let mut line = |cells: [&str; N]| {
        let mut line = String::new();
        for (column, cell) in cells.iter().enumerate() {
            let _ = write!(line, "{cell:<width$}  ", width = width(column));
        }
        let _ = writeln!(text, "{}", line.trim_end());
    };
    line(headings);
    for row in &rows {
        line(row.each_ref().map(String::as_str));
    }
    text
}

/// An instant as people read it: to the minute.
pub(crate) fn minute(instant: &str) -> String {
    instant.get(..16).map_or_else(|| instant.to_owned(), |text| text.replace('T', " "))
}

/// What is there, or a dash.
pub(crate) fn or_dash(text: Option<&str>) -> String {
    text.unwrap_or("-").to_owned()
}

/// A length of time in seconds: `90s`, `30m`, `24h`, `7d`, or 0.
pub(crate) fn seconds(text: &str) -> Result<i64, String> {
    let wanted = || "must be a length of time such as 30m, 24h or 7d".to_owned();
    let (number, unit) =
        text.split_at(text.trim_end_matches(|c: char| c.is_ascii_alphabetic()).len());
    let number: u32 = number.parse().map_err(|_| wanted())?;
    let unit = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        "" if number == 0 => 1,
        _ => return Err(wanted()),
    };
    Ok(i64::from(number) * unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time() {
        for (text, read) in
            [("0", 0), ("90s", 90), ("30m", 1_800), ("24h", 86_400), ("7d", 604_800)]
        {
            assert_eq!(seconds(text), Ok(read), "{text}");
        }
        for text in ["", "24", "h", "-1h", "1.5h", "24 h", "1y", "99999999999d", "é"] {
            assert!(seconds(text).is_err(), "{text}");
        }
    }

    #[test]
    fn nobody_draws_a_row_of_their_own() {
        let rows = [["0xab\nst_test_1  paid\u{1B}[2K\u{202E}".to_owned()]];
        insta::assert_snapshot!(table(["TRANSFER"], &rows), @"
        TRANSFER
        0xab�st_test_1  paid�[2K�
        ");
    }

    #[test]
    fn a_table_lines_up() {
        let rows = [["a".to_owned(), "long cell".to_owned()], ["bcd".to_owned(), "-".to_owned()]];
        insta::assert_snapshot!(table(["ID", "NAME"], &rows), @r#"
        ID   NAME
        a    long cell
        bcd  -
        "#);
    }
}
