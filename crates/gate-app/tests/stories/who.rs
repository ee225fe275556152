//! Who the user is: an address that they read, details of themselves, a verifier's verdict, being known
//! again, and being forgotten.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use futures::FutureExt;
use futures::future::{BoxFuture, ready};
use gate_app::App;
use gate_app::admin::screening::{Command as ScreeningCommand, ScreeningsAnswer, Status};
use gate_app::admin::users::{Command as UsersCommand, ShownUser, UsersAnswer};
use gate_app::admin::{self, AdminError, Command, Whose};
use gate_app::cancel_session;
use gate_app::identity::{
    IdentityError, MAILS_KEPT_MS, confirm_code, end_identity_check, give_details, list_mails,
    send_code,
};
use gate_app::journey::JourneyError;
use gate_app::screening::{SanctionsList, Verdict as Decided};
use gate_app::test_helpers::{Force, advance_time, force, require_kyc};
use gate_app::testing::{ADDRESS, START, World, partner, tenant_of};
use gate_app::workers::identity::ask_due_checks;
use gate_app::workers::release_predecessors;
use gate_app::workers::retention::remove_old_mails;
use gate_domain::catalogue::RefusalCode;
use gate_domain::customer::{CountryCode, Email};
use gate_domain::ids::{Mode, SessionId, Tenant, UserId};
use gate_domain::person::{BirthDateError, Date, Document, DocumentKind, Person, SourceOfFunds};
use gate_domain::session::{IdentityLevel, Refused};
use gate_domain::time::Millis;
use gate_domain::user::User;
use gate_rails::{Doubt, IdentityVerifier, Question, RailError, Rails, Verdict};
use gate_store::{Locked, StoreError, both_engines, sql};
use gate_wire::journey::{Journey, JourneyStep};
use gate_wire::mail::MailBody;
use gate_wire::words::{IdentityAsk, IdentityOutcome, IdentityStage};

use crate::time::advance;

const JANE: &str = "Jane@Example.com";

/// A user on the page of a partner.
struct Page<'a> {
    world: &'a World,
    tenant: Tenant,
    session: SessionId,
}

/// What the identity step shows.
#[derive(Debug, PartialEq, Eq)]
struct Shown {
    stage: IdentityStage,
    email: Option<String>,
    asks: Vec<IdentityAsk>,
    problem: Option<String>,
    rejected: bool,
}

fn shown(journey: &Journey) -> Option<Shown> {
    match journey.step.clone() {
        JourneyStep::Identity { stage, email, asks, problem, rejected, .. } => {
            Some(Shown { stage, email, asks, problem, rejected })
        }
        _ => None,
    }
}

fn stage(journey: &Journey) -> Option<IdentityStage> {
    shown(journey).map(|shown| shown.stage)
}

impl<'a> Page<'a> {
    /// A fresh session whose user has to show who they are.
    async fn asking(world: &'a World, level: IdentityLevel) -> Self {
        let page = Self { world, tenant: world.tenant(), session: world.create().await };
        page.ask(level).await;
        page
    }

    async fn ask(&self, level: IdentityLevel) {
        let (tenant, id) = (self.tenant.clone(), self.session.clone());
        let asked =
            self.world.app.write(move |tx, scope| require_kyc(tx, scope, &tenant, &id, level));
        asked.await.unwrap();
    }

    async fn send(&self, email: &str) -> Result<Journey, JourneyError> {
        let email = Email::parse(email).unwrap();
        send_code(&self.world.app, &self.tenant, &self.session, email).await
    }

    async fn type_code(&self, code: &str) -> Result<Journey, JourneyError> {
        confirm_code(&self.world.app, &self.tenant, &self.session, code.to_owned()).await
    }

    async fn give(&self, person: Person) -> Result<Journey, JourneyError> {
        give_details(&self.world.app, &self.tenant, &self.session, person).await
    }

    /// Show an address: have a code sent, find it in the mailbox, type it.
    async fn show(&self, email: &str) -> Journey {
        self.send(email).await.unwrap();
        let code = self.newest_code(email).await;
        self.type_code(&code).await.unwrap()
    }

