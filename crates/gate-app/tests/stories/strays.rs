//! Strays: what becomes of tokens that came for nobody.

use std::collections::BTreeSet;
use std::sync::Arc;

use gate_app::admin::deposits::{Command as DepositCommand, ShownStray, StraysAnswer};
use gate_app::admin::{self, AdminError, Command, Whose};
use gate_app::app::{App, Scope};
use gate_app::deposits::{DepositError, Received, Transfer, receive_transfer};
use gate_app::doctor::{examine, list_warnings};
use gate_app::metrics::render;
use gate_app::testing::World;
use gate_app::vault::Vault;
use gate_domain::destination::{Destination, Family, Memo, spell};
use gate_domain::ids::{Seed, SessionId, StrayId, TransactionId};
use gate_domain::money::{Asset, Money};
use gate_domain::stray::Stray;
use gate_rails::{DepositAddresses, Rails};
use gate_store::testing::{TestPlace, TestStore};
use gate_store::{Sql, StoreError, StrayFilter, Tx, both_engines, sql};
use gate_wire::deposit::DepositBody;
use gate_wire::instant::to_rfc3339;
use gate_wire::journey::JourneyStep;
use serde::de::DeserializeOwned;

use crate::families::{assign, lose, sell, wallet};

const DAY_MS: i64 = 24 * 3_600_000;
const REWRITTEN: Sql = sql("update strays set dismissed_by = 'bob' where dismissed_at is not null");

async fn ask<T: DeserializeOwned>(world: &World, command: DepositCommand) -> Result<T, AdminError> {
    let answer = admin::run(&world.app, Command::Deposits(command)).await?;
    Ok(serde_json::from_value(answer).unwrap())
}

async fn dismiss(world: &World, stray: &str, reason: &str) -> Result<ShownStray, String> {
    let (reason, actor) = (reason.to_owned(), "ada".to_owned());
    let command = DepositCommand::Dismiss { stray: stray.to_owned(), reason, actor };
    ask(world, command).await.map_err(|refused| refused.code)
}

async fn list(world: &World, all: bool, after: Option<String>) -> StraysAnswer {
    let mode = world.tenant().mode;
    ask(world, DepositCommand::ListStrays { mode, all, after }).await.unwrap()
}

async fn open(world: &World) -> Vec<ShownStray> {
    list(world, false, None).await.strays
}

/// A sale on a network with memos, and a stray that could be its deposit.
async fn lost(world: &World) -> (SessionId, Stray) {
    let session = sell(world, ("XRP", "xrpl"), &wallet(Family::Xrp)).await;
    let stray = lose(world, &session, (None, "lost")).await.unwrap();
    (session, stray)
}

/// Gives out one memo of a kind after the other at one address.
struct InTurn(fn(u64) -> Memo);

fn tag(number: u64) -> Memo {
    Memo::Tag(number.try_into().unwrap())
}

fn number(number: u64) -> Memo {
    Memo::Number(number)
}

fn text(number: u64) -> Memo {
    Memo::Text(number.to_string())
}

impl DepositAddresses for InTurn {
    fn address_for(&self, _: &TransactionId, _: &Asset, family: Family, turn: u32) -> Destination {
        Destination {
            family,
            address: spell(family, &[5; 32]),
            memo: Some((self.0)(u64::from(turn) + 100)),
        }
    }

    fn is_shared(&self, destination: &Destination) -> bool {
        destination.address == spell(destination.family, &[5; 32])
    }
}

/// The same world, as another process sees it that shares the database.
fn beside(world: &World, store: &TestStore) -> World {
    let (rails, config) = (Rails::simulated(), world.app.config().clone());
    let vault = Vault::new(&world.app.ids().random());
    let app = App::new((**store).clone(), world.clock.clone(), vault, rails, config);
    World { app, ..world.clone() }
}

async fn address_of(world: &World, session: &SessionId) -> Destination {
    world.transaction_of(session).await.means.deposit().unwrap().address.clone()
}

