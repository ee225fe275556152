//! The product, and buying it.

use std::sync::Arc;

use axum::Form;
use axum::extract::State;
use axum::extract::rejection::FormRejection;
use axum::response::{Html, Redirect};
use serde::Deserialize;

use super::{PageError, page_with_head};
use crate::ids::PurchaseId;
use crate::markup::{Markup, fill, literal, text};
use crate::orders::{AMOUNTS, PlaceOrder, place_order, short_price};
use crate::shop::Shop;

const PRESELECTED: &str = "100.00";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BuyForm {
    purchase: String,
    amount: String,
}

pub(crate) async fn show(State(shop): State<Arc<Shop>>) -> Html<String> {
    let amount = |value: &'static str| {
        let label = short_price(value);
        let checked = literal(if value == PRESELECTED { "checked" } else { "" });
        let values = [("value", literal(value)), ("checked", checked), ("label", text(&label))];
        fill(include_str!("amount.html"), &values)
    };
    let purchase = PurchaseId::random();
    let values = [
        ("purchase", text(purchase.as_str())),
        ("amounts", AMOUNTS.into_iter().map(amount).collect::<Markup>()),
    ];
    let head = literal("<script src=\"/shop.js\" defer></script>");
    page_with_head(&shop, "Buy USDC", head, fill(include_str!("product.html"), &values))
}

/// The order and its idempotency key are stored now; the gateway is asked when the user pays.
pub(crate) async fn buy(
    State(shop): State<Arc<Shop>>,
    form: Result<Form<BuyForm>, FormRejection>,
) -> Result<Redirect, PageError> {
    let Form(form) = form.map_err(|_| PageError::BadForm)?;
    let amount = AMOUNTS.into_iter().find(|amount| *amount == form.amount);
    let command = PlaceOrder {
        purchase: PurchaseId::parse(&form.purchase).ok_or(PageError::BadForm)?,
        amount: amount.ok_or(PageError::BadForm)?,
        environment: shop.gate.mode().as_str(),
        public_url: shop.config.public_url.clone(),
    };
    let now = shop.now();
    let order_id = shop.db.run(move |tx| place_order(tx, &command, now)).await?;
    Ok(Redirect::to(&format!("/orders/{order_id}")))
}
