//! Names that two people let go and a third one blocked all the same: whatever has come of them since
//! then is taken back, as long as no money moves.

use gate_app::identity::end_identity_check;
use gate_app::screening::Verdict as Decided;
use gate_app::testing::{ADDRESS, World};
use gate_domain::ids::QuoteId;
use gate_domain::person::Person;
use gate_domain::session::IdentityLevel;
use gate_store::{StoreError, both_engines, sql};
use gate_wire::words::{IdentityOutcome, IdentityStage};

use crate::listed_names::{decide, listed, screening, waiting};
use crate::who::{JANE, Page, basic, shown, stage};

/// Let the one name go that waits, and answer under which id it was held.
async fn release(world: &World) -> String {
    let [id] = waiting(world).await.try_into().unwrap();
    decide(world, &id, Decided::Release, "ada").await;
    decide(world, &id, Decided::Release, "bob").await;
    id
}

/// Somebody learns something after that.
async fn block(world: &World, id: &str) {
    decide(world, id, Decided::Block, "eve").await;
}

/// Somebody with a listed name, whom two people let go, before an amount that asks for it.
async fn let_go(world: &World) -> (Page<'_>, String) {
    let session = world.create_with(|terms| terms.amount.units = 3_000_00).await;
    let page = Page { world, tenant: world.tenant(), session };
    page.ask(IdentityLevel::Basic).await;
    page.show(JANE).await;
    page.give(listed()).await.unwrap();
    let id = release(world).await;
    (page, id)
}

async fn try_to_pay(page: &Page<'_>, quote: &QuoteId) {
    let paid = page.world.pay(&page.session, quote, "succeeds").await;
    let begun = page.world.session(&page.session).await.transaction;
    assert_eq!(begun, None, "one person kept it for good: {:?}", paid.map(|paid| paid.step));
}

async fn is_rejected(page: &Page<'_>) {
    let shown = shown(&page.journey().await).expect("they are asked who they are");
    assert_eq!((shown.stage, shown.rejected, shown.problem), (IdentityStage::Details, true, None));
}

both_engines! {
    async fn a_name_that_is_blocked_while_the_verifier_looks_at_it_is_rejected(store) {
        let world = screening(store).await;
        let (page, id) = let_go(&world).await;
        // Before the verifier was asked.
        block(&world, &id).await;
        is_rejected(&page).await;
        page.after_seconds(1).await;
        is_rejected(&page).await;
        assert_eq!(page.level(&page.user().await).await, None, "nobody was approved by that name");
    }

    async fn an_answer_about_a_blocked_name_approves_nobody(store) {
        let world = screening(store).await;
        let (page, id) = let_go(&world).await;
        // A process of the version before has written it down: it did not say what was let go.
        let unknown = sql("update identity_checks set screening_id = null");
        let forget = world.app.write(move |tx, _| tx.execute(unknown, &[]));
        let forgotten: Result<_, StoreError> = forget.await;
        forgotten.unwrap();
        block(&world, &id).await;
        assert_eq!(stage(&page.journey().await), Some(IdentityStage::Checking));
        page.after_seconds(1).await;
        is_rejected(&page).await;
        assert_eq!(page.level(&page.user().await).await, None);
    }

    async fn a_name_that_was_given_again_is_rejected_too(store) {
        let world = screening(store).await;
        let (page, id) = let_go(&world).await;
        let rejected = IdentityOutcome::Rejected;
        end_identity_check(&world.app, &page.tenant, &page.session, rejected).await.unwrap();
        let again = page.give(listed()).await.unwrap();
        assert_eq!(stage(&again), Some(IdentityStage::Checking), "it was let go");
        block(&world, &id).await;
        is_rejected(&page).await;
        page.after_seconds(1).await;
        assert_eq!(page.level(&page.user().await).await, None);
    }

    async fn whose_name_is_blocked_after_their_approval_pays_nothing_by_it(store) {
        let world = screening(store).await;
        let (page, id) = let_go(&world).await;
        assert_eq!(stage(&page.after_seconds(1).await), None, "they are approved");
        let quote = world.choose(&page.session, ADDRESS).await;
        block(&world, &id).await;
        try_to_pay(&page, &quote).await;
        is_rejected(&page).await;
        page.give(listed()).await.unwrap();
        is_rejected(&page).await;
        // A guest may move this, and so may they under another name, but not under this one.
        page.give(basic("Miller")).await.unwrap();
        assert_eq!(stage(&page.after_seconds(0).await), None, "that name is on no list");
        world.pay(&page.session, &quote, "succeeds").await.unwrap();
        assert!(world.session(&page.session).await.transaction.is_some());
        world.sound().await;
    }

    async fn whose_name_is_blocked_pays_no_small_amount_either(store) {
        let world = screening(store).await;
        let page = Page::asking(&world, IdentityLevel::Basic).await;
        page.show(JANE).await;
        page.give(listed()).await.unwrap();
        let id = release(&world).await;
        assert_eq!(stage(&page.after_seconds(0).await), None);
        let quote = world.choose(&page.session, ADDRESS).await;
        block(&world, &id).await;
        try_to_pay(&page, &quote).await;
        is_rejected(&page).await;
    }

    async fn whose_name_is_blocked_is_approved_nowhere_else(store) {
        let world = screening(store).await;
        let (page, id) = let_go(&world).await;
        page.after_seconds(0).await;
        assert_eq!(page.level(&page.user().await).await, Some(IdentityLevel::Basic));
        block(&world, &id).await;
        assert_eq!(page.level(&page.user().await).await, None);
        let elsewhere = Page::asking(&world, IdentityLevel::Basic).await;
        let asked = shown(&elsewhere.show(JANE).await).expect("they show once more who they are");
        assert_eq!((asked.stage, asked.rejected), (IdentityStage::Details, false));
        let given = shown(&elsewhere.give(Person::default()).await.unwrap()).unwrap();
        let longer = given.problem.is_some();
        assert_eq!((given.stage, longer), (IdentityStage::Checking, true), "and are held there");
    }
}
