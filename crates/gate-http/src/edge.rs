//! What the edge in front of us tells of the caller.

use axum::http::HeaderMap;
use gate_domain::customer::CountryCode;

/// Where the edge says that the caller is.
const GEO: &str = "cf-ipcountry";
/// What the edge says when it does not know.
const UNKNOWN: &str = "XX";

/// The country that the caller is in, as far as the edge knows. An edge has to set the header itself and
/// drop what the caller sent: nothing here tells the two apart.
pub(crate) fn country(headers: &HeaderMap) -> Option<CountryCode> {
    let code = headers.get(GEO).and_then(|value| value.to_str().ok());
    code.and_then(CountryCode::parse).filter(|code| code.as_str() != UNKNOWN)
}
