//! What a body may have been before somebody changed it without meaning to.

use std::fmt::Write as _;

/// A body that may have been the one that was signed, and what must have happened to it since.
pub(super) struct Before {
    pub(super) body: Vec<u8>,
    pub(super) what_happened: String,
}

/// Everything that a body may have been, the likeliest first.
pub(super) fn befores(body: &[u8]) -> Vec<Before> {
    let mut befores = Vec::new();
    let mut add = |before: Vec<u8>, what_happened: String| {
        if before != body {
            befores.push(Before { body: before, what_happened });
        }
    };
    let text = std::str::from_utf8(body).ok();
    let trimmed = body.trim_ascii();
    if trimmed.len() < body.len() {
        let added = shown(&body[trimmed.len()..]);
        let added = if body.trim_ascii_end() == trimmed { added } else { "white space".into() };
        add(trimmed.to_vec(), format!("{added} was added around it"));
    }
    let mut ended = body.to_vec();
    ended.push(b'\n');
    add(ended, "the line end behind it was taken away".into());
    if let Some(rest) = body.strip_prefix(b"\xef\xbb\xbf") {
        add(rest.to_vec(), "a byte order mark was put before it".into());
    }
    if let Some(text) = text {
        add(
            text.replace("\r\n", "\n").into_bytes(),
            "its line ends were changed from LF to CRLF".into(),
        );
        let crlf = text.replace("\r\n", "\n").replace('\n', "\r\n");
        add(crlf.into_bytes(), "its line ends were changed from CRLF to LF".into());
        if let Some(compact) = compact(text) {
            add(
                compact.into_bytes(),
                format!("it was parsed and written again ({})", habits(text)),
            );
        }
        if let Ok(inner) = serde_json::from_str::<String>(text) {
            add(inner.into_bytes(), "it was encoded as JSON once more, as a string".into());
        }
        if let Some(before) = as_latin_1(text) {
            add(before, "it was read as Latin-1 and written as UTF-8".into());
        }
    } else {
        // Latin-1 bytes: what was signed is UTF-8.
        let read: String = body.iter().map(|byte| char::from(*byte)).collect();
        add(read.into_bytes(), "it was written as Latin-1 instead of UTF-8".into());
    }
    befores
}

/// What is odd about a body that no gateway sent: reasons why nothing can match.
pub(super) fn oddities(body: &[u8]) -> Vec<(&'static str, String)> {
    let mut odd = Vec::new();
    let Ok(text) = std::str::from_utf8(body) else {
        return vec![("body_not_utf8", "The body is no UTF-8, which every webhook is.".into())];
    };
    if text.trim().is_empty() {
        return vec![("body_empty", "The body is empty. Something read it before you did.".into())];
    }
    if text.contains('\u{fffd}') {
        odd.push((
            "body_lossy",
            "The body has replacement characters (\u{fffd}): it was decoded in the wrong way and cannot be brought back.".into(),
        ));
    }
    match serde_json::from_str::<serde_json::Value>(text) {
        Err(error) if error.is_eof() => odd.push((
            "body_cut_off",
            format!("The body ends in the middle, after {} bytes: it was cut off.", body.len()),
        )),
        Err(error) => odd.push(("body_not_json", format!("The body is no JSON: {error}."))),
        Ok(_) => {
            let compact = compact(text).unwrap_or_default();
            if compact.starts_with("{\"created_at\":") {
                odd.push((
                    "body_sorted",
                    "The fields of the body are sorted by name, which the gateway never does: it was parsed and written again.".into(),
                ));
            } else if !compact.starts_with("{\"id\":\"evt_") {
                odd.push((
                    "body_not_an_event",
                    "The body does not begin as an event does, with {\"id\":\"evt_...\".".into(),
                ));
            }
        }
    }
    odd
}

/// JSON as the gateway writes it: no space between anything, no escape that is not needed, fields in
/// their order and numbers as they stand. None for what is no JSON.
pub(super) fn compact(text: &str) -> Option<String> {
    // It parses, so every token below ends.
    serde_json::from_str::<serde::de::IgnoredAny>(text).ok()?;
    let mut compact = String::with_capacity(text.len());
    each_token(text, |token| {
        if token.starts_with('"') {
            let text: String = serde_json::from_str(token).ok()?;
            compact += &serde_json::to_string(&text).ok()?;
        } else {
            compact += token;
        }
        Some(())
    })?;
    Some(compact)
}

