//! A verifier's verdict: no, doubt, late, never, and after the question had gone.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use futures::FutureExt;
use futures::future::{BoxFuture, ready};
use gate_app::identity::{IdentityError, end_identity_check};
use gate_app::test_helpers::{Force, force};
use gate_app::testing::World;
use gate_app::workers::identity::ask_due_checks;
use gate_domain::session::IdentityLevel;
use gate_domain::time::Millis;
use gate_rails::{Doubt, IdentityVerifier, Question, RailError, Rails, Verdict};
use gate_store::{both_engines, sql};
use gate_wire::journey::JourneyStep;
use gate_wire::words::{IdentityAsk, IdentityOutcome, IdentityStage};

use crate::who::{JANE, Page, basic, count, papers, refused, shown, stage};

/// A verifier that gives one answer after the other.
struct InTurn(Mutex<VecDeque<Verdict>>);

impl IdentityVerifier for InTurn {
    fn ask<'a>(&'a self, _: &'a Question, _: Millis) -> BoxFuture<'a, Result<Verdict, RailError>> {
        ready(Ok(self.0.lock().unwrap().pop_front().expect("there is an answer left"))).boxed()
    }
}

/// A verifier that waits for a sign before it answers.
pub(crate) struct Gated {
    pub(crate) asked: tokio::sync::Notify,
    pub(crate) answer: tokio::sync::Notify,
    verdict: Verdict,
}

impl Gated {
    pub(crate) fn new(verdict: Verdict) -> Self {
        Self { asked: tokio::sync::Notify::new(), answer: tokio::sync::Notify::new(), verdict }
    }
}

impl IdentityVerifier for Gated {
    fn ask<'a>(&'a self, _: &'a Question, _: Millis) -> BoxFuture<'a, Result<Verdict, RailError>> {
        async {
            self.asked.notify_one();
            self.answer.notified().await;
            Ok(self.verdict)
        }
        .boxed()
    }
}

