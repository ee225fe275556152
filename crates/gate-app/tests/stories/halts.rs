//! The books are found broken while the gateway runs: money stops, everything else goes on (T34).

use std::sync::{Arc, Mutex};

use gate_app::admin::ledger::Command as LedgerCommand;
use gate_app::admin::{self, Command};
use gate_app::choose::{Wanted, accept_quote, request_quote};
use gate_app::deposits::{DepositError, Simulated, send_back, simulate_deposit, start_deposit};
use gate_app::halt::{Finding, halt};
use gate_app::journey::JourneyError;
use gate_app::metrics::render;
use gate_app::rails::{RailError, RailOutcome, force_rail_payment};
use gate_app::readiness::{Unready, find_unready};
use gate_app::refunds::RefundError;
use gate_app::test_helpers::{Force, force};
use gate_app::testing::{ADDRESS, ScriptedSender, World, typed};
use gate_app::workers::audit::{Progress, audit_step};
use gate_app::workers::commands::send_due_commands;
use gate_app::workers::deliveries::deliver_due;
use gate_domain::catalogue::Side;
use gate_domain::deposit::Deposit;
use gate_domain::ids::{DepositId, QuoteId, SessionId};
use gate_domain::rail_payment::RailPaymentId;
use gate_rails::simulator::TEST_ACCOUNTS;
use gate_store::testing::TestPlace;
use gate_store::{HaltRow, Sql, Store, StoreError, Tx, both_engines, sql};
use gate_wire::journey::JourneyStep;
use serde_json::Value;

use crate::rails::{command, lock, running, session_for, start, world};
use crate::refunds::{bought, refund};

