//! Paying inside the shop's page: the widget of `gate.js` in a container.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::{PageError, gate_scripts, page_with_head};
use crate::ids::OrderId;
use crate::markup::{Markup, fill, text};
use crate::open_session::{OpenError, OpenSession, open_session};
use crate::shop::Shop;

#[derive(Debug, Deserialize)]
pub(crate) struct PayQuery {
    mode: Option<String>,
}

pub(crate) async fn show(
    State(shop): State<Arc<Shop>>,
    Path(id): Path<String>,
    Query(query): Query<PayQuery>,
) -> Result<Response, PageError> {
    let template = match query.mode.as_deref() {
        Some("redirect") => Template::Checkout,
        Some(_) | None => Template::Pay,
    };
    open(&shop, &id, template).await
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Template {
    Pay,
    Checkout,
}

/// The page that opens the hosted flow, or a way back to the order if there is nothing to pay.
pub(super) async fn open(shop: &Shop, id: &str, template: Template) -> Result<Response, PageError> {
    let id = OrderId::parse(id).ok_or(PageError::NotFound)?;
    let open = match open_session(shop, &id).await {
        Ok(open) => open,
        Err(OpenError::NotPayable) => {
            return Ok(Redirect::to(&format!("/orders/{id}")).into_response());
        }
        Err(error) => return Err(error.into()),
    };
    let body = fill_template(shop, &open, template);
    let head = gate_scripts(&shop.gate.origin());
    Ok(page_with_head(shop, "Pay", head, body).into_response())
}

fn fill_template(shop: &Shop, open: &OpenSession, template: Template) -> Markup {
    let html = match template {
        Template::Pay => include_str!("pay.html"),
        Template::Checkout => include_str!("checkout.html"),
    };
    let values = [
        ("order_id", text(open.order.id.as_str())),
        ("product", text(&open.order.product)),
        ("publishable_key", text(&shop.config.publishable_key)),
        ("client_secret", text(&open.client_secret)),
    ];
    fill(html, &values)
}