both_engines! {
    async fn whoever_is_rejected_may_try_again(store) {
        let world = World::over(store).await;
        let page = Page::asking(&world, IdentityLevel::Basic).await;
        page.show(JANE).await;
        page.give(basic("Reject")).await.unwrap();
        let rejected = shown(&page.after_seconds(0).await).unwrap();
        assert_eq!((rejected.stage, rejected.rejected), (IdentityStage::Details, true));
        assert_eq!(rejected.asks.len(), 3, "nothing of what was rejected is kept");
        assert_eq!(page.level(&page.user().await).await, None);
        let checking = shown(&page.give(basic("Miller")).await.unwrap()).unwrap();
        assert!(!checking.rejected);
        assert_eq!(stage(&page.after_seconds(0).await), None);
    }

    async fn whoever_is_doubted_is_asked_again(store) {
        let world = World::over(store).await;
        let page = Page::asking(&world, IdentityLevel::Basic).await;
        page.show(JANE).await;
        page.give(basic("Again")).await.unwrap();
        let doubted = shown(&page.after_seconds(0).await).unwrap();
        assert_eq!((doubted.stage, doubted.rejected), (IdentityStage::Details, false));
        assert!(doubted.problem.unwrap().starts_with("Your name could not be confirmed."));
        page.give(basic("Miller")).await.unwrap();
        assert_eq!(stage(&page.after_seconds(0).await), None);

        let page = Page::asking(&world, IdentityLevel::Enhanced).await;
        page.show("bob@example.com").await;
        page.give(basic("again").over(papers())).await.unwrap();
        let doubted = shown(&page.after_seconds(0).await).unwrap();
        assert!(doubted.problem.unwrap().starts_with("Your document could not be confirmed."));
    }

    async fn what_is_known_and_doubted_is_given_again(store) {
        use Verdict::{Again, Approved, Rejected};
        let answers = [Approved, Again(Doubt::Name), Rejected, Approved];
        let verifier = Arc::new(InTurn(Mutex::new(answers.into())));
        let world = World::with_rails(store, Rails { verifier, ..Rails::simulated() }).await;
        let first = Page::asking(&world, IdentityLevel::Basic).await;
        first.show(JANE).await;
        first.give(basic("Miller")).await.unwrap();
        assert_eq!(stage(&first.after_seconds(0).await), None);

        let page = Page::asking(&world, IdentityLevel::Enhanced).await;
        page.show(JANE).await;
        page.give(papers()).await.unwrap();
        let doubted = shown(&page.after_seconds(0).await).unwrap();
        let asks = vec![IdentityAsk::Name, IdentityAsk::Document, IdentityAsk::SourceOfFunds];
        assert_eq!((doubted.asks, doubted.rejected), (asks, false));
        let names = vec!["given_name", "family_name"];
        assert_eq!(refused(page.give(papers()).await), IdentityError::Missing(names));
        page.give(basic("Müller").over(papers())).await.unwrap();
        let rejected = shown(&page.after_seconds(0).await).unwrap();
        assert_eq!((rejected.asks.len(), rejected.rejected), (5, true), "all of it");
        let all = vec!["given_name", "family_name", "birth_date", "country"];
        assert_eq!(refused(page.give(papers()).await), IdentityError::Missing(all));
        page.give(basic("Müller").over(papers())).await.unwrap();
        assert_eq!(stage(&page.after_seconds(0).await), None);
    }

    async fn a_slow_verdict_is_waited_for(store) {
        let world = World::over(store).await;
        let page = Page::asking(&world, IdentityLevel::Basic).await;
        page.show(JANE).await;
        page.give(basic("Slow")).await.unwrap();
        assert_eq!(stage(&page.after_seconds(19).await), Some(IdentityStage::Checking));
        assert_eq!(stage(&page.after_seconds(2).await), None);

        let page = Page::asking(&world, IdentityLevel::Basic).await;
        page.show("bob@example.com").await;
        page.give(basic("Slow")).await.unwrap();
        page.after_seconds(1).await;
        page.skip_seconds(20).await;
        assert_eq!(stage(&page.after_seconds(0).await), None, "by the session's clock");
    }

    async fn without_a_verdict_the_user_may_try_again(store) {
        let world = World::over(store).await;
        let page = Page::asking(&world, IdentityLevel::Basic).await;
        page.show(JANE).await;
        page.give(basic("Timeout")).await.unwrap();
        page.after_seconds(3).await;
        page.skip_seconds(14 * 60).await;
        assert_eq!(stage(&page.after_seconds(3).await), Some(IdentityStage::Checking));
        page.skip_seconds(60).await;
        let over = shown(&page.after_seconds(0).await).unwrap();
        let problem = "The check took too long. Nothing was charged; try again.";
        assert_eq!((over.stage, over.problem.as_deref()), (IdentityStage::Details, Some(problem)));
        page.give(basic("Miller")).await.unwrap();
        assert_eq!(stage(&page.after_seconds(0).await), None);
    }

    async fn a_lost_answer_is_asked_for_again(store) {
        let world = World::over(store).await;
        let page = Page::asking(&world, IdentityLevel::Basic).await;
        page.show(JANE).await;
        page.give(basic("Lost")).await.unwrap();
        assert_eq!(stage(&page.after_seconds(0).await), Some(IdentityStage::Checking));
        assert_eq!(stage(&page.after_seconds(1).await), None);
    }

    async fn what_comes_after_the_end_counts_for_the_user_if_it_is_good(store) {
        for (verdict, level) in [
            (Verdict::Approved, Some(IdentityLevel::Basic)),
            (Verdict::Rejected, None),
        ] {
            let gate = Arc::new(Gated::new(verdict));
            let rails = Rails { verifier: gate.clone(), ..Rails::simulated() };
            let world = World::with_rails(store, rails).await;
            let page = Page::asking(&world, IdentityLevel::Basic).await;
            page.show(JANE).await;
            let user = page.user().await;
            page.give(basic("Miller")).await.unwrap();
            let ends = async {
                gate.asked.notified().await;
                page.cancel().await;
                gate.answer.notify_one();
            };
            let (asked, ()) = tokio::join!(ask_due_checks(&world.app), ends);
            assert_eq!(asked.unwrap(), 1);
            assert!(matches!(page.journey().await.step, JourneyStep::Ended { .. }));
            assert_eq!(page.level(&user).await, level, "{verdict:?}");
            world.sound().await;
        }
    }

    async fn a_late_no_is_not_taken_for_the_next_question(store) {
        let gate = Arc::new(Gated::new(Verdict::Rejected));
        let rails = Rails { verifier: gate.clone(), ..Rails::simulated() };
        let world = World::with_rails(store, rails).await;
        let page = Page::asking(&world, IdentityLevel::Basic).await;
        page.show(JANE).await;
        page.give(basic("Miller")).await.unwrap();
        let goes_on = async {
            gate.asked.notified().await;
            let passed = IdentityOutcome::Approved;
            end_identity_check(&world.app, &page.tenant, &page.session, passed).await.unwrap();
            page.ask(IdentityLevel::Enhanced).await;
            page.give(basic("Miller").over(papers())).await.unwrap();
            gate.answer.notify_one();
        };
        let (asked, ()) = tokio::join!(ask_due_checks(&world.app), goes_on);
        assert_eq!(asked.unwrap(), 1);
        assert_eq!(stage(&page.journey().await), Some(IdentityStage::Checking));
    }

    async fn the_shortcut_and_a_forced_end_let_go_of_it_too(store) {
        let world = World::over(store).await;
        for forced in [false, true] {
            let page = Page::asking(&world, IdentityLevel::Basic).await;
            page.show(if forced { JANE } else { "bob@example.com" }).await;
            page.give(basic("Reject")).await.unwrap();
            if forced {
                force(&world.app, &page.tenant, &page.session, Force::Complete).await.unwrap();
            } else {
                let passed = IdentityOutcome::Approved;
                end_identity_check(&world.app, &page.tenant, &page.session, passed).await.unwrap();
            }
            let after = page.journey().await;
            assert_eq!(page.after_seconds(5).await.step, after.step, "nothing changes it");
        }
        let open = sql("select count(*) from identity_checks where due_at is not null");
        assert_eq!(count(&world, open).await, 0);
        world.sound().await;
    }
}
