//! What a restricted secret key opens, by method and route.

use axum::http::Method;
use gate_store::KeyAccess;

/// It prices something and keeps nothing, so it reads like a look-up.
const PREVIEW: &str = "/v1/quotes/preview";

/// What a checkout's backend calls, whatever the method.
const CHECKOUT: [&str; 3] =
    ["/v1/gate_sessions", "/v1/capabilities", "/v1/test_helpers/gate_sessions"];

/// Whether a key with this access may call a route, which is written as the router knows it.
pub(crate) fn opens(access: KeyAccess, method: &Method, route: &str) -> bool {
    match access {
        KeyAccess::Full => true,
        KeyAccess::ReadOnly => method == Method::GET || is_preview(method, route),
        KeyAccess::Sessions => {
            CHECKOUT.iter().any(|root| is_below(root, route))
                || (method == Method::GET && is_below("/v1/transactions", route))
                || is_preview(method, route)
        }
    }
}

/// The accesses that open a route, for the sentence that says so.
pub(crate) fn needed(method: &Method, route: &str) -> &'static str {
    let read_only = opens(KeyAccess::ReadOnly, method, route);
    let sessions = opens(KeyAccess::Sessions, method, route);
    match (read_only, sessions) {
        (true, true) => "read_only, sessions or full",
        (true, false) => "read_only or full",
        (false, true) => "sessions or full",
        (false, false) => "full",
    }
}

fn is_preview(method: &Method, route: &str) -> bool {
    method == Method::POST && route == PREVIEW
}

fn is_below(root: &str, route: &str) -> bool {
    route.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_that_only_begins_alike_is_another_one() {
        let opens = |method, route| opens(KeyAccess::Sessions, &method, route);
        assert!(opens(Method::POST, "/v1/gate_sessions"));
        assert!(opens(Method::POST, "/v1/gate_sessions/{id}/cancel"));
        assert!(!opens(Method::POST, "/v1/gate_sessions_export"));
        assert!(!opens(Method::POST, "/v1/transactions"));
        assert!(!opens(Method::GET, ""));
    }
}
