//! The bodies of the hosted runtime, `/v1/embed/...` (contract, section 4.2).

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What bootstrap takes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BootstrapBody {
    /// The session's client secret. The contract spells it in camel case.
    #[serde(rename = "clientSecret", default, skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<String>,
    /// May only narrow what the token allows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requested_scopes: Option<Vec<String>>,
    /// The publishable key, for callers that cannot set a header.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub publishable_key: Option<String>,
}

/// What bootstrap answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BootstrappedBody {
    /// Goes into `X-Embed-Token` from now on.
    pub embed_token: String,
    /// RFC 3339: when the token ends.
    pub expires_at: String,
    /// Whose page this is.
    pub partner_id: String,
    /// `test` or `live`.
    #[schema(value_type = crate::words::Mode)]
    pub mode: String,
    /// The session, if the token is tied to one.
    #[schema(required)]
    pub session_id: Option<String>,
    /// What the user pays.
    #[schema(required)]
    pub amount: Option<String>,
    /// ISO 4217.
    #[schema(required)]
    pub currency: Option<String>,
    /// The pinned token.
    #[schema(required)]
    pub target_token: Option<String>,
    /// The pinned network.
    #[schema(required)]
    pub target_network: Option<String>,
    /// Where the user goes back to.
    #[schema(required)]
    pub return_url: Option<String>,
    /// The pinned flow.
    #[schema(required)]
    pub flow: Option<String>,
    /// How the page looks.
    pub branding: BrandingBody,
}

/// The five tokens of the look; all null is the default look.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BrandingBody {
    /// The partner's name.
    #[schema(required)]
    pub brand_name: Option<String>,
    /// https.
    #[schema(required)]
    pub logo_url: Option<String>,
    /// `#RRGGBB`.
    #[schema(required)]
    pub primary_color: Option<String>,
    /// `#RRGGBB`.
    #[schema(required)]
    pub secondary_color: Option<String>,
    /// `#RRGGBB`.
    #[schema(required)]
    pub accent_color: Option<String>,
}

/// A fresh token for the same page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RefreshedBody {
    /// Goes into `X-Embed-Token` from now on.
    pub embed_token: String,
    /// RFC 3339.
    pub expires_at: String,
}

/// Ask for a price.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct QuoteRequestBody {
    /// The token's symbol.
    pub target_token: String,
    /// The network.
    pub target_network: String,
}

/// Say yes to a price.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AcceptQuoteBody {
    /// The price on the table.
    pub quote_id: String,
}

/// Say where the tokens go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WalletBody {
    /// The address.
    pub address: String,
}

/// Change an earlier answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BackBody {
    /// `amount` or `wallet`.
    pub to: String,
}

/// Pay.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PayBody {
    /// The price that the user said yes to.
    pub quote_id: String,
    /// The card.
    pub card: CardBody,
}

/// A card as typed. It has no `Debug`: a card number must not reach a log.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CardBody {
    /// The number, with or without spaces.
    pub number: String,
    /// `MM/YY`.
    pub expiry: String,
    /// Three or four digits.
    pub cvc: String,
}

/// Answer the second step.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChallengeBody {
    /// Six digits.
    pub code: String,
}
