//! Users who are the same person share what they may move, whatever they are called and however it is
//! spelt.

use gate_app::testing::{ADDRESS, START, World};
use gate_domain::ids::{Mode, UserId};
use gate_domain::person::{Date, Document, DocumentKind, Person};
use gate_domain::session::IdentityLevel;
use gate_store::both_engines;
use gate_wire::words::IdentityStage;

use crate::forgotten_users::erase;
use crate::listed_names::{listed, screening, waiting};
use crate::who::{JANE, Page, basic, papers, stage};

/// Somebody who is approved with these details.
async fn approved(world: &World, email: &str, level: IdentityLevel, person: Person) -> UserId {
    let page = Page::asking(world, level).await;
    page.show(email).await;
    page.give(person).await.unwrap();
    page.after_seconds(0).await;
    let user = page.user().await;
    assert_eq!(page.level(&user).await, Some(level));
    user
}

async fn moved(world: &World, user: &UserId) -> i64 {
    let user = user.clone();
    let sums = move |tx: &mut gate_store::Tx| tx.sum_spends(Mode::Test, &user, START);
    world.app.store().read(sums).await.unwrap().0
}

/// Somebody who is known by this address buys for 100 EUR.
async fn buy(world: &World, email: &str) {
    let page = Page { world, tenant: world.tenant(), session: world.create().await };
    let quote = world.choose(&page.session, ADDRESS).await;
    page.ask(IdentityLevel::Basic).await;
    page.show(email).await;
    world.pay(&page.session, &quote, "succeeds").await.unwrap();
    world.pass_seconds(8).await;
}

fn passport(number: &str) -> Option<Document> {
    Some(Document { kind: DocumentKind::Passport, number: number.into() })
}

both_engines! {
    async fn who_gets_another_name_stays_the_same_person(store) {
        let world = World::over(store).await;
        let first = approved(&world, JANE, IdentityLevel::Basic, basic("Müller")).await;
        let again = approved(&world, "jane+1@example.com", IdentityLevel::Basic, basic("Müller")).await;
        // More is asked, and another name is given with it: they married. The verifier approves.
        let married = papers().over(basic("Schmidt"));
        assert_eq!(approved(&world, JANE, IdentityLevel::Enhanced, married).await, first);
        let later = approved(&world, "jane+2@example.com", IdentityLevel::Basic, basic("Schmidt")).await;
        let other = approved(&world, "ada@example.com", IdentityLevel::Basic, basic("Lovelace")).await;
        buy(&world, "jane+2@example.com").await;
        for user in [&first, &again, &later] {
            assert_eq!(moved(&world, user).await, 100_00, "one of them had both names");
        }
        assert_eq!(moved(&world, &other).await, 0);
        // Whoever is forgotten is no way out.
        erase(&world, &first).await;
        assert_eq!(moved(&world, &again).await, 100_00);
        world.sound().await;
    }

    async fn one_document_is_one_person(store) {
        let world = World::over(store).await;
        let with = |given_name: &str, document| Person {
            given_name: Some(given_name.into()),
            document,
            ..papers().over(basic("Müller"))
        };
        let enhanced = IdentityLevel::Enhanced;
        let first = approved(&world, JANE, enhanced, with("Jane", passport("C01X00T47"))).await;
        let mut same = vec![first];
        for (number, spelt) in ["c01x00t47", "C01\u{200B}X00T47", "\u{421}01X00\u{422}47"].into_iter().enumerate() {
            let person = with(&format!("Jane Number{number}"), passport(spelt));
            same.push(approved(&world, &format!("jane+{number}@example.com"), enhanced, person).await);
        }
        let card = Document { kind: DocumentKind::IdCard, number: "C01X00T47".into() };
        let other = approved(&world, "ada@example.com", enhanced, with("Ada", Some(card))).await;
        buy(&world, JANE).await;
        for user in &same {
            assert_eq!(moved(&world, user).await, 100_00);
        }
        assert_eq!(moved(&world, &other).await, 0, "that is another document");
    }

    async fn what_nobody_sees_in_a_name_makes_nobody_else_of_them(store) {
        let world = World::over(store).await;
        approved(&world, JANE, IdentityLevel::Basic, basic("Müller")).await;
        let hidden = Person { given_name: Some("Ja\u{200D}ne".into()), ..basic("Mü\u{AD}ller") };
        let again = approved(&world, "jane+1@example.com", IdentityLevel::Basic, hidden).await;
        let born = Person { birth_date: Date::parse("1990-05-18"), ..basic("Müller") };
        let other = approved(&world, "jane+2@example.com", IdentityLevel::Basic, born).await;
        buy(&world, JANE).await;
        assert_eq!(moved(&world, &again).await, 100_00);
        assert_eq!(moved(&world, &other).await, 0);
    }

    async fn what_nobody_sees_in_a_name_hides_nobody_from_the_list(store) {
        let world = screening(store).await;
        let page = Page::asking(&world, IdentityLevel::Basic).await;
        page.show(JANE).await;
        let hide = |name: Option<String>| {
            Some(name?.chars().flat_map(|c| [c, '\u{200D}']).collect::<String>())
        };
        let Person { given_name, family_name, .. } = listed();
        let (given_name, family_name) = (hide(given_name), hide(family_name));
        let given = page.give(Person { given_name, family_name, ..listed() }).await.unwrap();
        assert_eq!(stage(&given), Some(IdentityStage::Checking));
        assert_eq!(waiting(&world).await.len(), 1);
    }
}
