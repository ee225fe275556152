//! HTML that cannot forget to escape: a template is a literal of ours, a value is text or markup.

/// A piece of HTML that is safe to put into a page.
#[derive(Clone, Debug, Default)]
pub(crate) struct Markup(String);

/// Text from anywhere, escaped for an element's content and for a quoted attribute.
pub(crate) fn text(value: &str) -> Markup {
    let mut escaped = String::with_capacity(value.len());
    for character in value.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    Markup(escaped)
}

/// Put values into the `{{name}}` places of a template. The template is part of the program, so a
/// name without a value is a mistake of ours and every page's test would find it.
pub(crate) fn fill(template: &'static str, values: &[(&str, Markup)]) -> Markup {
    let mut html = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        let (name, after) = after.split_once("}}").expect("a place ends where it begins");
        let value = values.iter().find(|(known, _)| *known == name);
        let (_, value) = value.unwrap_or_else(|| panic!("no value for {{{{{name}}}}}"));
        html.push_str(before);
        html.push_str(&value.0);
        rest = after;
    }
    html.push_str(rest);
    Markup(html)
}

/// A literal of ours, as it stands.
pub(crate) fn literal(html: &'static str) -> Markup {
    Markup(html.to_owned())
}

impl Markup {
    pub(crate) fn into_string(self) -> String {
        self.0
    }
}

impl FromIterator<Markup> for Markup {
    fn from_iter<I: IntoIterator<Item = Self>>(pieces: I) -> Self {
        Self(pieces.into_iter().map(Self::into_string).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_escaped_once_and_never_read_as_templates() {
        let html = fill(
            "<p title='{{a}}'>{{b}}</p>",
            &[("a", text("'><script>")), ("b", text("{{a}} & \"b\""))],
        );
        let expected = "<p title='&#39;&gt;&lt;script&gt;'>{{a}} &amp; &quot;b&quot;</p>";
        assert_eq!(html.into_string(), expected);
    }
}
