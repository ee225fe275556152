//! The hosted pages and the loader, built into the binary.

use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use gate_domain::branding::Branding;
use gate_domain::ids::{Mode, PartnerId, Tenant};
use gate_store::StoreError;
use rust_embed::RustEmbed;
use url::{Host, Url};

use crate::error::ApiError;
use crate::path::Path;
use crate::routes::ServerState;

#[derive(RustEmbed)]
#[folder = "../../web/dist"]
#[allow_missing = true]
struct Web;

const PAGE: &str = "surface/index.html";
/// No script but ours, no third party but the host of the partner's logo, and that for pictures
/// alone (decisions, "Page and parent").
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; object-src 'none'; \
    img-src 'self' data:";
const A_YEAR: &str = "public, max-age=31536000, immutable";
const FIVE_MINUTES: &str = "public, max-age=300";
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// The page in a frame: only the partner's own origins may frame it.
pub(crate) async fn embed_page(
    State(state): State<ServerState>,
    Path((partner, mode)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let tenant = tenant_of(&partner, &mode)?;
    let read = state.app().store().read(move |tx| {
        Ok::<_, StoreError>((tx.list_origins(&tenant)?, tx.find_branding(&tenant)?))
    });
    let (origins, branding) = read.await?;
    let ancestors = if origins.is_empty() { "'none'".to_owned() } else { origins.join(" ") };
    page(&headers, &branding, &ancestors)
}

/// The page on its own, for the redirect. Whose page it is stands in the fragment, which we do not
/// see, so it shows nobody's logo.
pub(crate) async fn checkout_page(headers: HeaderMap) -> Result<Response, ApiError> {
    page(&headers, &Branding::default(), "'none'")
}

/// The same page of one partner, which may show its logo: the page moves here by itself.
pub(crate) async fn branded_checkout_page(
    State(state): State<ServerState>,
    Path((partner, mode)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let tenant = tenant_of(&partner, &mode)?;
    let branding = state.app().store().read(move |tx| tx.find_branding(&tenant)).await?;
    page(&headers, &branding, "'none'")
}

fn tenant_of(partner: &str, mode: &str) -> Result<Tenant, ApiError> {
    let tenant = PartnerId::parse(partner).ok().zip(Mode::parse(mode));
    let (partner, mode) = tenant.ok_or(ApiError::UnknownRoute)?;
    Ok(Tenant { partner, mode })
}

fn page(headers: &HeaderMap, branding: &Branding, ancestors: &str) -> Result<Response, ApiError> {
    let mut response = file(PAGE, headers)?;
    let logo = branding.logo_url.as_deref().and_then(logo_origin).unwrap_or_default();
    let policy = format!("{POLICY} {logo}; frame-ancestors {ancestors}");
    let policy = HeaderValue::from_str(&policy).map_err(|_| ApiError::Internal)?;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// The origin of a logo, if the URL may be one: https, a plain host name, no user-info. It becomes
/// part of a policy, where a star, a comma or a semicolon in a host would mean something else.
pub(crate) fn logo_origin(text: &str) -> Option<String> {
    let url = Url::parse(text).ok()?;
    let Host::Domain(host) = url.host()? else { return None };
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-".contains(&byte);
    // Browsers forgive more: line breaks, backslashes, a missing pair of slashes.
    let strict = text.get(..8).is_some_and(|start| start.eq_ignore_ascii_case("https://"))
        && !text.contains(|c: char| c.is_whitespace() || c.is_control() || c == '\\');
    let bare = url.username().is_empty() && url.password().is_none();
    let good = strict && bare && host.bytes().all(plain);
    good.then(|| url.origin().ascii_serialization())
}

/// The loader that partners put into their pages.
pub(crate) async fn loader(headers: HeaderMap) -> Result<Response, ApiError> {
    let mut response = file("gate.js", &headers)?;
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(FIVE_MINUTES));
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(RESOURCE_POLICY, HeaderValue::from_static("cross-origin"));
    Ok(response)
}

/// A part of the page, under a name that changes with its content.
pub(crate) async fn asset(
    Path(path): Path<String>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let mut response = file(&format!("surface/assets/{path}"), &headers)?;
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static(A_YEAR));
    Ok(response)
}

fn file(path: &str, headers: &HeaderMap) -> Result<Response, ApiError> {
    let accepts = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok());
    let brotli = accepts.is_some_and(|accepts| accepts.split(',').any(|word| word.trim() == "br"));
    let twin = brotli.then(|| Web::get(&format!("{path}.br"))).flatten();
    let encoded = twin.is_some();
    let file = twin.or_else(|| Web::get(path)).ok_or(ApiError::UnknownRoute)?;
    let mut response = (StatusCode::OK, file.data.into_owned()).into_response();
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE, content_type(path)),
        (header::VARY, "accept-encoding"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if encoded {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("br"));
    }
    Ok(response)
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("woff2") => "font/woff2",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::logo_origin;

    #[test]
    fn a_logo_adds_one_plain_origin_to_the_policy_or_is_refused() {
        for (url, origin) in [
            ("https://shop.example/logo.svg?v=2", "https://shop.example"),
            ("https://Shop.Example:8443/a", "https://shop.example:8443"),
            ("HTTPS://bücher.example/", "https://xn--bcher-kva.example"),
        ] {
            assert_eq!(logo_origin(url).as_deref(), Some(origin), "{url}");
        }
        for url in [
            "",
            "logo.svg",
            "//shop.example/logo.svg",
            "http://shop.example/logo.svg",
            "data:image/png;base64,AAAA",
            "javascript:alert(1)",
            "https:shop.example",
            "https://*.example/logo.svg",
            "https://a;script-src.example/",
            "https://a,b.example/",
            "https://a'b.example/",
            "https://user@shop.example/",
            "https://127.0.0.1/logo.svg",
            "https://[::1]/logo.svg",
            "https://shop.example/\\logo",
            "https://shop.example/ logo",
        ] {
            assert_eq!(logo_origin(url), None, "{url}");
        }
    }
}
