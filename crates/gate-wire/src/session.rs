//! A session as partners see it (contract, section 4.1; decisions, "Sessions").

use std::fmt;

use gate_domain::destination::{Destination, Memo};
use gate_domain::session::Session;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::error::ReasonBody;
use crate::instant::to_rfc3339;
use crate::words::IdentityLevel;

/// What create takes. Unknown fields are refused.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateSessionBody {
    /// What the user pays, a decimal string. Only a quote makes it optional.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schema(
        value_type = Option<String>,
        pattern = r"^(0|[1-9][0-9]*)(\.[0-9]+)?$",
        max_length = 40,
        example = "100.00"
    )]
    pub amount: String,
    /// ISO 4217. Only a quote makes it optional.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schema(value_type = Option<String>, pattern = "^[A-Za-z]{3}$", example = "EUR")]
    pub currency: String,
    /// Where the user goes back to. Its origin must be one of the partner's allowed origins.
    #[schema(min_length = 1, max_length = 2048, example = "https://shop.example/orders/1")]
    pub return_url: String,
    /// Where the user goes back to after giving up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 2048)]
    pub cancel_url: Option<String>,
    /// Pins the token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 12, example = "USDC")]
    pub target_token: Option<String>,
    /// Pins the network. Compared without case, answered in lower case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 40, example = "base")]
    pub target_network: Option<String>,
    /// Pins the flow: `on_ramp`, `off_ramp` or `swap`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(pattern = "^(on_ramp|off_ramp|swap)$")]
    pub flow: Option<String>,
    /// Where the tokens go, if the partner knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 100)]
    pub wallet_address: Option<String>,
    /// The memo or destination tag that belongs to it, where its network has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 100)]
    pub wallet_memo: Option<String>,
    /// That memo is a text. On Stellar one of digits is a number otherwise, which an exchange that asks
    /// for a text does not find.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wallet_memo_is_text: Option<bool>,
    /// The partner's own opaque name for the user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 200)]
    pub user_reference: Option<String>,
    /// The partner's own name for this session, such as its order number. A second create with it
    /// answers the session that there is, so that an attempt that is repeated under another
    /// Idempotency-Key makes no second one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 200, pattern = "\\S", example = "order_1001")]
    pub client_reference_id: Option<String>,
    /// The partner's notes: at most 50 keys and 8 KiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<crate::metadata::Metadata>)]
    pub metadata: Option<Map<String, Value>>,
    /// A signed quote to sell at: it fixes the amount, the currency, the flow and the token. Amount
    /// and currency may then be left out; where they are sent, they say the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 64)]
    pub quote_preview_id: Option<String>,
    /// Lifetime in seconds; 24 h where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 300, maximum = 604_800)]
    pub expires_in: Option<i64>,
}

/// A session. It never carries its client secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SessionBody {
    /// Its id.
    pub id: String,
    /// Always `gate_session`.
    pub object: String,
    /// Whose it is.
    pub partner_id: String,
    /// `test` or `live`.
    #[schema(value_type = crate::words::Mode)]
    pub mode: String,
    /// What the user pays, a decimal string.
    pub amount: String,
    /// ISO 4217.
    pub currency: String,
    /// The pinned token.
    #[schema(required)]
    pub target_token: Option<String>,
    /// The pinned network, lower case.
    #[schema(required)]
    pub target_network: Option<String>,
    /// The pinned flow.
    #[schema(required)]
    pub flow: Option<String>,
    /// The address that the partner gave.
    #[schema(required)]
    pub wallet_address: Option<String>,
    /// The memo or destination tag that belongs to it.
    #[schema(required)]
    pub wallet_memo: Option<String>,
    /// Whether that memo is a text: the Stellar network tells one of digits from a number. Null without a memo.
    #[schema(required)]
    pub wallet_memo_is_text: Option<bool>,
    /// Where the user goes back to.
    pub return_url: String,
    /// Where the user goes back to after giving up.
    #[schema(required)]
    pub cancel_url: Option<String>,
    /// `open`, `completed`, `expired` or `cancelled`.
    #[schema(value_type = crate::words::SessionStatus)]
    pub status: String,
    /// RFC 3339.
    pub expires_at: String,
    /// RFC 3339.
    #[schema(required)]
    pub created_at: Option<String>,
    /// Echoed.
    #[schema(required)]
    pub user_reference: Option<String>,
    /// Echoed.
    #[schema(required)]
    pub client_reference_id: Option<String>,
    /// Echoed.
    #[schema(value_type = Object)]
    pub metadata: Map<String, Value>,
    /// The transaction that matters, once there is one.
    #[schema(required)]
    pub tx_refid: Option<String>,
    /// The richer life behind `status`.
    pub progress: ProgressBody,
}

