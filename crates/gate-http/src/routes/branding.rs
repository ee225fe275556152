//! `/v1/branding` (contract, section 10).

use axum::Json;
use axum::extract::State;
use gate_app::branding::update_branding;
use gate_domain::branding::{
    BRAND_NAME_CHARS_MAX, BrandName, BrandNameError, BrandingChange, Colour,
};
use gate_domain::change::Change;
use gate_wire::ErrorBody;
use gate_wire::branding::{BrandingBody, UpdateBrandingBody};
use serde_json::{Map, Value};

use super::ServerState;
use crate::assets::logo_origin;
use crate::auth::Partner;
use crate::body::JsonObject;
use crate::error::ApiError;
use crate::fields::Fields;

const URL_CHARS_MAX: usize = 2048;

/// How your pages look. All null is the default look.
#[utoipa::path(get, path = "/v1/branding", tag = "Branding", operation_id = "getBranding",
    responses((status = 200, body = BrandingBody), (status = "default", body = ErrorBody)))]
pub(super) async fn retrieve(
    State(state): State<ServerState>,
    Partner(tenant): Partner,
) -> Result<Json<BrandingBody>, ApiError> {
    let branding = state.app().store().read(move |tx| tx.find_branding(&tenant)).await?;
    Ok(Json((&branding).into()))
}

/// Change how your pages look: what is left out stays, null clears. Pages that are open follow.
#[utoipa::path(patch, path = "/v1/branding", tag = "Branding", operation_id = "updateBranding",
    request_body = UpdateBrandingBody,
    responses((status = 200, body = BrandingBody), (status = "default", body = ErrorBody)))]
pub(super) async fn update(
    State(state): State<ServerState>,
    Partner(tenant): Partner,
    JsonObject(body): JsonObject,
) -> Result<Json<BrandingBody>, ApiError> {
    let change = read_change(body)?;
    let app = state.app();
    let branding = app.write(move |tx, scope| update_branding(tx, scope, &tenant, &change)).await?;
    Ok(Json((&branding).into()))
}

fn read_change(body: Map<String, Value>) -> Result<BrandingChange, ApiError> {
    let mut fields = Fields::new(body);
    let change = BrandingChange {
        brand_name: read_name(&mut fields),
        logo_url: read_logo(&mut fields),
        primary_color: read_colour(&mut fields, "primary_color"),
        secondary_color: read_colour(&mut fields, "secondary_color"),
        accent_color: read_colour(&mut fields, "accent_color"),
    };
    fields.finish(Some(change))
}

fn read_name(fields: &mut Fields) -> Change<BrandName> {
    let text = match fields.text_change("brand_name", BRAND_NAME_CHARS_MAX) {
        Change::Set(text) => text,
        Change::Keep => return Change::Keep,
        Change::Clear => return Change::Clear,
    };
    match BrandName::parse(&text) {
        Ok(name) => Change::Set(name),
        Err(error) => {
            let code = match error {
                BrandNameError::Length => "field_length",
                BrandNameError::Invisible => "invalid_text",
                BrandNameError::Misleading(_) => "brand_name_misleading",
            };
            fields.problem("brand_name", code, error.to_string());
            Change::Keep
        }
    }
}

fn read_logo(fields: &mut Fields) -> Change<String> {
    match fields.text_change("logo_url", URL_CHARS_MAX) {
        Change::Set(text) if logo_origin(&text).is_none() => {
            let message = "logo_url must be an absolute https URL on a named host, without \
                user-info, such as https://shop.example/logo.svg.";
            fields.problem("logo_url", "url_invalid", message);
            Change::Keep
        }
        change => change,
    }
}

fn read_colour(fields: &mut Fields, name: &str) -> Change<Colour> {
    let text = match fields.text_change(name, 7) {
        Change::Set(text) => text,
        Change::Keep => return Change::Keep,
        Change::Clear => return Change::Clear,
    };
    if let Some(colour) = Colour::parse(&text) {
        return Change::Set(colour);
    }
    let message = format!("{name} must be written as #RRGGBB, such as #0D6B54.");
    fields.problem(name, "color_invalid", message);
    Change::Keep
}
