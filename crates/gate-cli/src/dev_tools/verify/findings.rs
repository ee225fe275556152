//! What `gate verify` finds. Codes are for programs and stay; messages are for people.

use serde::Serialize;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Weight {
    /// It does not verify because of this.
    Wrong,
    /// This is as it should be.
    Fine,
    /// This may matter elsewhere.
    Note,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    pub(super) weight: Weight,
    pub(super) code: &'static str,
    pub(super) message: String,
    pub(super) next_step: Option<String>,
}

impl Finding {
    pub(super) fn wrong(code: &'static str, message: impl Into<String>) -> Self {
        Self { weight: Weight::Wrong, code, message: message.into(), next_step: None }
    }

    pub(super) fn fine(code: &'static str, message: impl Into<String>) -> Self {
        Self { weight: Weight::Fine, code, message: message.into(), next_step: None }
    }

    pub(super) fn note(code: &'static str, message: impl Into<String>) -> Self {
        Self { weight: Weight::Note, code, message: message.into(), next_step: None }
    }

    pub(super) fn next(mut self, next_step: impl Into<String>) -> Self {
        self.next_step = Some(next_step.into());
        self
    }
}