/// Half of what a sale waits for, in a transaction of its network.
async fn halves(world: &World, session: &SessionId) -> Transfer {
    let transaction = world.transaction_of(session).await;
    let tenant = world.tenant();
    let quote = transaction.quote_id.clone();
    let quote = world.app.store().read(move |tx| tx.find_quote(&tenant, &quote)).await;
    let whole = quote.unwrap().unwrap().taken().clone();
    Transfer {
        mode: world.tenant().mode,
        address: address_of(world, session).await,
        amount: Money { units: (whole.units + 1) / 2, ..whole },
        transfer: "batch".into(),
        output: 0,
    }
}

/// Where a transfer went, without the memo.
fn nobodys(transfer: &Transfer) -> Destination {
    Destination { memo: None, ..transfer.address.clone() }
}

/// What whoever watches the networks is answered.
pub(crate) async fn tell(world: &World, transfer: &Transfer) -> Received {
    let prices = world.app.rails(transfer.mode).unwrap().prices.clone();
    let transfer = transfer.clone();
    let told =
        move |tx: &mut Tx, scope: &Scope<'_>| receive_transfer(tx, scope, &*prices, &transfer);
    world.app.write(told).await.unwrap()
}

/// A sale of Stellar's coin, with its memo's number.
async fn sell_xlm(world: &World) -> (SessionId, u64) {
    let session = sell(world, ("XLM", "stellar"), &wallet(Family::Stellar)).await;
    let memo = address_of(world, &session).await.memo.unwrap();
    (session, memo.to_string().parse().unwrap())
}

fn sale_of(received: &Received) -> Option<&SessionId> {
    match received {
        Received::Deposit(deposit) => Some(&deposit.session_id),
        Received::Stray(_) => None,
    }
}

fn id_of(received: &Received) -> String {
    match received {
        Received::Deposit(deposit) => deposit.id.to_string(),
        Received::Stray(stray) => stray.id.to_string(),
    }
}

