//! `OPTIONS`, and methods that a path does not take.

use std::collections::HashMap;
use std::sync::LazyLock;

use axum::extract::MatchedPath;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::error::ApiError;
use crate::openapi::{Json, openapi_document};

/// What a page takes.
const READ: &str = "GET, HEAD, OPTIONS";

/// The methods of each path of the document, as `Allow` says them.
static METHODS: LazyLock<HashMap<String, HeaderValue>> = LazyLock::new(|| {
    let document = openapi_document();
    let paths = document.get("paths").map(Json::fields).unwrap_or_default();
    let methods = paths.iter().map(|(path, item)| (path.clone(), allowed(item)));
    methods.collect()
});

fn allowed(item: &Json) -> HeaderValue {
    let mut methods: Vec<_> = item.fields().iter().map(|(name, _)| name.to_uppercase()).collect();
    if item.get("get").is_some() {
        methods.push("HEAD".into());
    }
    methods.push("OPTIONS".into());
    methods.sort_unstable();
    HeaderValue::try_from(methods.join(", ")).expect("methods are plain ASCII")
}

/// A path that does not take this method. `OPTIONS` is answered for every path there is; both say in
/// `Allow` what the path takes.
pub(crate) async fn method_not_allowed(path: MatchedPath, method: Method) -> Response {
    let mut response = match method {
        Method::OPTIONS => StatusCode::NO_CONTENT.into_response(),
        _ => ApiError::MethodNotAllowed.into_response(),
    };
    let known = METHODS.get(path.as_str()).cloned();
    let allowed = known.unwrap_or_else(|| HeaderValue::from_static(READ));
    response.headers_mut().insert(header::ALLOW, allowed);
    response
}
