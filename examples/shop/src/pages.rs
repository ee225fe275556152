//! What people see. Each page is a template in `pages/` and a function that fills it.

pub(crate) mod assets;
pub(crate) mod checkout;
pub(crate) mod events;
pub(crate) mod lists;
pub(crate) mod mailbox;
pub(crate) mod order;
pub(crate) mod pay;
pub(crate) mod product;

use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use gate_partner::{GateError, Mode};

use crate::attempts::AttemptError;
use crate::chain::chain;
use crate::db::DbError;
use crate::markup::{Markup, fill, literal, text};
use crate::open_session::OpenError;
use crate::shop::Shop;

/// A whole page.
fn page(shop: &Shop, title: &str, body: Markup) -> Html<String> {
    page_with_head(shop, title, Markup::default(), body)
}

fn page_with_head(shop: &Shop, title: &str, head: Markup, body: Markup) -> Html<String> {
    let more = match shop.gate.mode() {
        Mode::Test => literal(include_str!("pages/mailbox_link.html")),
        Mode::Live => Markup::default(),
    };
    lay_out(title, head, body, more)
}

fn lay_out(title: &str, head: Markup, body: Markup, more: Markup) -> Html<String> {
    let values = [("title", text(title)), ("head", head), ("body", body), ("more", more)];
    Html(fill(include_str!("pages/layout.html"), &values).into_string())
}

/// The scripts of a page that opens the hosted flow.
fn gate_scripts(base_url: &str) -> Markup {
    fill(include_str!("pages/gate_scripts.html"), &[("base_url", text(base_url))])
}

/// A page instead of the one that was asked for.
#[derive(Debug)]
pub(crate) enum PageError {
    NotFound,
    BadForm,
    /// The gateway said no: in its own words, which are made for people.
    Refused {
        message: String,
        next_step: String,
    },
    /// The gateway is away, or says something that we do not understand.
    GateAway,
    Internal,
}

impl PageError {
    /// One row per error: status, title, sentence.
    fn parts(self) -> (StatusCode, &'static str, String) {
        match self {
            Self::NotFound => {
                (StatusCode::NOT_FOUND, "Not found", "There is no such page or order.".into())
            }
            Self::BadForm => (
                StatusCode::BAD_REQUEST,
                "That did not work",
                "Please choose one of the amounts on offer.".into(),
            ),
            Self::Refused { message, next_step } => {
                (StatusCode::CONFLICT, "Not possible right now", format!("{message} {next_step}"))
            }
            Self::GateAway => (
                StatusCode::SERVICE_UNAVAILABLE,
                "One moment, please",
                "The payment service does not answer. Please try again shortly.".into(),
            ),
            Self::Internal => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "Our mistake",
                "Something went wrong in the shop. Your order is safe; please load the page again."
                    .into(),
            ),
        }
    }
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        let (status, title, sentence) = self.parts();
        let values = [("title", text(title)), ("sentence", text(&sentence))];
        let body = fill(include_str!("pages/error.html"), &values);
        (status, lay_out(title, Markup::default(), body, Markup::default())).into_response()
    }
}

impl From<DbError> for PageError {
    fn from(error: DbError) -> Self {
        tracing::error!(error = chain(&error), "the shop failed");
        Self::Internal
    }
}

impl From<GateError> for PageError {
    fn from(error: GateError) -> Self {
        let request_id = error.request_id();
        tracing::warn!(error = chain(&error), request.id = request_id, "the gateway did not help");
        match error {
            GateError::Refused { body, .. } if body.reason.is_some() => {
                let next_step = body.reason.and_then(|reason| reason.next_step);
                Self::Refused { message: body.message, next_step: next_step.unwrap_or_default() }
            }
            error if error.is_transient() => Self::GateAway,
            _ => Self::Internal, // our request or our keys are wrong
        }
    }
}

impl From<AttemptError> for PageError {
    fn from(error: AttemptError) -> Self {
        match error {
            AttemptError::NotFound => Self::NotFound,
            AttemptError::Gate(error) => error.into(),
            AttemptError::Db(error) => error.into(),
        }
    }
}

impl From<OpenError> for PageError {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::NotFound | OpenError::NotPayable => Self::NotFound,
            OpenError::OtherSession(_) => Self::Internal, // noted on the order already
            OpenError::Gate(error) => error.into(),
            OpenError::Db(error) => error.into(),
        }
    }
}

pub(crate) async fn not_found() -> PageError {
    PageError::NotFound
}

fn hidden(hide: bool) -> Markup {
    literal(if hide { "hidden" } else { "" })
}
