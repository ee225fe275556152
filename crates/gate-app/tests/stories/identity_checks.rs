//! The worker that asks the verifier: who holds a check, how often one is asked about, and what
//! becomes of those that cannot be.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::FutureExt;
use futures::future::{BoxFuture, ready};
use gate_app::testing::World;
use gate_app::workers::identity::ask_due_checks;
use gate_app::workers::release_predecessors;
use gate_domain::session::IdentityLevel;
use gate_domain::time::Millis;
use gate_rails::{IdentityVerifier, Question, RailError, Rails, Verdict};
use gate_store::{StoreError, both_engines, sql};
use gate_wire::journey::JourneyStep;
use gate_wire::words::IdentityStage;

use crate::time::advance;
use crate::who::{JANE, Page, basic, count, shown, stage};

/// A verifier that counts how often it is asked, and answers as it is told.
pub(crate) struct Scripted {
    asked: AtomicUsize,
    answer: Result<Verdict, RailError>,
}

impl IdentityVerifier for Scripted {
    fn ask<'a>(&'a self, _: &'a Question, _: Millis) -> BoxFuture<'a, Result<Verdict, RailError>> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        ready(self.answer.clone()).boxed()
    }
}

pub(crate) fn scripted(answer: Result<Verdict, RailError>) -> (Rails, Arc<Scripted>) {
    let verifier = Arc::new(Scripted { asked: AtomicUsize::new(0), answer });
    (Rails { verifier: verifier.clone(), ..Rails::simulated() }, verifier)
}