    async fn mails(&self, email: &str) -> Vec<MailBody> {
        let (vault, tenant) = (self.world.app.vault().clone(), self.tenant.clone());
        let email = Email::parse(email).unwrap();
        let read = move |tx: &mut _| list_mails(tx, &vault, &tenant, Some(&email), None, 100);
        self.world.app.store().read(read).await.unwrap()
    }

    async fn newest_code(&self, email: &str) -> String {
        // Mails of one instant have no order of their own.
        self.world.clock.advance_ms(1);
        self.mails(email).await[0].code.clone().unwrap()
    }

    async fn journey(&self) -> Journey {
        gate_app::journey::find_journey(&self.world.app, &self.tenant, &self.session).await.unwrap()
    }

    /// Let `seconds` pass with the worker at work, and answer what the page shows then.
    async fn after_seconds(&self, seconds: i64) -> Journey {
        for _ in 0..seconds {
            ask_due_checks(&self.world.app).await.unwrap();
            self.world.clock.advance_ms(1_000);
        }
        ask_due_checks(&self.world.app).await.unwrap();
        self.journey().await
    }

    async fn user(&self) -> UserId {
        let session = self.world.app.store();
        let (tenant, id) = (self.tenant.clone(), self.session.clone());
        let found = session.read(move |tx| tx.find_session(&tenant, &id)).await.unwrap().unwrap();
        found.choice().unwrap().user.clone().expect("they are known")
    }

    async fn level(&self, user: &UserId) -> Option<IdentityLevel> {
        let (mode, user) = (self.tenant.mode, user.clone());
        let found = self.world.app.store().read(move |tx| tx.find_user(mode, &user)).await;
        found.unwrap().unwrap().level
    }

    /// Let time pass for this session alone.
    async fn skip_seconds(&self, seconds: i64) {
        let (tenant, id) = (self.tenant.clone(), self.session.clone());
        let skipped =
            self.world.app.write(move |tx, scope| advance_time(tx, scope, &tenant, &id, seconds));
        skipped.await.unwrap();
    }

    async fn cancel(&self) {
        let (tenant, id) = (self.tenant.clone(), self.session.clone());
        let cancelled = self
            .world
            .app
            .write(move |tx, scope| cancel_session::cancel_session(tx, scope, &tenant, &id));
        cancelled.await.unwrap();
    }
}

fn basic(family_name: &str) -> Person {
    Person {
        given_name: Some("Jane".into()),
        family_name: Some(family_name.into()),
        birth_date: Date::parse("1990-05-17"),
        country: CountryCode::parse("DE"),
        ..Person::default()
    }
}

fn papers() -> Person {
    Person {
        document: Some(Document { kind: DocumentKind::Passport, number: "C01X00T47".into() }),
        source_of_funds: Some(SourceOfFunds::Salary),
        ..Person::default()
    }
}

fn refused(answer: Result<Journey, JourneyError>) -> IdentityError {
    match answer {
        Err(JourneyError::Identity(error)) => error,
        other => panic!("{other:?}"),
    }
}

fn out_of_step(answer: &Result<Journey, JourneyError>) -> bool {
    matches!(answer, Err(JourneyError::Refused(Refused::OutOfStep)))
}

/// Another six digits.
fn other_code(code: &str) -> &'static str {
    if code == "111111" { "222222" } else { "111111" }
}

/// Every byte that rests in tables about users, as text; what is sealed says nothing.
async fn at_rest(world: &World) -> String {
    let read = |tx: &mut gate_store::Tx| {
        let mut all = String::new();
        for statement in [
            sql("select state from sessions"),
            sql("select body from events"),
            sql("select coalesce(level, '') from users"),
        ] {
            for text in tx.query(statement, &[], |row| row.get::<String>(0))? {
                all.push_str(&text);
            }
        }
        for statement in [
            sql("select person_sealed from people"),
            sql("select email_sealed from email_codes"),
            sql("select code_hash from email_codes where code_hash is not null"),
            sql(
                "select submission_sealed from identity_checks where submission_sealed is not null",
            ),
            sql("select mail_sealed from mails"),
        ] {
            for bytes in tx.query(statement, &[], |row| row.get::<Vec<u8>>(0))? {
                all.push_str(&String::from_utf8_lossy(&bytes));
            }
        }
        Ok::<_, StoreError>(all)
    };
    world.app.store().read(read).await.unwrap()
}

