//! All orders, for people and for checkers.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::Html;
use serde::Serialize;

use super::{PageError, page};
use crate::clock::for_people;
use crate::markup::{Markup, fill, literal, text};
use crate::orders::{Order, list_orders};
use crate::shop::Shop;
use crate::views::{OrderRow, order_row};

#[derive(Debug, Serialize)]
pub(crate) struct OrderList {
    orders: Vec<OrderRow>,
}

pub(crate) async fn show(State(shop): State<Arc<Shop>>) -> Result<Html<String>, PageError> {
    let orders = shop.db.run(list_orders).await?;
    let rows = orders.iter().map(row).collect::<Markup>();
    Ok(page(&shop, "Orders", fill(include_str!("list.html"), &[("rows", rows)])))
}

pub(crate) async fn show_json(State(shop): State<Arc<Shop>>) -> Result<Json<OrderList>, PageError> {
    let orders = shop.db.run(list_orders).await?;
    Ok(Json(OrderList { orders: orders.iter().map(order_row).collect() }))
}

fn row(order: &Order) -> Markup {
    let none_yet = "–";
    let values = [
        ("order_id", text(order.id.as_str())),
        ("product", text(&order.product)),
        ("status", literal(order.status.as_str())),
        ("label", literal(order.status.label())),
        ("session_id", text(order.attempt.session_id.as_deref().unwrap_or(none_yet))),
        ("tx_refid", text(order.attempt.tx_refid.as_deref().unwrap_or(none_yet))),
        ("placed", text(&for_people(order.created_at))),
    ];
    fill(include_str!("list_row.html"), &values)
}
