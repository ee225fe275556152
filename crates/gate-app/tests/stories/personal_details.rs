//! What users say of themselves: what they are asked, what is refused, and what is known already.

use gate_app::identity::IdentityError;
use gate_app::testing::{World, partner, tenant_of};
use gate_domain::ids::Mode;
use gate_domain::person::{BirthDateError, Date, Person};
use gate_domain::session::IdentityLevel;
use gate_store::{both_engines, sql};
use gate_wire::words::{IdentityAsk, IdentityStage};

use crate::who::{JANE, Page, basic, count, papers, refused, shown, stage};

both_engines! {
    async fn whoever_has_passed_is_known_again_and_skips_it(store) {
        let world = World::over(store).await;
        let first = Page::asking(&world, IdentityLevel::Basic).await;
        first.show(JANE).await;
        first.give(basic("Miller")).await.unwrap();
        first.after_seconds(0).await;
        let user = first.user().await;

        let again = Page::asking(&world, IdentityLevel::Basic).await;
        assert_eq!(stage(&again.show("jane@example.com").await), None, "nothing more is asked");
        assert_eq!(again.user().await, user);
        again.ask(IdentityLevel::Basic).await;
        assert_eq!(stage(&again.journey().await), None, "nor again");

        let other = partner("Other Shop", Mode::Test, 0);
        world.provision(&other).await;
        let elsewhere = World { partner: other.clone(), ..world.clone() };
        let page = Page { world: &elsewhere, tenant: tenant_of(&other), session: elsewhere.create().await };
        page.ask(IdentityLevel::Basic).await;
        assert_eq!(stage(&page.show(JANE).await), None, "on the page of another partner too");
        assert_eq!(page.user().await, user);
        assert_eq!(page.mails(JANE).await.len(), 1, "whose mails are its own");
        assert_eq!(again.mails(JANE).await.len(), 2);
    }

    async fn more_asks_only_for_what_is_missing(store) {
        let world = World::over(store).await;
        let first = Page::asking(&world, IdentityLevel::Basic).await;
        first.show(JANE).await;
        first.give(basic("Miller")).await.unwrap();
        first.after_seconds(0).await;

        let more = Page::asking(&world, IdentityLevel::Enhanced).await;
        let asks = vec![IdentityAsk::Document, IdentityAsk::SourceOfFunds];
        assert_eq!(shown(&more.show(JANE).await).unwrap().asks, asks);
        let document = Person { document: papers().document, ..Person::default() };
        let missing = refused(more.give(document).await);
        assert_eq!(missing, IdentityError::Missing(vec!["source_of_funds"]));
        more.give(papers()).await.unwrap();
        assert_eq!(stage(&more.after_seconds(0).await), None);
        assert_eq!(more.level(&more.user().await).await, Some(IdentityLevel::Enhanced));

        // In the session in which they are known already, the address is not asked again.
        first.ask(IdentityLevel::Enhanced).await;
        assert_eq!(stage(&first.journey().await), None);
    }

    async fn what_was_asked_meanwhile_is_asked_after_the_verdict(store) {
        let world = World::over(store).await;
        let page = Page::asking(&world, IdentityLevel::Basic).await;
        page.show(JANE).await;
        page.give(basic("Miller")).await.unwrap();
        page.ask(IdentityLevel::Enhanced).await;
        assert_eq!(stage(&page.journey().await), Some(IdentityStage::Checking));
        let more = shown(&page.after_seconds(0).await).unwrap();
        let asks = vec![IdentityAsk::Document, IdentityAsk::SourceOfFunds];
        assert_eq!((more.stage, more.asks), (IdentityStage::Details, asks));
        assert_eq!(page.level(&page.user().await).await, Some(IdentityLevel::Basic));
    }

    async fn details_that_cannot_be_are_refused(store) {
        let world = World::over(store).await;
        let page = Page::asking(&world, IdentityLevel::Basic).await;
        page.show(JANE).await;
        let born = |day| Person { birth_date: Date::parse(day), ..basic("Miller") };
        let why = |error| IdentityError::BirthDate(error);
        assert_eq!(refused(page.give(born("2008-11-24")).await), why(BirthDateError::TooYoung));
        assert_eq!(refused(page.give(born("2026-11-24")).await), why(BirthDateError::Future));
        let nothing = refused(page.give(Person::default()).await);
        let all = vec!["given_name", "family_name", "birth_date", "country"];
        assert_eq!(nothing, IdentityError::Missing(all));
        let nameless = Person { given_name: None, ..basic("Miller") };
        assert_eq!(refused(page.give(nameless).await), IdentityError::Missing(vec!["given_name"]));
        assert_eq!(count(&world, sql("select count(*) from identity_checks")).await, 0);
        page.give(born("2008-11-23")).await.unwrap();
    }
}
