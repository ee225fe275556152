//! Who the user is, from the address that they read to the payment that goes on. The parts have
//! stories of their own: `email_codes`, `personal_details`, `identity_verdicts`, `identity_checks`,
//! `listed_names` and `forgotten_users`.

use gate_app::admin::users::{Command as UsersCommand, ShownUser, UsersAnswer};
use gate_app::cancel_session;
use gate_app::identity::{IdentityError, confirm_code, give_details, list_mails, send_code};
use gate_app::journey::JourneyError;
use gate_app::test_helpers::{advance_time, require_kyc};
use gate_app::testing::{ADDRESS, World};
use gate_app::workers::identity::ask_due_checks;
use gate_domain::customer::{CountryCode, Email};
use gate_domain::ids::{Mode, SessionId, Tenant, UserId};
use gate_domain::person::{Date, Document, DocumentKind, Person, SourceOfFunds};
use gate_domain::session::{IdentityLevel, Refused};
use gate_store::{StoreError, both_engines, sql};
use gate_wire::journey::{Journey, JourneyStep};
use gate_wire::mail::MailBody;
use gate_wire::words::{IdentityAsk, IdentityStage};

use crate::forgotten_users::users;

pub(crate) const JANE: &str = "Jane@Example.com";

/// A user on the page of a partner.
pub(crate) struct Page<'a> {
    pub(crate) world: &'a World,
    pub(crate) tenant: Tenant,
    pub(crate) session: SessionId,
}

/// What the identity step shows.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Shown {
    pub(crate) stage: IdentityStage,
    pub(crate) email: Option<String>,
    pub(crate) asks: Vec<IdentityAsk>,
    pub(crate) problem: Option<String>,
    pub(crate) rejected: bool,
}

pub(crate) fn shown(journey: &Journey) -> Option<Shown> {
    match journey.step.clone() {
        JourneyStep::Identity { stage, email, asks, problem, rejected, .. } => {
            Some(Shown { stage, email, asks, problem, rejected })
        }
        _ => None,
    }
}

pub(crate) fn stage(journey: &Journey) -> Option<IdentityStage> {
    shown(journey).map(|shown| shown.stage)
}

impl<'a> Page<'a> {
    /// A fresh session whose user has to show who they are.
    pub(crate) async fn asking(world: &'a World, level: IdentityLevel) -> Self {
        let page = Self { world, tenant: world.tenant(), session: world.create().await };
        page.ask(level).await;
        page
    }

    pub(crate) async fn ask(&self, level: IdentityLevel) {
        let (tenant, id) = (self.tenant.clone(), self.session.clone());
        let asked =
            self.world.app.write(move |tx, scope| require_kyc(tx, scope, &tenant, &id, level));
        asked.await.unwrap();
    }

    pub(crate) async fn send(&self, email: &str) -> Result<Journey, JourneyError> {
        let email = Email::parse(email).unwrap();
        send_code(&self.world.app, &self.tenant, &self.session, email).await
    }

    pub(crate) async fn type_code(&self, code: &str) -> Result<Journey, JourneyError> {
        confirm_code(&self.world.app, &self.tenant, &self.session, code.to_owned()).await
    }

    pub(crate) async fn give(&self, person: Person) -> Result<Journey, JourneyError> {
        give_details(&self.world.app, &self.tenant, &self.session, person).await
    }

    /// Show an address: have a code sent, find it in the mailbox, type it.
    pub(crate) async fn show(&self, email: &str) -> Journey {
        self.send(email).await.unwrap();
        let code = self.newest_code(email).await;
        self.type_code(&code).await.unwrap()
    }

    pub(crate) async fn mails(&self, email: &str) -> Vec<MailBody> {
        let (vault, tenant) = (self.world.app.vault().clone(), self.tenant.clone());
        let email = Email::parse(email).unwrap();
        let read = move |tx: &mut _| list_mails(tx, &vault, &tenant, Some(&email), None, 100);
        self.world.app.store().read(read).await.unwrap()
    }

    pub(crate) async fn newest_code(&self, email: &str) -> String {
        // Mails of one instant have no order of their own.
        self.world.clock.advance_ms(1);
        self.mails(email).await[0].code.clone().unwrap()
    }

    pub(crate) async fn journey(&self) -> Journey {
        gate_app::journey::find_journey(&self.world.app, &self.tenant, &self.session).await.unwrap()
    }

    /// Let `seconds` pass with the worker at work, and answer what the page shows then.
    pub(crate) async fn after_seconds(&self, seconds: i64) -> Journey {
        for _ in 0..seconds {
            ask_due_checks(&self.world.app).await.unwrap();
            self.world.clock.advance_ms(1_000);
        }
        ask_due_checks(&self.world.app).await.unwrap();
        self.journey().await
    }

    pub(crate) async fn user(&self) -> UserId {
        let session = self.world.app.store();
        let (tenant, id) = (self.tenant.clone(), self.session.clone());
        let found = session.read(move |tx| tx.find_session(&tenant, &id)).await.unwrap().unwrap();
        found.choice().unwrap().user.clone().expect("they are known")
    }

    pub(crate) async fn level(&self, user: &UserId) -> Option<IdentityLevel> {
        let (mode, user) = (self.tenant.mode, user.clone());
        let found = self.world.app.store().read(move |tx| tx.find_user(mode, &user)).await;
        found.unwrap().unwrap().level
    }

    /// Let time pass for this session alone.
    pub(crate) async fn skip_seconds(&self, seconds: i64) {
        let (tenant, id) = (self.tenant.clone(), self.session.clone());
        let skipped =
            self.world.app.write(move |tx, scope| advance_time(tx, scope, &tenant, &id, seconds));
        skipped.await.unwrap();
    }

    pub(crate) async fn cancel(&self) {
        let (tenant, id) = (self.tenant.clone(), self.session.clone());
        let cancelled = self
            .world
            .app
            .write(move |tx, scope| cancel_session::cancel_session(tx, scope, &tenant, &id));
        cancelled.await.unwrap();
    }
}

pub(crate) fn basic(family_name: &str) -> Person {
    Person {
        given_name: Some("Jane".into()),
        family_name: Some(family_name.into()),
        birth_date: Date::parse("1990-05-17"),
        country: CountryCode::parse("DE"),
        ..Person::default()
    }
}

pub(crate) fn papers() -> Person {
    Person {
        document: Some(Document { kind: DocumentKind::Passport, number: "C01X00T47".into() }),
        source_of_funds: Some(SourceOfFunds::Salary),
        ..Person::default()
    }
}

pub(crate) fn refused(answer: Result<Journey, JourneyError>) -> IdentityError {
    match answer {
        Err(JourneyError::Identity(error)) => error,
        other => panic!("{other:?}"),
    }
}

pub(crate) fn out_of_step(answer: &Result<Journey, JourneyError>) -> bool {
    matches!(answer, Err(JourneyError::Refused(Refused::OutOfStep)))
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

pub(crate) async fn count(world: &World, statement: gate_store::Sql) -> i64 {
    let read = move |tx: &mut gate_store::Tx| tx.query_one(statement, &[], |row| row.get(0));
    world.app.store().read(read).await.unwrap()
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
        let north_korea = "We cannot serve people who live in North Korea.";
        assert_eq!(refused(page.give(elsewhere).await).to_string(), north_korea);
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
