//! Capabilities: what is on offer, what is switched off and why, and what partners may do.

use std::collections::{BTreeMap, BTreeSet};

use gate_domain::catalogue::{
    Entitlement, Kind, Offer, PartnerTerms, Side, SpendLimits, Subject, Switch, Wanted,
};
use gate_domain::ids::{Mode, Tenant};
use gate_domain::money::Money;
use gate_domain::session::{Flow, IdentityLevel};
use gate_store::CapabilityChange;
use gate_wire::instant::to_rfc3339;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{AdminError, Whose, find_partner, read, write};
use crate::app::App;
use crate::capabilities::{CapabilityError, Scoped, change_terms, entitle, switch_off, switch_on};

/// How many changes are shown at most.
const CHANGES_MAX: i64 = 1_000;

/// What can be done with capabilities.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Command {
    /// What one partner can offer now, and what not and why.
    Show {
        /// To whom.
        whose: Whose,
        /// Only this kind.
        kind: Option<Kind>,
    },
    /// What is switched off.
    Switches {},
    /// Who changed what, newest first.
    Log {
        /// How many.
        limit: i64,
    },
    /// Switch something off.
    Off {
        /// Such as `currency:EUR`.
        subject: String,
        /// For whom.
        whom: Whom,
        /// Why, in words that partners and users read.
        reason: String,
        /// Who decided it.
        actor: String,
    },
    /// Switch something on again.
    On {
        /// Such as `currency:EUR`.
        subject: String,
        /// For whom it was switched off.
        whom: Whom,
        /// Why.
        reason: String,
        /// Who decided it.
        actor: String,
    },
    /// Give a partner an entitlement, or take it away.
    Entitle {
        /// Whose.
        whose: Whose,
        /// What.
        entitlement: Entitlement,
        /// Given or taken away.
        held: bool,
        /// Who decided it.
        actor: String,
    },
    /// Let a partner offer only some of a kind, or all of it again.
    Restrict {
        /// Whose.
        whose: Whose,
        /// What kind.
        kind: Kind,
        /// These and no others; none lifts the restriction.
        only: Option<Vec<String>>,
        /// Who decided it.
        actor: String,
    },
    /// Set the most that one purchase or sale of a partner's users may come to.
    Limit {
        /// Whose.
        whose: Whose,
        /// In which currency.
        currency: String,
        /// A decimal string; none lifts the limit.
        maximum: Option<String>,
        /// Who decided it.
        actor: String,
    },
}

/// For whom something is switched: everybody, unless it says more.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Whom {
    /// One partner.
    pub partner: Option<String>,
    /// One mode.
    pub mode: Option<Mode>,
}

/// What one partner can offer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShowAnswer {
    /// The partner.
    pub partner: String,
    /// The mode.
    pub mode: Mode,
    /// Everything there is.
    pub rows: Vec<ShownRow>,
    /// What its contract says.
    pub terms: TermsAnswer,
    /// What users may move, guests first; empty where only one kind was asked for.
    pub identity: Vec<RungRow>,
}

/// What users who are known that well may move.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RungRow {
    /// `guest`, or the level of identity.
    pub level: String,
    /// The most of one transaction, such as `500.00 EUR`.
    pub transaction: String,
    /// The most of one day; none for guests.
    pub day: Option<String>,
    /// The most of one month; none for guests.
    pub month: Option<String>,
    /// What is asked beside an e-mail address.
    pub asks: Vec<String>,
}

/// One thing that could be offered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownRow {
    /// Such as `currency:EUR`.
    pub subject: String,
    /// Its name for people.
    pub name: String,
    /// Whether it is on offer.
    pub on: bool,
    /// Why not.
    pub why: Option<String>,
}

/// What a partner may do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TermsAnswer {
    /// The partner.
    pub partner: String,
    /// The mode.
    pub mode: Mode,
    /// What its contract adds.
    pub entitlements: Vec<Entitlement>,
    /// For each kind that is named: these and no others.
    pub only: BTreeMap<Kind, Vec<String>>,
    /// The most of one purchase or sale, such as `500.00 EUR`.
    pub maximum: Vec<String>,
}

/// What is switched off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SwitchesAnswer {
    /// Each thing that is off.
    pub switches: Vec<SwitchRow>,
}

