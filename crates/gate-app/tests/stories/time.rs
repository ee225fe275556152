//! Time that passes for one session of the sandbox, and for nobody else.

use gate_app::journey::JourneyError;
use gate_app::pay::answer_challenge;
use gate_app::test_helpers::advance_time;
use gate_app::testing::{ADDRESS, START, ScriptedSender, World};
use gate_app::workers::commands::send_due_commands;
use gate_app::workers::deliveries::deliver_due;
use gate_app::workers::sweep::expire_due_sessions;
use gate_domain::catalogue::Side;
use gate_domain::delivery::{DeliveryStatus, RETRY_GAPS_S};
use gate_domain::ids::{Mode, SessionId, Tenant};
use gate_domain::rail::ChallengeCode;
use gate_domain::session::Session;
use gate_store::both_engines;
use gate_wire::journey::{JourneyStep, QuoteBody};

use crate::deliveries::{HOOK, deliveries};
use crate::rails;

pub(crate) async fn advance(world: &World, session: &SessionId, seconds: i64) -> Session {
    let (tenant, id) = (world.tenant(), session.clone());
    let moved =
        world.app.write(move |tx, scope| advance_time(tx, scope, &tenant, &id, seconds)).await;
    moved.unwrap()
}

both_engines! {
    async fn a_session_expires_and_the_one_beside_it_does_not(store) {
        let world = World::over(store).await;
        let (session, other) = (world.create().await, world.create().await);
        let moved = advance(&world, &session, 86_399).await;
        assert_eq!((moved.status(), moved.created_at), ("open", START));
        assert_eq!(moved.terms.expires_at, START.plus_seconds(1));
        assert_eq!(advance(&world, &session, 1).await.status(), "expired", "at once");
        assert_eq!(expire_due_sessions(&world.app).await.unwrap(), 0);
        assert_eq!(world.session(&other).await.status(), "open");
        assert_eq!(world.event_types().await, ["created", "created", "expired"]);
        assert_eq!(advance(&world, &session, 60).await.status(), "expired", "and stays so");
    }

    async fn an_accepted_price_lapses_and_a_new_one_can_be_had_at_once(store) {
        let world = World::over(store).await;
        let session = world.create().await;
        let quote = world.choose(&session, ADDRESS).await;
        advance(&world, &session, 119).await;
        assert!(matches!(world.journey(&session).await.step, JourneyStep::Payment { .. }));
        advance(&world, &session, 1).await;
        let late = world.pay(&session, &quote, "succeeds").await.unwrap_err();
        assert!(matches!(late, JourneyError::QuoteExpired), "{late}");
        world.clock.advance_ms(1);
        let fresh = world.quote(&session).await;
        assert_ne!(fresh, quote);
        assert_eq!(world.quote(&session).await, fresh, "no new row within a moment");
        advance(&world, &session, 3).await;
        assert_ne!(world.quote(&session).await, fresh, "the moment has passed");
        let JourneyStep::Amount { quote: Some(QuoteBody { lapsed: false, .. }), .. } =
            world.journey(&session).await.step
        else {
            panic!("a fresh price is on the table")
        };
    }

    async fn a_locked_price_lapses_for_every_session_that_names_it(store) {
        let world = rails::world(store).await;
        let quote = rails::lock(&world, Side::OnRamp, "card").await;
        let mut sessions = Vec::new();
        for _ in 0..2 {
            let (amount, locked) = (quote.fiat.clone(), quote.id.clone());
            let session = world.create_with(|terms| {
                terms.amount = amount;
                terms.quote_id = Some(locked);
            });
            let session = session.await;
            assert_eq!(world.quote(&session).await, quote.id);
            sessions.push(session);
        }
        let beside = world.create().await;
        let offered = world.quote(&beside).await;
        advance(&world, &sessions[0], 120).await;
        world.clock.advance_ms(1);
        for session in &sessions {
            assert_ne!(world.quote(session).await, quote.id, "whose time passed or not");
        }
        assert_eq!(world.quote(&beside).await, offered, "it names another");
    }

    async fn a_slow_network_has_answered(store) {
        let world = World::over(store).await;
        let session = world.paying("slow").await;
        send_due_commands(&world.app).await.unwrap();
        send_due_commands(&world.app).await.unwrap();
        assert_eq!(world.session(&session).await.state.phase(), "processing");
        for _ in 0..4 {
            advance(&world, &session, 10).await;
            send_due_commands(&world.app).await.unwrap();
        }
        assert_eq!(world.session(&session).await.status(), "completed");
        world.sound().await;
    }

    async fn the_bank_does_not_wait_for_ever_however_often_it_moves(store) {
        let world = World::over(store).await;
        for (first_s, second_s, phase) in [(300, 299, "processing"), (300, 300, "failed")] {
            let session = world.paying("challenge").await;
            world.pass_seconds(1).await;
            advance(&world, &session, first_s).await;
            advance(&world, &session, second_s - 1).await;
            let code = ChallengeCode::new("123456".into());
            answer_challenge(&world.app, &world.tenant(), &session, code).await.unwrap();
            assert_eq!(world.session(&session).await.state.phase(), phase, "{first_s}+{second_s}");
        }
    }

    async fn a_failed_webhook_is_tried_again(store) {
        let world = World::over(store).await;
        let (session, other) = (world.create().await, world.create().await);
        let sender = ScriptedSender::default();
        sender.answer(HOOK, [500, 500]);
        let deliver = async || deliver_due(&world.app, &sender).await.unwrap().total();
        assert_eq!((deliver().await, deliver().await), (2, 0), "both failed and wait");
        advance(&world, &session, 120).await;
        assert_eq!(deliver().await, 1, "one is due");
        advance(&world, &other, 120).await;
        assert_eq!(deliver().await, 1);
    }

    /// Its session's time is enough: each attempt of the schedule, and then none.
    async fn a_webhook_to_a_dead_endpoint_is_given_up_after_its_schedule(store) {
        let world = World::over(store).await;
        let (session, other) = (world.create().await, world.create().await);
        let sender = ScriptedSender::default();
        sender.answer(HOOK, [500; 40]);
        let statuses = async || -> Vec<_> {
            let rows = deliveries(&world).await;
            let created = rows.iter().filter(|row| row.event_type == "gate_session.created");
            created.map(|row| (row.status, row.attempts)).collect()
        };
        assert_eq!(deliver_due(&world.app, &sender).await.unwrap().total(), 2);
        for gap_s in RETRY_GAPS_S {
            advance(&world, &session, gap_s - 1).await;
            assert_eq!(deliver_due(&world.app, &sender).await.unwrap().total(), 0, "{gap_s} not yet");
            // The tenth part that a wait may be longer.
            advance(&world, &session, 1 + gap_s / 10).await;
            assert_eq!(deliver_due(&world.app, &sender).await.unwrap().total(), 1, "{gap_s}");
        }
        let mut ended = statuses().await;
        ended.sort_by_key(|(_, attempts)| *attempts);
        let given_up = [(DeliveryStatus::Pending, 1), (DeliveryStatus::DeadLettered, 10)];
        assert_eq!(ended, given_up);
        for _ in 0..2 {
            advance(&world, &session, 2_592_000).await;
            let sent = deliver_due(&world.app, &sender).await.unwrap().total();
            assert_eq!(sent, 1, "that it has expired waited behind it");
        }
        ended = statuses().await;
        ended.sort_by_key(|(_, attempts)| *attempts);
        assert_eq!(ended, given_up, "from now on only by hand");
        assert_eq!(world.session(&other).await.status(), "open");
    }

    async fn never_in_live_mode(store) {
        let world = World::over(store).await;
        let session = world.create().await;
        let live = Tenant { mode: Mode::Live, ..world.tenant() };
        let refused =
            world.app.write(move |tx, scope| advance_time(tx, scope, &live, &session, 1)).await;
        assert!(matches!(refused, Err(JourneyError::NotFound)));
    }
}
