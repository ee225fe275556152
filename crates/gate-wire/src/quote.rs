//! Quotes as partners see them (contract, sections 8.1 to 8.3; decisions, "Quotes, transactions,
//! rails").

use gate_domain::quote::Quote;
use gate_domain::signed_quote::SignedQuote;
use gate_domain::time::Millis;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::instant::to_rfc3339;
use crate::words::{FeeKind, QuoteStatus, Side};

/// What a preview takes. Unknown fields are refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PreviewQuotesBody {
    /// ISO 4217.
    #[schema(pattern = "^[A-Za-z]{3}$", example = "EUR")]
    pub currency: String,
    /// The symbol of a crypto asset.
    #[schema(pattern = "^[A-Za-z0-9]{2,12}$", example = "USDC")]
    pub asset: String,
    /// A decimal string above zero, with at most eight decimals: for `on_ramp` what the user pays in
    /// the currency, for `off_ramp` how much of the asset they sell.
    #[schema(
        pattern = r"^(0|[1-9][0-9]{0,17})(\.[0-9]{1,8})?$",
        max_length = 27,
        example = "100.00"
    )]
    pub amount: String,
    /// `on_ramp` buys crypto, `off_ramp` sells it.
    pub side: Side,
    /// The network of the asset; the first one that offers it where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 40, example = "base")]
    pub network: Option<String>,
    /// Where the user is: only methods that work there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(pattern = "^[A-Za-z]{2}$", example = "DE")]
    pub country_code: Option<String>,
}

/// What a lock takes. Unknown fields are refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LockQuoteBody {
    /// ISO 4217.
    #[schema(pattern = "^[A-Za-z]{3}$", example = "EUR")]
    pub currency: String,
    /// The symbol of a crypto asset.
    #[schema(pattern = "^[A-Za-z0-9]{2,12}$", example = "USDC")]
    pub asset: String,
    /// As in a preview.
    #[schema(
        pattern = r"^(0|[1-9][0-9]{0,17})(\.[0-9]{1,8})?$",
        max_length = 27,
        example = "100.00"
    )]
    pub amount: String,
    /// `on_ramp` buys crypto, `off_ramp` sells it.
    pub side: Side,
    /// The id of a payment method, or for `off_ramp` of a payout method.
    #[schema(min_length = 1, max_length = 64, example = "card")]
    pub payment_method: String,
    /// The network of the asset; the first one that offers it where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 40, example = "base")]
    pub network: Option<String>,
    /// Where the user is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(pattern = "^[A-Za-z]{2}$", example = "DE")]
    pub country_code: Option<String>,
    /// How long the price holds, in seconds; 120 where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 15, maximum = 1200)]
    pub expires_in: Option<i64>,
    /// What becomes of money that arrives after the price has lapsed: `requote` (where nothing is
    /// said), `refund`, or `convert_within:` and 1 to 1000 hundredths of a percent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(
        pattern = "^(requote|refund|convert_within:([1-9][0-9]{0,2}|1000))$",
        example = "convert_within:50"
    )]
    pub on_lapse: Option<String>,
}

/// One line of the bill.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct QuoteFeeBody {
    /// What it is for.
    pub kind: FeeKind,
    /// A decimal string.
    pub amount: String,
    /// The currency of the quote.
    pub currency: String,
}

/// Where a price came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct QuoteSourceBody {
    /// The source's name.
    pub name: String,
    /// When it was asked, RFC 3339.
    pub at: String,
}

/// What a payment by one method would come to. Not locked, not signed, not redeemable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct QuotePreviewBody {
    /// Always `quote_preview`.
    pub object: String,
    /// The method.
    pub payment_method: String,
    /// Which way.
    pub side: Side,
    /// ISO 4217.
    pub currency: String,
    /// The symbol of the asset.
    pub asset: String,
    /// The network of the asset.
    pub network: String,
    /// What the user pays in all; for a sale, what they receive.
    pub fiat_amount: String,
    /// What the user receives; for a sale, what they give.
    pub crypto_amount: String,
    /// The price of one token without fees, eight decimals.
    pub exchange_rate: String,
    /// Every fee. Buying, `fiat_amount` is `crypto_amount` at `exchange_rate`, rounded up, plus the
    /// fees; selling, it is that, rounded down, less the fees.
    pub fees: Vec<QuoteFeeBody>,
    /// All fees together, in the currency.
    pub total_fees: String,
    /// Where the price came from.
    pub source: QuoteSourceBody,
}

