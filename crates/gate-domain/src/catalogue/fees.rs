//! What is charged on top of the price, as rules. The rules of a partner's contract come before
//! those of the catalogue; among either, the one that names most comes first. Each part of the bill
//! is taken from the first rule that states it.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Catalogue;
use super::things::Side;
use crate::money::Money;
use crate::quote::FeePolicy;

/// The largest share that a rule may charge: half.
pub const FEE_BPS_MAX: i64 = 5_000;
/// The largest amount that a rule may name, in smallest units.
pub const FEE_UNITS_MAX: i64 = 1_000_000_000_000;

/// What a rule is for. A part that is left out is every one.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FeeScope {
    /// A way to pay or to be paid out, by its id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// Where the user is; a rule that names it holds only where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// A crypto asset, by its symbol.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asset: Option<String>,
    /// A network, by its id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network: Option<String>,
}

/// Amounts by currency, in smallest units.
pub type FeeUnits = BTreeMap<String, i64>;

/// What is charged for some purchases and sales. Parts that it leaves out are those of the next rule.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FeeRule {
    /// What it is for.
    #[serde(rename = "for")]
    pub scope: FeeScope,
    /// A share, in hundredths of a percent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub basis_points: Option<i64>,
    /// The least that the share comes to.
    #[serde(skip_serializing_if = "FeeUnits::is_empty")]
    pub minimum_units: FeeUnits,
    /// The most that the share comes to. It has the last word over the minimum.
    #[serde(skip_serializing_if = "FeeUnits::is_empty")]
    pub maximum_units: FeeUnits,
    /// Beside the share, whatever the amount.
    #[serde(skip_serializing_if = "FeeUnits::is_empty")]
    pub fixed_units: FeeUnits,
    /// For sending the tokens of a buy.
    #[serde(skip_serializing_if = "FeeUnits::is_empty")]
    pub network_units: FeeUnits,
}

/// A purchase or sale as the rules see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Charged<'a> {
    /// The currency.
    pub currency: &'a str,
    /// How it is paid or paid out.
    pub method: &'a str,
    /// Where the user is, if that is known.
    pub country: Option<&'a str>,
    /// The symbol of the asset.
    pub asset: &'a str,
    /// The network of the asset.
    pub network: Option<&'a str>,
}

