//! Users whose name stands on a list of sanctions: they wait for people, and are not told why.

use std::path::Path;

use gate_app::admin::screening::{Command as ScreeningCommand, ScreeningsAnswer, Status};
use gate_app::admin::{self, Command, Whose};
use gate_app::identity::end_identity_check;
use gate_app::screening::{SanctionsList, Verdict as Decided};
use gate_app::testing::{START, World};
use gate_domain::ids::Mode;
use gate_domain::person::Person;
use gate_domain::session::IdentityLevel;
use gate_domain::user::User;
use gate_store::{Locked, StoreError, both_engines, sql};
use gate_wire::words::{IdentityOutcome, IdentityStage};

use crate::forgotten_users::{change_meanwhile, erase};
use crate::who::{JANE, Page, basic, count, out_of_step, papers, shown, stage};

const LISTED: &str = "Quandary";

pub(crate) async fn screening(store: &gate_store::testing::TestStore) -> World {
    let list = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/stories/sanctions"));
    World::screening(store, SanctionsList::open(list).unwrap()).await
}

pub(crate) fn listed() -> Person {
    Person { given_name: Some("Zebulon Ornulf".into()), ..basic(LISTED) }
}

fn whose() -> Whose {
    Whose { partner: None, mode: Mode::Test }
}

pub(crate) async fn waiting(world: &World) -> Vec<String> {
    let list = ScreeningCommand::List { whose: whose(), status: Status::Waiting };
    let answer = admin::run(&world.app, Command::Screening(list)).await.unwrap();
    let answer: ScreeningsAnswer = serde_json::from_value(answer).unwrap();
    answer.screenings.into_iter().map(|row| row.id).collect()
}

pub(crate) async fn decide(world: &World, id: &str, verdict: Decided, actor: &str) {
    let (id, reason, actor) = (id.to_owned(), "looked it up".to_owned(), actor.to_owned());
    let decide = ScreeningCommand::Decide { whose: whose(), id, verdict, reason, actor };
    admin::run(&world.app, Command::Screening(decide)).await.unwrap();
}