/// What goes on inside a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProgressBody {
    /// `created`, `opened`, `quoted`, `verifying`, `awaiting_payment`, `processing`, `settled`, `failed`,
    /// `refunding`, `refunded` or `review`.
    pub phase: String,
    /// Why, where something went wrong.
    #[schema(required)]
    pub reason: Option<ReasonBody>,
    /// RFC 3339.
    pub updated_at: String,
}

/// What `kyc.required` carries: send the user back into the hosted page, which asks them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct KycRequiredBody {
    /// The session that waits.
    pub session_id: String,
    /// How sure the gateway has to be.
    pub level: IdentityLevel,
    /// Why.
    pub reason: ReasonBody,
}

/// What the test helper `require_kyc` takes, if anything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RequireKycBody {
    /// How sure the gateway has to be; `basic` where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<IdentityLevel>,
}

/// What the test helper `advance_time` takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AdvanceTimeBody {
    /// How much time passes for the session: 1 second to 30 days.
    #[schema(minimum = 1, maximum = 2_592_000, example = 3600)]
    pub seconds: i64,
}

/// What create answers: the session and, only here, the client secret, which its `Debug` leaves out.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CreatedSessionBody {
    /// The session.
    #[serde(flatten)]
    pub session: SessionBody,
    /// Opens the hosted flow of this one session. Browser-safe, but not for logs.
    pub client_secret: String,
}

impl fmt::Debug for CreatedSessionBody {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("CreatedSessionBody")
            .field("session", &self.session)
            .finish_non_exhaustive()
    }
}

impl From<&Session> for SessionBody {
    fn from(session: &Session) -> Self {
        let terms = &session.terms;
        Self {
            id: session.id.to_string(),
            object: "gate_session".into(),
            partner_id: session.tenant.partner.to_string(),
            mode: session.tenant.mode.to_string(),
            amount: terms.amount.to_decimal(),
            currency: terms.amount.asset.code.clone(),
            target_token: terms.target_token.clone(),
            target_network: terms.target_network.clone(),
            flow: terms.flow.map(|flow| flow.as_str().into()),
            wallet_address: terms.wallet_address.as_ref().map(|wallet| wallet.address.clone()),
            wallet_memo: memo_of(terms.wallet_address.as_ref()),
            wallet_memo_is_text: is_text(terms.wallet_address.as_ref()),
            return_url: terms.return_url.clone(),
            cancel_url: terms.cancel_url.clone(),
            status: session.status().into(),
            expires_at: to_rfc3339(terms.expires_at),
            created_at: Some(to_rfc3339(session.created_at)),
            user_reference: terms.user_reference.clone(),
            client_reference_id: terms.client_reference_id.clone(),
            metadata: serde_json::from_str(&terms.metadata)
                .expect("metadata was checked to be an object before it was stored"),
            tx_refid: session.transaction.as_ref().map(ToString::to_string),
            progress: ProgressBody {
                phase: session.state.phase().into(),
                reason: session.state.reason().map(Into::into),
                updated_at: to_rfc3339(session.updated_at),
            },
        }
    }
}

/// The memo of a destination, as people write it.
pub(crate) fn memo_of(destination: Option<&Destination>) -> Option<String> {
    Some(destination?.memo.as_ref()?.to_string())
}

/// Whether the memo of a destination is a text; none where it has no memo.
pub(crate) fn is_text(destination: Option<&Destination>) -> Option<bool> {
    Some(matches!(destination?.memo.as_ref()?, Memo::Text(_)))
}