async fn count(world: &World, statement: gate_store::Sql) -> i64 {
    let read = move |tx: &mut gate_store::Tx| tx.query_one(statement, &[], |row| row.get(0));
    world.app.store().read(read).await.unwrap()
}

/// A verifier that counts how often it is asked, and answers as it is told.
struct Scripted {
    asked: AtomicUsize,
    answer: Result<Verdict, RailError>,
}

impl IdentityVerifier for Scripted {
    fn ask<'a>(&'a self, _: &'a Question, _: Millis) -> BoxFuture<'a, Result<Verdict, RailError>> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        ready(self.answer.clone()).boxed()
    }
}

/// A verifier that gives one answer after the other.
struct InTurn(Mutex<VecDeque<Verdict>>);

impl IdentityVerifier for InTurn {
    fn ask<'a>(&'a self, _: &'a Question, _: Millis) -> BoxFuture<'a, Result<Verdict, RailError>> {
        ready(Ok(self.0.lock().unwrap().pop_front().expect("there is an answer left"))).boxed()
    }
}

fn scripted(answer: Result<Verdict, RailError>) -> (Rails, Arc<Scripted>) {
    let verifier = Arc::new(Scripted { asked: AtomicUsize::new(0), answer });
    (Rails { verifier: verifier.clone(), ..Rails::simulated() }, verifier)
}

