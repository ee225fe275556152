//! `/v1/test_helpers/mails`: the mailbox of the sandbox.

use axum::Json;
use axum::extract::{RawQuery, State};
use gate_app::identity::list_mails;
use gate_domain::customer::{EMAIL_CHARS_MAX, Email};
use gate_domain::ids::{MailId, Mode};
use gate_wire::ErrorBody;
use gate_wire::list::ListBody;
use gate_wire::mail::MailBody;

use super::ServerState;
use super::sessions::cut;
use crate::auth::Partner;
use crate::error::ApiError;
use crate::query::Query;

const PATH: &str = "/v1/test_helpers/mails";

/// List the mails that were written to users of your pages, newest first. The sandbox sends none of
/// them; they stay here for a day.
#[utoipa::path(get, path = "/v1/test_helpers/mails", tag = "Test helpers",
    operation_id = "listMails",
    params(
        ("to" = Option<String>, Query, min_length = 1, max_length = 254, description = "Those to this address, whatever its case."),
        ("limit" = Option<i64>, Query, minimum = 1, maximum = 100, description = "10 where nothing is said."),
        ("starting_after" = Option<String>, Query, pattern = "^mail_(test|live)_[0-7][0-9a-hjkmnp-tv-z]{25}$", description = "The id of the last mail of the page before."),
    ),
    responses((status = 200, body = ListBody<MailBody>), (status = "default", body = ErrorBody)))]
pub(super) async fn list(
    State(state): State<ServerState>,
    Partner(tenant): Partner,
    RawQuery(query): RawQuery,
) -> Result<Json<ListBody<MailBody>>, ApiError> {
    // In live mode this path does not exist.
    if tenant.mode != Mode::Test {
        return Err(ApiError::UnknownRoute);
    }
    let mut query = Query::parse(query.as_deref())?;
    let limit = query.integer("limit", 1, 100, 10);
    let after = query.id("starting_after", MailId::parse);
    let to = query.text("to", EMAIL_CHARS_MAX);
    query.finish()?;
    let to = to.map(|text| Email::parse(&text));
    if to == Some(None) {
        return Ok(Json(ListBody::new(PATH, Vec::new(), false)));
    }
    let (to, vault) = (to.flatten(), state.app().vault().clone());
    let list =
        move |tx: &mut _| list_mails(tx, &vault, &tenant, to.as_ref(), after.as_ref(), limit + 1);
    let (mails, has_more) = cut(state.app().store().read(list).await?, limit);
    Ok(Json(ListBody::new(PATH, mails, has_more)))
}