/// A locked price, which one payment can redeem.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SignedQuoteBody {
    /// Its id.
    #[schema(example = "qt_test_01hf7yat00fentqaxbnentqaxb")]
    pub id: String,
    /// Always `signed_quote`.
    pub object: String,
    /// Whose it is.
    pub partner_id: String,
    /// Which world.
    pub mode: crate::words::Mode,
    /// Where it stands. A quote that lapsed says so; it does not disappear.
    pub status: QuoteStatus,
    /// Which way.
    pub side: Side,
    /// ISO 4217.
    pub currency: String,
    /// The symbol of the asset.
    pub asset: String,
    /// The network of the asset.
    pub network: String,
    /// The method that the price is for.
    pub payment_method: String,
    /// What the user pays in all; for a sale, what they receive.
    pub fiat_amount: String,
    /// What the user receives; for a sale, what they give.
    pub crypto_amount: String,
    /// The price of one token without fees, eight decimals.
    pub exchange_rate: String,
    /// Every fee. Buying, `fiat_amount` is `crypto_amount` at `exchange_rate`, rounded up, plus the
    /// fees; selling, it is that, rounded down, less the fees.
    pub fees: Vec<QuoteFeeBody>,
    /// All fees together, in the currency.
    pub total_fees: String,
    /// Where the price came from.
    pub source: QuoteSourceBody,
    /// What becomes of money that arrives too late.
    pub on_lapse: String,
    /// HMAC-SHA256 over the economic fields, 64 hexadecimal digits. The gateway proves its own quote
    /// by it.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    pub signature: String,
    /// RFC 3339.
    pub created_at: String,
    /// RFC 3339: when it lapses.
    pub expires_at: String,
    /// RFC 3339: when it was redeemed.
    #[schema(required)]
    pub consumed_at: Option<String>,
    /// The transaction that redeemed it.
    #[schema(required)]
    pub tx_refid: Option<String>,
}

impl QuotePreviewBody {
    /// The numbers of a quote that nobody has agreed on.
    pub fn new(quote: &Quote) -> Self {
        Self {
            object: "quote_preview".into(),
            payment_method: quote.payment_method.clone(),
            side: quote.side.into(),
            currency: quote.fiat.asset.code.clone(),
            asset: quote.crypto.asset.code.clone(),
            network: quote.crypto.asset.network.clone().unwrap_or_default(),
            fiat_amount: quote.fiat.to_decimal(),
            crypto_amount: quote.crypto.to_decimal(),
            exchange_rate: quote.rate.to_decimal(),
            fees: fees(quote),
            total_fees: quote.total_fees().to_decimal(),
            source: source(quote),
        }
    }
}

impl SignedQuoteBody {
    /// A signed quote as it stands at `now`.
    pub fn new(signed: &SignedQuote, now: Millis) -> Self {
        let quote = &signed.quote;
        let consumed = signed.consumed.as_ref();
        Self {
            id: quote.id.to_string(),
            object: "signed_quote".into(),
            partner_id: signed.tenant.partner.to_string(),
            mode: signed.tenant.mode.into(),
            status: signed.status(now).into(),
            side: quote.side.into(),
            currency: quote.fiat.asset.code.clone(),
            asset: quote.crypto.asset.code.clone(),
            network: quote.crypto.asset.network.clone().unwrap_or_default(),
            payment_method: quote.payment_method.clone(),
            fiat_amount: quote.fiat.to_decimal(),
            crypto_amount: quote.crypto.to_decimal(),
            exchange_rate: quote.rate.to_decimal(),
            fees: fees(quote),
            total_fees: quote.total_fees().to_decimal(),
            source: source(quote),
            on_lapse: quote.on_lapse.words(),
            signature: signed.signature.clone(),
            created_at: to_rfc3339(quote.created_at),
            expires_at: to_rfc3339(signed.lapses_at),
            consumed_at: consumed.map(|consumed| to_rfc3339(consumed.at)),
            tx_refid: consumed.map(|consumed| consumed.by.to_string()),
        }
    }
}

fn fees(quote: &Quote) -> Vec<QuoteFeeBody> {
    let line = |fee: &gate_domain::quote::Fee| QuoteFeeBody {
        kind: fee.kind.into(),
        amount: fee.amount.to_decimal(),
        currency: fee.amount.asset.code.clone(),
    };
    quote.fees.iter().map(line).collect()
}

fn source(quote: &Quote) -> QuoteSourceBody {
    QuoteSourceBody { name: quote.source.clone(), at: to_rfc3339(quote.priced_at()) }
}

impl From<gate_domain::catalogue::Side> for Side {
    fn from(side: gate_domain::catalogue::Side) -> Self {
        match side {
            gate_domain::catalogue::Side::OnRamp => Self::OnRamp,
            gate_domain::catalogue::Side::OffRamp => Self::OffRamp,
        }
    }
}

impl From<gate_domain::signed_quote::Status> for QuoteStatus {
    fn from(status: gate_domain::signed_quote::Status) -> Self {
        match status {
            gate_domain::signed_quote::Status::Active => Self::Active,
            gate_domain::signed_quote::Status::Consumed => Self::Consumed,
            gate_domain::signed_quote::Status::Expired => Self::Expired,
        }
    }
}