both_engines! {
    async fn from_the_address_to_the_payment(store) {
        let world = World::over(store).await;
        let page = Page { world: &world, tenant: world.tenant(), session: world.create().await };
        let quote = world.choose(&page.session, ADDRESS).await;
        let before = page.journey().await.step;
        page.ask(IdentityLevel::Basic).await;
        let nothing = Shown {
            stage: IdentityStage::Email,
            email: None,
            asks: Vec::new(),
            problem: None,
            rejected: false,
        };
        assert_eq!(shown(&page.journey().await), Some(nothing));
        assert!(out_of_step(&page.type_code("123456").await), "no code was sent");
        assert!(out_of_step(&page.give(basic("Miller")).await), "no address was shown");

        let sent = page.send(JANE).await.unwrap();
        let masked = Some("J•••@Example.com".to_owned());
        assert_eq!(shown(&sent).map(|shown| (shown.stage, shown.email)), Some((IdentityStage::Code, masked)));
        let mail = page.mails("jane@example.com").await.remove(0);
        let code = mail.code.clone().unwrap();
        assert_eq!((mail.to.as_str(), code.len()), (JANE, 6));
        assert!(mail.text.contains(&code) && mail.text.contains("Demo Shop"), "{}", mail.text);
        assert_eq!(page.journey().await, sent, "the same on another device");

        let known = page.type_code(&code).await.unwrap();
        let asks = vec![IdentityAsk::Name, IdentityAsk::BirthDate, IdentityAsk::Country];
        assert_eq!(shown(&known).map(|shown| (shown.stage, shown.asks)), Some((IdentityStage::Details, asks)));
        assert!(out_of_step(&page.type_code(&code).await), "a code is used once");
        let checking = page.give(basic("Miller")).await.unwrap();
        assert_eq!(stage(&checking), Some(IdentityStage::Checking));
        assert!(out_of_step(&page.send(JANE).await), "somebody looks at it");
        assert!(out_of_step(&page.give(basic("Miller")).await), "once");
        assert!(matches!(world.pay(&page.session, &quote, "succeeds").await, Err(JourneyError::Refused(_))));

        assert_eq!(page.after_seconds(0).await.step, before, "it goes on where it was");
        assert_eq!(page.level(&page.user().await).await, Some(IdentityLevel::Basic));
        let rest = at_rest(&world).await;
        for personal in ["Miller", "jane", "Jane", "1990", "J•••", code.as_str()] {
            assert!(!rest.contains(personal), "{personal} rests readable");
        }
        world.pay(&page.session, &quote, "succeeds").await.unwrap();
        world.pass_seconds(8).await;
        let told = ["created", "kyc.required", "processing", "completed"];
        assert_eq!(world.event_types().await, told, "and the partner is told no more");
        let submitted = sql("select count(*) from identity_checks where submission_sealed is not null");
        assert_eq!(count(&world, submitted).await, 0);
        world.sound().await;
    }

    async fn nobody_buys_where_nothing_is_offered_any_more(store) {
        let world = World::over(store).await;
        let page = Page { world: &world, tenant: world.tenant(), session: world.create().await };
        let quote = world.choose(&page.session, ADDRESS).await;
        page.ask(IdentityLevel::Basic).await;
        page.show(JANE).await;
        let elsewhere = Person { country: CountryCode::parse("KP"), ..basic("Miller") };
        match page.give(elsewhere).await {
            Err(JourneyError::Unavailable(refusal)) => {
                assert_eq!(refusal.code, RefusalCode::CountryNotSupported);
            }
            other => panic!("{other:?}"),
        }
        page.give(basic("Miller")).await.unwrap();
        let payment = page.after_seconds(0).await.step;
        assert!(matches!(payment, JourneyStep::Payment { .. }));

        world.switch_off("country:DE", "Our licence there has ended").await;
        let JourneyStep::Unavailable { reason } = page.journey().await.step else {
            panic!("they live there")
        };
        assert_eq!(reason.code, "country_not_supported");
        let stopped = world.pay(&page.session, &quote, "succeeds").await.unwrap();
        assert!(matches!(stopped.step, JourneyStep::Unavailable { .. }));
        assert_eq!(world.session(&page.session).await.transaction, None, "nothing was written down");
        world.switch_on("country:DE").await;
        assert_eq!(page.journey().await.step, payment, "it goes on where it was");
        world.pay(&page.session, &quote, "succeeds").await.unwrap();
        world.switch_off("country:DE", "Our licence there has ended").await;
        world.pass_seconds(8).await;
        assert!(matches!(page.journey().await.step, JourneyStep::Done { .. }), "money that moves arrives");
        world.sound().await;
    }

    async fn a_code_is_tried_five_times(store) {
        let world = World::over(store).await;
        let page = Page::asking(&world, IdentityLevel::Basic).await;
        page.send(JANE).await.unwrap();
        let code = page.newest_code(JANE).await;
        for tries_left in [4, 3, 2, 1, 0] {
            let wrong = refused(page.type_code(other_code(&code)).await);
            assert_eq!(wrong, IdentityError::CodeWrong { tries_left });
        }
        assert_eq!(refused(page.type_code(&code).await), IdentityError::CodeExpired, "too late");
        assert_eq!(stage(&page.show(JANE).await), Some(IdentityStage::Details));
    }

    async fn a_code_is_good_for_ten_minutes_of_its_session(store) {
        let world = World::over(store).await;
        let page = Page::asking(&world, IdentityLevel::Basic).await;
        page.send(JANE).await.unwrap();
        let code = page.newest_code(JANE).await;
        page.skip_seconds(600).await;
        assert_eq!(refused(page.type_code(&code).await), IdentityError::CodeExpired);
        page.send(JANE).await.unwrap();
        let code = page.newest_code(JANE).await;
        page.skip_seconds(598).await;
        assert_eq!(stage(&page.type_code(&code).await.unwrap()), Some(IdentityStage::Details));
    }

    async fn the_last_code_alone_is_good_and_for_its_address_alone(store) {
        let world = World::over(store).await;
        let page = Page::asking(&world, IdentityLevel::Basic).await;
        let other = Page::asking(&world, IdentityLevel::Basic).await;
        page.send("bob@example.com").await.unwrap();
        let for_bob = page.newest_code("bob@example.com").await;
        let sent = page.send(JANE).await.unwrap();
        assert_eq!(shown(&sent).unwrap().email.as_deref(), Some("J•••@Example.com"));
        let code = page.newest_code(JANE).await;
        if for_bob != code {
            assert!(matches!(refused(page.type_code(&for_bob).await), IdentityError::CodeWrong { .. }));
        }
        other.send("carl@example.com").await.unwrap();
        let for_carl = other.newest_code("carl@example.com").await;
        if for_carl != code {
            assert!(matches!(refused(page.type_code(&for_carl).await), IdentityError::CodeWrong { .. }));
        }
        page.type_code(&code).await.unwrap();
        assert_eq!(count(&world, sql("select count(*) from users")).await, 1);
    }

    async fn codes_are_sent_so_often_and_no_more(store) {
        let world = World::over(store).await;
        let page = Page::asking(&world, IdentityLevel::Basic).await;
        for email in ["a@example.com", "b@example.com", JANE] {
            page.send(email).await.unwrap();
        }
        let limited = refused(page.send("c@example.com").await);
        assert_eq!(limited, IdentityError::TooManyCodes { retry_after_s: 600 });
        page.skip_seconds(599).await;
        let limited = refused(page.send(JANE).await);
        assert_eq!(limited, IdentityError::TooManyCodes { retry_after_s: 1 });
        page.skip_seconds(1).await;
        page.send(JANE).await.unwrap();

        // Two went to this address; two more may, from whatever session of this partner.
        for _ in 0..2 {
            Page::asking(&world, IdentityLevel::Basic).await.send("jane@EXAMPLE.com").await.unwrap();
        }
        let last = Page::asking(&world, IdentityLevel::Basic).await;
        let limited = refused(last.send(JANE).await);
        // By the clock of the session that skipped ten minutes.
        assert_eq!(limited, IdentityError::TooManyCodes { retry_after_s: 3_000 });
        assert_eq!(stage(&last.journey().await), Some(IdentityStage::Email), "nothing was sent");
        last.send("d@example.com").await.unwrap();

        // And then one more on the pages of all others.
        let elsewhere = World { partner: partner("Another Shop", Mode::Test, 0), ..world.clone() };
        elsewhere.provision(&elsewhere.partner).await;
        Page::asking(&elsewhere, IdentityLevel::Basic).await.send(JANE).await.unwrap();
        let other = Page::asking(&elsewhere, IdentityLevel::Basic).await;
        let limited = refused(other.send(JANE).await);
        assert_eq!(limited, IdentityError::TooManyCodes { retry_after_s: 3_000 });
    }

    async fn a_session_sends_five_codes_an_hour_whatever_the_addresses(store) {
        let world = World::over(store).await;
        let page = Page::asking(&world, IdentityLevel::Basic).await;
        for email in ["a@example.com", "b@example.com", "c@example.com"] {
            page.send(email).await.unwrap();
        }
        page.skip_seconds(600).await;
        for email in ["d@example.com", "e@example.com"] {
            page.send(email).await.unwrap();
        }
        let limited = refused(page.send("f@example.com").await);
        assert_eq!(limited, IdentityError::TooManyCodes { retry_after_s: 3_000 });
        page.skip_seconds(2_999).await;
        let limited = refused(page.send("f@example.com").await);
        assert_eq!(limited, IdentityError::TooManyCodes { retry_after_s: 1 });
        page.skip_seconds(1).await;
        page.send("f@example.com").await.unwrap();
    }

    async fn too_many_codes_are_refused_alike_whether_the_address_is_known(store) {
        let world = World::over(store).await;
        Page::asking(&world, IdentityLevel::Basic).await.show(JANE).await;
        world.clock.advance_ms(3_600_000);
        let mut told = Vec::new();
        for email in [JANE, "Jade@Example.com"] {
            let mut answers = Vec::new();
            for _ in 0..6 {
                let page = Page::asking(&world, IdentityLevel::Basic).await;
                answers.push(match page.send(email).await {
                    Ok(journey) => Ok(shown(&journey)),
                    Err(refused) => Err(refused.to_string()),
                });
            }
            told.push(answers);
        }
        assert_eq!(told[0].iter().filter(|answer| answer.is_ok()).count(), 4);
        assert_eq!(told[0], told[1]);
    }

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

    async fn mails_and_codes_are_kept_for_a_day(store) {
        let world = World::over(store).await;
        let page = Page::asking(&world, IdentityLevel::Basic).await;
        page.send(JANE).await.unwrap();
        world.clock.advance_ms(MAILS_KEPT_MS);
        let later = Page::asking(&world, IdentityLevel::Basic).await;
        later.send(JANE).await.unwrap();
        assert_eq!(remove_old_mails(&world.app).await.unwrap(), 0, "a day is not over");
        world.clock.advance_ms(1);
        assert_eq!(remove_old_mails(&world.app).await.unwrap(), 2, "a mail and a code");
        assert_eq!(remove_old_mails(&world.app).await.unwrap(), 0);
        assert_eq!(later.mails(JANE).await.len(), 1);
    }

    async fn nobody_is_asked_in_live_mode(store) {
        let world = World::over(store).await;
        let live = Tenant { mode: Mode::Live, ..world.tenant() };
        let page = Page { world: &world, tenant: live, session: world.create().await };
        for refused in [
            page.send(JANE).await,
            page.type_code("123456").await,
            page.give(basic("Miller")).await,
        ] {
            assert!(matches!(refused, Err(JourneyError::NotEnabled)), "{refused:?}");
        }
    }
}

