//! What is held because of a hit, until people decide. To let it go takes two, to keep it one.

use serde::{Deserialize, Serialize};

use crate::text::folded;
use crate::time::Millis;

/// What somebody wants to happen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opinion {
    /// Who.
    pub actor: String,
    /// When they said so.
    pub at: Millis,
}

/// Where something that is held stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum State {
    /// Nobody has decided, or one person alone wants to let it go.
    Waiting {
        /// Who wants that.
        proposed: Option<Opinion>,
    },
    /// Two people let it go.
    Released {
        /// The first of them.
        proposed: Opinion,
        /// The second of them.
        confirmed: Opinion,
    },
    /// It is kept for good.
    Blocked {
        /// Who decided that.
        by: Opinion,
    },
}

/// What happens to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Somebody wants to let it go.
    ReleaseWanted(Opinion),
    /// Somebody wants to keep it.
    BlockWanted(Opinion),
}

/// Why it stays as it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Nobody confirms their own proposal.
    #[error("{0} proposed the release, so somebody else has to confirm it")]
    SecondPersonNeeded(String),
    /// Two people have let it go.
    #[error("it is released already")]
    Released,
    /// Blocked is the end.
    #[error("it is blocked for good")]
    Blocked,
}

impl State {
    /// What everything that is held begins as.
    pub const HELD: Self = Self::Waiting { proposed: None };

    /// The word for it.
    pub const fn status(&self) -> &'static str {
        match self {
            Self::Waiting { .. } => "waiting",
            Self::Released { .. } => "released",
            Self::Blocked { .. } => "blocked",
        }
    }

    /// The only transition function.
    pub fn apply(&self, event: Event) -> Result<Self, Refused> {
        match self {
            Self::Waiting { proposed } => match (proposed, event) {
                (None, Event::ReleaseWanted(first)) => Ok(Self::Waiting { proposed: Some(first) }),
                (Some(first), Event::ReleaseWanted(second)) if same(first, &second) => {
                    Err(Refused::SecondPersonNeeded(first.actor.clone()))
                }
                (Some(first), Event::ReleaseWanted(second)) => {
                    Ok(Self::Released { proposed: first.clone(), confirmed: second })
                }
                (_, Event::BlockWanted(by)) => Ok(Self::Blocked { by }),
            },
            Self::Released { .. } => match event {
                Event::ReleaseWanted(_) => Err(Refused::Released),
                // Somebody learnt something.
                Event::BlockWanted(by) => Ok(Self::Blocked { by }),
            },
            Self::Blocked { .. } => Err(Refused::Blocked),
        }
    }
}

/// A name in other capitals, or with what nobody sees in it, is nobody else's.
fn same(one: &Opinion, other: &Opinion) -> bool {
    folded(&one.actor) == folded(&other.actor)
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    fn of(actor: &str) -> Opinion {
        Opinion { actor: actor.into(), at: Millis(7) }
    }

    #[test]
    fn nobody_is_two_people() {
        let proposed = State::Waiting { proposed: Some(of("ada")) };
        for actor in ["ada", " ADA", "a\u{200B}da", "ada\u{200D}", "ａｄａ"] {
            let refused = proposed.apply(Event::ReleaseWanted(of(actor)));
            assert_eq!(refused, Err(Refused::SecondPersonNeeded("ada".into())), "{actor:?}");
        }
    }

    #[test]
    fn every_state_meets_every_event() {
        let states = [
            State::HELD,
            State::Waiting { proposed: Some(of("ada")) },
            State::Released { proposed: of("ada"), confirmed: of("bob") },
            State::Blocked { by: of("ada") },
        ];
        let mut table = String::new();
        for state in states {
            for actor in ["ada", " ADA", "bob"] {
                for event in [Event::ReleaseWanted(of(actor)), Event::BlockWanted(of(actor))] {
                    let name = match &event {
                        Event::ReleaseWanted(_) => "release",
                        Event::BlockWanted(_) => "block",
                    };
                    let outcome = match state.apply(event) {
                        Ok(State::Waiting { proposed: Some(first) }) => {
                            format!("-> waiting for a second person, after {}", first.actor)
                        }
                        Ok(next) => format!("-> {}", next.status()),
                        Err(refused) => format!("!! {refused}"),
                    };
                    let proposed = matches!(&state, State::Waiting { proposed: Some(_) });
                    let state = if proposed { "proposed" } else { state.status() };
                    writeln!(table, "{state:<8} + {name:<7} by {actor:<4} {outcome}").unwrap();
                }
            }
        }
        insta::assert_snapshot!(table, @r"
        waiting  + release by ada  -> waiting for a second person, after ada
        waiting  + block   by ada  -> blocked
        waiting  + release by  ADA -> waiting for a second person, after  ADA
        waiting  + block   by  ADA -> blocked
        waiting  + release by bob  -> waiting for a second person, after bob
        waiting  + block   by bob  -> blocked
        proposed + release by ada  !! ada proposed the release, so somebody else has to confirm it
        proposed + block   by ada  -> blocked
        proposed + release by  ADA !! ada proposed the release, so somebody else has to confirm it
        proposed + block   by  ADA -> blocked
        proposed + release by bob  -> released
        proposed + block   by bob  -> blocked
        released + release by ada  !! it is released already
        released + block   by ada  -> blocked
        released + release by  ADA !! it is released already
        released + block   by  ADA -> blocked
        released + release by bob  !! it is released already
        released + block   by bob  -> blocked
        blocked  + release by ada  !! it is blocked for good
        blocked  + block   by ada  !! it is blocked for good
        blocked  + release by  ADA !! it is blocked for good
        blocked  + block   by  ADA !! it is blocked for good
        blocked  + release by bob  !! it is blocked for good
        blocked  + block   by bob  !! it is blocked for good
        ");
    }
}
