//! Who may call an operation, read off its path; the credentials, as the document describes them.

use super::json::Json;

/// What opens an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Nothing is needed.
    Open,
    /// The secret key of a partner's backend.
    SecretKey,
    /// A publishable key, from an allowed origin.
    PublishableKey,
    /// The embed token of a hosted page.
    EmbedToken,
}

impl Access {
    /// What opens the operations of this path.
    pub(crate) fn of(path: &str) -> Self {
        match path {
            "/v1/embed/bootstrap" => Self::PublishableKey,
            "/v1/openapi.json" => Self::Open,
            _ if path.starts_with("/v1/embed/") => Self::EmbedToken,
            _ if path.starts_with("/v1/") => Self::SecretKey,
            _ => Self::Open,
        }
    }

    /// The name of its security scheme.
    pub(crate) fn scheme(self) -> Option<&'static str> {
        match self {
            Self::Open => None,
            Self::SecretKey => Some("secretKey"),
            Self::PublishableKey => Some("publishableKey"),
            Self::EmbedToken => Some("embedToken"),
        }
    }

    /// The `security` of an operation.
    pub(super) fn security(self) -> Json {
        let schemes = self.scheme().into_iter();
        Json::list(schemes.map(|scheme| Json::object([(scheme, Json::List(Vec::new()))])))
    }

    /// The codes of a credential that is missing, wrong or not enough.
    pub(super) fn failures(self) -> &'static [&'static str] {
        match self {
            Self::Open => &[],
            Self::SecretKey => &[
                "key_missing",
                "key_malformed",
                "key_unknown",
                "key_expired",
                "secret_key_required",
                "mode_not_served",
                "key_restricted",
            ],
            Self::PublishableKey => &[
                "key_missing",
                "key_malformed",
                "key_unknown",
                "key_expired",
                "key_exposed_401",
                "publishable_key_required",
                "mode_not_served",
                "origin_not_allowed",
            ],
            Self::EmbedToken => &["embed_token_invalid", "session_required", "scope_missing"],
        }
    }
}

/// `components.securitySchemes`.
pub(super) fn security_schemes() -> Json {
    let scheme = |fields: &[(&str, &str)]| {
        Json::object(fields.iter().map(|(name, value)| (*name, Json::from(*value))))
    };
    Json::object([
        (
            "secretKey",
            scheme(&[
                ("type", "http"),
                ("scheme", "bearer"),
                ("bearerFormat", "sk_test_… or sk_live_…"),
                ("description", "Your secret key. It belongs on your server and nowhere else."),
            ]),
        ),
        (
            "publishableKey",
            scheme(&[
                ("type", "http"),
                ("scheme", "bearer"),
                ("bearerFormat", "pk_test_… or pk_live_…"),
                (
                    "description",
                    "Your publishable key, which may live in browsers. It opens the embed from one of your allowed origins, and nothing else. The header X-Publishable-Key does as well.",
                ),
            ]),
        ),
        (
            "embedToken",
            scheme(&[
                ("type", "apiKey"),
                ("in", "header"),
                ("name", "X-Embed-Token"),
                ("description", "The token that bootstrap answers, good for one hour."),
            ]),
        ),
    ])
}
