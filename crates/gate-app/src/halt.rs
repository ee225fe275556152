//! The halt: the books were found broken, so no money moves before an operator has looked. What was
//! under way stays written down, what users send is still taken note of, and reads and webhooks go on.

use gate_domain::ids::{Mode, PartnerId, Tenant};
use gate_store::{OperatorAction, PostingPlace, StoreError, Tx};
use tracing::{error, info};

use crate::app::{App, Scope};
use crate::doctor::examine;
use crate::reviews::Decision;

/// Something that is wrong with the books.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Whose books they are; none where that is not one partner's matter.
    pub tenant: Option<Tenant>,
    /// What it is, in words.
    pub words: String,
}

impl Finding {
    /// Something that is wrong in the chain that this is a place in.
    pub(crate) fn in_chain(place: &PostingPlace, words: String) -> Self {
        let partner = PartnerId::parse(&place.partner).ok();
        let tenant = partner.zip(Mode::parse(&place.mode));
        Self { tenant: tenant.map(|(partner, mode)| Tenant { partner, mode }), words }
    }
}

/// Why the halt stays.
#[derive(Debug, thiserror::Error)]
pub enum ResumeError {
    /// No halt stands.
    #[error("payments are not paused")]
    NotHalted,
    /// The books are as broken as they were.
    #[error("the books are still broken: {0}")]
    StillBroken(String),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Whether a halt stands. Every use case that would let money begin to move asks this first.
pub(crate) fn is_halted(tx: &mut Tx) -> Result<bool, StoreError> {
    Ok(tx.find_halt()?.is_some())
}

/// Halt because of this, unless a halt stands already.
pub async fn halt(app: &App, finding: Finding) -> Result<(), StoreError> {
    let words = finding.words.clone();
    let begun = app
        .write(move |tx, scope| tx.begin_halt(finding.tenant.as_ref(), &finding.words, scope.now))
        .await?;
    if begun {
        error!("the books are broken, and payments are paused: {words}");
    }
    Ok(())
}

/// Lift the halt, once the doctor finds nothing wrong with the books. Answers what had been found.
pub async fn resume(app: &App, decision: Decision) -> Result<Finding, ResumeError> {
    let halt = app.store().read(Tx::find_halt).await?.ok_or(ResumeError::NotHalted)?;
    let report = app.store().read(examine).await?;
    if let Some(offender) = report.checks.iter().find_map(|check| check.offenders.first()) {
        return Err(ResumeError::StillBroken(offender.clone()));
    }
    let Decision { actor, .. } = decision.clone();
    let lifted = app.write(move |tx, scope| lift(tx, scope, halt.number, &decision)).await?;
    info!("{actor} has lifted the halt: payments go on");
    Ok(lifted)
}

fn lift(
    tx: &mut Tx,
    scope: &Scope<'_>,
    number: i64,
    decision: &Decision,
) -> Result<Finding, ResumeError> {
    // Another one may stand by now, for another reason.
    let halt = tx.find_halt()?.filter(|halt| halt.number == number);
    let halt = halt.ok_or(ResumeError::NotHalted)?;
    let Decision { reason, actor } = decision;
    if !tx.lift_halt(number, actor, reason, scope.now)? {
        return Err(ResumeError::NotHalted);
    }
    if let Some(tenant) = &halt.tenant {
        let action = OperatorAction {
            action: "halt_lifted".into(),
            outcome: "resumed".into(),
            reason: reason.clone(),
            actor: actor.clone(),
            created_at: scope.now,
        };
        tx.insert_operator_action(tenant, &format!("halt_{number}"), &action)?;
    }
    scope.wake_commands();
    Ok(Finding { tenant: halt.tenant, words: halt.finding })
}
