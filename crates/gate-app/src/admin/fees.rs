//! Fees: what a partner's users are charged on top of the price, and by which rule.

use gate_domain::catalogue::{Catalogue, FeeRule, FeeScope, FeeUnits, in_order};
use gate_domain::ids::{Mode, Tenant};
use gate_domain::money::Money;
use gate_store::Tx;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{AdminError, Whose, read, write};
use crate::app::{App, Scope};
use crate::capabilities::change_terms_because;

/// What can be done with fees.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Command {
    /// What a partner's users are charged: the rules of its contract, then those of the catalogue.
    Show {
        /// Whose.
        whose: Whose,
    },
    /// Set what a contract charges for exactly this scope; a rule that is there is replaced.
    Set {
        /// Whose.
        whose: Whose,
        /// For what.
        scope: FeeScope,
        /// How much.
        charge: Charge,
        /// Who decided it, and why.
        by: By,
    },
    /// Take the rule for exactly this scope out of a contract, or all of its rules.
    Clear {
        /// Whose.
        whose: Whose,
        /// For what; none is all of them.
        scope: Option<FeeScope>,
        /// Who decided it, and why.
        by: By,
    },
}

/// What a rule charges. Parts that are left out are those of the next rule.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Charge {
    /// A share, in hundredths of a percent.
    pub basis_points: Option<i64>,
    /// The least of the share, each such as `EUR=0.50`.
    pub minimum: Vec<String>,
    /// The most of the share.
    pub maximum: Vec<String>,
    /// Beside the share.
    pub fixed: Vec<String>,
    /// For sending the tokens of a buy.
    pub network_cost: Vec<String>,
}

/// Who decided something, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct By {
    /// Who.
    pub actor: String,
    /// Why.
    pub reason: String,
}

/// What a partner's users are charged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeesAnswer {
    /// The partner.
    pub partner: String,
    /// The mode.
    pub mode: Mode,
    /// Every rule, in the order in which they are asked.
    pub rules: Vec<FeeRow>,
}

/// One rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeeRow {
    /// `contract` or `catalogue`.
    pub from: String,
    /// What it is for, such as `method card, network base`; `everything` where it names nothing.
    #[serde(rename = "for")]
    pub scope: String,
    /// A share, in hundredths of a percent.
    pub basis_points: Option<i64>,
    /// The least of the share, such as `0.50 EUR`.
    pub minimum: Vec<String>,
    /// The most of the share.
    pub maximum: Vec<String>,
    /// Beside the share.
    pub fixed: Vec<String>,
    /// For sending the tokens of a buy.
    pub network_cost: Vec<String>,
}

pub(super) async fn run(app: &App, command: Command) -> Result<Value, AdminError> {
    let modes = app.config().modes.clone();
    match command {
        Command::Show { whose } => {
            let app_inside = app.clone();
            read(app, move |tx| {
                let tenant = whose.find(tx, &modes)?;
                let terms = tx.find_partner_terms(&tenant)?.unwrap_or_default();
                Ok(answer(app_inside.catalogue(), &tenant, &terms.fees))
            })
            .await
        }
        Command::Set { whose, scope: named, charge, by } => {
            let rule = rule(app.catalogue(), named, &charge)?;
            write(app, move |tx, scope| {
                let tenant = whose.find(tx, &modes)?;
                change(tx, scope, &tenant, &by, |fees| {
                    fees.retain(|other| other.scope != rule.scope);
                    fees.push(rule.clone());
                })
            })
            .await
        }
        Command::Clear { whose, scope: named, by } => {
            let named = named.map(|named| spelt(app.catalogue(), named));
            write(app, move |tx, scope| {
                let tenant = whose.find(tx, &modes)?;
                let terms = tx.find_partner_terms(&tenant)?.unwrap_or_default();
                let is_meant = |rule: &FeeRule| named.as_ref().is_none_or(|n| *n == rule.scope);
                if !terms.fees.iter().any(is_meant) {
                    let message = "The contract has no rule for exactly this. `gate fees show` lists its rules.";
                    return Err(AdminError::new("fee_unknown", message));
                }
                change(tx, scope, &tenant, &by, |fees| fees.retain(|rule| !is_meant(rule)))
            })
            .await
        }
    }
}