/// One thing that is switched off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SwitchRow {
    /// Such as `currency:EUR`.
    pub subject: String,
    /// For one partner; none means every one.
    pub partner: Option<String>,
    /// In one mode; none means both.
    pub mode: Option<Mode>,
    /// Why.
    pub reason: String,
    /// Who switched it off.
    pub actor: String,
    /// RFC 3339.
    pub since: String,
}

/// What was switched on again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OnAnswer {
    /// What, for whom, and why.
    #[serde(flatten)]
    pub switched: SwitchRow,
    /// What keeps it off for some of them.
    pub still_off: Vec<SwitchRow>,
}

/// Who changed what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogAnswer {
    /// Newest first.
    pub changes: Vec<ChangeRow>,
}

/// One change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeRow {
    /// Grows with every change.
    pub revision: i64,
    /// `switched_off`, `switched_on` or `terms_set`.
    pub change: String,
    /// Such as `currency:EUR`, or the terms as JSON.
    pub subject: String,
    /// One partner; none means every one.
    pub partner: Option<String>,
    /// One mode; none means both.
    pub mode: Option<Mode>,
    /// Why.
    pub reason: String,
    /// Who.
    pub actor: String,
    /// RFC 3339.
    pub at: String,
}

pub(super) async fn run(app: &App, command: Command) -> Result<Value, AdminError> {
    let modes = app.config().modes.clone();
    match command {
        Command::Show { whose, kind } => {
            // Not through the memory of this process: a command line has just begun.
            app.refresh_capabilities().await?;
            let app_inside = app.clone();
            read(app, move |tx| {
                let tenant = whose.find(tx, &modes)?;
                let terms = tx.find_partner_terms(&tenant)?.unwrap_or_default();
                Ok(show(&app_inside, &tenant, &terms, kind))
            })
            .await
        }
        Command::Switches {} => {
            read(app, |tx| {
                let switches = tx.list_switches()?.into_iter().map(switch_row).collect();
                Ok(SwitchesAnswer { switches })
            })
            .await
        }
        Command::Log { limit } => {
            let limit = limit.clamp(1, CHANGES_MAX);
            read(app, move |tx| {
                let changes = tx.list_capability_changes(None, limit)?;
                Ok(LogAnswer { changes: changes.into_iter().map(change_row).collect() })
            })
            .await
        }
        Command::Off { subject, whom, reason, actor } => {
            let subject = parse_subject(&subject)?;
            write(app, move |tx, scope| {
                let whom = whom.find(tx)?;
                let switch = switch_off(tx, scope, &subject, &whom, &reason, &actor)?;
                Ok(switch_row(switch))
            })
            .await
        }
        Command::On { subject, whom, reason, actor } => {
            let subject = parse_subject(&subject)?;
            write(app, move |tx, scope| {
                let found = whom.find(tx)?;
                switch_on(tx, scope, &subject, &found, &reason, &actor)?;
                let left = tx.list_switches()?.into_iter();
                let left = left.filter(|left| left.subject == subject && found.meets(left));
                Ok(OnAnswer {
                    still_off: left.map(switch_row).collect(),
                    switched: SwitchRow {
                        subject: subject.to_string(),
                        partner: found.partner.map(|partner| partner.to_string()),
                        mode: found.mode,
                        reason: reason.clone(),
                        actor: actor.clone(),
                        since: to_rfc3339(scope.now),
                    },
                })
            })
            .await
        }
        Command::Entitle { whose, entitlement, held, actor } => {
            write(app, move |tx, scope| {
                let tenant = whose.find(tx, &modes)?;
                let terms = entitle(tx, scope, &tenant, entitlement, held, &actor)?;
                Ok(terms_answer(&scope.offer(&tenant), &tenant, &terms))
            })
            .await
        }
        Command::Restrict { whose, kind, only, actor } => {
            write(app, move |tx, scope| {
                let tenant = whose.find(tx, &modes)?;
                let terms = change_terms(tx, scope, &tenant, &actor, |terms| match &only {
                    None => drop(terms.only.remove(&kind)),
                    Some(ids) => {
                        let ids: BTreeSet<_> =
                            ids.iter().map(|id| Subject::spelt(kind, id).id).collect();
                        terms.only.insert(kind, ids);
                    }
                })?;
                Ok(terms_answer(&scope.offer(&tenant), &tenant, &terms))
            })
            .await
        }
        Command::Limit { whose, currency, maximum, actor } => {
            let (code, units) = read_maximum(app, &currency, maximum.as_deref())?;
            write(app, move |tx, scope| {
                let tenant = whose.find(tx, &modes)?;
                check_maximum(&scope.offer(&tenant), &code, units)?;
                let terms = change_terms(tx, scope, &tenant, &actor, |terms| match units {
                    None => drop(terms.maximum_units.remove(&code)),
                    Some(units) => drop(terms.maximum_units.insert(code.clone(), units)),
                })?;
                Ok(terms_answer(&scope.offer(&tenant), &tenant, &terms))
            })
            .await
        }
    }
}