/// A verifier that waits for a sign before it answers.
struct Gated {
    asked: tokio::sync::Notify,
    answer: tokio::sync::Notify,
    verdict: Verdict,
}

impl Gated {
    fn new(verdict: Verdict) -> Self {
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
const LISTED: &str = "Quandary";

async fn screening(store: &gate_store::testing::TestStore) -> World {
    let list = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/stories/sanctions"));
    World::screening(store, SanctionsList::open(list).unwrap()).await
}

fn listed() -> Person {
    Person { given_name: Some("Zebulon Ornulf".into()), ..basic(LISTED) }
}

fn whose() -> Whose {
    Whose { partner: None, mode: Mode::Test }
}

async fn waiting(world: &World) -> Vec<String> {
    let list = ScreeningCommand::List { whose: whose(), status: Status::Waiting };
    let answer = admin::run(&world.app, Command::Screening(list)).await.unwrap();
    let answer: ScreeningsAnswer = serde_json::from_value(answer).unwrap();
    answer.screenings.into_iter().map(|row| row.id).collect()
}

async fn decide(world: &World, id: &str, verdict: Decided, actor: &str) {
    let (id, reason, actor) = (id.to_owned(), "looked it up".to_owned(), actor.to_owned());
    let decide = ScreeningCommand::Decide { whose: whose(), id, verdict, reason, actor };
    admin::run(&world.app, Command::Screening(decide)).await.unwrap();
}

async fn users<T: serde::de::DeserializeOwned>(
    world: &World,
    command: UsersCommand,
) -> Result<T, AdminError> {
    let answer = admin::run(&world.app, Command::Users(command)).await?;
    Ok(serde_json::from_value(answer).unwrap())
}

async fn erase(world: &World, user: &UserId) -> ShownUser {
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
fn change_meanwhile<'a, T: 'a>(
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

    async fn who_a_user_is_is_shown_to_whoever_says_why(store) {
        let world = World::over(store).await;
        let page = Page::asking(&world, IdentityLevel::Enhanced).await;
        page.show(JANE).await;
        page.give(basic("Miller").over(papers())).await.unwrap();
        page.after_seconds(0).await;
        let id = page.user().await.to_string();
        let list = UsersCommand::List { mode: Mode::Test, after: None };
        let listed: UsersAnswer = users(&world, list).await.unwrap();
        assert_eq!(listed.users.iter().map(|user| &user.id).collect::<Vec<_>>(), [&id]);
        let behind = UsersCommand::List { mode: Mode::Test, after: Some(id.clone()) };
        assert_eq!(users::<UsersAnswer>(&world, behind).await.unwrap().users, []);
        let bare: ShownUser = users(&world, UsersCommand::Show { id: id.clone() }).await.unwrap();
        assert_eq!((bare.user.level, bare.person), (Some(IdentityLevel::Enhanced), None));

        let reveal = |reason: &str| UsersCommand::Reveal {
            id: id.clone(),
            reason: reason.into(),
            actor: "ada".into(),
        };
        let refused = users::<ShownUser>(&world, reveal(" ")).await.unwrap_err();
        assert_eq!(refused.code, "reason_needed");
        let told: ShownUser = users(&world, reveal("ticket 91")).await.unwrap();
        let person = told.person.unwrap();
        assert_eq!((person.name().as_str(), person.email.unwrap().as_str()), ("Jane Miller", JANE));
        let done: Vec<_> = told.actions.iter().map(|done| done.action.as_str()).collect();
        assert_eq!(done, ["reveal"]);
        let live = UsersCommand::Show { id: id.replace("test", "live") };
        assert_eq!(users::<ShownUser>(&world, live).await.unwrap_err().code, "user_not_found");
    }
}
