//! Mails of live mode: sent once they are written down, again while a server does not take them, and
//! given up when what they say is no longer good. Those of the sandbox never leave.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, Mutex};

use futures::FutureExt;
use futures::future::{BoxFuture, ready};
use gate_app::advance::{AdvanceError, advance_session};
use gate_app::identity::{IdentityError, confirm_code, give_details, send_code};
use gate_app::journey::JourneyError;
use gate_app::metrics::render;
use gate_app::readiness::{Unready, find_unready};
use gate_app::testing::{World, partner};
use gate_app::workers::identity::ask_due_checks;
use gate_app::workers::mails::send_due_mails;
use gate_app::workers::release_predecessors;
use gate_app::workers::retention::remove_old_mails;
use gate_domain::customer::Email;
use gate_domain::ids::{IdentityCheckId, Mode, SessionId, UserId};
use gate_domain::person::Person;
use gate_domain::session::{Event, IdentityLevel};
use gate_rails::mail::{Letter, MailError, MailFrom, Mailer, Smtp, SmtpUrl};
use gate_store::{NewIdentityCheck, Sql, Store, StoreError, both_engines, sql};
use gate_wire::journey::{Journey, JourneyStep};
use gate_wire::words::IdentityStage;

use crate::log::Log;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;

const JANE: &str = "Jane@Example.com";

/// A mailer that answers from a list, then takes everything.
#[derive(Debug, Default)]
struct Scripted {
    answers: Mutex<VecDeque<Result<(), MailError>>>,
    letters: Mutex<Vec<Letter>>,
}

impl Scripted {
    fn answering(answers: impl Into<VecDeque<Result<(), MailError>>>) -> Arc<Self> {
        Arc::new(Self { answers: Mutex::new(answers.into()), ..Self::default() })
    }

    fn letters(&self) -> Vec<Letter> {
        self.letters.lock().unwrap().clone()
    }
}

impl Mailer for Scripted {
    fn send<'a>(&'a self, letter: &'a Letter) -> BoxFuture<'a, Result<(), MailError>> {
        self.letters.lock().unwrap().push(letter.clone());
        ready(self.answers.lock().unwrap().pop_front().unwrap_or(Ok(()))).boxed()
    }
}

fn later() -> Result<(), MailError> {
    Err(MailError::later("the mail server answered 451"))
}

/// A gateway that serves a partner in live mode.
async fn live(store: &Store, mailer: Arc<dyn Mailer>) -> World {
    let world = World::mailing(store, mailer).await;
    let partner = partner("Pebble", Mode::Live, 0);
    world.provision(&partner).await;
    World { partner, ..world }
}

/// A session whose user has to show who they are.
async fn asking(world: &World) -> SessionId {
    let session = world.create().await;
    let (tenant, id) = (world.tenant(), session.clone());
    let asked = world.app.write(move |tx, scope| {
        let session = tx.lock_session(&tenant, &id)?.unwrap();
        advance_session(tx, scope, session, &Event::IdentityAsked(IdentityLevel::Basic))
    });
    asked.await.unwrap();
    session
}

async fn send(world: &World, session: &SessionId, email: &str) -> Result<Journey, JourneyError> {
    send_code(&world.app, &world.tenant(), session, Email::parse(email).unwrap()).await
}

async fn count(world: &World, statement: Sql) -> i64 {
    let read = move |tx: &mut gate_store::Tx| tx.query_one(statement, &[], |row| row.get(0));
    let counted: Result<_, StoreError> = world.app.store().read(read).await;
    counted.unwrap()
}

async fn statuses(world: &World) -> Vec<(String, i64)> {
    let counts = world.app.store().read(|tx| tx.count_mails(Mode::Live)).await;
    let counts: Result<_, StoreError> = counts;
    counts.unwrap().into_iter().collect()
}

fn one(status: &str) -> Vec<(String, i64)> {
    vec![(status.to_owned(), 1)]
}

/// Let `seconds` pass with the worker at work.
async fn pass(world: &World, seconds: i64) {
    for _ in 0..seconds {
        send_due_mails(&world.app).await.unwrap();
        world.clock.advance_ms(1_000);
    }
}