both_engines! {
    async fn what_was_settled_outside_is_closed(store) {
        let world = World::over(store).await;
        let (session, stray) = lost(&world).await;
        assert_eq!(dismiss(&world, stray.id.as_str(), " ").await.unwrap_err(), "reason_needed");
        for nobody in ["st_test_1", "st", &stray.id.as_str().replace("test", "live")] {
            assert_eq!(dismiss(&world, nobody, "x").await.unwrap_err(), "deposit_not_found");
        }
        let [waiting] = &*open(&world).await else { panic!("one waits") };
        assert_eq!((&*waiting.stray.id, &waiting.dismissed), (stray.id.as_str(), &None));

        let why = "sent back from the treasury";
        let closed = dismiss(&world, stray.id.as_str(), why).await.unwrap().dismissed.unwrap();
        assert_eq!((&*closed.actor, &*closed.reason), ("ada", why));
        assert!(open(&world).await.is_empty());
        let again = dismiss(&world, stray.id.as_str(), "once more").await;
        assert_eq!(again.unwrap_err(), "stray_dismissed");
        let assigned = assign(&world, &stray.id, &session).await;
        assert!(matches!(assigned, Err(DepositError::Dismissed)), "{assigned:?}");
        assert!(world.deposits(&session).await.is_empty());
        // Told again it is what it was, and what was said of it stays.
        let told = lose(&world, &session, (None, "lost")).await.unwrap();
        assert_eq!(told.state.dismissal().map(|said| &*said.reason), Some(why));
        store.write(|tx: &mut Tx| tx.execute(REWRITTEN, &[])).await.unwrap_err();
        world.sound().await;
    }

    async fn what_was_assigned_is_not_dismissed(store) {
        let world = World::over(store).await;
        let (session, stray) = lost(&world).await;
        assign(&world, &stray.id, &session).await.unwrap();
        assert_eq!(dismiss(&world, stray.id.as_str(), "x").await.unwrap_err(), "stray_found");
        assert_eq!(world.deposits(&session).await.len(), 1);
        world.sound().await;
    }

    async fn strays_are_listed_page_by_page(store) {
        let world = World::over(store).await;
        let (session, first) = lost(&world).await;
        assign(&world, &first.id, &session).await.unwrap();
        world.clock.advance_ms(1);
        let second = lose(&world, &session, (None, "second")).await.unwrap();
        dismiss(&world, second.id.as_str(), "sent back").await.unwrap();
        world.clock.advance_ms(1);
        let one = lose(&world, &session, (None, "third")).await.unwrap();
        let many = move |tx: &mut Tx| -> Result<(), StoreError> {
            for number in 0..1_000_u16 {
                let mut random = [0; 10];
                random[..2].copy_from_slice(&number.to_be_bytes());
                let id = StrayId::new(one.mode, Seed { at: one.created_at.plus_ms(1), random });
                let transfer = format!("many_{number}");
                tx.insert_stray(&Stray { id, transfer, ..one.clone() })?;
            }
            Ok(())
        };
        store.write(many).await.unwrap();

        // The open ones fill a page and one more.
        let page = list(&world, false, None).await;
        assert_eq!(page.strays.len(), 1_000);
        assert_eq!(page.next_after.as_ref(), Some(&page.strays[999].stray.id));
        let rest = list(&world, false, page.next_after).await;
        assert_eq!((rest.strays.len(), &rest.next_after), (1, &None));
        assert_eq!(rest.strays[0].stray.transfer_id, "many_999");

        let page = list(&world, true, None).await;
        let known = world.deposits(&session).await.remove(0).id.to_string();
        assert_eq!(page.strays[0].stray.deposit_id, Some(known));
        assert_eq!(page.strays[1].dismissed.as_ref().map(|said| &*said.actor), Some("ada"));
        let rest = list(&world, true, page.next_after).await;
        assert_eq!((rest.strays.len(), &rest.next_after), (3, &None));
    }

    async fn who_waits_for_long_is_named_and_measured(store) {
        let world = World::over(store).await;
        let (session, stray) = lost(&world).await;
        let warnings = async |ms| {
            world.clock.advance_ms(ms);
            let now = world.now();
            let warnings: Result<_, StoreError> =
                world.app.store().read(move |tx| list_warnings(tx, now)).await;
            warnings.unwrap()
        };
        assert_eq!(warnings(DAY_MS).await, [""; 0]);
        let named = warnings(1).await;
        assert!(named.len() == 1 && named[0].starts_with(stray.id.as_str()), "{named:?}");
        for number in 0..11 {
            lose(&world, &session, (None, &format!("{number}"))).await.unwrap();
        }
        assert_eq!(warnings(0).await, named);
        let shown = render(&world.app).await.unwrap();
        assert!(shown.contains("gate_strays_open{mode=\"test\"} 12\n"), "{shown}");
        let waits = "gate_strays_oldest_open_seconds{mode=\"test\"} 86400.001\n";
        assert!(shown.contains(waits), "{shown}");
        let all = warnings(DAY_MS + 1).await;
        assert_eq!((all.len(), &*all[10]), (11, "2 other strays at least wait for longer than a day"));
        // Nothing is wrong, and who has ended waits no more.
        world.sound().await;
        dismiss(&world, stray.id.as_str(), "sent back").await.unwrap();
        assert!(!warnings(0).await[0].starts_with(stray.id.as_str()));
        let shown = render(&world.app).await.unwrap();
        assert!(shown.contains("gate_strays_open{mode=\"test\"} 11\n"), "{shown}");
        let waits = "gate_strays_oldest_open_seconds{mode=\"test\"} 86400.001\n";
        assert!(shown.contains(waits), "{shown}");
    }

    async fn the_doctor_compares_an_assigned_stray_with_its_deposit(store) {
        let world = World::over(store).await;
        let (session, stray) = lost(&world).await;
        assign(&world, &stray.id, &session).await.unwrap();
        world.sound().await;
        for (damage, repair) in [
            ("amount = replace(amount, 'XRP', 'XRQ')", "amount = replace(amount, 'XRQ', 'XRP')"),
            ("transfer = transfer || '!'", "transfer = rtrim(transfer, '!')"),
            ("deposit_id = deposit_id || '!'", "deposit_id = rtrim(deposit_id, '!')"),
        ] {
            let set = |change| store.write(move |tx| tx.batch(&format!("update strays set {change}")));
            set(damage).await.unwrap();
            let report: Result<_, StoreError> = world.app.store().read(examine).await;
            let problems = report.unwrap().problems;
            let wanted = format!("stray {} is not the transfer that its deposit is", stray.id);
            assert_eq!(problems, [wanted], "{damage}");
            set(repair).await.unwrap();
            world.sound().await;
        }
    }

    async fn nothing_is_assigned_to_a_sale_that_began_after_it(store) {
        let world = World::over(store).await;
        let (first, stray) = lost(&world).await;
        // Choosing takes three seconds in these stories.
        world.clock.advance_ms(60_000 - 3_000);
        let soon = sell(&world, ("XRP", "xrpl"), &wallet(Family::Xrp)).await;
        let later = sell(&world, ("XRP", "xrpl"), &wallet(Family::Xrp)).await;
        let command = DepositCommand::Assign {
            whose: Whose { partner: None, mode: stray.mode },
            stray: stray.id.to_string(),
            transaction: world.transaction_of(&later).await.id.to_string(),
            reason: "a guess".into(),
            actor: "ada".into(),
        };
        let refused = ask::<DepositBody>(&world, command).await.unwrap_err();
        let (came, asked) = (stray.created_at, world.transaction_of(&later).await.created_at);
        let message = format!(
            "This is not its stray: it came at {}, and that sale or swap asked for tokens at {} only.",
            to_rfc3339(came),
            to_rfc3339(asked)
        );
        assert_eq!((&*refused.code, refused.message), ("stray_too_early", message));
        // Clocks may be a minute apart.
        let mode = stray.mode;
        assert_eq!(world.transaction_of(&soon).await.created_at, came.plus_ms(60_000));
        let twin = lose(&world, &first, (None, "twin")).await.unwrap();
        assign(&world, &stray.id, &soon).await.unwrap();
        assign(&world, &twin.id, &first).await.unwrap();
        let left = store.read(move |tx| tx.list_strays(mode, StrayFilter::Open, "", 9)).await;
        let left: Result<Vec<Stray>, StoreError> = left;
        assert_eq!(left.unwrap(), []);
        world.sound().await;
    }

    async fn each_payment_of_a_networks_transaction_is_one_transfer(store) {
        let world = World::over(store).await;
        let session = sell(&world, ("XRP", "xrpl"), &wallet(Family::Xrp)).await;
        let half = halves(&world, &session).await;
        let lost = Transfer { address: nobodys(&half), ..half.clone() };
        // A batch: the same twice for the sale, the same twice for nobody, and one for the sale again.
        let batch = [&half, &lost, &lost, &half, &half].into_iter().zip(0..);
        let batch: Vec<Transfer> =
            batch.map(|(transfer, output)| Transfer { output, ..transfer.clone() }).collect();
        let mut ids = Vec::new();
        for transfer in &batch {
            ids.push(id_of(&tell(&world, transfer).await));
        }
        let others: BTreeSet<_> = ids.iter().collect();
        assert_eq!(others.len(), batch.len(), "{ids:?}");
        // Told again, and as if it were for somebody else or less, each stays what it was.
        for (transfer, id) in batch.iter().zip(&ids) {
            assert_eq!(&id_of(&tell(&world, transfer).await), id);
            let amount = Money { units: 1, ..transfer.amount.clone() };
            let less = Transfer { amount, ..transfer.clone() };
            assert_eq!(&id_of(&tell(&world, &less).await), id);
        }
        let deposits = world.deposits(&session).await;
        assert_eq!(deposits.len(), 3);
        let outputs: BTreeSet<_> = deposits.iter().map(|deposit| deposit.output).collect();
        assert_eq!(outputs, BTreeSet::from([0, 3, 4]));
        assert_eq!(open(&world).await.len(), 2);
        // A stray is assigned though another payment of its transaction is there.
        let stray = StrayId::parse(&ids[2]).unwrap();
        let found = assign(&world, &stray, &session).await.unwrap();
        assert_eq!((found.output, &*found.transfer), (2, "batch"));
        world.pass_seconds(3).await;
        assert!(matches!(world.journey(&session).await.step, JourneyStep::Done { .. }));
        world.sound().await;
    }

    async fn a_deposit_told_again_without_its_memo_is_not_a_stray(store) {
        let world = World::over(store).await;
        let (first, other) = (sell_xlm(&world).await.0, sell_xlm(&world).await.0);
        let transfer = halves(&world, &first).await;
        assert_eq!(sale_of(&tell(&world, &transfer).await), Some(&first));
        let without = Transfer { address: nobodys(&transfer), ..transfer.clone() };
        assert_eq!(sale_of(&tell(&world, &without).await), Some(&first));
        // Nor is it another one's whose memo it is told with.
        let theirs = Transfer { address: address_of(&world, &other).await, ..transfer };
        assert_eq!(sale_of(&tell(&world, &theirs).await), Some(&first));
        assert!(open(&world).await.is_empty() && world.deposits(&other).await.is_empty());
    }

    /// As it was written down before a transfer was looked for among all deposits.
    async fn a_stray_that_is_a_deposit_already_is_not_assigned(store) {
        let world = World::over(store).await;
        let (first, other) = (sell_xlm(&world).await.0, sell_xlm(&world).await.0);
        let transfer = halves(&world, &first).await;
        tell(&world, &transfer).await;
        let stray = Stray {
            id: StrayId::new(transfer.mode, world.app.ids().seed(world.app.now())),
            mode: transfer.mode,
            address: nobodys(&transfer),
            amount: transfer.amount.clone(),
            transfer: transfer.transfer.clone(),
            output: transfer.output,
            state: gate_domain::stray::State::Open,
            created_at: world.app.now(),
        };
        let (id, written) = (stray.id.clone(), stray);
        world.app.write(move |tx, _| tx.insert_stray(&written)).await.unwrap();
        for session in [&other, &first] {
            let assigned = assign(&world, &id, session).await;
            assert!(matches!(assigned, Err(DepositError::Found)), "{assigned:?}");
        }
        assert!(world.deposits(&other).await.is_empty());
    }

    async fn a_stray_told_again_stays_one(store) {
        let world = World::over(store).await;
        let session = sell(&world, ("XRP", "xrpl"), &wallet(Family::Xrp)).await;
        let transfer = halves(&world, &session).await;
        let lost = Transfer { address: nobodys(&transfer), ..transfer.clone() };
        let stray = tell(&world, &lost).await;
        assert!(matches!(&stray, Received::Stray(_)), "{stray:?}");
        assert_eq!(tell(&world, &lost).await, stray);
        // Even when its memo is somebody's by now.
        assert_eq!(tell(&world, &transfer).await, stray);
        assert_eq!(open(&world).await.len(), 1);
        assert!(world.deposits(&session).await.is_empty());
    }

    async fn no_memo_is_given_out_that_a_stray_names(store) {
        let deposits = Arc::new(InTurn(tag));
        let world = World::with_rails(store, Rails { deposits, ..Rails::simulated() }).await;
        let memo_of_next = async || {
            let session = sell(&world, ("XRP", "xrpl"), &wallet(Family::Xrp)).await;
            let memo = address_of(&world, &session).await.memo.unwrap().to_string();
            (session, memo)
        };
        let (first, memo) = memo_of_next().await;
        assert_eq!(memo, "100");
        let lost = lose(&world, &first, (Some("101"), "lost")).await.unwrap();
        assert_eq!(memo_of_next().await.1, "102");
        // Whoever sent it may send there again, however it was settled.
        dismiss(&world, lost.id.as_str(), "sent back").await.unwrap();
        assert_eq!(memo_of_next().await.1, "103");
    }

    async fn digits_on_stellar_are_found_as_a_number_and_as_a_text(place: TestPlace) {
        let kinds: [fn(u64) -> Memo; 2] = [number, text];
        for (kind, other) in [(kinds[0], kinds[1]), (kinds[1], kinds[0])] {
            let place = if place.is_sqlite() { TestPlace::sqlite() } else { TestPlace::postgres() };
            let store = place.open(place.options()).unwrap();
            let deposits = Arc::new(InTurn(kind));
            let world = World::with_rails(&store, Rails { deposits, ..Rails::simulated() }).await;
            let (first, memo) = sell_xlm(&world).await;
            let half = halves(&world, &first).await;
            let with = |memo, output| Transfer {
                address: Destination { memo: Some(memo), ..half.address.clone() },
                output,
                ..half.clone()
            };
            // A memo that another one can be mistaken for is not given out.
            let lost = tell(&world, &with(other(memo + 1), 0)).await;
            assert!(matches!(lost, Received::Stray(_)), "{lost:?}");
            let (second, next) = sell_xlm(&world).await;
            assert_eq!(next, memo + 2);

            let mistaken = tell(&world, &with(other(memo), 1)).await;
            assert_eq!(sale_of(&mistaken), Some(&first));
            assert_eq!(tell(&world, &with(other(memo), 1)).await, mistaken, "told again");
            let right = tell(&world, &with(kind(memo), 2)).await;
            assert_eq!(sale_of(&right), Some(&first));
            let right = tell(&world, &with(kind(next), 3)).await;
            assert_eq!(sale_of(&right), Some(&second));
            // A text that is not the number's own digits is nobody's.
            let padded = tell(&world, &with(Memo::Text("0100".into()), 4)).await;
            assert_eq!(sale_of(&padded), None);
            world.sound().await;
        }
    }
}

