//! `/v1/embed/identity`: the identity step.

use axum::Json;
use axum::extract::State;
use gate_app::identity::{confirm_code, end_identity_check, give_details, send_code};
use gate_domain::customer::{CountryCode, EMAIL_CHARS_MAX, Email};
use gate_domain::person::{
    DOCUMENT_NUMBER_CHARS_MAX, Date, Document, DocumentKind, NAME_CHARS_MAX, Person, SourceOfFunds,
};
use gate_domain::text::check_name;
use gate_wire::ErrorBody;
use gate_wire::embed::{IdentityBody, IdentityCodeBody, IdentityDetailsBody, IdentityEmailBody};
use gate_wire::journey::Journey;
use gate_wire::words::IdentityOutcome;

use super::ServerState;
use super::embed::Answer;
use crate::auth::PageVisitor;
use crate::body::JsonObject;
use crate::fields::Fields;

/// Say how the identity check ends. Test mode only: in live mode nobody vouches for themselves.
#[utoipa::path(post, path = "/v1/embed/identity", tag = "Embed",
    operation_id = "endIdentityCheck", request_body = IdentityBody,
    responses((status = 200, body = Journey), (status = "default", body = ErrorBody)))]
pub(super) async fn identity(
    State(state): State<ServerState>,
    page: PageVisitor,
    JsonObject(body): JsonObject,
) -> Answer {
    let mut fields = Fields::new(body);
    let outcome = match fields.text("outcome", 20).as_deref() {
        Some("approved") => Some(IdentityOutcome::Approved),
        Some("rejected") => Some(IdentityOutcome::Rejected),
        Some(_) => {
            fields.problem("outcome", "field_range", "outcome must be approved or rejected.");
            None
        }
        None => None,
    };
    let outcome = fields.finish(outcome)?;
    Ok(Json(end_identity_check(state.app(), &page.tenant, &page.session_id, outcome).await?))
}

/// Name an e-mail address, and have a code sent there. It can be done again, also for another address;
/// the last code alone is good. The answer does not say whether the address is known.
#[utoipa::path(post, path = "/v1/embed/identity/email", tag = "Embed",
    operation_id = "sendIdentityCode", request_body = IdentityEmailBody,
    responses((status = 200, body = Journey), (status = "default", body = ErrorBody)))]
pub(super) async fn email(
    State(state): State<ServerState>,
    page: PageVisitor,
    JsonObject(body): JsonObject,
) -> Answer {
    let mut fields = Fields::new(body);
    let email = fields.text("email", EMAIL_CHARS_MAX).and_then(|text| {
        let email = Email::parse(&text);
        if email.is_none() {
            let message = "email must be an address such as ada@example.com.";
            fields.problem("email", "email_invalid", message);
        }
        email
    });
    let email = fields.finish(email)?;
    Ok(Json(send_code(state.app(), &page.tenant, &page.session_id, email).await?))
}

/// Give the code that was sent. Whoever has passed what is asked before goes on at once.
#[utoipa::path(post, path = "/v1/embed/identity/code", tag = "Embed",
    operation_id = "confirmIdentityCode", request_body = IdentityCodeBody,
    responses((status = 200, body = Journey), (status = "default", body = ErrorBody)))]
pub(super) async fn code(
    State(state): State<ServerState>,
    page: PageVisitor,
    JsonObject(body): JsonObject,
) -> Answer {
    let mut fields = Fields::new(body);
    let code = six_digits(&mut fields);
    let code = fields.finish(code)?;
    Ok(Json(confirm_code(state.app(), &page.tenant, &page.session_id, code).await?))
}

/// Give details of yourself: those that the step asks for. A verifier looks at them; the journey says
/// what came of it.
#[utoipa::path(post, path = "/v1/embed/identity/details", tag = "Embed",
    operation_id = "giveIdentityDetails", request_body = IdentityDetailsBody,
    responses((status = 200, body = Journey), (status = "default", body = ErrorBody)))]
pub(super) async fn details(
    State(state): State<ServerState>,
    page: PageVisitor,
    JsonObject(body): JsonObject,
) -> Answer {
    let mut fields = Fields::new(body);
    let given = Person {
        email: None,
        given_name: printed(&mut fields, "given_name", NAME_CHARS_MAX),
        family_name: printed(&mut fields, "family_name", NAME_CHARS_MAX),
        birth_date: birth_date(&mut fields),
        country: country(&mut fields),
        document: document(&mut fields),
        source_of_funds: source_of_funds(&mut fields),
    };
    let given = fields.finish(Some(given))?;
    Ok(Json(give_details(state.app(), &page.tenant, &page.session_id, given).await?))
}

/// The code of a second step, as it is typed.
pub(super) fn six_digits(fields: &mut Fields) -> Option<String> {
    let code = fields.text("code", 20);
    code.filter(|code| {
        let six_digits = code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_digit());
        if !six_digits {
            fields.problem("code", "challenge_code_invalid", "The code has six digits.");
        }
        six_digits
    })
}

/// A text as it is printed: in one line, without blanks around it, and with nothing in it that makes two
/// of what people read as one.
fn printed(fields: &mut Fields, name: &str, chars_max: usize) -> Option<String> {
    let text = fields.text_opt(name, chars_max)?;
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.is_empty() {
        fields.problem(name, "field_length", format!("{name} must not be blank."));
        return None;
    }
    if let Err(problem) = check_name(&text) {
        fields.problem(name, "invalid_text", problem.to_string());
        return None;
    }
    Some(text)
}

fn birth_date(fields: &mut Fields) -> Option<Date> {
    let date = Date::parse(&fields.text_opt("birth_date", 20)?);
    if date.is_none() {
        let message = "birth_date must be a day such as 1990-05-17.";
        fields.problem("birth_date", "birth_date_invalid", message);
    }
    date
}

fn country(fields: &mut Fields) -> Option<CountryCode> {
    let country = CountryCode::parse(&fields.text_opt("country", 20)?);
    if country.is_none() {
        let message = "country must have two letters, such as DE (ISO 3166-1).";
        fields.problem("country", "country_code_invalid", message);
    }
    country
}

fn document(fields: &mut Fields) -> Option<Document> {
    if !fields.holds("document") {
        return None;
    }
    fields.inside("document", |document| {
        let kind = document.text("type", 20).and_then(|word| {
            let kind = DocumentKind::parse(&word);
            if kind.is_none() {
                let message = "type must be passport, id_card or driving_licence.";
                document.problem("type", "field_range", message);
            }
            kind
        });
        let number = if document.holds("number") {
            printed(document, "number", DOCUMENT_NUMBER_CHARS_MAX)
        } else {
            document.text("number", DOCUMENT_NUMBER_CHARS_MAX)
        };
        Some(Document { kind: kind?, number: number? })
    })
}

fn source_of_funds(fields: &mut Fields) -> Option<SourceOfFunds> {
    let source = SourceOfFunds::parse(&fields.text_opt("source_of_funds", 20)?);
    if source.is_none() {
        let message = "source_of_funds must be salary, savings, business, investments or other.";
        fields.problem("source_of_funds", "field_range", message);
    }
    source
}
