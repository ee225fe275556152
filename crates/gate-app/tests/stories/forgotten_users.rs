//! Users who are forgotten: at once and for good, whatever happens meanwhile, and what stays.

use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use gate_app::App;
use gate_app::admin::users::{Command as UsersCommand, ShownUser};
use gate_app::admin::{self, AdminError, Command};
use gate_app::identity::{IdentityError, end_identity_check};
use gate_app::testing::{ADDRESS, START, World};
use gate_app::workers::identity::ask_due_checks;
use gate_domain::ids::{Mode, UserId};
use gate_domain::person::{Date, Person};
use gate_domain::session::IdentityLevel;
use gate_domain::time::Millis;
use gate_domain::user::User;
use gate_rails::{Rails, Verdict};
use gate_store::{Locked, StoreError, both_engines, sql};
use gate_wire::words::{IdentityOutcome, IdentityStage};

use crate::identity_checks::scripted;
use crate::identity_verdicts::Gated;
use crate::who::{JANE, Page, basic, count, refused, shown, stage};

pub(crate) async fn users<T: serde::de::DeserializeOwned>(
    world: &World,
    command: UsersCommand,
) -> Result<T, AdminError> {
    let answer = admin::run(&world.app, Command::Users(command)).await?;
    Ok(serde_json::from_value(answer).unwrap())
}

pub(crate) async fn erase(world: &World, user: &UserId) -> ShownUser {
    let (id, reason) = (user.to_string(), "asked to be forgotten".to_owned());
    users(world, UsersCommand::Erase { id, reason, actor: "ada".into() }).await.unwrap()
}

/// Erase a user while something happens. Their sessions do not hear of it.
fn forget_meanwhile<'a, T: 'a>(
    world: &'a World,
    user: &'a UserId,
    happens: impl Future<Output = T> + 'a,
) -> impl Future<Output = T> + 'a {
    let erase = |tx: &mut gate_store::Tx, user: &Locked<User>| {
        let erase = sql("update users set email_hash = null, erased_at = 1 where id = $1");
        tx.execute(erase, &[&user.id.as_str()]).map(drop)
    };
    change_meanwhile(world, user, erase, happens)
}

/// Change a user while something happens: it begins while their row is held, and goes on once they are
/// changed.
pub(crate) fn change_meanwhile<'a, T: 'a>(
    world: &'a World,
    user: &'a UserId,
    change: impl Fn(&mut gate_store::Tx, &Locked<User>) -> Result<(), StoreError> + Send + 'static,
    happens: impl Future<Output = T> + 'a,
) -> impl Future<Output = T> + 'a {
    let happens = Box::pin(happens);
    let (release, released) = mpsc::channel::<()>();
    let (tell, there) = tokio::sync::oneshot::channel();
    let (tell, released) = (Mutex::new(Some(tell)), Mutex::new(released));
    let (store, id) = (world.app.store().clone(), user.clone());
    let changes = move |tx: &mut gate_store::Tx| {
        let user = tx.lock_user(Mode::Test, &id)?.unwrap();
        if let Some(tell) = tell.lock().unwrap().take() {
            tell.send(()).unwrap();
        }
        let _ = released.lock().unwrap().recv();
        change(tx, &user)
    };
    async move {
        let hand = tokio::spawn(async move { store.write(changes).await });
        there.await.unwrap();
        let later = async move {
            tokio::time::sleep(Duration::from_millis(300)).await;
            drop(release);
        };
        let (happened, ()) = tokio::join!(happens, later);
        hand.await.unwrap().unwrap();
        happened
    }
}