both_engines! {
    /// Two watchers of a network, on PostgreSQL in two processes, tell the same with different memos.
    async fn a_transfer_told_at_once_with_and_without_its_memo_is_one(place: TestPlace) {
        let store = place.open(place.options()).unwrap();
        let world = World::over(&store).await;
        let second = (!place.is_sqlite()).then(|| place.open(place.options()).unwrap());
        let second = second.as_ref().map_or_else(|| world.clone(), |store| beside(&world, store));
        let (session, other) = (sell_xlm(&world).await.0, sell_xlm(&world).await.0);
        let first = halves(&world, &session).await;
        let theirs = address_of(&world, &other).await;
        for output in 0..20 {
            let told = Transfer { amount: Money { units: 1, ..first.amount.clone() }, output, ..first.clone() };
            let nobodys = Transfer { address: nobodys(&told), ..told.clone() };
            let theirs = Transfer { address: theirs.clone(), ..told.clone() };
            let (one, two, three) =
                tokio::join!(tell(&world, &told), tell(&second, &nobodys), tell(&second, &theirs));
            let ids = BTreeSet::from([id_of(&one), id_of(&two), id_of(&three)]);
            assert_eq!(ids.len(), 1, "{one:?} {two:?} {three:?}");
        }
        let (deposits, others) = (world.deposits(&session).await, world.deposits(&other).await);
        assert_eq!(deposits.len() + others.len() + open(&world).await.len(), 20);
        world.sound().await;
    }
}
