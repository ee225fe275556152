//! An order's own page: where it stands, with evidence. It asks the shop, never the gateway.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{Html, Redirect};

use super::{PageError, hidden, page_with_head};
use crate::attempts::start_attempt;
use crate::ids::OrderId;
use crate::markup::{Markup, fill, literal, text};
use crate::orders::{Order, find_order};
use crate::shop::Shop;
use crate::views::{Evidence, StatusView, status_view};

/// The return address too. What the query says (`gate_result=done`) is a hint from a browser and
/// is not read: the page shows what the shop knows.
pub(crate) async fn show(
    State(shop): State<Arc<Shop>>,
    Path(id): Path<String>,
) -> Result<Html<String>, PageError> {
    let order = load(&shop, &id).await?;
    let view = status_view(&order);
    let values = [
        ("order_id", text(&view.order_id)),
        ("product", text(&order.product)),
        ("status", literal(view.status)),
        ("label", literal(view.label)),
        ("detail", text(&view.detail)),
        ("final", literal(if view.is_final { "true" } else { "false" })),
        ("hide_pay", hidden(!view.can_pay)),
        ("hide_retry", hidden(!view.can_retry)),
        ("evidence", view.evidence.iter().map(fact).collect::<Markup>()),
    ];
    let head = if view.is_final {
        literal("<script src=\"/shop.js\" defer></script>")
    } else {
        literal(include_str!("order_head.html"))
    };
    Ok(page_with_head(&shop, view.label, head, fill(include_str!("order.html"), &values)))
}

pub(crate) async fn show_status(
    State(shop): State<Arc<Shop>>,
    Path(id): Path<String>,
) -> Result<Json<StatusView>, PageError> {
    Ok(Json(status_view(&load(&shop, &id).await?)))
}

pub(crate) async fn retry(
    State(shop): State<Arc<Shop>>,
    Path(id): Path<String>,
) -> Result<Redirect, PageError> {
    let id = OrderId::parse(&id).ok_or(PageError::NotFound)?;
    start_attempt(&shop, &id).await?;
    Ok(Redirect::to(&format!("/orders/{id}")))
}

async fn load(shop: &Shop, id: &str) -> Result<Order, PageError> {
    let id = OrderId::parse(id).ok_or(PageError::NotFound)?;
    shop.db.run(move |tx| find_order(tx, &id)).await?.ok_or(PageError::NotFound)
}

fn fact(evidence: &Evidence) -> Markup {
    let values = [("name", literal(evidence.name)), ("value", text(&evidence.value))];
    fill(include_str!("fact.html"), &values)
}
