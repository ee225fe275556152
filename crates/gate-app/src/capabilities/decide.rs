//! What an operator decides: switch something off and on again, and what a partner may do. Each
//! decision leaves a row that says who, what, when and why.

use gate_domain::catalogue::{Entitlement, Kind, PartnerTerms, Subject, Switch};
use gate_domain::ids::{Mode, PartnerId, Tenant};
use gate_domain::text::{TextProblem, check_name, check_visible};
use gate_store::{CapabilityAct, CapabilityChange, StoreError, Tx};

use crate::app::Scope;

/// A reason is a sentence, not an essay.
const REASON_CHARS_MAX: usize = 200;
const ACTOR_CHARS_MAX: usize = 100;
/// A contract is a few rules, and each quote asks all of them.
const FEES_MAX: usize = 100;

/// Whom a decision is for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scoped {
    /// One partner, or every one.
    pub partner: Option<PartnerId>,
    /// One mode, or both.
    pub mode: Option<Mode>,
}

impl Scoped {
    /// Whether something is switched off for some of these.
    pub fn meets(&self, switch: &Switch) -> bool {
        let partner = self.partner.as_ref().zip(switch.partner.as_ref());
        let mode = self.mode.zip(switch.mode);
        partner.is_none_or(|(one, other)| one == other)
            && mode.is_none_or(|(one, other)| one == other)
    }
}

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum CapabilityError {
    /// The catalogue has no such thing.
    #[error("There is no {} {:?}. There is: {known}.", .subject.kind.as_str(), .subject.id)]
    UnknownSubject {
        /// What was named.
        subject: Subject,
        /// What could have been.
        known: String,
    },
    /// It was not off for exactly this partner and mode.
    #[error("{0} is not switched off for exactly these partners and modes.")]
    NotOff(Subject),
    /// No such partner.
    #[error("There is no partner {0}.")]
    NoPartner(PartnerId),
    /// A text is missing or too long.
    #[error("The {what} must have 1 to {chars_max} characters.")]
    Text {
        /// Which text.
        what: &'static str,
        /// How long it may be.
        chars_max: usize,
    },
    /// A text that reads as another one.
    #[error("The {what} cannot be taken. {problem}")]
    Unreadable {
        /// Which text.
        what: &'static str,
        /// What is in it.
        problem: TextProblem,
    },
    /// A maximum that is no amount.
    #[error("The maximum for {0} must be more than 0.")]
    Maximum(String),
    /// A fee that cannot be charged.
    #[error("{0}")]
    Fee(String),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Switch something off. If it is off already, it gets the new reason.
pub fn switch_off(
    tx: &mut Tx,
    scope: &Scope<'_>,
    subject: &Subject,
    whom: &Scoped,
    reason: &str,
    actor: &str,
) -> Result<Switch, CapabilityError> {
    check_subject(scope, subject)?;
    check_text("reason", reason, REASON_CHARS_MAX)?;
    let switch = Switch {
        subject: subject.clone(),
        partner: whom.partner.clone(),
        mode: whom.mode,
        reason: reason.into(),
        actor: actor.into(),
        since: scope.now,
    };
    note(tx, scope, whom, CapabilityAct::SwitchedOff, &subject.to_string(), reason, actor)?;
    tx.save_switch(&switch)?;
    Ok(switch)
}

/// Switch something on again, for exactly those whom it was switched off for.
pub fn switch_on(
    tx: &mut Tx,
    scope: &Scope<'_>,
    subject: &Subject,
    whom: &Scoped,
    reason: &str,
    actor: &str,
) -> Result<(), CapabilityError> {
    if reason.chars().count() > REASON_CHARS_MAX {
        return Err(CapabilityError::Text { what: "reason", chars_max: REASON_CHARS_MAX });
    }
    note(tx, scope, whom, CapabilityAct::SwitchedOn, &subject.to_string(), reason, actor)?;
    if tx.delete_switch(subject, whom.partner.as_ref(), whom.mode)? {
        Ok(())
    } else {
        Err(CapabilityError::NotOff(subject.clone()))
    }
}

/// Give a partner an entitlement or take it away. Safe to repeat.
pub fn entitle(
    tx: &mut Tx,
    scope: &Scope<'_>,
    tenant: &Tenant,
    entitlement: Entitlement,
    held: bool,
    actor: &str,
) -> Result<PartnerTerms, CapabilityError> {
    change_terms(tx, scope, tenant, actor, |terms| {
        if held {
            terms.entitlements.insert(entitlement);
        } else {
            terms.entitlements.remove(&entitlement);
        }
    })
}

/// Change what a partner may do; the terms that follow. Whoever restricts a kind to some ids must
/// name ids that exist.
pub fn change_terms(
    tx: &mut Tx,
    scope: &Scope<'_>,
    tenant: &Tenant,
    actor: &str,
    change: impl FnOnce(&mut PartnerTerms),
) -> Result<PartnerTerms, CapabilityError> {
    set_terms(tx, scope, tenant, actor, "", change)
}

/// The same, with the reason for it.
pub fn change_terms_because(
    tx: &mut Tx,
    scope: &Scope<'_>,
    tenant: &Tenant,
    actor: &str,
    reason: &str,
    change: impl FnOnce(&mut PartnerTerms),
) -> Result<PartnerTerms, CapabilityError> {
    check_text("reason", reason, REASON_CHARS_MAX)?;
    set_terms(tx, scope, tenant, actor, reason, change)
}

fn set_terms(
    tx: &mut Tx,
    scope: &Scope<'_>,
    tenant: &Tenant,
    actor: &str,
    reason: &str,
    change: impl FnOnce(&mut PartnerTerms),
) -> Result<PartnerTerms, CapabilityError> {
    let whom = Scoped { partner: Some(tenant.partner.clone()), mode: Some(tenant.mode) };
    // The lock comes first, so that two changes of one partner's terms follow each other.
    tx.lock_capabilities()?;
    let mut terms = tx.find_partner_terms(tenant)?.unwrap_or_default();
    let before = terms.clone();
    change(&mut terms);
    if terms == before {
        check_partner(tx, &tenant.partner)?;
        return Ok(terms);
    }
    for (kind, ids) in &terms.only {
        for id in ids {
            check_subject(scope, &Subject::new(*kind, id.as_str()))?;
        }
    }
    for (currency, units) in &terms.maximum_units {
        check_subject(scope, &Subject::new(Kind::Currency, currency.as_str()))?;
        if *units <= 0 {
            return Err(CapabilityError::Maximum(currency.clone()));
        }
    }
    if terms.fees.len() > FEES_MAX {
        return Err(CapabilityError::Fee(format!("A contract has at most {FEES_MAX} fees.")));
    }
    for rule in &terms.fees {
        rule.check(scope.catalogue()).map_err(CapabilityError::Fee)?;
    }
    let text = serde_json::to_string(&terms).expect("terms have words for keys");
    note(tx, scope, &whom, CapabilityAct::TermsSet, &text, reason, actor)?;
    tx.save_partner_terms(tenant, &terms, actor, scope.now)?;
    Ok(terms)
}

fn note(
    tx: &mut Tx,
    scope: &Scope<'_>,
    whom: &Scoped,
    act: CapabilityAct,
    subject: &str,
    reason: &str,
    actor: &str,
) -> Result<(), CapabilityError> {
    check_text("actor", actor, ACTOR_CHARS_MAX)?;
    for (what, checked) in [("reason", check_visible(reason)), ("actor", check_name(actor))] {
        checked.map_err(|problem| CapabilityError::Unreadable { what, problem })?;
    }
    if let Some(partner) = &whom.partner {
        check_partner(tx, partner)?;
    }
    let change = CapabilityChange {
        partner: whom.partner.clone(),
        mode: whom.mode,
        act,
        subject: subject.into(),
        reason: reason.into(),
        actor: actor.into(),
        at: scope.now,
    };
    tx.note_capability_change(&change)?;
    scope.rules_changed();
    Ok(())
}

fn check_partner(tx: &mut Tx, partner: &PartnerId) -> Result<(), CapabilityError> {
    match tx.find_partner_name(partner)? {
        Some(_) => Ok(()),
        None => Err(CapabilityError::NoPartner(partner.clone())),
    }
}

fn check_subject(scope: &Scope<'_>, subject: &Subject) -> Result<(), CapabilityError> {
    let catalogue = scope.catalogue();
    if catalogue.knows(subject) {
        return Ok(());
    }
    let known = catalogue.ids(subject.kind).join(", ");
    Err(CapabilityError::UnknownSubject { subject: subject.clone(), known })
}

fn check_text(what: &'static str, text: &str, chars_max: usize) -> Result<(), CapabilityError> {
    if (1..=chars_max).contains(&text.trim().chars().count()) {
        Ok(())
    } else {
        Err(CapabilityError::Text { what, chars_max })
    }
}
