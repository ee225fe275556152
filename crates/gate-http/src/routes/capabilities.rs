//! `/v1/capabilities/...`: what is on offer to the partner now (contract, section 7). Reading only:
//! nothing here promises that an offer stands a moment later.

use axum::Json;
use axum::extract::{RawQuery, State};
use axum::http::HeaderMap;
use gate_domain::catalogue::{CryptoAsset, Currency, Offer, Side, Token, Wanted};
use gate_domain::session::IdentityLevel;
use gate_wire::ErrorBody;
use gate_wire::capability::{
    AssetBody, AssetDetailBody, CountryBody, CurrencyBody, EligibilityBody, IdentityLevelBody,
    LimitsBody, MethodBody,
};
use gate_wire::error::ReasonBody;
use gate_wire::list::ListBody;
use gate_wire::words::GeoSource;

use super::ServerState;
use crate::auth::Partner;
use crate::edge;
use crate::error::ApiError;
use crate::path::Path;
use crate::query::Query;

type List<T> = Result<Json<ListBody<T>>, ApiError>;

/// List countries, each with its currency and whether anything is offered there. The caller's own
/// region plays no part.
#[utoipa::path(get, path = "/v1/capabilities/countries", tag = "Capabilities",
    operation_id = "listCountries",
    params(
        ("country_code" = Option<String>, Query, pattern = "^[A-Za-z]{2}$", description = "Only this country, ISO 3166."),
        ("supported" = Option<bool>, Query, description = "Only countries that are supported, or only those that are not."),
    ),
    responses((status = 200, body = ListBody<CountryBody>), (status = "default", body = ErrorBody)))]
pub(super) async fn countries(
    State(state): State<ServerState>,
    Partner(tenant): Partner,
    RawQuery(query): RawQuery,
) -> List<CountryBody> {
    let mut query = Query::parse(query.as_deref())?;
    let code = query.letters("country_code", 2);
    let supported = query.word("supported", &["true", "false"]).map(|word| word == "true");
    query.finish()?;
    let offer = state.app().offer(&tenant);
    let rows = offer
        .countries()
        .filter(|(country, _)| code.as_ref().is_none_or(|code| country.code == *code))
        .filter(|(_, is)| supported.is_none_or(|wanted| *is == wanted))
        .map(|(country, is)| CountryBody::new(country, is));
    Ok(list("/v1/capabilities/countries", rows.collect()))
}

/// List currencies. With a region, only the one that people pay with there, if it is taken; a region
/// that is unknown or not supported has none.
#[utoipa::path(get, path = "/v1/capabilities/currencies", tag = "Capabilities",
    operation_id = "listCurrencies",
    params(
        ("country_code" = Option<String>, Query, pattern = "^[A-Za-z]{2}$", description = "ISO 3166; the caller's own region where left out."),
    ),
    responses((status = 200, body = ListBody<CurrencyBody>), (status = "default", body = ErrorBody)))]
pub(super) async fn currencies(
    State(state): State<ServerState>,
    Partner(tenant): Partner,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> List<CurrencyBody> {
    let mut query = Query::parse(query.as_deref())?;
    let region = Region::read(&mut query, &headers);
    query.finish()?;
    let offer = state.app().offer(&tenant);
    let only = region.code.as_deref().map(|country| offer.country(country).ok());
    let rows = offer
        .currencies()
        .filter(|currency| {
            only.is_none_or(|country| country.is_some_and(|at| at.currency == currency.code))
        })
        .filter_map(|currency| {
            let limits = |side| offer.widest_limits(side, &currency.code);
            let limits = limits(Side::OnRamp).or_else(|| limits(Side::OffRamp));
            Some(CurrencyBody::new(currency, limits?))
        });
    Ok(list("/v1/capabilities/currencies", rows.collect()))
}

/// List crypto assets with the networks that are open. A region that is not supported has none;
/// without any region the list is full.
#[utoipa::path(get, path = "/v1/capabilities/assets", tag = "Capabilities",
    operation_id = "listAssets",
    params(
        ("side" = Option<gate_wire::words::Side>, Query, description = "on_ramp where nothing is said."),
        ("country_code" = Option<String>, Query, pattern = "^[A-Za-z]{2}$", description = "ISO 3166; the caller's own region where left out."),
        ("currency" = Option<String>, Query, pattern = "^[A-Za-z]{3}$", description = "Shows the limits in this currency only, ISO 4217."),
    ),
    responses((status = 200, body = ListBody<AssetBody>), (status = "default", body = ErrorBody)))]
