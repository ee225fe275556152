//! The bodies of the hosted runtime, `/v1/embed/...` (contract, section 4.2).

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::branding::BrandingBody;
use crate::words::{DocumentType, IdentityOutcome, SourceOfFunds};

/// What bootstrap takes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BootstrapBody {
    /// The session's client secret. The contract spells it in camel case.
    #[serde(rename = "clientSecret", default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 200)]
    pub client_secret: Option<String>,
    /// May only narrow what the token allows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<crate::words::Scope>>)]
    pub requested_scopes: Option<Vec<String>>,
    /// The publishable key, for callers that cannot set a header.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 200)]
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
    #[schema(min_length = 1, max_length = 12, example = "USDC")]
    pub target_token: String,
    /// The network.
    #[schema(min_length = 1, max_length = 40, example = "base")]
    pub target_network: String,
    /// For a swap, the symbol of what it is paid with; the first that fits where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 12, example = "ETH")]
    pub from_token: Option<String>,
    /// The network of that, likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 40, example = "base")]
    pub from_network: Option<String>,
    /// For a sale, how it is paid out; the first way on offer where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 64, example = "sepa_payout")]
    pub payout_method: Option<String>,
}

/// Say yes to a price.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AcceptQuoteBody {
    /// The price on the table.
    #[schema(
        pattern = "^qt_(test|live)_[0-7][0-9a-hjkmnp-tv-z]{25}$",
        example = "qt_test_01hf7yat00fentqaxbnentqaxb"
    )]
    pub quote_id: String,
}

/// Choose what to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FlowBody {
    /// What.
    pub flow: crate::words::Flow,
}

/// Say where the money of a sale goes, in the fields that the step `account` asks for. Only a token
/// and the last four characters are kept.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum AccountRequestBody {
    /// Where the step asks for an `iban`, or a British one for a `sort_code`.
    Iban(IbanAccountBody),
    /// Where it asks for a `sort_code`.
    Uk(UkAccountBody),
    /// Where it asks for an `aba` routing number.
    Us(UsAccountBody),
    /// Where it asks for a key of `pix`.
    Pix(PixAccountBody),
    /// Where it asks for a `card`.
    Card(CardAccountBody),
}

impl fmt::Debug for AccountRequestBody {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("AccountRequestBody(..)")
    }
}

/// An account by its IBAN.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct IbanAccountBody {
    /// The IBAN, with or without spaces.
    #[schema(min_length = 1, max_length = 50, example = "DE09 0000 0000 0000 0000 01")]
    pub iban: String,
}

/// An account of the United Kingdom.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UkAccountBody {
    /// Six digits, with or without dashes.
    #[schema(min_length = 1, max_length = 20, example = "00-00-00")]
    pub sort_code: String,
    /// 6 to 8 digits.
    #[schema(min_length = 1, max_length = 40, example = "00000001")]
    pub account_number: String,
}

/// An account of the United States.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UsAccountBody {
    /// The ABA routing number: nine digits.
    #[schema(min_length = 1, max_length = 20, example = "110000000")]
    pub routing_number: String,
    /// 4 to 17 digits.
    #[schema(min_length = 1, max_length = 40, example = "000000000001")]
    pub account_number: String,
    /// What it is for.
    pub account_type: crate::words::AccountType,
}

/// An account by its key of Pix.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PixAccountBody {
    /// A CPF, a CNPJ, a phone number with +55, an e-mail address or a random key.
    #[schema(min_length = 1, max_length = 100, example = "paid@pix.test")]
    pub pix_key: String,
}

/// A card to pay out to.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CardAccountBody {
    /// The card.
    pub card: PayoutCardBody,
}

/// A card as typed. It has no `Debug`: a card number must not reach a log.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PayoutCardBody {
    /// The number, with or without spaces.
    #[schema(min_length = 1, max_length = 40, example = "4000 0566 5566 5556")]
    pub number: String,
    /// `MM/YY`.
    #[schema(min_length = 1, max_length = 10, example = "12/40")]
    pub expiry: String,
}

