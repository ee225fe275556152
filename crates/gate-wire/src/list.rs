//! The envelope of every list (contract, section 3.5).

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One page, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ListBody<T> {
    /// Always `list`.
    pub object: String,
    /// The rows.
    pub data: Vec<T>,
    /// Whether there is another page. Loop on this, not on the number of rows.
    pub has_more: bool,
    /// The path of the list.
    pub url: String,
}

impl<T> ListBody<T> {
    /// A page of the list at `url`.
    pub fn new(url: &str, data: Vec<T>, has_more: bool) -> Self {
        Self { object: "list".into(), data, has_more, url: url.into() }
    }
}
