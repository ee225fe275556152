//! Whatever waits for something: the time of its session alone brings it as the time of all does.

use std::sync::Arc;

use gate_app::choose::{Wanted, request_quote};
use gate_app::deposits::look_after_deposits;
use gate_app::testing::{ADDRESS, DEAD_ADDRESS, World};
use gate_app::workers::commands::send_due_commands;
use gate_app::workers::sweep::expire_due_sessions;
use gate_domain::catalogue::Side;
use gate_domain::ids::SessionId;
use gate_domain::quote::OnLapse;
use gate_domain::rail::CommandKind;
use gate_domain::reason::Reason;
use gate_rails::Rails;
use gate_rails::simulator::{CHAIN, TRANSFERS};
use gate_store::both_engines;
use gate_store::testing::TestPlace;
use gate_wire::journey::JourneyStep;

use crate::rails::{command, lock_amount, session_for, start};
use crate::refunds::{found, refund};
use crate::reviews::{Silent, silent_chain, silent_charges, silent_refunds};
use crate::sells::locked_sale;
use crate::time::advance;

const PAID: &str = "DE09 0000 0000 0000 0000 01";
const MINUTE_S: i64 = 60;
const DAY_S: i64 = 24 * 3600;
/// As long as nobody asks any more.
const MONTH_S: i64 = 30 * DAY_S;
/// As long as the price of a sale holds, and a minute.
const LAPSE_S: i64 = 21 * MINUTE_S;

/// Whose time passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Clock {
    /// Everybody's.
    World,
    /// That of the session alone.
    Session,
}

impl Clock {
    /// Let `seconds` pass, and then a few more with every worker at work.
    async fn pass(self, world: &World, session: &SessionId, seconds: i64) {
        match self {
            Self::World => world.clock.advance_ms(seconds * 1000),
            Self::Session => drop(advance(world, session, seconds).await),
        }
        for _ in 0..20 {
            work(world).await;
            world.clock.advance_ms(1_000);
        }
    }
}

async fn work(world: &World) {
    send_due_commands(&world.app).await.unwrap();
    look_after_deposits(&world.app).await.unwrap();
    expire_due_sessions(&world.app).await.unwrap();
}

/// What waits.
#[derive(Clone, Copy, Debug)]
enum Case {
    /// A charge that nobody has sent.
    UnsentCharge,
    /// A provider that never says whether it has charged.
    SilentCharge,
    /// A bank that never says whether a transfer has come.
    SilentPayIn,
    /// A network that never says whether tokens have arrived.
    SilentPayout,
    /// A provider that never says whether a partner's refund was paid.
    SilentRefund,
    /// A provider that never says whether what could not be delivered for is back.
    SilentReturn,
    /// A network that never says whether tokens are back.
    SilentTokens,
    /// A user who never answers their bank.
    Challenge,
    /// A payment that is taken back after a while.
    Reversal,
    /// Half of the tokens, by the time the price lapses.
    Half,
    /// All of them after that, and nobody who says yes to a new price.
    Late,
    /// A new price that lapses in turn.
    LatePrice,
    /// All of them after that, where the partner has said what then.
    Locked(OnLapse),
}

impl Case {
    fn rails(self) -> Rails {
        match self {
            Self::SilentCharge => silent_charges(),
            Self::SilentPayIn => Rails {
                transfers: Arc::new(Silent(TRANSFERS, CommandKind::Charge)),
                ..Rails::simulated()
            },
            Self::SilentPayout => silent_chain(),
            Self::SilentRefund | Self::SilentReturn => silent_refunds(),
            Self::SilentTokens => {
                Rails { chain: Arc::new(Silent(CHAIN, CommandKind::Refund)), ..Rails::simulated() }
            }
            _ => Rails::simulated(),
        }
    }