pub(super) async fn assets(
    State(state): State<ServerState>,
    Partner(tenant): Partner,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> List<AssetBody> {
    let asked = AssetQuery::read(query.as_deref(), &headers)?;
    let offer = state.app().offer(&tenant);
    let rows = if asked.region.is_open(&offer) {
        let assets = offer.assets(asked.side);
        assets.map(|(asset, tokens)| asked.body(&offer, asset, &tokens)).collect()
    } else {
        Vec::new()
    };
    Ok(list("/v1/capabilities/assets", rows))
}

/// Read one crypto asset by its symbol, compared without case. What is unknown, inactive, not on
/// this side or not in this region is 404.
#[utoipa::path(get, path = "/v1/capabilities/assets/{symbol}", tag = "Capabilities",
    operation_id = "getAsset",
    params(
        ("symbol" = String, Path, example = "USDC"),
        ("side" = Option<gate_wire::words::Side>, Query, description = "on_ramp where nothing is said."),
        ("country_code" = Option<String>, Query, pattern = "^[A-Za-z]{2}$", description = "ISO 3166; the caller's own region where left out."),
        ("currency" = Option<String>, Query, pattern = "^[A-Za-z]{3}$", description = "Echoed, and shows the limits in this currency only."),
    ),
    responses((status = 200, body = AssetDetailBody), (status = "default", body = ErrorBody)))]
pub(super) async fn asset(
    State(state): State<ServerState>,
    Partner(tenant): Partner,
    Path(symbol): Path<String>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Json<AssetDetailBody>, ApiError> {
    let asked = AssetQuery::read(query.as_deref(), &headers)?;
    let offer = state.app().offer(&tenant);
    let found = offer
        .assets(asked.side)
        .find(|(asset, _)| asset.symbol.eq_ignore_ascii_case(&symbol))
        .filter(|_| asked.region.is_open(&offer));
    let (asset, tokens) = found.ok_or(ApiError::NotFound("asset"))?;
    Ok(Json(AssetDetailBody {
        asset: asked.body(&offer, asset, &tokens),
        side: asked.side.into(),
        country_code: asked.region.code,
        currency: asked.currency,
    }))
}

/// List the ways to pay. They need a currency, or a region that has one; without either the list is
/// empty.
#[utoipa::path(get, path = "/v1/capabilities/payment-methods", tag = "Capabilities",
    operation_id = "listPaymentMethods",
    params(
        ("currency" = Option<String>, Query, pattern = "^[A-Za-z]{3}$", description = "ISO 4217. It wins over the region's."),
        ("country_code" = Option<String>, Query, pattern = "^[A-Za-z]{2}$", description = "ISO 3166; the caller's own region where left out."),
    ),
    responses((status = 200, body = ListBody<MethodBody>), (status = "default", body = ErrorBody)))]
pub(super) async fn payment_methods(
    State(state): State<ServerState>,
    Partner(tenant): Partner,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> List<MethodBody> {
    let rows = methods(&state.app().offer(&tenant), Side::OnRamp, query.as_deref(), &headers)?;
    Ok(list("/v1/capabilities/payment-methods", rows))
}

/// List the ways to be paid out. They need a currency, or a region that has one; without either the
/// list is empty.
#[utoipa::path(get, path = "/v1/capabilities/payout-methods", tag = "Capabilities",
    operation_id = "listPayoutMethods",
    params(
        ("currency" = Option<String>, Query, pattern = "^[A-Za-z]{3}$", description = "ISO 4217. It wins over the region's."),
        ("country_code" = Option<String>, Query, pattern = "^[A-Za-z]{2}$", description = "ISO 3166; the caller's own region where left out."),
    ),
    responses((status = 200, body = ListBody<MethodBody>), (status = "default", body = ErrorBody)))]
