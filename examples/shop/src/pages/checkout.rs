//! Paying on the hosted page: a page that only sends the browser there.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;

use super::PageError;
use super::pay::{Template, open};
use crate::shop::Shop;

pub(crate) async fn show(
    State(shop): State<Arc<Shop>>,
    Path(id): Path<String>,
) -> Result<Response, PageError> {
    open(&shop, &id, Template::Checkout).await
}