both_engines! {
    async fn who_is_forgotten_is_a_new_user_afterwards(store) {
        let world = World::over(store).await;
        let page = Page { world: &world, tenant: world.tenant(), session: world.create().await };
        let quote = world.choose(&page.session, ADDRESS).await;
        page.ask(IdentityLevel::Basic).await;
        page.show(JANE).await;
        page.give(basic("Miller")).await.unwrap();
        page.after_seconds(0).await;
        let user = page.user().await;
        world.pay(&page.session, &quote, "succeeds").await.unwrap();
        world.pass_seconds(8).await;
        let before = world.sound().await;

        let erased = erase(&world, &user).await;
        assert!(erased.user.erased_at.is_some());
        assert_eq!(erased.user.level, Some(IdentityLevel::Basic), "the history stays");
        let again = erase(&world, &user).await;
        assert_eq!(again.user, erased.user, "twice is fine");
        let outcomes: Vec<_> = again.actions.iter().map(|done| done.outcome.as_str()).collect();
        assert_eq!(outcomes, ["erased", "erased_before"]);
        for emptied in [
            sql("select count(*) from people"),
            sql("select count(*) from mails"),
            sql("select count(*) from email_codes"),
            sql("select count(*) from users where email_hash is not null"),
            sql("select count(*) from identity_checks where submission_sealed is not null"),
        ] {
            assert_eq!(count(&world, emptied).await, 0);
        }
        assert_eq!(world.sound().await, before, "nothing that was booked has changed");

        let new = Page::asking(&world, IdentityLevel::Basic).await;
        assert_eq!(shown(&new.show(JANE).await).unwrap().asks.len(), 3, "nothing is known");
        assert_ne!(new.user().await, user);
        let nobody = UserId::new(Mode::Test, world.app.ids().seed(Millis(0)));
        let show = UsersCommand::Show { id: nobody.to_string() };
        assert_eq!(users::<ShownUser>(&world, show).await.unwrap_err().code, "user_not_found");
    }

    async fn one_person_has_one_limit_whatever_their_address(store) {
        let world = World::over(store).await;
        let page = Page { world: &world, tenant: world.tenant(), session: world.create().await };
        let quote = world.choose(&page.session, ADDRESS).await;
        page.ask(IdentityLevel::Basic).await;
        page.show(JANE).await;
        page.give(basic("Müller")).await.unwrap();
        page.after_seconds(0).await;
        let user = page.user().await;
        world.pay(&page.session, &quote, "succeeds").await.unwrap();
        world.pass_seconds(8).await;

        let moved = async |email, person| {
            let page = Page::asking(&world, IdentityLevel::Basic).await;
            page.show(email).await;
            page.give(person).await.unwrap();
            page.after_seconds(0).await;
            let user = page.user().await;
            let sums = move |tx: &mut gate_store::Tx| tx.sum_spends(Mode::Test, &user, START);
            world.app.store().read(sums).await.unwrap().0
        };
        let written_so = Person { given_name: Some("JANE".into()), ..basic("muller") };
        assert_eq!(moved("jane+1@example.com", written_so).await, 100_00);
        erase(&world, &user).await;
        assert_eq!(moved(JANE, basic("Müller")).await, 100_00, "what they moved is not forgotten");
        let younger = Person { birth_date: Date::parse("1990-05-18"), ..basic("Müller") };
        assert_eq!(moved("bob@example.com", younger).await, 0, "that is somebody else");
    }

    async fn whoever_is_forgotten_half_way_begins_again(store) {
        let world = World::over(store).await;
        let checking = Page::asking(&world, IdentityLevel::Basic).await;
        checking.show(JANE).await;
        checking.give(basic("Slow")).await.unwrap();
        checking.after_seconds(1).await;
        let user = checking.user().await;
        let details = Page::asking(&world, IdentityLevel::Basic).await;
        details.show(JANE).await;
        let code = Page::asking(&world, IdentityLevel::Basic).await;
        code.send(JANE).await.unwrap();
        let typed = code.newest_code(JANE).await;
        let stranger = Page::asking(&world, IdentityLevel::Basic).await;
        stranger.show("bob@example.com").await;

        erase(&world, &user).await;
        for page in [&checking, &details] {
            assert_eq!(stage(&page.journey().await), Some(IdentityStage::Email));
        }
        assert_eq!(refused(code.type_code(&typed).await), IdentityError::CodeExpired);
        assert_eq!(stage(&stranger.journey().await), Some(IdentityStage::Details));
        checking.after_seconds(30).await;
        assert_eq!(checking.level(&user).await, None, "nobody is asked any more");
        assert_eq!(count(&world, sql("select count(*) from people")).await, 1, "the stranger's");
        assert_eq!(stage(&details.show(JANE).await), Some(IdentityStage::Details));
        assert_ne!(details.user().await, user);
        world.sound().await;
    }

    async fn an_answer_about_somebody_who_was_forgotten_is_not_kept(store) {
        let gate = Arc::new(Gated::new(Verdict::Approved));
        let rails = Rails { verifier: gate.clone(), ..Rails::simulated() };
        let world = World::with_rails(store, rails).await;
        let page = Page::asking(&world, IdentityLevel::Basic).await;
        page.show(JANE).await;
        let user = page.user().await;
        page.give(basic("Miller")).await.unwrap();
        let forgets = async {
            gate.asked.notified().await;
            erase(&world, &user).await;
            gate.answer.notify_one();
        };
        let (asked, ()) = tokio::join!(ask_due_checks(&world.app), forgets);
        assert_eq!(asked.unwrap(), 1);
        assert_eq!(page.level(&user).await, None);
        assert_eq!(count(&world, sql("select count(*) from people")).await, 0);
        assert_eq!(stage(&page.journey().await), Some(IdentityStage::Email));
    }

    async fn an_approval_of_somebody_who_is_gone_does_not_keep_the_session(store) {
        let (rails, _) = scripted(Ok(Verdict::Approved));
        let world = World::with_rails(store, rails).await;
        let page = Page::asking(&world, IdentityLevel::Basic).await;
        page.show(JANE).await;
        let user = page.user().await;
        page.give(basic("Miller")).await.unwrap();
        forget_meanwhile(&world, &user, async {}).await;
        assert_eq!(stage(&page.after_seconds(0).await), Some(IdentityStage::Email));
        assert_eq!(page.level(&user).await, None);
    }

    async fn who_is_forgotten_just_now_pays_nothing(store) {
        let world = World::over(store).await;
        let session = world.create_with(|terms| terms.amount.units = 2_000_00).await;
        let page = Page { world: &world, tenant: world.tenant(), session };
        let quote = world.choose(&page.session, ADDRESS).await;
        page.show(JANE).await;
        page.give(basic("Miller")).await.unwrap();
        assert_eq!(stage(&page.after_seconds(0).await), None);
        let user = page.user().await;
        let pays = world.pay(&page.session, &quote, "succeeds");
        let asked = forget_meanwhile(&world, &user, pays).await.unwrap();
        assert_eq!(stage(&asked), Some(IdentityStage::Email), "they begin again");
        assert_eq!(world.session(&page.session).await.transaction, None, "nothing was written down");
        page.show(JANE).await;
        assert_ne!(page.user().await, user);
    }

    async fn nobody_is_recognised_who_is_forgotten_elsewhere(place: TestPlace) {
        // On PostgreSQL as two processes: each carries out one transaction after the other.
        let store = place.open(place.options()).unwrap();
        let world = World::over(&store).await;
        let second = (!place.is_sqlite()).then(|| place.open(place.options()).unwrap());
        let app = second.as_ref().map_or_else(
            || world.app.clone(),
            |store| {
                let (clock, vault) = (world.clock.clone(), world.app.vault().clone());
                let config = world.app.config().clone();
                App::new((**store).clone(), clock, vault, Rails::simulated(), config)
            },
        );
        let elsewhere = World { app, ..world.clone() };
        let first = Page::asking(&world, IdentityLevel::Basic).await;
        first.show(JANE).await;
        let user = first.user().await;
        let page = Page::asking(&elsewhere, IdentityLevel::Basic).await;
        page.send(JANE).await.unwrap();
        let code = page.newest_code(JANE).await;
        forget_meanwhile(&world, &user, page.type_code(&code)).await.unwrap();
        let session = world.session(&page.session).await;
        assert_ne!(session.choice().unwrap().user, Some(user));
    }

    async fn who_is_forgotten_is_not_vouched_for(store) {
        let world = World::over(store).await;
        let page = Page::asking(&world, IdentityLevel::Basic).await;
        page.show(JANE).await;
        let user = page.user().await;
        let passed = IdentityOutcome::Approved;
        let passes = end_identity_check(&world.app, &page.tenant, &page.session, passed);
        let journey = forget_meanwhile(&world, &user, passes).await.unwrap();
        assert_eq!(stage(&journey), Some(IdentityStage::Email), "they begin again");
        assert_eq!(page.level(&user).await, None);

        // Somebody who had passed, and is asked once more.
        page.show(JANE).await;
        end_identity_check(&world.app, &page.tenant, &page.session, passed).await.unwrap();
        let user = page.user().await;
        forget_meanwhile(&world, &user, page.ask(IdentityLevel::Basic)).await;
        assert_eq!(stage(&page.journey().await), Some(IdentityStage::Email));
        page.show(JANE).await;
        assert_ne!(page.user().await, user);
        world.sound().await;
    }

    async fn who_is_forgotten_just_now_gives_nothing(store) {
        let world = World::over(store).await;
        let page = Page::asking(&world, IdentityLevel::Basic).await;
        page.send(JANE).await.unwrap();
        let code = page.newest_code(JANE).await;
        let first = Page::asking(&world, IdentityLevel::Basic).await;
        first.show(JANE).await;
        let user = first.user().await;
        let given = forget_meanwhile(&world, &user, first.give(basic("Miller"))).await.unwrap();
        assert_eq!(stage(&given), Some(IdentityStage::Email));
        assert_eq!(count(&world, sql("select count(*) from identity_checks")).await, 0);

        first.show(JANE).await;
        let user = first.user().await;
        forget_meanwhile(&world, &user, page.type_code(&code)).await.unwrap();
        let session = world.session(&page.session).await;
        assert_ne!(session.choice().unwrap().user, Some(user));
    }
}