/// JSON for people, its fields in their order. What is no JSON stays as it is.
pub(in super::super) fn indented(text: &str) -> String {
    let Some(compact) = compact(text) else { return text.to_owned() };
    let mut indented = String::new();
    let mut depth = 0;
    let mut previous = "";
    let done = each_token(&compact, |token| {
        let opened = matches!(previous, "{" | "[");
        let closes = matches!(token, "}" | "]");
        depth -= usize::from(closes);
        if (opened && !closes) || (closes && !opened) || previous == "," {
            let _ = write!(indented, "\n{:width$}", "", width = depth * 2);
        }
        depth += usize::from(matches!(token, "{" | "["));
        indented += token;
        if token == ":" {
            indented.push(' ');
        }
        previous = match token {
            "{" => "{",
            "[" => "[",
            "," => ",",
            _ => "",
        };
        Some(())
    });
    if done.is_some() { indented } else { compact }
}

/// The tokens of valid JSON: strings with their quotes, single marks, and runs of anything else.
fn each_token(text: &str, mut see: impl FnMut(&str) -> Option<()>) -> Option<()> {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let begin = at;
        match bytes[at] {
            b' ' | b'\t' | b'\n' | b'\r' => {
                at += 1;
                continue;
            }
            b'{' | b'}' | b'[' | b']' | b',' | b':' => at += 1,
            b'"' => {
                at += 1;
                while *bytes.get(at)? != b'"' {
                    at += if bytes[at] == b'\\' { 2 } else { 1 };
                }
                at += 1;
            }
            _ => {
                while bytes.get(at).is_some_and(|byte| !b" \t\n\r{}[],:\"".contains(byte)) {
                    at += 1;
                }
            }
        }
        see(text.get(begin..at)?)?;
    }
    Some(())
}

/// Whose habits are seen in a body that was written again.
fn habits(text: &str) -> String {
    let mut habits = Vec::new();
    if text.contains('\n') {
        habits.push("it is indented");
    } else if text.contains("\": ") || text.contains("\", \"") {
        habits.push("there are spaces between its fields, as Python's json.dumps puts them");
    }
    if text.contains("\\/") {
        habits.push("its slashes are escaped, as PHP's json_encode does");
    }
    if text.contains("\\u") {
        habits.push("its letters are escaped");
    }
    if habits.is_empty() { "the bytes differ".into() } else { habits.join(", and ") }
}

/// Undo reading UTF-8 as Latin-1.
fn as_latin_1(text: &str) -> Option<Vec<u8>> {
    if text.is_ascii() {
        return None;
    }
    let bytes: Result<Vec<u8>, _> = text.chars().map(|c| u8::try_from(u32::from(c))).collect();
    bytes.ok()
}

fn shown(bytes: &[u8]) -> String {
    match bytes {
        b"\n" => "a line end".into(),
        b"\r\n" => "a line end (CRLF)".into(),
        _ => "white space".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compact_keeps_the_order_and_the_numbers() {
        let text = "{ \"b\" : 1.50 , \"a\" :\n[ true, null , \"x\\/y \\u00e9 \\\" {\" ] }";
        assert_eq!(compact(text).unwrap(), r#"{"b":1.50,"a":[true,null,"x/y é \" {"]}"#);
        for text in ["", "{", "nonsense", "{\"a\":\"\\"] {
            assert!(compact(text).is_none(), "{text}");
        }
    }

    #[test]
    fn indented_is_for_people() {
        let text = r#"{"b":1,"a":[],"c":{"d":["x",2]}}"#;
        insta::assert_snapshot!(indented(text), @r#"
        {
          "b": 1,
          "a": [],
          "c": {
            "d": [
              "x",
              2
            ]
          }
        }
        "#);
        assert_eq!(indented("no json"), "no json");
    }
}
