//! Writing HTML: everything that comes from outside of this folder is escaped here.

use crate::openapi::Json;

/// Text as it may stand in an element or an attribute.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            other => out.push(other),
        }
    }
    out
}

/// A sentence in which backticks mark code.
pub(super) fn inline(text: &str) -> String {
    let mut out = String::new();
    for (place, part) in text.split('`').enumerate() {
        if place % 2 == 0 {
            out.push_str(&escape(part));
        } else {
            out.push_str("<code>");
            out.push_str(&escape(part));
            out.push_str("</code>");
        }
    }
    out
}

/// Paragraphs that are parted by empty lines.
pub(super) fn paragraphs(text: &str) -> String {
    let mut out = String::new();
    for part in text.split("\n\n").map(str::trim).filter(|part| !part.is_empty()) {
        out += &format!("<p>{}</p>\n", inline(part));
    }
    out
}

/// JSON over several lines, with a colour for names, strings and the rest.
pub(super) fn json(value: &Json) -> String {
    let mut out = String::new();
    write(value, 0, &mut out);
    out
}

fn write(value: &Json, depth: usize, out: &mut String) {
    match value {
        Json::Text(text) => {
            let quoted = Json::Text(text.clone()).to_string();
            out.push_str(&format!("<span class=\"s\">{}</span>", escape(&quoted)));
        }
        Json::List(items) if !items.is_empty() => {
            let items = items.iter().map(|item| (None, item));
            lines(items, ["[", "]"], depth, out);
        }
        Json::Object(fields) if !fields.is_empty() => {
            let fields = fields.iter().map(|(name, field)| (Some(name.as_str()), field));
            lines(fields, ["{", "}"], depth, out);
        }
        Json::List(_) => out.push_str("[]"),
        Json::Object(_) => out.push_str("{}"),
        other => out.push_str(&format!("<span class=\"v\">{other}</span>")),
    }
}

fn lines<'a>(
    parts: impl Iterator<Item = (Option<&'a str>, &'a Json)>,
    [open, close]: [&str; 2],
    depth: usize,
    out: &mut String,
) {
    out.push_str(open);
    for (place, (name, value)) in parts.enumerate() {
        out.push_str(if place == 0 { "\n" } else { ",\n" });
        out.push_str(&"  ".repeat(depth + 1));
        if let Some(name) = name {
            out.push_str(&format!("<span class=\"n\">\"{}\"</span>: ", escape(name)));
        }
        write(value, depth + 1, out);
    }
    out.push('\n');
    out.push_str(&"  ".repeat(depth));
    out.push_str(close);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_gets_out_of_its_element() {
        assert_eq!(inline("a `b<c` & \"d\""), "a <code>b&lt;c</code> &amp; &quot;d&quot;");
        assert_eq!(paragraphs("one\n\ntwo"), "<p>one</p>\n<p>two</p>\n");
        let shown =
            json(&Json::object([("a<", Json::from("</script>")), ("b", Json::List(vec![]))]));
        assert_eq!(
            shown,
            "{\n  <span class=\"n\">\"a&lt;\"</span>: <span class=\"s\">&quot;&lt;/script&gt;&quot;\
             </span>,\n  <span class=\"n\">\"b\"</span>: []\n}"
        );
    }
}
