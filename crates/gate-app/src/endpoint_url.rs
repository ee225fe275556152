//! What a webhook URL must look like. Where it leads is looked at when it is connected to.

use gate_domain::ids::Mode;
use url::{Host, Url};

/// The longest URL of an endpoint, in characters.
pub const URL_CHARS_MAX: usize = 2_048;

/// Why a URL is none that webhooks are sent to. The message says what would be right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct UrlProblem(&'static str);

/// Check the URL of an endpoint: https, or http on a loopback host in test mode; without user-info and
/// without a fragment.
pub fn check_endpoint_url(text: &str, mode: Mode) -> Result<(), UrlProblem> {
    if text.chars().count() > URL_CHARS_MAX {
        return Err(UrlProblem("must have at most 2048 characters"));
    }
    let Ok(url) = Url::parse(text) else {
        return Err(UrlProblem("must be a URL such as https://shop.example/webhooks"));
    };
    // Browsers forgive more: line breaks, backslashes, a missing pair of slashes.
    let strict = text.get(url.scheme().len()..).is_some_and(|rest| rest.starts_with("://"))
        && !text.contains(|c: char| c.is_whitespace() || c.is_control() || c == '\\');
    if !strict || !has_host(&url) {
        return Err(UrlProblem("must be a URL such as https://shop.example/webhooks"));
    }
    match (url.scheme(), mode) {
        ("https", _) => {}
        ("http", Mode::Test) if is_loopback(&url) => {}
        (_, Mode::Test) => {
            return Err(UrlProblem(
                "must begin with https://, or with http:// on a loopback host such as localhost",
            ));
        }
        (_, Mode::Live) => return Err(UrlProblem("must begin with https://")),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(UrlProblem("must not hold a user name or a password"));
    }
    if url.fragment().is_some() {
        return Err(UrlProblem("must not hold a fragment: what is behind # is never sent"));
    }
    Ok(())
}

/// Whether it names a host as the DNS can, or an address.
fn has_host(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => {
            name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
        }
        Some(Host::Ipv4(_) | Host::Ipv6(_)) => true,
        None => false,
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn https_everywhere_and_http_at_home_in_the_sandbox() {
        for (url, test, live) in [
            ("https://shop.example/webhooks?key=1", true, true),
            ("https://shop.example:8443", true, true),
            ("https://[2001:db8::1]/", true, true),
            ("https://bücher.example/", true, true),
            ("https://hooks_1.shop.example/", true, true),
            ("https://*.shop.example/", false, false),
            ("https://shop.example*", false, false),
            ("https://shop$.example/", false, false),
            ("http://localhost:3000/hooks", true, false),
            ("http://shop.localhost/hooks", true, false),
            ("http://127.0.0.1:3000/hooks", true, false),
            ("http://[::1]/hooks", true, false),
            ("http://shop.example/webhooks", false, false),
            ("http://localhost.example/", false, false),
            ("ftp://shop.example/", false, false),
            ("https:shop.example", false, false),
            ("https:\\\\shop.example", false, false),
            ("https://shop.example/a b", false, false),
            ("https://shop.example/\n", false, false),
            ("https://user@shop.example/", false, false),
            ("https://:secret@shop.example/", false, false),
            ("https://shop.example/#here", false, false),
            ("https://shop.example/#", false, false),
            ("https://", false, false),
            ("shop.example/webhooks", false, false),
            ("", false, false),
        ] {
            assert_eq!(check_endpoint_url(url, Mode::Test).is_ok(), test, "{url}");
            assert_eq!(check_endpoint_url(url, Mode::Live).is_ok(), live, "{url}");
        }
        let long = format!("https://shop.example/{}", "a".repeat(2_048 - 21));
        assert!(check_endpoint_url(&long, Mode::Live).is_ok());
        assert!(check_endpoint_url(&(long + "a"), Mode::Live).is_err());
    }
}
