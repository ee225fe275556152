//! Small things that the stories share.

use std::hash::{BuildHasher, RandomState};

/// A seed that nobody chose, short enough to be typed again.
pub(super) fn new_seed() -> u64 {
    RandomState::new().hash_one("seed") % 1_000_000
}

/// The value of an attribute in a page of ours: what comes after `before`, up to the quote.
pub(super) fn attribute<'a>(page: &'a str, before: &str) -> Option<&'a str> {
    let (_, rest) = page.split_once(before)?;
    rest.split_once('"').map(|(value, _)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attribute_ends_at_its_quote() {
        let page = r#"<input name="purchase" value="abc"><b data-x="y">"#;
        assert_eq!(attribute(page, r#"name="purchase" value=""#), Some("abc"));
        assert_eq!(attribute(page, r#"data-x=""#), Some("y"));
        assert_eq!(attribute(page, r#"data-z=""#), None);
    }
}