impl Whom {
    fn find(&self, tx: &mut gate_store::Tx) -> Result<Scoped, AdminError> {
        let partner = match self.partner.as_deref() {
            None => None,
            Some(named) => Some(find_partner(tx, Some(named))?),
        };
        Ok(Scoped { partner, mode: self.mode })
    }
}

impl From<CapabilityError> for AdminError {
    fn from(error: CapabilityError) -> Self {
        let code = match &error {
            CapabilityError::UnknownSubject { .. } => "subject_unknown",
            CapabilityError::NotOff(_) => "not_switched_off",
            CapabilityError::NoPartner(_) => "partner_not_found",
            CapabilityError::Text { .. } | CapabilityError::Unreadable { .. } => "text_invalid",
            CapabilityError::Maximum(_) => "maximum_invalid",
            CapabilityError::Fee(_) => "fee_invalid",
            CapabilityError::Store(_) => "database",
        };
        match error {
            CapabilityError::Store(error) => error.into(),
            error => Self::new(code, error.to_string()),
        }
    }
}

fn parse_subject(text: &str) -> Result<Subject, AdminError> {
    Subject::parse(text).ok_or_else(|| {
        let kinds = Kind::ALL.map(Kind::as_str).join(", ");
        let message = format!(
            "{text:?} names nothing. Write kind:id, such as currency:EUR; kinds are {kinds}."
        );
        AdminError::new("subject_invalid", message)
    })
}

/// The code as it is spelt, and the maximum in smallest units.
fn read_maximum(
    app: &App,
    currency: &str,
    maximum: Option<&str>,
) -> Result<(String, Option<i64>), AdminError> {
    let wrong = |message: String| AdminError::new("maximum_invalid", message);
    let Some(currency) = app.catalogue().currency(currency) else {
        let known = app.catalogue().ids(Kind::Currency).join(", ");
        return Err(wrong(format!("There is no currency {currency:?}. There is: {known}.")));
    };
    let code = currency.code.clone();
    let Some(text) = maximum else { return Ok((code, None)) };
    let amount = Money::parse(text, currency.asset());
    let amount = amount.map_err(|error| wrong(format!("The maximum {error}.")))?;
    let units = i64::try_from(amount.units);
    let units = units.map_err(|_| wrong("The maximum is too large.".into()))?;
    Ok((code, Some(units)))
}

/// Refuse a maximum that leaves nothing to buy or nothing to sell.
fn check_maximum(offer: &Offer, code: &str, units: Option<i64>) -> Result<(), AdminError> {
    let (Some(units), Some(currency)) = (units, offer.catalogue().currency(code)) else {
        return Ok(());
    };
    let sides = [Side::OnRamp, Side::OffRamp].into_iter();
    let least = sides.filter_map(|side| offer.widest_limits(side, code));
    let least = least.map(|limits| limits.minimum_units).max();
    match least.filter(|least| (1..*least).contains(&i128::from(units))) {
        None => Ok(()),
        Some(least) => {
            let (maximum, least) = (currency.money(i128::from(units)), currency.money(least));
            let message = format!(
                "The maximum {maximum} is less than the smallest amount that is taken, {least}. \
                 Give at least that, or switch currency:{code} off."
            );
            Err(AdminError::new("maximum_invalid", message))
        }
    }
}