pub(super) async fn payout_methods(
    State(state): State<ServerState>,
    Partner(tenant): Partner,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> List<MethodBody> {
    let rows = methods(&state.app().offer(&tenant), Side::OffRamp, query.as_deref(), &headers)?;
    Ok(list("/v1/capabilities/payout-methods", rows))
}

/// List what users may move, by how well they are known: guests first, then each level of identity. The
/// limits count over all partners. A currency that is not taken has none.
#[utoipa::path(get, path = "/v1/capabilities/identity-levels", tag = "Capabilities",
    operation_id = "listIdentityLevels",
    params(
        ("currency" = Option<String>, Query, pattern = "^[A-Za-z]{3}$", description = "Tells the limits in this currency, rounded down, ISO 4217; in the one that they are counted in where left out."),
    ),
    responses((status = 200, body = ListBody<IdentityLevelBody>), (status = "default", body = ErrorBody)))]
pub(super) async fn identity_levels(
    State(state): State<ServerState>,
    Partner(tenant): Partner,
    RawQuery(query): RawQuery,
) -> List<IdentityLevelBody> {
    let mut query = Query::parse(query.as_deref())?;
    let named = query.letters("currency", 3);
    query.finish()?;
    let offer = state.app().offer(&tenant);
    let rules = offer.catalogue().identity();
    let currency = match named {
        Some(code) => offer.currency(&code).ok().map(Currency::asset),
        None => Some(rules.currency.clone()),
    };
    let rows = currency.into_iter().flat_map(|currency| {
        let levels = [None].into_iter().chain(IdentityLevel::ALL.map(Some));
        levels.map(move |level| IdentityLevelBody::new(rules, level, &currency))
    });
    Ok(list("/v1/capabilities/identity-levels", rows.collect()))
}

fn methods(
    offer: &Offer,
    side: Side,
    query: Option<&str>,
    headers: &HeaderMap,
) -> Result<Vec<MethodBody>, ApiError> {
    let mut query = Query::parse(query)?;
    let named = query.letters("currency", 3);
    let region = Region::read(&mut query, headers);
    query.finish()?;
    // A currency that is named wins over the region that the caller happens to be in.
    let region = if named.is_some() { region.explicit() } else { region };
    let country = match region.code.as_deref().map(|code| offer.country(code)) {
        Some(Err(_)) => return Ok(Vec::new()),
        Some(Ok(country)) => Some(country),
        None => None,
    };
    let code = named.or_else(|| country.map(|country| country.currency.clone()));
    let currency = code.and_then(|code| offer.currency(&code).ok());
    let Some(currency) = currency else { return Ok(Vec::new()) };
    let country = country.map(|country| country.code.as_str());
    let methods = offer.methods(side, &currency.code, country).into_iter();
    let rows = methods.filter_map(|method| {
        let limits = offer.limits(&currency.code, side, Some(&method.id))?;
        Some(MethodBody::new(method, currency, limits))
    });
    Ok(rows.collect())
}

/// Ask whether something can be done, and if not, why. Not eligible is an answer: 200.
#[utoipa::path(get, path = "/v1/capabilities/eligibility", tag = "Capabilities",
    operation_id = "checkEligibility",
    params(
        ("country_code" = Option<String>, Query, pattern = "^[A-Za-z]{2}$", description = "ISO 3166; the caller's own region where left out."),
        ("currency" = Option<String>, Query, pattern = "^[A-Za-z]{3}$", description = "ISO 4217."),
        ("asset" = Option<String>, Query, pattern = "^[A-Za-z0-9]{2,12}$", description = "The symbol of a crypto asset."),
        ("side" = Option<gate_wire::words::Side>, Query, description = "on_ramp where nothing is said."),
    ),
    responses((status = 200, body = EligibilityBody), (status = "default", body = ErrorBody)))]