/// Somebody changes a line of the first posting, past the triggers.
const ONE_MORE: Sql =
    sql("insert into entries (partner_id, mode, number, line, account, asset, units)
    select partner_id, mode, number, 9, 'treasury', 'EUR', '1' from entries
    where line = 0 and number = 1");
/// The same for the newest posting.
const ONE_MORE_AT_THE_END: Sql =
    sql("insert into entries (partner_id, mode, number, line, account, asset, units)
    select partner_id, mode, last_posting, 9, 'treasury', 'EUR', '1' from feeds
    where last_posting > 0");
const CUT: Sql = sql("update feeds set last_posting = last_posting + 1 where last_posting > 0");
const MOVED: Sql = sql("update transactions set status = 'settling'");
const MOVED_BACK: Sql = sql("update transactions set status = 'completed'");

async fn standing(world: &World) -> Option<HaltRow> {
    let found: Result<_, StoreError> = world.app.store().read(Tx::find_halt).await;
    found.unwrap()
}

async fn resume(world: &World, reason: &str) -> Result<Value, String> {
    let command = LedgerCommand::Resume { reason: reason.into(), actor: "ada".into() };
    admin::run(&world.app, Command::Ledger(command)).await.map_err(|refused| refused.code)
}

/// A sale whose tokens came too late, and the price that its user is asked about.
async fn asked_for_a_new_price(world: &World) -> (SessionId, QuoteId) {
    let session = world.create_sale().await;
    world.sell_to(&session, TEST_ACCOUNTS[0].account(), ADDRESS).await;
    world.clock.advance_ms(21 * 60_000);
    world.send_tokens(&session, None).await;
    let wanted = Wanted::of("USDC", "base");
    let asked = request_quote(&world.app, &world.tenant(), &session, wanted).await;
    let JourneyStep::NewPrice { quote: Some(quote), .. } = asked.unwrap().step else {
        panic!("there is a new price")
    };
    (session, QuoteId::parse(&quote.id).unwrap())
}

/// Tokens that nobody agreed on, which wait for a person.
async fn held_tokens(world: &World) -> DepositId {
    let session = world.create_sale().await;
    world.sell_to(&session, TEST_ACCOUNTS[0].account(), ADDRESS).await;
    let (amount, token) = (Some("25".into()), Some("EURC".into()));
    let wrong = Simulated { amount, token, ..Simulated::default() };
    simulate_deposit(&world.app, &world.tenant(), &session, wrong).await.unwrap().id
}

async fn give_back(world: &World, id: &DepositId) -> Result<Deposit, DepositError> {
    let (tenant, id) = (world.tenant(), id.clone());
    world.app.write(move |tx, scope| send_back(tx, scope, &tenant, &id)).await
}

/// One step of an auditor that begins here, and ends when nothing more is new.
async fn audit(world: &World, progress: &Arc<Mutex<Progress>>) {
    while audit_step(&world.app, progress).await.unwrap() {}
}

/// A gateway with a purchase, which an auditor has seen.
async fn audited(store: &Store) -> (World, Arc<Mutex<Progress>>) {
    let world = world(store).await;
    bought(&world, "succeeds").await;
    let progress = Arc::default();
    audit(&world, &progress).await;
    audit(&world, &progress).await;
    assert_eq!(standing(&world).await, None);
    (world, progress)
}

both_engines! {
    async fn while_a_halt_stands_no_money_moves_and_everything_else_does(store) {
        let (world, progress) = audited(store).await;
        let (app, tenant) = (&world.app, world.tenant());
        let sender = ScriptedSender::default();
        let (_, transaction) = bought(&world, "succeeds").await;
        // At every point before money moves: a card, an address for tokens, a rail, and a charge that
        // is written down and not sent.
        let card = world.create().await;
        let card_quote = world.choose(&card, ADDRESS).await;
        let sale = world.create_sale().await;
        let quote = lock(&world, Side::OnRamp, "sepa_bank_transfer").await;
        let rail = session_for(&world, &quote, ADDRESS).await;
        let (_, under_way) = running(&world, Side::OnRamp).await;
        let written = world.paying("succeeds").await;
        let opened = world.create().await;
        store.write(|tx| tx.execute(MOVED, &[])).await.unwrap();
        audit(&world, &progress).await;
        let halt = standing(&world).await.unwrap();
        assert_eq!(halt.tenant, Some(tenant.clone()));
        assert!(halt.finding.contains("is not booked as its status says"), "{}", halt.finding);

        let refused = world.pay(&card, &card_quote, "succeeds").await;
        assert!(matches!(refused, Err(JourneyError::Paused)), "{refused:?}");
        let (sale_quote, sale) = (world.quote(&sale).await, sale);
        let accepted = accept_quote(app, &tenant, &sale, sale_quote.clone());
        accepted.await.unwrap();
        let account = TEST_ACCOUNTS[0].account();
        gate_app::choose::give_account(app, &tenant, &sale, account).await.unwrap();
        let address = typed(ADDRESS);
        gate_app::choose::give_address(app, &tenant, &sale, address).await.unwrap();
        let refused = start_deposit(app, &tenant, &sale, sale_quote).await;
        assert!(matches!(refused, Err(JourneyError::Paused)), "{refused:?}");
        let refused = start(&world, command(&world, &quote, &rail)).await;
        assert!(matches!(refused, Err(RailError::Paused)), "{refused:?}");
        let forced = RailPaymentId::parse(&under_way.id).unwrap();
        let refused = force_rail_payment(app, &tenant, &forced, RailOutcome::Settle).await;
        assert!(matches!(refused, Err(RailError::Paused)), "{refused:?}");
        for outcome in [Force::Complete, Force::Fail] {
            let refused = force(app, &tenant, &written, outcome).await;
            assert!(matches!(refused, Err(JourneyError::Paused)), "{outcome:?}: {refused:?}");
        }
        let expired = force(app, &tenant, &opened, Force::Expire).await;
        assert_eq!(expired.unwrap().status(), "expired", "no money moves by it");
        let refused = refund(&world, &transaction, None).await;
        assert!(matches!(refused, Err(RefundError::Paused)), "{refused:?}");
        assert_eq!(send_due_commands(app).await.unwrap(), 0, "what is written down is not sent");

        // What was answered, the page and webhooks go on, and readiness says why nothing else does.
        assert_eq!(world.journey(&written).await.session.id, written.to_string());
        assert!(deliver_due(app, &sender).await.unwrap().succeeded > 0);
        let unready = find_unready(app).await;
        assert_eq!(unready, [Unready::Books(halt.finding.clone())]);
        assert_eq!(unready[0].to_string(), "payments are paused: the books are broken");
        let shown = render(app).await.unwrap();
        assert!(shown.contains("gate_ready{part=\"books\"} 0"), "{shown}");

        // It stays, whatever else is found, until the books are right and somebody says so.
        audit(&world, &progress).await;
        assert_eq!(standing(&world).await, Some(halt.clone()));
        assert_eq!(resume(&world, "a look").await.unwrap_err(), "books_broken");
        let newest = "update transactions set status = 'awaiting_payment' where updated_at =
            (select max(updated_at) from transactions)";
        store.write(|tx| tx.execute(MOVED_BACK, &[])).await.unwrap();
        store.write(move |tx| tx.batch(newest)).await.unwrap();
        assert_eq!(resume(&world, " ").await.unwrap_err(), "reason_needed");
        assert_eq!(resume(&world, "the status was put right").await.unwrap()["finding"], halt.finding);
        assert_eq!(resume(&world, "once more").await.unwrap_err(), "not_paused");
        let actions = store.read(move |tx| tx.list_operator_actions(&tenant, "halt_1")).await;
        let actions: Vec<_> = actions.unwrap();
        assert_eq!((actions.len(), &*actions[0].actor), (1, "ada"));
        assert_eq!(actions[0].reason, "the status was put right");
        assert_eq!(find_unready(app).await, []);

        // And everything goes on where it was.
        world.pass_seconds(5).await;
        assert_eq!(world.session(&written).await.status(), "completed");
        world.pay(&card, &card_quote, "succeeds").await.unwrap();
        start(&world, command(&world, &quote, &rail)).await.unwrap();
        refund(&world, &transaction, None).await.unwrap();
        audit(&world, &progress).await;
        audit(&world, &progress).await;
        assert_eq!(standing(&world).await, None);
        world.sound().await;
    }

    async fn nor_do_tokens_that_are_there_already(store) {
        let world = world(store).await;
        let (app, tenant) = (&world.app, world.tenant());
        let (late, new_price) = asked_for_a_new_price(&world).await;
        let held = held_tokens(&world).await;
        halt(app, Finding { tenant: None, words: "something is amiss".into() }).await.unwrap();
        let refused = accept_quote(app, &tenant, &late, new_price.clone()).await;
        assert!(matches!(refused, Err(JourneyError::Paused)), "{refused:?}");
        let refused = give_back(&world, &held).await;
        assert!(matches!(refused, Err(DepositError::Paused)), "{refused:?}");
        let JourneyStep::NewPrice { .. } = world.journey(&late).await.step else {
            panic!("the page goes on showing it")
        };

        resume(&world, "it was nothing").await.unwrap();
        accept_quote(app, &tenant, &late, new_price).await.unwrap();
        give_back(&world, &held).await.unwrap();
        world.pass_seconds(5).await;
        assert!(matches!(world.journey(&late).await.step, JourneyStep::Done { .. }));
        world.sound().await;
    }

    async fn every_kind_of_damage_is_found_while_the_gateway_runs(place: TestPlace) {
        for (damage, finding) in [
            (ONE_MORE, "is out by 1 of EUR"),
            (ONE_MORE_AT_THE_END, "is out by 1 of EUR"),
            (CUT, "were given a place"),
            (MOVED, "is not booked as its status says"),
        ] {
            let place = if place.is_sqlite() { TestPlace::sqlite() } else { TestPlace::postgres() };
            let store = place.open(place.options()).unwrap();
            let (world, progress) = audited(&store).await;
            bought(&world, "succeeds").await;
            store.write(move |tx| tx.execute(damage, &[])).await.unwrap();
            // An old posting is met when the round is there.
            for _ in 0..3 {
                audit(&world, &progress).await;
            }
            let halt = standing(&world).await.expect(finding);
            assert!(halt.finding.contains(finding), "{}", halt.finding);
        }
    }

    async fn a_missing_trigger_is_found(place: TestPlace) {
        let store = place.open(place.options()).unwrap();
        let (world, progress) = audited(&store).await;
        let words = "drop trigger entries_remain";
        let on = if place.is_sqlite() { "" } else { " on entries" };
        store.write(move |tx| tx.batch(&format!("{words}{on}"))).await.unwrap();
        audit(&world, &progress).await;
        let halt = standing(&world).await.unwrap();
        assert_eq!((halt.tenant, &*halt.finding), (None, "11 of 12 triggers keep the books append-only"));
        assert_eq!(resume(&world, "why not").await.unwrap_err(), "books_broken");
    }

    async fn an_auditor_follows_everything_that_is_sound(store) {
        let world = world(store).await;
        let progress = Arc::default();
        audit(&world, &progress).await;
        for card in ["succeeds", "declined", "challenge", "refund_fails"] {
            let (_, transaction) = bought(&world, card).await;
            audit(&world, &progress).await;
            let _ = refund(&world, &transaction, Some("20.00")).await;
            world.pass_seconds(3).await;
            audit(&world, &progress).await;
        }
        assert_eq!(standing(&world).await, None);
    }
}