/// Tell the simulator to send tokens.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SimulatedDepositBody {
    /// How many; what is still missing where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 40, example = "10.5")]
    pub amount: Option<String>,
}

/// Say where the tokens go; for a sale, where they would go back to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WalletBody {
    /// The address.
    #[schema(
        min_length = 1,
        max_length = 100,
        example = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
    )]
    pub address: String,
    /// The memo or destination tag that belongs to it, where its network has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 100, example = "271828")]
    pub memo: Option<String>,
    /// The user says that the memo is a text. On Stellar one of digits is a number otherwise, which an
    /// exchange that asks for a text does not find.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memo_is_text: Option<bool>,
    /// The user says that this address needs none. Without a memo and without this, an address on a
    /// network that has memos is refused: at an exchange the tokens would be lost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub without_memo: Option<bool>,
}

/// Change an earlier answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BackBody {
    /// `amount`, `wallet`, `account` or `refund_address`.
    #[schema(pattern = "^(amount|wallet|account|refund_address)$", example = "amount")]
    pub to: String,
}

/// Pay.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PayBody {
    /// The price that the user said yes to.
    #[schema(
        pattern = "^qt_(test|live)_[0-7][0-9a-hjkmnp-tv-z]{25}$",
        example = "qt_test_01hf7yat00fentqaxbnentqaxb"
    )]
    pub quote_id: String,
    /// The card.
    pub card: CardBody,
}

/// A card as typed. It has no `Debug`: a card number must not reach a log.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CardBody {
    /// The number, with or without spaces.
    #[schema(min_length = 1, max_length = 40, example = "4242 4242 4242 4242")]
    pub number: String,
    /// `MM/YY`.
    #[schema(min_length = 1, max_length = 10, example = "12/40")]
    pub expiry: String,
    /// Three or four digits.
    #[schema(min_length = 1, max_length = 10, example = "123")]
    pub cvc: String,
}

/// Answer the second step.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChallengeBody {
    /// Six digits.
    #[schema(pattern = "^[0-9]{6}$", example = "123456")]
    pub code: String,
}

/// End the identity check of the sandbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct IdentityBody {
    /// How it ends.
    pub outcome: IdentityOutcome,
}

/// Name an e-mail address: a code is sent there.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct IdentityEmailBody {
    /// The address.
    #[schema(
        min_length = 3,
        max_length = 254,
        pattern = "^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?([.][A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*$",
        example = "jane@example.com"
    )]
    pub email: String,
}

/// The code that was sent.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct IdentityCodeBody {
    /// Six digits.
    #[schema(pattern = "^[0-9]{6}$", example = "123456")]
    pub code: String,
}

/// Details of the user: those that the step asks for. It has no `Debug`: none of it may reach a log.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct IdentityDetailsBody {
    /// The given names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 128, pattern = "\\S", example = "Jane")]
    pub given_name: Option<String>,
    /// The family name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 128, pattern = "\\S", example = "Example")]
    pub family_name: Option<String>,
    /// The day of birth, at least 18 years ago.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(pattern = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$", format = Date, example = "1990-05-17")]
    pub birth_date: Option<String>,
    /// Where they live, ISO 3166.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(pattern = "^[A-Za-z]{2}$", example = "DE")]
    pub country: Option<String>,
    /// A document that shows who they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<IdentityDocumentBody>,
    /// Where their money comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_of_funds: Option<SourceOfFunds>,
}

/// A document that shows who somebody is.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct IdentityDocumentBody {
    /// What it is.
    #[serde(rename = "type")]
    pub kind: DocumentType,
    /// Its number, as it is printed.
    #[schema(min_length = 1, max_length = 40, pattern = "\\S", example = "C01X00T47")]
    pub number: String,
}