both_engines! {
    async fn a_code_is_sent_and_forgotten(store) {
        let mailer = Scripted::answering([]);
        let world = live(store, mailer.clone()).await;
        let session = asking(&world).await;
        send(&world, &session, JANE).await.unwrap();
        assert_eq!(mailer.letters(), [], "nothing is sent inside of a transaction");
        assert_eq!(send_due_mails(&world.app).await.unwrap(), 1);
        assert_eq!(send_due_mails(&world.app).await.unwrap(), 0, "once");
        let [letter] = mailer.letters().try_into().unwrap();
        let code: String = letter.subject.chars().take(6).collect();
        assert_eq!(letter.to.as_str(), JANE);
        let text = format!(
            "Your code is {code}.\n\nEnter it on the payment page of Pebble. It is valid for 10 minutes.\n\n\
             Nobody from us will ever ask you for this code. If you did not request it, you can ignore this message."
        );
        assert_eq!(letter.text, text);
        assert_eq!(statuses(&world).await, one("sent"));
        assert_eq!(count(&world, sql("select count(*) from mails where mail_sealed is not null")).await, 0);

        let journey = confirm_code(&world.app, &world.tenant(), &session, code).await.unwrap();
        let JourneyStep::Identity { stage: IdentityStage::Details, .. } = journey.step else {
            panic!("they read it")
        };
        // Nobody in live mode can look at details yet.
        let given = give_details(&world.app, &world.tenant(), &session, Person::default()).await;
        assert!(matches!(given, Err(JourneyError::NotEnabled)), "{given:?}");
        world.clock.advance_ms(25 * 3_600_000);
        assert_eq!(remove_old_mails(&world.app).await.unwrap(), 2, "a mail and a code");
    }

    async fn a_check_that_nobody_can_make_ends_by_itself(store) {
        let world = live(store, Scripted::answering([])).await;
        let session = asking(&world).await;
        // As if there had been a verifier when they gave it.
        let (tenant, id) = (world.tenant(), session.clone());
        let given = world.app.write(move |tx, scope| {
            let user = UserId::new(Mode::Live, scope.seed());
            tx.insert_user(Mode::Live, &user, None, scope.now)?;
            let new = NewIdentityCheck {
                tenant: tenant.clone(),
                id: IdentityCheckId::new(Mode::Live, scope.seed()),
                session_id: id.clone(),
                user_id: user.clone(),
                level: IdentityLevel::Basic,
                submission_sealed: b"sealed".to_vec(),
                screening: None,
                held: false,
            };
            for event in [Event::UserKnown(user), Event::IdentityChecking { held: false }] {
                let session = tx.lock_session(&tenant, &id)?.unwrap();
                advance_session(tx, scope, session, &event)?;
            }
            tx.insert_identity_check(&new, scope.now)?;
            Ok::<_, AdvanceError>(())
        });
        given.await.unwrap();
        let stage = async || match world.journey(&session).await.step {
            JourneyStep::Identity { stage, problem, .. } => (stage, problem.is_some()),
            step => panic!("{step:?}"),
        };
        for _ in 0..14 {
            assert_eq!(ask_due_checks(&world.app).await.unwrap(), 1);
            assert_eq!(stage().await, (IdentityStage::Checking, false));
            world.clock.advance_ms(60_000);
        }
        ask_due_checks(&world.app).await.unwrap();
        world.clock.advance_ms(60_000);
        ask_due_checks(&world.app).await.unwrap();
        assert_eq!(stage().await, (IdentityStage::Details, true));
        assert_eq!(count(&world, sql("select count(*) from users where level is not null")).await, 0);
    }

    async fn nothing_is_promised_without_a_mail_server(store) {
        let world = World::over(store).await;
        let partner = partner("Pebble", Mode::Live, 0);
        world.provision(&partner).await;
        let world = World { partner, ..world };
        let session = asking(&world).await;
        for refused in [
            send(&world, &session, JANE).await,
            confirm_code(&world.app, &world.tenant(), &session, "123456".into()).await,
        ] {
            assert!(matches!(refused, Err(JourneyError::NotEnabled)), "{refused:?}");
        }
        assert_eq!(count(&world, sql("select count(*) from mails")).await, 0);
    }

    async fn a_mail_of_the_sandbox_is_never_sent(store) {
        let mailer = Scripted::answering([]);
        let world = World::mailing(store, mailer.clone()).await;
        let session = asking(&world).await;
        send(&world, &session, JANE).await.unwrap();
        pass(&world, 5).await;
        assert_eq!(mailer.letters(), []);
        assert_eq!(count(&world, sql("select count(*) from mails where status = 'kept'")).await, 1);
        // Not even where somebody makes it due: the database refuses that.
        let due = sql("update mails set due_at = 1, status = 'waiting', good_until = 9000000000000");
        let made: Result<_, StoreError> = world.app.write(move |tx, _| tx.execute(due, &[])).await;
        made.unwrap_err();
        pass(&world, 1).await;
        assert_eq!(mailer.letters(), []);
    }

    async fn what_is_not_taken_is_sent_again_ever_less_often(store) {
        let mailer = Scripted::answering([later(), later(), later()]);
        let world = live(store, mailer.clone()).await;
        let session = asking(&world).await;
        send(&world, &session, JANE).await.unwrap();
        for (seconds, tried) in [(1, 1), (1, 1), (1, 2), (3, 2), (1, 3), (7, 3), (1, 4), (60, 4)] {
            pass(&world, seconds).await;
            assert_eq!(mailer.letters().len(), tried);
        }
        assert_eq!(statuses(&world).await, one("sent"));
        let letters = mailer.letters();
        assert!(letters.iter().all(|letter| *letter == letters[0]), "the same mail, with the same id");
        let shown = render(&world.app).await.unwrap();
        for line in [
            "gate_mail_attempts_total{outcome=\"sent\"} 1\n",
            "gate_mail_attempts_total{outcome=\"retried\"} 3\n",
            "gate_mail_attempts_total{outcome=\"given_up\"} 0\n",
        ] {
            assert!(shown.contains(line), "{shown}");
        }
        assert!(!shown.contains("xample.com"), "{shown}");
    }

    async fn a_new_code_ends_the_mail_that_still_waits_with_the_last_one(store) {
        let mailer = Scripted::answering([later(), later()]);
        let world = live(store, mailer.clone()).await;
        let (session, other) = (asking(&world).await, asking(&world).await);
        send(&world, &session, "jame@example.com").await.unwrap();
        send(&world, &other, JANE).await.unwrap();
        pass(&world, 1).await;
        assert_eq!(mailer.letters().len(), 2);
        send(&world, &session, JANE).await.unwrap();
        send(&world, &session, JANE).await.unwrap();
        pass(&world, 600).await;
        let letters = mailer.letters().split_off(2);
        let ids: BTreeSet<_> = letters.iter().map(|letter| &letter.id).collect();
        assert_eq!((letters.len(), ids.len()), (2, 2), "{letters:?}");
        assert!(letters.iter().all(|letter| letter.to.as_str() == JANE), "{letters:?}");
        assert_eq!(statuses(&world).await, [("sent".to_owned(), 2)]);

        // What arrived is the code that is good.
        send(&world, &session, JANE).await.unwrap();
        pass(&world, 1).await;
        let code = mailer.letters().last().unwrap().subject.chars().take(6).collect();
        confirm_code(&world.app, &world.tenant(), &session, code).await.unwrap();
    }

    async fn what_is_refused_is_not_sent_again(store) {
        let mailer = Scripted::answering([Err(MailError::for_good("the mail server answered 550"))]);
        let world = live(store, mailer.clone()).await;
        let session = asking(&world).await;
        send(&world, &session, JANE).await.unwrap();
        pass(&world, 120).await;
        assert_eq!(mailer.letters().len(), 1);
        assert_eq!(statuses(&world).await, one("given_up"));
        assert_eq!(count(&world, sql("select count(*) from mails where mail_sealed is not null")).await, 0);
        // The user asks for another one.
        send(&world, &session, "jane@example.org").await.unwrap();
        pass(&world, 1).await;
        assert_eq!(mailer.letters().len(), 2);
    }

    async fn a_code_that_is_no_longer_good_is_given_up_and_somebody_hears_of_it(store) {
        let mailer = Scripted::answering(vec![later(); 100]);
        let world = live(store, mailer.clone()).await;
        let session = asking(&world).await;
        send(&world, &session, JANE).await.unwrap();
        pass(&world, 120).await;
        assert_eq!(find_unready(&world.app).await, []);
        pass(&world, 1).await;
        let unready = find_unready(&world.app).await;
        assert_eq!(unready, [Unready::Mails { late_ms: 121_000 }]);
        assert_eq!(unready[0].to_string(), "a mail waits for 121 s to be sent; 120 s is the limit");
        let shown = render(&world.app).await.unwrap();
        assert!(shown.contains("gate_ready{part=\"mails\"} 0"), "{shown}");
        assert!(shown.contains("gate_mail_oldest_waiting_seconds 121.000"), "{shown}");
        pass(&world, 480).await;
        assert_eq!(statuses(&world).await, one("given_up"));
        let tried = mailer.letters().len();
        assert!((10..=16).contains(&tried), "{tried}");
        pass(&world, 120).await;
        assert_eq!(mailer.letters().len(), tried, "nobody wants it any more");
        assert_eq!(find_unready(&world.app).await, []);
        assert!(render(&world.app).await.unwrap().contains("outcome=\"given_up\"} 1\n"));
    }

    async fn a_mail_that_was_due_while_nobody_looked_is_not_sent_late(store) {
        let mailer = Scripted::answering([]);
        let world = live(store, mailer.clone()).await;
        let session = asking(&world).await;
        send(&world, &session, JANE).await.unwrap();
        world.clock.advance_ms(10 * 60_000);
        pass(&world, 1).await;
        assert_eq!(mailer.letters(), []);
        assert_eq!(statuses(&world).await, one("given_up"));
    }

    async fn what_cannot_be_opened_is_given_up_and_in_nobodys_way(store) {
        for breaks in ["mail_sealed = '\\x00'", "mail_sealed = null", "partner_id = 'nobody'", "good_until = null"] {
            let mailer = Scripted::answering([]);
            let world = live(store, mailer.clone()).await;
            let session = asking(&world).await;
            send(&world, &session, JANE).await.unwrap();
            let broken = world.app.write(move |tx, _| tx.batch(&format!("update mails set {breaks}")));
            let broken: Result<_, StoreError> = broken.await;
            broken.unwrap();
            send(&world, &asking(&world).await, "bob@example.com").await.unwrap();
            pass(&world, 2).await;
            let to: Vec<_> = mailer.letters().into_iter().map(|letter| letter.to).collect();
            assert_eq!(to, [Email::parse("bob@example.com").unwrap()], "{breaks}");
            assert_eq!(statuses(&world).await, [("given_up".to_owned(), 1), ("sent".to_owned(), 1)]);
            let forgotten = world.app.write(|tx, _| tx.batch("delete from mails"));
            let forgotten: Result<_, StoreError> = forgotten.await;
            forgotten.unwrap();
        }
    }

    async fn twins_send_once_and_whoever_dies_is_followed(store) {
        let mailer = Scripted::answering([]);
        let world = live(store, mailer.clone()).await;
        let session = asking(&world).await;
        send(&world, &session, JANE).await.unwrap();
        let claim = async || {
            let claimed: Result<_, StoreError> = world
                .app
                .write(|tx, scope| tx.claim_mails(scope.now, scope.now.plus_ms(60_000), "dead", 10))
                .await;
            claimed.unwrap()
        };
        let dead = claim().await.remove(0);
        assert_eq!(send_due_mails(&world.app).await.unwrap(), 0, "somebody has it");
        world.clock.advance_ms(60_000);
        let (one_of, other) = tokio::join!(send_due_mails(&world.app), send_due_mails(&world.app));
        assert_eq!(one_of.unwrap() + other.unwrap(), 1);
        assert_eq!(mailer.letters().len(), 1);
        let late: Result<_, StoreError> = world
            .app
            .write(move |tx, scope| {
                let put_off = tx.put_off_mail(&dead, scope.now)?;
                Ok((put_off, tx.end_mail(&dead, gate_store::MailEnd::GivenUp)?))
            })
            .await;
        assert_eq!(late.unwrap(), (false, false), "its lease is lost");
        assert_eq!(statuses(&world).await, one("sent"));

        // On SQLite the next process releases what its predecessor held.
        send(&world, &session, JANE).await.unwrap();
        assert_eq!(claim().await.len(), 1);
        release_predecessors(&world.app).await.unwrap();
        assert_eq!(send_due_mails(&world.app).await.unwrap(), 1);
    }

    async fn a_partner_has_so_many_mails_sent_that_nobody_reads(store) {
        let mailer = Scripted::answering([]);
        let world = live(store, mailer.clone()).await;
        let limited = |answer: Result<Journey, JourneyError>| match answer {
            Err(JourneyError::Identity(IdentityError::TooManyCodes { retry_after_s })) => retry_after_s,
            other => panic!("{other:?}"),
        };
        let withheld = |answer: Result<Journey, JourneyError>| match answer {
            Err(JourneyError::Identity(IdentityError::TooManyUnused { retry_after_s })) => retry_after_s,
            other => panic!("{other:?}"),
        };
        let log = Log::listen();
        let said = || log.warnings(world.tenant().partner.as_str(), "codes that nobody typed");
        // Limits of a session and of an address hold as in the sandbox.
        let session = asking(&world).await;
        for _ in 0..3 {
            send(&world, &session, JANE).await.unwrap();
        }
        assert_eq!(limited(send(&world, &session, "bob@example.com").await), 600);
        send(&world, &asking(&world).await, JANE).await.unwrap();
        assert_eq!(limited(send(&world, &asking(&world).await, "jane@EXAMPLE.com").await), 3_600);

        // And a partner who makes session after session runs into another one.
        let template = sql("insert into email_codes
            (partner_id, mode, session_id, number, email_hash, email_sealed, code_hash, tries, sent_at)
            select partner_id, mode, $1, 1, email_hash, email_sealed, code_hash, 0, sent_at + 1000
            from email_codes where session_id = $2 and number = 1");
        for number in 0..495 {
            let (stranger, session) = (format!("gs_{number}"), session.clone());
            let written: Result<_, StoreError> = world
                .app
                .write(move |tx, _| tx.execute(template, &[&stranger.as_str(), &session.as_str()]))
                .await;
            written.unwrap();
        }
        world.clock.advance_ms(2_000);
        let last = asking(&world).await;
        send(&world, &last, "carl@example.com").await.unwrap();
        assert_eq!(said(), 0);
        for _ in 0..3 {
            let answer = send(&world, &asking(&world).await, "dora@example.com").await;
            assert_eq!(withheld(answer), 3_598);
        }
        assert_eq!(said(), 1, "once an hour");
        let shown = render(&world.app).await.unwrap();
        assert!(shown.contains("gate_codes_withheld_total 3\n"), "{shown}");
        // A limit that is further away decides when the next one may be sent.
        assert_eq!(withheld(send(&world, &session, JANE).await), 3_599);
        // Whoever types theirs is no stranger.
        pass(&world, 1).await;
        let letters = mailer.letters();
        let code = letters.iter().find(|letter| letter.to.as_str() == "carl@example.com").unwrap();
        let code = code.subject.chars().take(6).collect();
        confirm_code(&world.app, &world.tenant(), &last, code).await.unwrap();
        send(&world, &asking(&world).await, "dora@example.com").await.unwrap();
        // Another partner has strangers of their own.
        let other = partner("Another Shop", Mode::Live, 0);
        world.provision(&other).await;
        let elsewhere = World { partner: other, ..world.clone() };
        send(&elsewhere, &asking(&elsewhere).await, "emil@example.com").await.unwrap();
    }

    async fn a_login_that_the_server_does_not_take_is_ours_to_mend(store) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("smtp://codes:secret@{}", listener.local_addr().unwrap());
        let from = MailFrom::parse("codes@pay.example").unwrap();
        let smtp = Smtp::new(SmtpUrl::parse(&url).unwrap(), from).unwrap();
        let world = live(store, Arc::new(smtp)).await;
        for (word, code, status) in [
            ("MAIL", 530, "waiting"),
            ("AUTH", 534, "waiting"),
            ("AUTH", 535, "waiting"),
            ("AUTH", 538, "waiting"),
            ("AUTH", 550, "given_up"),
        ] {
            send(&world, &asking(&world).await, &format!("jane{code}@example.com")).await.unwrap();
            let answer = format!("{code} no");
            let refused = refuse_smtp(&listener, word, &answer);
            let (_, sent) = tokio::join!(refused, send_due_mails(&world.app));
            assert_eq!(sent.unwrap(), 1);
            assert_eq!(statuses(&world).await, one(status), "{code}");
            let forgotten = world.app.write(|tx, _| tx.batch("delete from mails"));
            let forgotten: Result<_, StoreError> = forgotten.await;
            forgotten.unwrap();
        }
    }

    async fn a_real_server_takes_it_the_second_time(store) {
        // Where no other test is given the port once it is free.
        let listener = TcpListener::bind("127.0.0.2:0").await.unwrap();
        let url = format!("smtp://{}", listener.local_addr().unwrap());
        let from = MailFrom::parse("Pebble Pay <codes@pay.example>").unwrap();
        let smtp = Smtp::new(SmtpUrl::parse(&url).unwrap(), from).unwrap();
        let world = live(store, Arc::new(smtp)).await;
        let session = asking(&world).await;
        send(&world, &session, JANE).await.unwrap();
        let (busy, sent) = tokio::join!(speak_smtp(&listener, "451 later"), send_due_mails(&world.app));
        assert_eq!(sent.unwrap(), 1);
        assert_eq!(busy, None);
        assert_eq!(statuses(&world).await, one("waiting"));
        world.clock.advance_ms(2_000);
        let (mail, sent) = tokio::join!(speak_smtp(&listener, "250 ok"), send_due_mails(&world.app));
        assert_eq!(sent.unwrap(), 1);
        assert_eq!(statuses(&world).await, one("sent"));
        let mail = mail.unwrap();
        for line in [
            "From: \"Pebble Pay\" <codes@pay.example>\r\n",
            "To: Jane@Example.com\r\n",
            "@pay.example>\r\n",
            "Auto-Submitted: auto-generated\r\n",
            "\r\nYour code is ",
        ] {
            assert!(mail.contains(line), "{line:?} in {mail}");
        }
        // And then it is gone.
        drop(listener);
        send(&world, &session, JANE).await.unwrap();
        assert_eq!(send_due_mails(&world.app).await.unwrap(), 1);
        assert_eq!(statuses(&world).await, [("sent".to_owned(), 1), ("waiting".to_owned(), 1)]);
    }
}

/// Take one mail, or refuse its recipient with another answer. Answers what was sent.
async fn speak_smtp(listener: &TcpListener, to_recipient: &str) -> Option<String> {
    refuse_smtp(listener, "RCPT", to_recipient).await
}

/// Take one mail, with another answer to one of its commands. Answers what was sent.
async fn refuse_smtp(listener: &TcpListener, word: &str, with: &str) -> Option<String> {
    let (stream, _) = listener.accept().await.unwrap();
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 mail.example\r\n").await.unwrap();
    let (mut mail, mut writing) = (String::new(), false);
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
            return (!mail.is_empty()).then_some(mail);
        }
        let answer = match line.get(..4).unwrap_or_default() {
            _ if writing && line == ".\r\n" => {
                writing = false;
                "250 taken"
            }
            _ if writing => {
                mail.push_str(&line);
                continue;
            }
            said if said == word => with,
            "EHLO" => "250-mail.example\r\n250 AUTH PLAIN",
            "AUTH" => "235 come in",
            "DATA" => {
                writing = true;
                "354 go on"
            }
            "QUIT" => "221 bye",
            _ => "250 mail.example",
        };
        stream.write_all(format!("{answer}\r\n").as_bytes()).await.unwrap();
    }
}
