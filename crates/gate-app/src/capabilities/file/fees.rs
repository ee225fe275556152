//! The fees of a catalogue file.

use std::collections::BTreeMap;

use gate_domain::catalogue::{Catalogue, FeeRule, FeeScope, FeeUnits};
use gate_domain::money::Money;
use toml::Spanned;

use super::checks::Notes;
use super::{DraftFee, Word};

/// The rules that fit the catalogue, noting those that do not.
pub(super) fn read(
    notes: &mut Notes<'_>,
    drafts: &[Spanned<DraftFee>],
    catalogue: &Catalogue,
) -> Vec<FeeRule> {
    let mut rules: Vec<FeeRule> = Vec::new();
    for spanned in drafts {
        let draft = spanned.get_ref();
        let before = notes.count();
        let rule = FeeRule {
            scope: FeeScope {
                method: draft.method.clone(),
                country: draft.country.clone(),
                asset: draft.asset.clone(),
                network: draft.network.clone(),
            },
            basis_points: draft.basis_points,
            minimum_units: units(notes, &draft.minimum, catalogue),
            maximum_units: units(notes, &draft.maximum, catalogue),
            fixed_units: units(notes, &draft.fixed, catalogue),
            network_units: units(notes, &draft.network_cost, catalogue),
        };
        if notes.count() > before {
            // A word that is wrong has been told with its own line.
            continue;
        }
        if let Err(message) = rule.check(catalogue) {
            notes.problem(spanned, message);
        } else if rules.iter().any(|other| other.scope == rule.scope) {
            notes.problem(spanned, "There is another rule for exactly the same.".into());
        } else {
            rules.push(rule);
        }
    }
    rules
}

fn units(notes: &mut Notes<'_>, words: &BTreeMap<Word, Word>, catalogue: &Catalogue) -> FeeUnits {
    let mut units = FeeUnits::new();
    for (code, word) in words {
        let Some(currency) = catalogue.currencies().iter().find(|c| c.code == *code.get_ref())
        else {
            let message =
                format!("\"{}\" is not among the currencies of this file.", code.get_ref());
            notes.problem(code, message);
            continue;
        };
        let amount = Money::parse(word.get_ref(), currency.asset());
        match amount.map(|amount| i64::try_from(amount.units)) {
            Ok(Ok(amount)) => drop(units.insert(currency.code.clone(), amount)),
            Ok(Err(_)) => notes.problem(word, format!("{} is too large.", word.get_ref())),
            Err(error) => notes.problem(word, format!("\"{}\" {error}.", word.get_ref())),
        }
    }
    units
}
