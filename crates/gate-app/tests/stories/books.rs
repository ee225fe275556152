//! The books: what is held, what tampering leads to, and what the doctor says about either.

use std::collections::BTreeMap;

use gate_app::doctor::{Report, examine};
use gate_app::testing::{ADDRESS, DEAD_ADDRESS, World};
use gate_store::testing::TestPlace;
use gate_store::{Sql, StoreError, both_engines, sql};

use crate::rails::world;

const OUT_OF_BALANCE: Sql = sql("insert into entries
    (partner_id, mode, number, line, account, asset, units)
    select partner_id, mode, number, 9, 'treasury', 'EUR', '1' from entries where line = 0");
const NO_AMOUNT: Sql = sql("insert into entries
    (partner_id, mode, number, line, account, asset, units)
    select partner_id, mode, number, 9, 'treasure', 'EUR', '1.5' from entries where line = 0");
const STRAY: Sql = sql("insert into entries
    (partner_id, mode, number, line, account, asset, units)
    select partner_id, mode, 99, 0, 'treasury', 'EUR', '1' from feeds where last_posting > 0");
const SECOND_HOLD: Sql = sql("insert into holds
    (partner_id, mode, subject, transaction_id, account, asset, units, created_at)
    select partner_id, mode, 'tx_x', 'tx_x', 'treasury', 'EUR', '1', 0 from feeds
    where last_posting > 0");
const MOVED_BACK: Sql = sql("update transactions set status = 'settling'");
const NO_PRICE: Sql = sql("update quotes set body = '{}'");
const CHAIN_CUT: Sql =
    sql("update feeds set last_posting = last_posting + 1 where last_posting > 0");

async fn held(world: &World) -> BTreeMap<(String, String), i128> {
    let tenant = world.tenant();
    world.app.store().read(move |tx| tx.sum_held(&tenant)).await.unwrap()
}

async fn report(world: &World) -> Report {
    let report: Result<_, StoreError> = world.app.store().read(examine).await;
    report.unwrap()
}

fn broken(report: &Report) -> Vec<&str> {
    report.checks.iter().filter(|check| !check.ok).map(|check| check.name).collect()
}

both_engines! {
    async fn what_is_promised_is_held_until_it_is_delivered(store) {
        let world = World::over(store).await;
        let session = world.paying("slow").await;
        let quote = world.transaction_of(&session).await.quote_id;
        let tenant = world.tenant();
        let quote = world.app.store().read(move |tx| tx.find_quote(&tenant, &quote)).await;
        let tokens = quote.unwrap().unwrap().crypto.units;
        let treasury = ("treasury".to_owned(), "USDC.base".to_owned());
        assert_eq!(held(&world).await, BTreeMap::from([(treasury, tokens)]));
        world.sound().await;
        world.pass_seconds(7).await;
        assert_eq!(world.session(&session).await.status(), "completed");
        assert!(held(&world).await.is_empty());
        world.sound().await;
    }

    async fn what_is_promised_is_let_go_when_it_comes_to_nothing(store) {
        let world = World::over(store).await;
        for (outcome, address) in
            [("declined", ADDRESS), ("insufficient_funds", ADDRESS), ("succeeds", DEAD_ADDRESS)]
        {
            let session = world.create().await;
            let quote = world.choose(&session, address).await;
            world.pay(&session, &quote, outcome).await.unwrap();
            assert_eq!(held(&world).await.len(), 1);
            world.pass_seconds(3).await;
            assert!(held(&world).await.is_empty(), "{outcome}");
            world.sound().await;
        }
    }

    async fn each_check_names_what_breaks_it(place: TestPlace) {
        for (damage, names) in [
            (OUT_OF_BALANCE, &["balanced", "chained"][..]),
            (NO_AMOUNT, &["whole_amounts", "chained"]),
            (STRAY, &["gapless"]),
            (SECOND_HOLD, &["holds_end_once"]),
            (MOVED_BACK, &["holds_end_once", "states_fit"]),
            (CHAIN_CUT, &["gapless"]),
        ] {
            let place = if place.is_sqlite() { TestPlace::sqlite() } else { TestPlace::postgres() };
            let store = place.open(place.options()).unwrap();
            let world = world(&store).await;
            world.paying("succeeds").await;
            world.pass_seconds(3).await;
            let sound = world.sound().await;
            assert_eq!(sound.checks.len(), 8);
            assert!(sound.checks.iter().all(|check| check.looked_at > 0), "{:?}", sound.checks);
            store.write(move |tx| tx.execute(damage, &[])).await.unwrap();
            let report = report(&world).await;
            assert_eq!(broken(&report), names, "{damage:?}: {:?}", report.problems);
            assert!(!report.ok && report.problems.len() >= names.len());
        }
    }
}

both_engines! {
    /// The doctor names what is held for it, and looks at everything else all the same.
    async fn a_price_that_cannot_be_read_is_found(store) {
        let world = World::over(store).await;
        world.paying("slow").await;
        world.sound().await;
        store.write(|tx| tx.execute(NO_PRICE, &[])).await.unwrap();
        let report = report(&world).await;
        assert_eq!(broken(&report), ["holds_end_once"], "{:?}", report.problems);
    }
}

/// Somebody with the file in their hands: one byte of one line, past the database and its triggers.
#[test]
fn one_byte_of_the_file_is_found_out() {
    let place = TestPlace::sqlite();
    gate_store::testing::block_on(async {
        let store = place.open(place.options()).unwrap();
        let world = World::over(&store).await;
        for _ in 0..3 {
            world.paying("succeeds").await;
            world.pass_seconds(3).await;
        }
        world.sound().await;
        store.close().await;
        let mut bytes = std::fs::read(place.path()).unwrap();
        // The amounts of a captured payment stand behind each other: 10000 and -10000 EUR.
        let needle = b"provider_receivable:cardEUR10000";
        let places: Vec<_> =
            (0..bytes.len()).filter(|at| bytes[*at..].starts_with(needle)).collect();
        assert_eq!(places.len(), 3);
        // Rows are packed from the end of a page: the second in either direction is the second.
        bytes[places[1] + needle.len() - 5] = b'9';
        std::fs::write(place.path(), bytes).unwrap();
        let store = place.open(place.options()).unwrap();
        let report = store.read(examine).await.unwrap();
        assert_eq!(broken(&report), ["balanced", "chained"]);
        let chained = report.checks.iter().find(|check| check.name == "chained").unwrap();
        let [offender] = chained.offenders.as_slice() else { panic!("the first one only") };
        assert!(offender.contains("(number 3 of"), "{offender}");
    });
}
