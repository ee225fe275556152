//! People of the sandbox: a few family names stand for what can happen to a check, and anybody else is
//! who they say.

use futures::FutureExt;
use futures::future::{BoxFuture, ready};
use gate_domain::session::IdentityLevel;
use gate_domain::time::Millis;

use crate::verifier::{Doubt, IdentityVerifier, Question, Verdict};
use crate::{RailError, TestPerson};

/// The people that the sandbox page offers.
pub static TEST_PEOPLE: [TestPerson; 6] = [
    person("Miller", "Is confirmed, like any other name", "approved"),
    person("Reject", "Is not confirmed", "rejected"),
    person("Again", "Is asked for the document or the name again", "again"),
    person("Slow", "Takes twenty seconds", "slow"),
    person("Timeout", "Is never answered for", "never_answers"),
    person("Lost", "The first answer is lost, then found", "answer_lost"),
];

const fn person(
    family_name: &'static str,
    label: &'static str,
    outcome: &'static str,
) -> TestPerson {
    TestPerson { family_name, label, outcome }
}

/// How long the slow check takes: 20 s.
const SLOW_MS: i64 = 20_000;
/// How often to ask about a check that is not decided: every second.
const ASK_AGAIN_MS: i64 = 1_000;
/// How long an answer stays lost: 400 ms, which is less than the wait after the first silence.
const LOST_MS: i64 = 400;

/// The simulated verifier.
pub struct SimulatedVerifier;

impl IdentityVerifier for SimulatedVerifier {
    fn ask<'a>(
        &'a self,
        question: &'a Question,
        now: Millis,
    ) -> BoxFuture<'a, Result<Verdict, RailError>> {
        ready(answer(question, now)).boxed()
    }
}

fn answer(question: &Question, now: Millis) -> Result<Verdict, RailError> {
    let name = question.person.family_name.as_deref().unwrap_or_default().trim();
    let known = TEST_PEOPLE.iter().find(|known| known.family_name.eq_ignore_ascii_case(name));
    let passed_ms = now.0 - question.asked_at.0;
    match known.map_or("approved", |known| known.outcome) {
        "rejected" => Ok(Verdict::Rejected),
        "again" => Ok(Verdict::Again(match question.level {
            IdentityLevel::Basic => Doubt::Name,
            IdentityLevel::Enhanced => Doubt::Document,
        })),
        "slow" if passed_ms < SLOW_MS => Ok(Verdict::Pending { ask_again_ms: ASK_AGAIN_MS }),
        "never_answers" => Ok(Verdict::Pending { ask_again_ms: ASK_AGAIN_MS }),
        "answer_lost" if passed_ms < LOST_MS => Err(RailError::AnswerLost),
        _ => Ok(Verdict::Approved),
    }
}

#[cfg(test)]
mod tests {
    use gate_domain::ids::{IdentityCheckId, Mode, Seed};
    use gate_domain::person::Person;

    use super::*;

    fn ask(family_name: &str, level: IdentityLevel, passed_ms: i64) -> Result<Verdict, RailError> {
        let asked_at = Millis(1_000_000);
        let question = Question {
            id: IdentityCheckId::new(Mode::Test, Seed { at: asked_at, random: [7; 10] }),
            level,
            person: Person { family_name: Some(family_name.into()), ..Person::default() },
            asked_at,
        };
        answer(&question, asked_at.plus_ms(passed_ms))
    }

    #[test]
    fn the_docs_list_everybody() {
        let docs = include_str!("../../../../docs/API.md");
        for TestPerson { family_name, label, .. } in TEST_PEOPLE {
            assert!(docs.contains(&format!("| {family_name} | {label} |")), "{family_name}");
        }
    }

    #[test]
    fn the_family_name_decides() {
        let pending = Ok(Verdict::Pending { ask_again_ms: ASK_AGAIN_MS });
        let basic = |name, passed_ms| ask(name, IdentityLevel::Basic, passed_ms);
        for anybody in ["Miller", "Example", "", "Rejected"] {
            assert_eq!(basic(anybody, 0), Ok(Verdict::Approved), "{anybody}");
        }
        for name in ["Reject", "reject", " REJECT "] {
            assert_eq!(basic(name, 0), Ok(Verdict::Rejected), "{name}");
        }
        assert_eq!(basic("Again", 0), Ok(Verdict::Again(Doubt::Name)));
        let enhanced = ask("Again", IdentityLevel::Enhanced, 0);
        assert_eq!(enhanced, Ok(Verdict::Again(Doubt::Document)));
        assert_eq!(
            (basic("Slow", 19_999), basic("Slow", 20_000)),
            (pending.clone(), Ok(Verdict::Approved))
        );
        assert_eq!(basic("Timeout", 3_600_000), pending);
        assert_eq!(basic("Lost", 0), Err(RailError::AnswerLost));
        assert_eq!(basic("Lost", 500), Ok(Verdict::Approved));
    }
}