fn change(
    tx: &mut Tx,
    scope: &Scope<'_>,
    tenant: &Tenant,
    by: &By,
    change: impl FnOnce(&mut Vec<FeeRule>),
) -> Result<FeesAnswer, AdminError> {
    let terms = change_terms_because(tx, scope, tenant, &by.actor, &by.reason, |terms| {
        change(&mut terms.fees);
    })?;
    Ok(answer(scope.catalogue(), tenant, &terms.fees))
}

/// A scope in the spelling of the catalogue, so that the same one is not there twice. What the
/// catalogue does not know stays as it is, and is refused later.
fn spelt(catalogue: &Catalogue, scope: FeeScope) -> FeeScope {
    let country = |id: String| catalogue.country(&id).map_or(id, |found| found.code.clone());
    let asset = |id: String| catalogue.asset(&id).map_or(id, |found| found.symbol.clone());
    let network = |id: String| catalogue.network(&id).map_or(id, |found| found.chain.clone());
    FeeScope {
        method: scope.method.map(|id| id.to_ascii_lowercase()),
        country: scope.country.map(country),
        asset: scope.asset.map(asset),
        network: scope.network.map(network),
    }
}

fn rule(catalogue: &Catalogue, scope: FeeScope, charge: &Charge) -> Result<FeeRule, AdminError> {
    Ok(FeeRule {
        scope: spelt(catalogue, scope),
        basis_points: charge.basis_points,
        minimum_units: units(catalogue, &charge.minimum)?,
        maximum_units: units(catalogue, &charge.maximum)?,
        fixed_units: units(catalogue, &charge.fixed)?,
        network_units: units(catalogue, &charge.network_cost)?,
    })
}

fn units(catalogue: &Catalogue, amounts: &[String]) -> Result<FeeUnits, AdminError> {
    let wrong = |message: String| AdminError::new("fee_invalid", message);
    let read = |text: &String| {
        let (code, amount) = text.split_once('=').ok_or_else(|| {
            wrong(format!("{text:?} must be a currency and an amount, such as EUR=0.50."))
        })?;
        let currency = catalogue
            .currency(code)
            .ok_or_else(|| wrong(format!("There is no currency {code:?}.")))?;
        let amount = Money::parse(amount, currency.asset())
            .map_err(|error| wrong(format!("{amount:?} {error}.")))?;
        let units =
            i64::try_from(amount.units).map_err(|_| wrong(format!("{amount} is too large.")))?;
        Ok((currency.code.clone(), units))
    };
    amounts.iter().map(read).collect()
}

fn answer(catalogue: &Catalogue, tenant: &Tenant, contract: &[FeeRule]) -> FeesAnswer {
    let rows = |from: &'static str, rules: &[FeeRule]| -> Vec<FeeRow> {
        in_order(rules).into_iter().map(|rule| row(catalogue, from, rule)).collect()
    };
    FeesAnswer {
        partner: tenant.partner.to_string(),
        mode: tenant.mode,
        rules: [rows("contract", contract), rows("catalogue", catalogue.fees())].concat(),
    }
}

fn row(catalogue: &Catalogue, from: &str, rule: &FeeRule) -> FeeRow {
    let named = rule.scope.parts().into_iter();
    let named: Vec<_> = named.filter_map(|(what, id)| Some(format!("{what} {}", id?))).collect();
    let money = |units| -> Vec<String> {
        rule.money(catalogue, units).iter().map(Money::to_string).collect()
    };
    FeeRow {
        from: from.into(),
        scope: if named.is_empty() { "everything".into() } else { named.join(", ") },
        basis_points: rule.basis_points,
        minimum: money(&rule.minimum_units),
        maximum: money(&rule.maximum_units),
        fixed: money(&rule.fixed_units),
        network_cost: money(&rule.network_units),
    }
}