    /// Let it begin, and time pass. What there is to see besides the session.
    async fn play(self, world: &World, clock: Clock) -> (SessionId, Vec<String>) {
        let mut seen = Vec::new();
        let session = match self {
            Self::UnsentCharge => {
                let session = world.paying("succeeds").await;
                clock.pass(world, &session, 5 * MINUTE_S).await;
                session
            }
            Self::SilentCharge | Self::SilentPayout => {
                let session = world.paying("succeeds").await;
                world.pass_seconds(2).await;
                clock.pass(world, &session, DAY_S).await;
                session
            }
            Self::SilentPayIn => {
                let quote = lock_amount(world, Side::OnRamp, "sepa_bank_transfer", 66_66).await;
                let session = session_for(world, &quote, ADDRESS).await;
                start(world, command(world, &quote, &session)).await.unwrap();
                world.pass_seconds(2).await;
                clock.pass(world, &session, DAY_S).await;
                session
            }
            Self::SilentRefund => {
                let session = world.paying("succeeds").await;
                world.pass_seconds(3).await;
                let transaction = world.transaction_of(&session).await.id;
                let asked = refund(world, &transaction, None).await.unwrap();
                world.pass_seconds(1).await;
                clock.pass(world, &session, DAY_S).await;
                let refund = found(world, &asked.id).await;
                seen.push(format!("{:?} {}", refund.status, refund.reason.unwrap().code));
                session
            }
            Self::SilentReturn => {
                let session = world.create().await;
                let quote = world.choose(&session, DEAD_ADDRESS).await;
                world.pay(&session, &quote, "succeeds").await.unwrap();
                world.pass_seconds(3).await;
                clock.pass(world, &session, DAY_S).await;
                session
            }
            Self::SilentTokens => {
                let session = sale(world).await;
                world.send_tokens(&session, Some("5000")).await;
                world.pass_seconds(3).await;
                clock.pass(world, &session, DAY_S).await;
                session
            }
            Self::Challenge => {
                let session = world.paying("challenge").await;
                world.pass_seconds(2).await;
                clock.pass(world, &session, DAY_S).await;
                session
            }
            Self::Reversal => {
                let session = world.paying("reversed").await;
                world.pass_seconds(3).await;
                clock.pass(world, &session, 30).await;
                session
            }
            Self::Half => {
                let session = sale(world).await;
                world.send_tokens(&session, Some("10")).await;
                clock.pass(world, &session, LAPSE_S).await;
                session
            }
            Self::Late => {
                let session = late(world, sale(world).await, clock).await;
                clock.pass(world, &session, DAY_S).await;
                session
            }
            Self::LatePrice => {
                let session = late(world, sale(world).await, clock).await;
                let old = new_price(world, &session).await;
                clock.pass(world, &session, 10 * MINUTE_S).await;
                assert_ne!(new_price(world, &session).await, old, "it has lapsed");
                session
            }
            Self::Locked(on_lapse) => {
                let session = locked_sale(world, on_lapse).await;
                world.sell(&session, PAID, ADDRESS).await;
                late(world, session, clock).await
            }
        };
        let deposits = match world.session(&session).await.transaction {
            Some(_) => world.deposits(&session).await,
            None => Vec::new(),
        };
        seen.extend(deposits.iter().map(|deposit| deposit.state.status().to_owned()));
        (session, seen)
    }
}

async fn sale(world: &World) -> SessionId {
    let session = world.create_sale().await;
    world.sell(&session, PAID, ADDRESS).await;
    session
}

async fn late(world: &World, session: SessionId, clock: Clock) -> SessionId {
    clock.pass(world, &session, LAPSE_S).await;
    world.send_tokens(&session, None).await;
    world.pass_seconds(3).await;
    session
}

async fn new_price(world: &World, session: &SessionId) -> String {
    let wanted = Wanted::of("USDC", "base");
    let journey = request_quote(&world.app, &world.tenant(), session, wanted).await.unwrap();
    let JourneyStep::NewPrice { quote: Some(fresh), .. } = journey.step else {
        panic!("there is a new price")
    };
    fresh.id
}

/// How a case ends: its session, its transaction, and what its partner was told.
async fn ending(
    place: &TestPlace,
    case: Case,
    clock: Clock,
) -> (String, &'static str, Vec<String>) {
    let fresh = if place.is_sqlite() { TestPlace::sqlite() } else { TestPlace::postgres() };
    let store = fresh.open(fresh.options()).unwrap();
    let world = World::with_rails(&store, case.rails()).await;
    world.entitle(&[gate_domain::catalogue::Entitlement::Rails]).await;
    let (session, seen) = case.play(&world, clock).await;
    let (state, payment) =
        (world.session(&session).await.state, world.transaction_of(&session).await.state);
    let mut ended = payment.status().to_owned();
    for word in
        payment.reason().map(Reason::code).into_iter().chain(seen.iter().map(String::as_str))
    {
        ended = format!("{ended} {word}");
    }
    // Whatever waits for a person is asked about for a month, and then no more.
    clock.pass(&world, &session, MONTH_S).await;
    advance(&world, &session, DAY_S).await;
    assert_eq!(send_due_commands(&world.app).await.unwrap(), 0, "{case:?} {clock:?}");
    world.sound().await;
    (ended, state.phase(), world.event_types().await)
}

both_engines! {
    async fn as_it_does_when_all_of_it_passes(place: TestPlace) {
        for (case, expected) in [
            (Case::UnsentCharge, "failed abandoned"),
            (Case::SilentCharge, "review payment_unresolved"),
            (Case::SilentPayIn, "review payment_unresolved"),
            (Case::SilentPayout, "review payout_unresolved"),
            (Case::SilentRefund, "completed Review refund_unresolved"),
            (Case::SilentReturn, "review refund_failed"),
            (Case::SilentTokens, "completed held"),
            (Case::Challenge, "failed abandoned"),
            (Case::Reversal, "review payment_reversed"),
            (Case::Half, "failed deposit_short returned"),
            (Case::Late, "failed new_price_declined returned"),
            (Case::LatePrice, "awaiting_payment counted"),
            (Case::Locked(OnLapse::Refund), "failed deposit_late returned"),
            (Case::Locked(OnLapse::ConvertWithin(1_000)), "completed taken"),
            (Case::Locked(OnLapse::Requote), "awaiting_payment counted"),
        ] {
            let alone = ending(place, case, Clock::Session).await;
            assert_eq!(alone.0, expected, "{case:?}");
            assert_eq!(alone, ending(place, case, Clock::World).await, "{case:?}");
        }
    }
}