both_engines! {
    /// The lease of a worker would else be waited for, however far time moves.
    async fn a_check_that_a_worker_holds_is_asked_about_once_time_moves(store) {
        let world = World::over(store).await;
        let page = Page::asking(&world, IdentityLevel::Basic).await;
        page.show(JANE).await;
        page.give(basic("Miller")).await.unwrap();
        let claimed: Result<_, StoreError> = world
            .app
            .write(|tx, scope| {
                tx.claim_identity_checks(scope.now, scope.now.plus_ms(30_000), "held", 10)
            })
            .await;
        assert_eq!(claimed.unwrap().checks.len(), 1);
        assert_eq!(ask_due_checks(&world.app).await.unwrap(), 0, "somebody has it");
        advance(&world, &page.session, 1).await;
        assert_eq!(ask_due_checks(&world.app).await.unwrap(), 1);
    }

    async fn a_verifier_that_is_down_is_asked_ever_less_often(store) {
        let down = Err(RailError::Unreachable("refused".into()));
        let (rails, verifier) = scripted(down);
        let world = World::with_rails(store, rails).await;
        let page = Page::asking(&world, IdentityLevel::Basic).await;
        page.show(JANE).await;
        page.give(basic("Miller")).await.unwrap();
        assert_eq!(stage(&page.after_seconds(60).await), Some(IdentityStage::Checking));
        let asked = verifier.asked.load(Ordering::SeqCst);
        assert!((6..=9).contains(&asked), "{asked}");
        let over = shown(&page.after_seconds(15 * 60).await).unwrap();
        assert!(over.problem.unwrap().starts_with("The check took too long."));
        let asked = verifier.asked.load(Ordering::SeqCst);
        assert!(asked < 30, "{asked}");
        assert_eq!(page.after_seconds(120).await, page.journey().await);
        assert_eq!(verifier.asked.load(Ordering::SeqCst), asked, "nobody asks any more");
    }

    async fn what_cannot_be_read_is_not_waited_for_forever(store) {
        let world = World::over(store).await;
        let page = Page::asking(&world, IdentityLevel::Basic).await;
        page.show(JANE).await;
        page.give(basic("Miller")).await.unwrap();
        let broken: Result<_, StoreError> = world
            .app
            .write(|tx, _| {
                let breaks = sql("update identity_checks set submission_sealed = $1");
                tx.execute(breaks, &[&b"another key".as_slice()])
            })
            .await;
        assert_eq!(broken.unwrap(), 1);
        assert_eq!(stage(&page.after_seconds(60).await), Some(IdentityStage::Checking));
        page.skip_seconds(15 * 60).await;
        let over = shown(&page.after_seconds(60).await).unwrap();
        assert!(over.problem.unwrap().starts_with("The check took too long."));
        page.give(basic("Miller")).await.unwrap();
        assert_eq!(stage(&page.after_seconds(0).await), None);
    }

    async fn a_row_that_does_not_parse_ends_too_and_is_in_nobodys_way(store) {
        for breaks in [
            sql("update identity_checks set user_id = 'somebody'"),
            sql("update identity_checks set asked_at = null"),
            sql("update identity_checks set submission_sealed = null"),
        ] {
            let world = World::over(store).await;
            let page = Page::asking(&world, IdentityLevel::Basic).await;
            page.show(JANE).await;
            page.give(basic("Miller")).await.unwrap();
            let broken: Result<_, StoreError> = world.app.write(move |tx, _| tx.execute(breaks, &[])).await;
            broken.unwrap();
            let next = Page::asking(&world, IdentityLevel::Basic).await;
            next.show("bob@example.com").await;
            next.give(basic("Miller")).await.unwrap();
            assert_eq!(stage(&next.after_seconds(0).await), None, "the next one is asked about");
            assert_eq!(stage(&page.after_seconds(60).await), Some(IdentityStage::Checking));
            world.clock.advance_ms(15 * 60_000);
            let over = shown(&page.after_seconds(0).await).unwrap();
            assert!(over.problem.unwrap().starts_with("The check took too long."));
            page.give(basic("Miller")).await.unwrap();
            assert_eq!(stage(&page.after_seconds(0).await), None);
            world.sound().await;
            let forget = world.app.write(move |tx, _| tx.execute(sql("delete from identity_checks"), &[]));
            let forgotten: Result<_, StoreError> = forget.await;
            forgotten.unwrap();
        }
        // Not even its session can be read: it ends alone.
        let world = World::over(store).await;
        let page = Page::asking(&world, IdentityLevel::Basic).await;
        page.show("carl@example.com").await;
        page.give(basic("Miller")).await.unwrap();
        let breaks = sql("update identity_checks set session_id = 'lost', mode = 'live', partner_id = 'x'");
        let broken: Result<_, StoreError> = world.app.write(move |tx, _| tx.execute(breaks, &[])).await;
        broken.unwrap();
        world.clock.advance_ms(15 * 60_000);
        page.after_seconds(0).await;
        let open = sql("select count(*) from identity_checks where due_at is not null");
        assert_eq!(count(&world, open).await, 0);
    }

    async fn twins_ask_once_and_whoever_dies_is_followed(store) {
        let (rails, verifier) = scripted(Ok(Verdict::Approved));
        let world = World::with_rails(store, rails).await;
        let page = Page::asking(&world, IdentityLevel::Basic).await;
        page.show(JANE).await;
        page.give(basic("Miller")).await.unwrap();
        let claim = |token: &'static str| {
            world.app.write(move |tx, scope| {
                tx.claim_identity_checks(scope.now, scope.now.plus_ms(30_000), token, 10)
            })
        };
        let claimed: Result<_, StoreError> = claim("one").await;
        let dead = claimed.unwrap().checks.remove(0);
        assert_eq!(ask_due_checks(&world.app).await.unwrap(), 0, "somebody has it");
        world.clock.advance_ms(30_000);
        let (one, other) = tokio::join!(ask_due_checks(&world.app), ask_due_checks(&world.app));
        assert_eq!(one.unwrap() + other.unwrap(), 1);
        assert_eq!(verifier.asked.load(Ordering::SeqCst), 1);
        assert_eq!(stage(&page.journey().await), None);
        let late: Result<_, StoreError> = world
            .app
            .write(move |tx, scope| {
                tx.end_identity_check(&dead, gate_store::CheckEnd::Rejected, scope.now)
            })
            .await;
        assert_eq!(late.unwrap(), gate_store::Recorded::LeaseLost);
        assert_eq!(page.level(&page.user().await).await, Some(IdentityLevel::Basic));

        // On SQLite the next process releases what its predecessor held.
        let page = Page::asking(&world, IdentityLevel::Basic).await;
        page.show("bob@example.com").await;
        page.give(basic("Miller")).await.unwrap();
        let claimed: Result<_, StoreError> = claim("two").await;
        assert_eq!(claimed.unwrap().checks.len(), 1);
        release_predecessors(&world.app).await.unwrap();
        assert_eq!(stage(&page.after_seconds(0).await), None);
    }

    async fn a_session_that_ends_lets_go_of_its_check(store) {
        let (rails, verifier) = scripted(Ok(Verdict::Approved));
        let world = World::with_rails(store, rails).await;
        let page = Page::asking(&world, IdentityLevel::Basic).await;
        page.show(JANE).await;
        let user = page.user().await;
        page.give(basic("Miller")).await.unwrap();
        page.cancel().await;
        assert!(matches!(page.journey().await.step, JourneyStep::Ended { .. }));
        page.after_seconds(60).await;
        assert_eq!(verifier.asked.load(Ordering::SeqCst), 0, "nobody is asked");
        assert_eq!(page.level(&user).await, None);
        let kept = sql("select count(*) from identity_checks where submission_sealed is not null");
        assert_eq!(count(&world, kept).await, 0);

        let late = Page::asking(&world, IdentityLevel::Basic).await;
        late.show(JANE).await;
        late.give(basic("Miller")).await.unwrap();
        late.skip_seconds(86_400).await;
        assert!(matches!(late.journey().await.step, JourneyStep::Ended { .. }), "expired");
        late.after_seconds(1).await;
        assert_eq!(late.level(&user).await, None);
    }
}