pub(super) async fn eligibility(
    State(state): State<ServerState>,
    Partner(tenant): Partner,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Json<EligibilityBody>, ApiError> {
    let mut query = Query::parse(query.as_deref())?;
    let side = read_side(&mut query);
    let currency = query.letters("currency", 3);
    let asset = query.symbol("asset");
    let region = Region::read(&mut query, &headers);
    query.finish()?;
    let offer = state.app().offer(&tenant);
    let reason = judge(&offer, side, &region, currency.as_deref(), asset.as_deref());
    Ok(Json(EligibilityBody {
        object: "eligibility".into(),
        eligible: reason.is_none(),
        unavailable_reason: reason.as_ref().map(|reason| reason.code.clone()),
        reason,
        geo_source: region.source,
        country_code: region.code,
        currency,
        asset,
    }))
}

/// The first reason against it, if there is one.
fn judge(
    offer: &Offer,
    side: Side,
    region: &Region,
    currency: Option<&str>,
    asset: Option<&str>,
) -> Option<ReasonBody> {
    let Some(country) = region.code.as_deref() else {
        return Some(ReasonBody {
            code: "country_unresolved".into(),
            message: "The country is not known.".into(),
            retryable: true,
            next_step: Some("Send country_code.".into()),
            ..ReasonBody::default()
        });
    };
    let (flow, country) = (Some(side.flow()), Some(country));
    let wanted = Wanted { flow, country, currency, asset, ..Wanted::default() };
    let checked = offer.check(&wanted).and_then(|()| match currency {
        Some(currency) => offer.some_method(side, currency, country),
        None => Ok(()),
    });
    checked.err().map(|refusal| (&*refusal).into())
}

/// The country that is asked about.
struct Region {
    code: Option<String>,
    source: GeoSource,
}

impl Region {
    /// The one that is named, or else the one that the edge knows the caller to be in.
    fn read(query: &mut Query, headers: &HeaderMap) -> Self {
        if let Some(code) = query.letters("country_code", 2) {
            return Self { code: Some(code), source: GeoSource::Explicit };
        }
        let code = edge::country(headers).map(String::from);
        let source = if code.is_some() { GeoSource::Ip } else { GeoSource::None };
        Self { code, source }
    }

    /// Only the one that is named.
    fn explicit(self) -> Self {
        match self.source {
            GeoSource::Explicit => self,
            GeoSource::Ip | GeoSource::None => Self { code: None, source: GeoSource::None },
        }
    }

    /// Whether anything is offered there; where no region is known, nothing speaks against it.
    fn is_open(&self, offer: &Offer) -> bool {
        self.code.as_ref().is_none_or(|code| offer.country(code).is_ok())
    }
}

/// What both asset operations take.
struct AssetQuery {
    side: Side,
    region: Region,
    currency: Option<String>,
}

impl AssetQuery {
    fn read(query: Option<&str>, headers: &HeaderMap) -> Result<Self, ApiError> {
        let mut query = Query::parse(query)?;
        let side = read_side(&mut query);
        let currency = query.letters("currency", 3);
        let region = Region::read(&mut query, headers);
        query.finish()?;
        Ok(Self { side, region, currency })
    }

    fn body(&self, offer: &Offer, asset: &CryptoAsset, tokens: &[&Token]) -> AssetBody {
        let wanted = |code: &str| self.currency.as_ref().is_none_or(|named| named == code);
        let currencies = offer.currencies().filter(|currency| wanted(&currency.code));
        let limits = currencies.filter_map(|currency| {
            let limits = offer.widest_limits(self.side, &currency.code)?;
            Some(LimitsBody::new(currency, limits))
        });
        AssetBody::new(asset, tokens, offer.catalogue(), limits.collect())
    }
}

fn read_side(query: &mut Query) -> Side {
    let word = query.word("side", &["on_ramp", "off_ramp"]);
    word.and_then(Side::parse).unwrap_or(Side::OnRamp)
}

fn list<T>(url: &str, rows: Vec<T>) -> Json<ListBody<T>> {
    Json(ListBody::new(url, rows, false))
}
