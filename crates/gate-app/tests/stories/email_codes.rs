//! Codes that show an address: how long and how often they are good, and how many are sent.

use gate_app::identity::{IdentityError, MAILS_KEPT_MS};
use gate_app::testing::{World, partner};
use gate_app::workers::retention::remove_old_mails;
use gate_domain::ids::Mode;
use gate_domain::session::IdentityLevel;
use gate_store::{both_engines, sql};
use gate_wire::words::IdentityStage;

use crate::who::{JANE, Page, count, refused, shown, stage};

/// Another six digits.
fn other_code(code: &str) -> &'static str {
    if code == "111111" { "222222" } else { "111111" }
}

both_engines! {
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
}
