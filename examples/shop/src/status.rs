//! Where an order stands, and the one function that moves it.

use gate_partner::Meaning;

/// The words that users see (contract, section 13, rule 6). One spelling everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    /// Nothing is decided.
    Pending,
    /// Paid, settled and fulfilled: the three are one transaction here.
    Completed,
    /// A payment failed. The session may still be open, so a completion can follow.
    Failed,
    /// Somebody gave up.
    Cancelled,
    /// The session's lifetime passed.
    Expired,
}

impl Status {
    pub(crate) const ALL: [Self; 5] =
        [Self::Pending, Self::Completed, Self::Failed, Self::Cancelled, Self::Expired];

    /// For the database and for programs.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
        }
    }

    /// For people.
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::Completed => "Completed",
            Self::Failed => "Failed",
            Self::Cancelled => "Cancelled",
            Self::Expired => "Expired",
        }
    }

    pub(crate) fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }

    /// Whether the page can stop asking.
    pub(crate) const fn is_final(self) -> bool {
        matches!(self, Self::Completed | Self::Cancelled | Self::Expired)
    }

    /// Whether a new attempt makes sense.
    pub(crate) const fn may_restart(self) -> bool {
        matches!(self, Self::Failed | Self::Cancelled | Self::Expired)
    }

    /// What a session's meaning makes of an attempt. Final states win over late news, and a
    /// completion wins over everything: the gateway says that the user has the tokens.
    pub(crate) const fn after(self, meaning: &Meaning) -> Self {
        match self {
            Self::Completed => Self::Completed,
            Self::Cancelled | Self::Expired => match meaning {
                Meaning::Completed => Self::Completed,
                Meaning::Pending { .. }
                | Meaning::Failed { .. }
                | Meaning::Cancelled
                | Meaning::Expired => self,
            },
            Self::Pending | Self::Failed => match meaning {
                Meaning::Pending { .. } => Self::Pending,
                Meaning::Failed { .. } => Self::Failed,
                Meaning::Completed => Self::Completed,
                Meaning::Cancelled => Self::Cancelled,
                Meaning::Expired => Self::Expired,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_meets_every_meaning() {
        let meanings = [
            ("pending", Meaning::Pending { phase: String::new() }),
            ("failed", Meaning::Failed { reason: None }),
            ("completed", Meaning::Completed),
            ("cancelled", Meaning::Cancelled),
            ("expired", Meaning::Expired),
        ];
        let mut table = Vec::new();
        for status in Status::ALL {
            let row = meanings.iter().map(|(_, meaning)| status.after(meaning).as_str());
            table.push(format!("{:<9} | {}", status.as_str(), row.collect::<Vec<_>>().join(" ")));
        }
        let expected = [
            "pending   | pending failed completed cancelled expired",
            "completed | completed completed completed completed completed",
            "failed    | pending failed completed cancelled expired",
            "cancelled | cancelled cancelled completed cancelled cancelled",
            "expired   | expired expired completed expired expired",
        ];
        assert_eq!(table, expected);
    }
}
