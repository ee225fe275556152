//! The sandbox's mailbox: codes that would go to the user, where a developer finds them.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Html;
use gate_partner::Mode;
use gate_partner::wire::mail::MailBody;

use super::{PageError, page};
use crate::markup::{Markup, fill, text};
use crate::shop::Shop;

/// Mails on the page.
const MAILS_MAX: u8 = 20;

pub(crate) async fn show(State(shop): State<Arc<Shop>>) -> Result<Html<String>, PageError> {
    // What is sent to real people is for nobody else.
    if shop.gate.mode() != Mode::Test {
        return Err(PageError::NotFound);
    }
    let mails = shop.gate.list_test_mails(None, MAILS_MAX).await?.value.data;
    let rows = mails.iter().map(row).collect::<Markup>();
    Ok(page(&shop, "Mailbox", fill(include_str!("mailbox.html"), &[("rows", rows)])))
}

fn row(mail: &MailBody) -> Markup {
    let values = [
        ("created", text(&mail.created_at)),
        ("to", text(&mail.to)),
        ("subject", text(&mail.subject)),
        ("text", text(&mail.text)),
    ];
    fill(include_str!("mailbox_row.html"), &values)
}