impl FeeScope {
    /// Each part with its word, in the order in which they weigh.
    pub fn parts(&self) -> [(&'static str, Option<&str>); 4] {
        [
            ("method", self.method.as_deref()),
            ("country", self.country.as_deref()),
            ("asset", self.asset.as_deref()),
            ("network", self.network.as_deref()),
        ]
    }

    /// How early it comes: after how many parts it names, then after which.
    fn rank(&self) -> (usize, [bool; 4]) {
        let named = self.parts().map(|(_, part)| part.is_some());
        (named.iter().filter(|named| **named).count(), named)
    }

    fn holds(&self, charged: &Charged<'_>) -> bool {
        let charged = [Some(charged.method), charged.country, Some(charged.asset), charged.network];
        self.parts().into_iter().zip(charged).all(|((_, named), is)| match (named, is) {
            (None, _) => true,
            (Some(named), Some(is)) => named.eq_ignore_ascii_case(is),
            (Some(_), None) => false,
        })
    }
}

impl FeeRule {
    /// Its amounts, each with its word.
    pub fn amounts(&self) -> [(&'static str, &FeeUnits); 4] {
        [
            ("minimum", &self.minimum_units),
            ("maximum", &self.maximum_units),
            ("fixed", &self.fixed_units),
            ("network_cost", &self.network_units),
        ]
    }

    /// Whether it can be charged by this catalogue: it states something, names what is there, and
    /// its numbers are within bounds. Else a sentence that says what would be right.
    pub fn check(&self, catalogue: &Catalogue) -> Result<(), String> {
        if self.basis_points.is_none() && self.amounts().iter().all(|(_, units)| units.is_empty()) {
            return Err("A fee needs basis points or an amount.".into());
        }
        let known = self.scope.parts().map(|(what, id)| {
            let id = id?;
            let found = match what {
                "method" => [Side::OnRamp, Side::OffRamp]
                    .into_iter()
                    .any(|side| catalogue.method(side, id).is_some()),
                "country" => catalogue.country(id).is_some(),
                "asset" => catalogue.asset(id).is_some(),
                _ => catalogue.network(id).is_some(),
            };
            (!found).then(|| format!("There is no {what} {id:?}."))
        });
        if let Some(unknown) = known.into_iter().flatten().next() {
            return Err(unknown);
        }
        if self.basis_points.is_some_and(|share| !(0..=FEE_BPS_MAX).contains(&share)) {
            return Err(format!("Basis points must be from 0 to {FEE_BPS_MAX}."));
        }
        for (what, units) in self.amounts() {
            for (code, units) in units {
                let Some(currency) = catalogue.currency(code) else {
                    return Err(format!("There is no currency {code:?}."));
                };
                if !(0..=FEE_UNITS_MAX).contains(units) {
                    let most = currency.money(FEE_UNITS_MAX.into());
                    return Err(format!("The {what} must be from 0 to {most}."));
                }
            }
        }
        let crossed = self.minimum_units.iter().find(|(code, minimum)| {
            self.maximum_units.get(*code).is_some_and(|maximum| maximum < *minimum)
        });
        match crossed {
            Some((code, _)) => Err(format!("The maximum in {code} is less than the minimum.")),
            None => Ok(()),
        }
    }

    /// An amount of this rule as people read it.
    pub fn money(&self, catalogue: &Catalogue, units: &FeeUnits) -> Vec<Money> {
        let money = |(code, units): (&String, &i64)| {
            Some(catalogue.currency(code)?.money(i128::from(*units)))
        };
        units.iter().filter_map(money).collect()
    }
}

/// The rules in the order in which they are asked.
pub fn in_order(rules: &[FeeRule]) -> Vec<&FeeRule> {
    let mut ranked: Vec<_> = rules.iter().collect();
    ranked.sort_by_key(|rule| Reverse(rule.scope.rank()));
    ranked
}

/// What a purchase or sale is charged, by the rules of a contract and those of the catalogue. What
/// no rule states is nothing.
pub(super) fn policy(
    contract: &[FeeRule],
    catalogue: &[FeeRule],
    charged: &Charged<'_>,
) -> FeePolicy {
    let mut rules = [in_order(contract), in_order(catalogue)].concat();
    rules.retain(|rule| rule.scope.holds(charged));
    let units = |of: fn(&FeeRule) -> &FeeUnits| {
        let mut stated = rules.iter().filter_map(|rule| of(rule).get(charged.currency));
        stated.next().copied().map(i128::from)
    };
    FeePolicy {
        service_bps: rules.iter().find_map(|rule| rule.basis_points).unwrap_or_default(),
        service_minimum_units: units(|rule| &rule.minimum_units).unwrap_or_default(),
        service_maximum_units: units(|rule| &rule.maximum_units),
        fixed_units: units(|rule| &rule.fixed_units).unwrap_or_default(),
        network_units: units(|rule| &rule.network_units).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(scope: [&str; 4], basis_points: i64) -> FeeRule {
        let part = |place: usize| Some(scope[place].to_owned()).filter(|part| !part.is_empty());
        let scope =
            FeeScope { method: part(0), country: part(1), asset: part(2), network: part(3) };
        FeeRule { scope, basis_points: Some(basis_points), ..FeeRule::default() }
    }

    const CHARGED: Charged<'static> = Charged {
        currency: "EUR",
        method: "card",
        country: Some("de"),
        asset: "USDC",
        network: Some("base"),
    };

    /// Each rule comes before all that stand below it, in whatever order they are written.
    #[test]
    fn the_most_specific_rule_is_first() {
        let order = [
            rule(["card", "DE", "USDC", "base"], 1),
            rule(["card", "DE", "USDC", ""], 2),
            rule(["card", "DE", "", "base"], 3),
            rule(["", "DE", "USDC", "base"], 4),
            rule(["card", "DE", "", ""], 5),
            rule(["card", "", "USDC", ""], 6),
            rule(["", "DE", "USDC", ""], 7),
            rule(["", "", "USDC", "base"], 8),
            rule(["card", "", "", ""], 9),
            rule(["", "DE", "", ""], 10),
            rule(["", "", "USDC", ""], 11),
            rule(["", "", "", "base"], 12),
            rule(["", "", "", ""], 13),
        ];
        for first in 0..order.len() {
            let mut rules = order[first..].to_vec();
            rules.reverse();
            let expected = order[first].basis_points.unwrap();
            assert_eq!(policy(&[], &rules, &CHARGED).service_bps, expected);
            let contract = [rule(["", "", "", ""], 99)];
            assert_eq!(policy(&contract, &rules, &CHARGED).service_bps, 99, "a contract is first");
        }
        let elsewhere = [rule(["sepa_bank_transfer", "", "", ""], 1), rule(["", "AT", "", ""], 2)];
        assert_eq!(policy(&elsewhere, &order[12..], &CHARGED).service_bps, 13);
        let nowhere = Charged { country: None, ..CHARGED };
        assert_eq!(policy(&[], &order[9..], &nowhere).service_bps, 11, "a country must be known");
    }

    #[test]
    fn each_part_comes_from_the_first_rule_that_states_it() {
        let units = |units| FeeUnits::from([("EUR".to_owned(), units)]);
        let general = FeeRule {
            minimum_units: units(50),
            network_units: units(35),
            ..rule(["", "", "", ""], 149)
        };
        let base = FeeRule {
            network_units: units(0),
            basis_points: None,
            ..rule(["", "", "", "base"], 0)
        };
        let contract = FeeRule {
            fixed_units: units(30),
            maximum_units: units(2_000),
            ..rule(["card", "", "", ""], 99)
        };
        assert_eq!(
            policy(&[contract], &[general, base], &CHARGED),
            FeePolicy {
                service_bps: 99,
                service_minimum_units: 50,
                service_maximum_units: Some(2_000),
                fixed_units: 30,
                network_units: 0,
            }
        );
    }
}