fn show(app: &App, tenant: &Tenant, terms: &PartnerTerms, kind: Option<Kind>) -> ShowAnswer {
    let offer = app.offer(tenant);
    let kinds = Kind::ALL.into_iter().filter(|known| kind.is_none_or(|wanted| wanted == *known));
    let rows = kinds.flat_map(|kind| {
        let offer = &offer;
        offer.catalogue().ids(kind).into_iter().map(move |id| shown_row(offer, kind, id))
    });
    ShowAnswer {
        partner: tenant.partner.to_string(),
        mode: tenant.mode,
        rows: rows.collect(),
        terms: terms_answer(&offer, tenant, terms),
        identity: if kind.is_none() { rung_rows(&offer) } else { Vec::new() },
    }
}

fn rung_rows(offer: &Offer) -> Vec<RungRow> {
    let rules = offer.catalogue().identity();
    let levels = [None].into_iter().chain(IdentityLevel::ALL.map(Some));
    let row = |level: Option<IdentityLevel>| {
        let SpendLimits { transaction_units, day_units, month_units } = rules.limits(level);
        let told = |units| rules.money(units).to_string();
        let asks = level.map_or(&[][..], |level| &rules.rung(level).asks);
        RungRow {
            level: level.map_or("guest", IdentityLevel::as_str).into(),
            transaction: told(transaction_units),
            day: level.map(|_| told(day_units)),
            month: level.map(|_| told(month_units)),
            asks: asks.iter().map(|asked| asked.as_str().to_owned()).collect(),
        }
    };
    levels.map(row).collect()
}

fn shown_row(offer: &Offer, kind: Kind, id: &str) -> ShownRow {
    let catalogue = offer.catalogue();
    let wanted = Wanted::default();
    let (name, checked) = match kind {
        Kind::Country => (
            catalogue.country(id).map(|country| country.name.clone()),
            offer.check(&Wanted { country: Some(id), ..wanted }),
        ),
        Kind::Currency => (
            catalogue.currency(id).map(|currency| currency.name.clone()),
            offer.check(&Wanted { currency: Some(id), ..wanted }),
        ),
        Kind::Asset => {
            (catalogue.asset(id).map(|asset| asset.name.clone()), offer.asset(id, None).map(drop))
        }
        Kind::Network => (
            catalogue.network(id).map(|network| network.name.clone()),
            offer.check(&Wanted { network: Some(id), ..wanted }),
        ),
        Kind::PaymentMethod => (
            catalogue.method(Side::OnRamp, id).map(|method| method.name.clone()),
            offer.method(Side::OnRamp, id, None, None).map(drop),
        ),
        Kind::PayoutMethod => (
            catalogue.method(Side::OffRamp, id).map(|method| method.name.clone()),
            offer.method(Side::OffRamp, id, None, None).map(drop),
        ),
        Kind::Flow => (
            None,
            match Flow::parse(id) {
                Some(flow) => offer.flow(flow),
                None => Ok(()),
            },
        ),
    };
    ShownRow {
        subject: Subject::new(kind, id).to_string(),
        name: name.unwrap_or_else(|| id.to_owned()),
        on: checked.is_ok(),
        why: checked.err().map(|refusal| refusal.message),
    }
}

fn terms_answer(offer: &Offer, tenant: &Tenant, terms: &PartnerTerms) -> TermsAnswer {
    let maximum = terms.maximum_units.iter().filter_map(|(code, units)| {
        let currency = offer.catalogue().currency(code)?;
        Some(currency.money(i128::from(*units)).to_string())
    });
    let only = terms.only.iter().map(|(kind, ids)| (*kind, ids.iter().cloned().collect()));
    TermsAnswer {
        partner: tenant.partner.to_string(),
        mode: tenant.mode,
        entitlements: terms.entitlements.iter().copied().collect(),
        only: only.collect(),
        maximum: maximum.collect(),
    }
}

fn switch_row(switch: Switch) -> SwitchRow {
    SwitchRow {
        subject: switch.subject.to_string(),
        partner: switch.partner.map(|partner| partner.to_string()),
        mode: switch.mode,
        reason: switch.reason,
        actor: switch.actor,
        since: to_rfc3339(switch.since),
    }
}

fn change_row((revision, change): (i64, CapabilityChange)) -> ChangeRow {
    ChangeRow {
        revision,
        change: change.act.as_str().into(),
        subject: change.subject,
        partner: change.partner.map(|partner| partner.to_string()),
        mode: change.mode,
        reason: change.reason,
        actor: change.actor,
        at: to_rfc3339(change.at),
    }
}