both_engines! {
    async fn a_listed_name_waits_for_two_people(store) {
        let world = screening(store).await;
        let page = Page::asking(&world, IdentityLevel::Basic).await;
        page.show(JANE).await;
        let held = shown(&page.give(listed()).await.unwrap()).unwrap();
        let longer = "This takes longer than usual. You can close this page and come back later.";
        assert_eq!((held.stage, held.problem.as_deref()), (IdentityStage::Checking, Some(longer)));
        page.skip_seconds(3_600).await;
        assert_eq!(stage(&page.after_seconds(2).await), Some(IdentityStage::Checking), "it waits");
        let [id] = waiting(&world).await.try_into().unwrap();
        decide(&world, &id, Decided::Release, "ada").await;
        assert_eq!(shown(&page.after_seconds(2).await), Some(held), "one person is not enough");
        decide(&world, &id, Decided::Release, "bob").await;
        let checking = shown(&page.journey().await).unwrap();
        assert_eq!((checking.stage, checking.problem), (IdentityStage::Checking, None));
        assert_eq!(stage(&page.after_seconds(0).await), None, "and the verifier is asked");
        assert_eq!(page.level(&page.user().await).await, Some(IdentityLevel::Basic));
        world.sound().await;
    }

    async fn a_blocked_name_is_rejected_and_stays_so(store) {
        let world = screening(store).await;
        let page = Page::asking(&world, IdentityLevel::Basic).await;
        page.show(JANE).await;
        page.give(listed()).await.unwrap();
        let [id] = waiting(&world).await.try_into().unwrap();
        decide(&world, &id, Decided::Block, "ada").await;
        let rejected = shown(&page.journey().await).unwrap();
        let details = (IdentityStage::Details, true, None);
        assert_eq!((rejected.stage, rejected.rejected, rejected.problem), details, "and not why");
        let again = shown(&page.give(listed()).await.unwrap()).unwrap();
        assert_eq!((again.stage, again.rejected), (IdentityStage::Details, true));
        page.after_seconds(1).await;
        assert_eq!(page.level(&page.user().await).await, None);
        page.give(basic("Miller")).await.unwrap();
        assert_eq!(stage(&page.after_seconds(0).await), None, "that name is on no list");
    }

    async fn what_is_decided_about_one_name_says_nothing_about_another(store) {
        let world = screening(store).await;
        for (verdict, other) in [(Decided::Block, Decided::Release), (Decided::Release, Decided::Block)] {
            let page = Page::asking(&world, IdentityLevel::Basic).await;
            page.show(if verdict == Decided::Block { JANE } else { "bob@example.com" }).await;
            page.give(listed()).await.unwrap();
            let [first] = waiting(&world).await.try_into().unwrap();
            let rejected = IdentityOutcome::Rejected;
            end_identity_check(&world.app, &page.tenant, &page.session, rejected).await.unwrap();
            let shorter = Person { given_name: Some("Zebulon".into()), ..basic(LISTED) };
            let held = shown(&page.give(shorter).await.unwrap()).unwrap();
            assert_eq!(held.stage, IdentityStage::Checking);
            decide(&world, &first, verdict, "ada").await;
            if verdict == Decided::Release {
                decide(&world, &first, verdict, "bob").await;
            }
            assert_eq!(shown(&page.after_seconds(1).await), Some(held), "that was another name");
            let [second] = waiting(&world).await.try_into().unwrap();
            decide(&world, &second, other, "ada").await;
            if other == Decided::Release {
                decide(&world, &second, other, "bob").await;
            }
            let blocked = (other == Decided::Block).then_some(IdentityStage::Details);
            assert_eq!(stage(&page.after_seconds(0).await), blocked);
        }
    }

    async fn a_name_that_changed_since_it_was_looked_up_is_not_taken(store) {
        let world = screening(store).await;
        let first = Page::asking(&world, IdentityLevel::Basic).await;
        first.show(JANE).await;
        first.give(basic("Miller")).await.unwrap();
        assert_eq!(stage(&first.after_seconds(0).await), None);
        let user = first.user().await;
        let page = Page::asking(&world, IdentityLevel::Enhanced).await;
        page.show(JANE).await;
        // They are approved under a listed name, just when the list was asked about the old one.
        let text = serde_json::to_string(&listed()).unwrap();
        let sealed = world.app.vault().seal(&format!("{user}/person"), &text, gate_app::Ids);
        let change = move |tx: &mut gate_store::Tx, user: &Locked<User>| {
            tx.save_person(user, &sealed, START)
        };
        let given = change_meanwhile(&world, &user, change, page.give(papers())).await;
        assert!(out_of_step(&given), "{given:?}");
        assert_eq!(waiting(&world).await, Vec::<String>::new());
        let held = page.give(papers()).await.unwrap();
        assert_eq!(stage(&held), Some(IdentityStage::Checking));
        assert_eq!(waiting(&world).await.len(), 1, "the second time it is found");
    }

    async fn whoever_waits_for_people_begins_again_too_when_they_are_forgotten(store) {
        let world = screening(store).await;
        let page = Page::asking(&world, IdentityLevel::Basic).await;
        page.show(JANE).await;
        page.give(listed()).await.unwrap();
        let user = page.user().await;
        // Codes are kept for a day, and people may take longer.
        let forget = world.app.write(|tx, _| tx.execute(sql("delete from email_codes"), &[]));
        let forgotten: Result<_, StoreError> = forget.await;
        forgotten.unwrap();
        erase(&world, &user).await;
        assert_eq!(stage(&page.journey().await), Some(IdentityStage::Email));
        let open = sql("select count(*) from identity_checks where status = 'held'");
        assert_eq!(count(&world, open).await, 0);
        let [id] = waiting(&world).await.try_into().unwrap();
        for actor in ["ada", "bob"] {
            decide(&world, &id, Decided::Release, actor).await;
        }
        page.after_seconds(1).await;
        assert_eq!(stage(&page.journey().await), Some(IdentityStage::Email));
        assert_eq!(page.level(&user).await, None);
    }

    async fn what_is_decided_after_the_session_ended_changes_nothing(store) {
        let world = screening(store).await;
        let page = Page::asking(&world, IdentityLevel::Basic).await;
        page.show(JANE).await;
        let user = page.user().await;
        page.give(listed()).await.unwrap();
        page.cancel().await;
        let [id] = waiting(&world).await.try_into().unwrap();
        for actor in ["ada", "bob"] {
            decide(&world, &id, Decided::Release, actor).await;
        }
        page.after_seconds(1).await;
        assert_eq!(page.level(&user).await, None);
    }
}
