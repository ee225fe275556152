//! Both state machines as tables: every state meets every event. A reviewer reads the snapshot as
//! a diff, and a product person can read it at all.
#![expect(clippy::unwrap_used, reason = "a test's helpers may")]

use std::fmt::Write as _;

use gate_domain::bank::AccountKind;
use gate_domain::customer::CountryCode;
use gate_domain::destination::Destination;
use gate_domain::event::EventType;
use gate_domain::ids::{Mode, QuoteId, Seed, UserId};
use gate_domain::money::{Asset, Money};
use gate_domain::rail::PayoutAccount;
use gate_domain::reason::Reason;
use gate_domain::session::{
    self, BackTo, Choice, FlightStage, Flow, IdentityCheck, IdentityLevel, IdentityProblem,
    IdentityStage, Stage, Terms,
};
use gate_domain::time::Millis;
use gate_domain::transaction::{self, Back, PaymentStep, Reversal};

const ADDRESS: &str = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";

fn quote_id(last: u8) -> QuoteId {
    QuoteId::new(Mode::Test, Seed { at: Millis(0), random: [last; 10] })
}

fn user_id() -> UserId {
    UserId::new(Mode::Test, Seed { at: Millis(0), random: [3; 10] })
}

fn account() -> PayoutAccount {
    PayoutAccount {
        kind: AccountKind::Iban,
        token: "succeeds".into(),
        last4: "0001".into(),
        country: "DE".into(),
    }
}

fn terms() -> Terms {
    let eur = Asset { code: "EUR".into(), network: None, decimals: 2 };
    Terms {
        amount: Money::new(100_00, eur),
        target_token: None,
        target_network: None,
        flow: None,
        wallet_address: None,
        return_url: "https://shop.example/done".into(),
        cancel_url: None,
        user_reference: None,
        client_reference_id: None,
        quote_id: None,
        metadata: "{}".into(),
        expires_at: Millis(1000),
    }
}

fn session_states() -> Vec<(&'static str, session::State)> {
    use session::State as S;
    let chosen = Choice {
        quote: Some(quote_id(1)),
        accepted: true,
        address: Some(Destination::from_stored(ADDRESS).unwrap()),
        ..Choice::default()
    };
    let selling = Choice { account: Some(account()), flow: Some(Flow::OffRamp), ..chosen.clone() };
    let swapping = Choice {
        back_to: Some(Destination::from_stored(ADDRESS).unwrap()),
        flow: Some(Flow::Swap),
        ..chosen.clone()
    };
    let offered = Choice { quote: Some(quote_id(1)), ..Choice::default() };
    let at = |stage, rejected| Some(IdentityCheck { level: IdentityLevel::Basic, rejected, stage });
    let check = |rejected| at(IdentityStage::Email, rejected);
    let known = Choice { user: Some(user_id()), ..chosen.clone() };
    let details = |problem| IdentityStage::Details { problem };
    let open = |stage, choice: &Choice| S::Open { stage, choice: choice.clone() };
    let flight = |stage| S::InFlight { stage, choice: chosen.clone() };
    let told = Choice { told_refunded: true, ..chosen.clone() };
    let reason = Reason::CardDeclined;
    vec![
        ("created", open(Stage::Created, &Choice::default())),
        ("opened", open(Stage::Opened, &Choice::default())),
        ("quoted", open(Stage::Quoted, &offered)),
        ("chosen", open(Stage::Quoted, &chosen)),
        ("challenged", open(Stage::AwaitingPayment, &chosen)),
        ("selling", open(Stage::Quoted, &selling)),
        ("deposit", open(Stage::AwaitingDeposit, &selling)),
        ("swapping", open(Stage::Quoted, &swapping)),
        ("failed", open(Stage::Failed { reason, refunded: false }, &Choice::default())),
        (
            "verifying",
            open(Stage::Created, &Choice { identity: check(false), ..Choice::default() }),
        ),
        (
            "chosen, verifying",
            open(Stage::Quoted, &Choice { identity: check(false), ..chosen.clone() }),
        ),
        (
            "failed, verifying",
            open(
                Stage::Failed { reason, refunded: false },
                &Choice { identity: check(false), ..Choice::default() },
            ),
        ),
        ("rejected", open(Stage::Quoted, &Choice { identity: check(true), ..chosen.clone() })),
        (
            "code",
            open(
                Stage::Quoted,
                &Choice { identity: at(IdentityStage::Code, false), ..chosen.clone() },
            ),
        ),
        (
            "details",
            open(Stage::Quoted, &Choice { identity: at(details(None), false), ..known.clone() }),
        ),
        (
            "doubted",
            open(
                Stage::Quoted,
                &Choice {
                    identity: at(details(Some(IdentityProblem::Name)), true),
                    ..known.clone()
                },
            ),
        ),
        (
            "checking",
            open(
                Stage::Quoted,
                &Choice {
                    identity: at(IdentityStage::Checking { held: false }, false),
                    ..known.clone()
                },
            ),
        ),
        (
            "held",
            open(
                Stage::Quoted,
                &Choice {
                    identity: at(IdentityStage::Checking { held: true }, false),
                    ..known.clone()
                },
            ),
        ),
        ("known", open(Stage::Quoted, &known)),
        ("processing", flight(FlightStage::Processing)),
        ("repricing", flight(FlightStage::Repricing)),
        ("refunding", flight(FlightStage::Refunding { reason })),
        ("review", flight(FlightStage::Review { reason })),
        ("refunded", open(Stage::Failed { reason, refunded: true }, &told)),
        ("paying again", open(Stage::Quoted, &told)),
        ("review, told", S::InFlight { stage: FlightStage::Review { reason }, choice: told }),
        ("completed", S::Completed),
        ("expired", S::Expired),
        ("cancelled", S::Cancelled),
    ]
}

fn session_events() -> Vec<(&'static str, session::Event)> {
    use session::Event as E;
    let reason = Reason::CardDeclined;
    vec![
        ("page opened", E::PageOpened),
        ("seen in a country", E::SeenIn(CountryCode::parse("DE").unwrap())),
        ("quote given", E::QuoteGiven(quote_id(2))),
        ("quote accepted", E::QuoteAccepted(quote_id(1))),
        ("other quote accepted", E::QuoteAccepted(quote_id(9))),
        ("flow chosen", E::FlowChosen(Flow::OffRamp)),
        ("account given", E::AccountGiven(account())),
        ("refund address given", E::BackToGiven(Destination::from_stored(ADDRESS).unwrap())),
        ("address given", E::AddressGiven(Destination::from_stored(ADDRESS).unwrap())),
        ("back to amount", E::SteppedBack(BackTo::Amount)),
        ("back to wallet", E::SteppedBack(BackTo::Wallet)),
        ("back to account", E::SteppedBack(BackTo::Account)),
        ("back to refund address", E::SteppedBack(BackTo::RefundAddress)),
        ("retry", E::RetryRequested),
        ("identity asked", E::IdentityAsked(IdentityLevel::Basic)),
        ("code sent", E::CodeSent),
        ("user known", E::UserKnown(user_id())),
        ("user forgotten", E::UserForgotten),
        ("checking", E::IdentityChecking { held: false }),
        ("held", E::IdentityChecking { held: true }),
        ("details doubted", E::DetailsDoubted(IdentityProblem::Name)),
        ("more identity asked", E::IdentityAsked(IdentityLevel::Enhanced)),
        ("identity confirmed", E::IdentityConfirmed),
        ("identity rejected", E::IdentityRejected),
        ("payment started", E::PaymentStarted),
        ("deposit started", E::DepositStarted),
        ("rail started", E::RailStarted(quote_id(3))),
        ("challenge asked", E::ChallengeAsked),
        ("payment moving", E::PaymentMoving),
        ("new price needed", E::NewPriceNeeded),
        ("transaction completed", E::TransactionCompleted),
        ("transaction failed", E::TransactionFailed(reason)),
        ("refund started", E::RefundStarted(reason)),
        ("transaction refunded", E::TransactionRefunded(reason)),
        ("review started", E::ReviewStarted(reason)),
        ("cancel", E::CancelRequested),
        ("deadline, early", E::DeadlinePassed { now: Millis(999) }),
        ("deadline", E::DeadlinePassed { now: Millis(1000) }),
        ("expiry forced", E::ExpiryForced),
    ]
}

/// How far the identity step is, where it is asked.
fn identity_of(state: &session::State) -> &'static str {
    let session::State::Open { choice: Choice { identity: Some(check), .. }, .. } = state else {
        return "";
    };
    match check.stage {
        IdentityStage::Email => "",
        IdentityStage::Code => ": code",
        IdentityStage::Details { problem: None } => ": details",
        IdentityStage::Details { problem: Some(_) } => ": details again",
        IdentityStage::Checking { held: false } => ": checking",
        IdentityStage::Checking { held: true } => ": held",
    }
}

#[test]
fn every_session_state_meets_every_event() {
    let mut table = String::new();
    for (state_name, state) in session_states() {
        for (event_name, event) in session_events() {
            let outcome = match state.apply(&event, &terms()) {
                Ok(session::Step::Moved { next, effects }) => {
                    let effects: Vec<_> = effects
                        .iter()
                        .map(|effect| match effect {
                            session::Effect::Announce(event) => event.as_str(),
                            session::Effect::AbandonPayment => "abandon payment",
                            session::Effect::DropIdentityCheck => "drop identity check",
                        })
                        .collect();
                    let phase = format!("{}{}", next.phase(), identity_of(&next));
                    format!("-> {:<9} {phase:<16} {effects:?}", next.status())
                }
                Ok(session::Step::Unchanged) => "== unchanged".to_owned(),
                Err(refused) => format!("!! {refused}"),
            };
            writeln!(table, "{state_name:<17} + {event_name:<22} {outcome}").unwrap();
        }
        table.push('\n');
    }
    insta::assert_snapshot!(table);
}

fn transaction_states() -> Vec<(String, transaction::State)> {
    use transaction::State as S;
    let payment = || "pay_1".to_owned();
    let mut states: Vec<(String, S)> = [
        PaymentStep::Authorising,
        PaymentStep::Challenge,
        PaymentStep::Confirming,
        PaymentStep::Deposit,
        PaymentStep::Partial,
        PaymentStep::Repricing,
    ]
    .into_iter()
    .map(|step| (format!("{step:?}").to_lowercase(), S::AwaitingPayment { step }))
    .collect();
    let late = Reason::PayoutUnresolved;
    let gone = |reason, back| S::Review { payment: Some(payment()), reason, back: Some(back) };
    let refunded = |reversal| S::Refunded {
        payment: payment(),
        reason: Reason::PayoutFailed,
        reversal: Some(reversal),
    };
    let closed =
        S::Refunded { payment: payment(), reason: Reason::DeliveredAndRefunded, reversal: None };
    let done =
        |reversal| S::Completed { payment: payment(), chain_transaction: "0x1".into(), reversal };
    states.extend([
        ("received".into(), S::PaymentReceived { payment: payment() }),
        ("settling".into(), S::Settling { payment: payment() }),
        ("completed".into(), done(None)),
        ("reversed".into(), S::Reversed { payment: payment(), chain_transaction: "0x1".into() }),
        ("lost".into(), done(Some(Reversal::Lost))),
        ("reinstated".into(), done(Some(Reversal::Reinstated))),
        ("failed".into(), S::Failed { reason: Reason::CardDeclined }),
        ("abandoned".into(), S::Failed { reason: Reason::Abandoned }),
        ("refunding".into(), S::RefundPending { payment: payment(), reason: Reason::PayoutFailed }),
        (
            "refunded".into(),
            S::Refunded { payment: payment(), reason: Reason::PayoutFailed, reversal: None },
        ),
        ("both, closed".into(), closed),
        (
            "taken back".into(),
            S::Refunded { payment: payment(), reason: Reason::PaymentReversed, reversal: None },
        ),
        ("back, lost".into(), refunded(Reversal::Lost)),
        ("back, here".into(), refunded(Reversal::Reinstated)),
        (
            "review: paid?".into(),
            S::Review { payment: None, reason: Reason::PaymentUnresolved, back: None },
        ),
        ("review: sent?".into(), S::Review { payment: Some(payment()), reason: late, back: None }),
        (
            "review: both?".into(),
            S::Review {
                payment: Some(payment()),
                reason: Reason::DeliveredBeforeRefund,
                back: None,
            },
        ),
        ("review: both!".into(), gone(Reason::DeliveredAndRefunded, Back::Refunded)),
        ("review: taken".into(), gone(Reason::DeliveredAndRefunded, Back::Reversed)),
        ("review: all".into(), gone(Reason::DeliveredAndRefunded, Back::Twice)),
        ("review: twice".into(), gone(Reason::PaymentReversed, Back::Twice)),
        (
            "review: back?".into(),
            S::Review { payment: Some(payment()), reason: Reason::RefundFailed, back: None },
        ),
    ]);
    states
}

fn transaction_events() -> Vec<(&'static str, transaction::Event)> {
    use transaction::{Event as E, Resolution};
    let found = |outcome| E::ReviewResolved { outcome };
    let (payment, transfer) = (|| Some("pay_1".to_owned()), || Some("0x9".to_owned()));
    vec![
        ("challenge required", E::ChallengeRequired),
        ("challenge answered", E::ChallengeAnswered),
        ("payment succeeded", E::PaymentSucceeded { payment: "pay_1".into() }),
        ("other payment", E::PaymentSucceeded { payment: "pay_2".into() }),
        ("payment declined", E::PaymentDeclined { reason: Reason::CardDeclined }),
        ("payment unresolved", E::PaymentUnresolved),
        ("deposit partial", E::DepositPartial),
        ("deposit late", E::DepositLate),
        ("abandoned", E::Abandoned),
        ("payout submitted", E::PayoutSubmitted),
        ("payout succeeded", E::PayoutSucceeded { chain_transaction: "0x1".into() }),
        ("other payout", E::PayoutSucceeded { chain_transaction: "0x2".into() }),
        ("payout failed", E::PayoutFailed),
        ("payout bounced", E::PayoutBounced),
        ("payout unresolved", E::PayoutUnresolved),
        ("refund succeeded", E::RefundSucceeded),
        ("refund failed", E::RefundFailed),
        ("voided", E::Voided),
        ("payment reversed", E::PaymentReversed),
        ("found completed", found(Resolution::Completed { payment: None, transfer: transfer() })),
        (
            "found payment, done",
            found(Resolution::Completed { payment: payment(), transfer: transfer() }),
        ),
        ("found known, done", found(Resolution::Completed { payment: None, transfer: None })),
        ("found refunded", found(Resolution::Refunded { payment: None })),
        ("found payment, back", found(Resolution::Refunded { payment: payment() })),
        ("found failed", found(Resolution::Failed)),
    ]
}

#[test]
fn every_transaction_state_meets_every_event() {
    let mut table = String::new();
    for (state_name, state) in transaction_states() {
        for (event_name, event) in transaction_events() {
            let outcome = match state.apply(&event) {
                Ok(transaction::Step::Moved { next, effects }) => {
                    format!("-> {:<16} {effects:?}", next.status())
                }
                Ok(transaction::Step::Unchanged) => "== unchanged".to_owned(),
                Err(refused) => format!("!! {refused}"),
            };
            writeln!(table, "{state_name:<13} + {event_name:<19} {outcome}").unwrap();
        }
        table.push('\n');
    }
    insta::assert_snapshot!(table);
}

#[test]
fn in_flight_money_neither_expires_nor_is_cancelled() {
    use session::{Event, Refused};
    let late = Event::DeadlinePassed { now: Millis(i64::MAX) };
    for (name, state) in session_states() {
        if !matches!(state, session::State::InFlight { .. }) {
            continue;
        }
        for event in [late.clone(), Event::ExpiryForced, Event::CancelRequested] {
            assert_eq!(
                state.apply(&event, &terms()),
                Err(Refused::PaymentInFlight),
                "{name} + {event:?}"
            );
        }
    }
}

#[test]
fn back_to_a_wallet_that_the_partner_fixed_leads_to_the_price_and_keeps_it() {
    let address = Destination::from_stored(ADDRESS).unwrap();
    let fixed = Terms { wallet_address: Some(address.clone()), ..terms() };
    let choice = Choice {
        quote: Some(quote_id(1)),
        accepted: true,
        address: Some(address.clone()),
        ..Choice::default()
    };
    let paying = session::State::Open { stage: Stage::Quoted, choice };
    let step = paying.apply(&session::Event::SteppedBack(BackTo::Wallet), &fixed).unwrap();
    let kept = Choice { address: Some(address), ..Choice::default() };
    let next = session::State::Open { stage: Stage::Opened, choice: kept };
    assert_eq!(step, session::Step::Moved { next, effects: Vec::new() });
}

/// What a failed attempt leaves of what the user had chosen, and whether they may try again.
#[test]
fn what_was_refused_is_asked_for_again() {
    use session::{Event as E, State as S};
    let address = || Destination::from_stored(ADDRESS).unwrap();
    let fixed = Terms { wallet_address: Some(address()), ..terms() };
    let mut table = String::new();
    for flow in [Flow::OnRamp, Flow::OffRamp, Flow::Swap] {
        for (who, terms) in [("user", terms()), ("partner", fixed.clone())] {
            for reason in [Reason::PayoutFailed, Reason::PayoutBounced, Reason::DepositLate] {
                let choice = Choice {
                    address: Some(address()),
                    back_to: Some(address()),
                    account: Some(account()),
                    flow: Some(flow),
                    ..Choice::default()
                };
                let stage = FlightStage::Refunding { reason };
                let refunding = S::InFlight { stage, choice };
                let session::Step::Moved { next, .. } =
                    refunding.apply(&E::TransactionRefunded(reason), &terms).unwrap()
                else {
                    panic!("it has failed")
                };
                let S::Open { choice: left, .. } = &next else { panic!("it stays open") };
                let kept = [
                    ("wallet", left.address.is_some()),
                    ("refund address", left.back_to.is_some()),
                    ("account", left.account.is_some()),
                ];
                let kept: Vec<_> = kept.iter().filter(|(_, kept)| *kept).map(|it| it.0).collect();
                let retry = match next.apply(&E::RetryRequested, &terms) {
                    Ok(_) => "may try again".to_owned(),
                    Err(refused) => refused.to_string(),
                };
                let (flow, code) = (flow.as_str(), reason.code());
                writeln!(table, "{flow:<8} {who:<7} {code:<14} keeps {}; {retry}", kept.join(", "))
                    .unwrap();
            }
        }
    }
    insta::assert_snapshot!(table);
}

#[test]
fn every_end_is_announced_once() {
    let ends =
        [EventType::SessionCompleted, EventType::SessionExpired, EventType::SessionCancelled];
    for (state_name, state) in session_states() {
        for (event_name, event) in session_events() {
            let Ok(session::Step::Moved { next, effects }) = state.apply(&event, &terms()) else {
                continue;
            };
            let told = effects
                .iter()
                .filter(|effect| {
                    matches!(effect, session::Effect::Announce(event) if ends.contains(event))
                })
                .count();
            let ended = next.status() != "open";
            assert_eq!(told, usize::from(ended), "{state_name} + {event_name}");
        }
    }
}

#[test]
fn a_check_that_was_stored_before_there_were_stages_begins_with_the_address() {
    let stored = r#"{"level":"enhanced","rejected":true}"#;
    let check: IdentityCheck = serde_json::from_str(stored).unwrap();
    let begun = IdentityStage::Email;
    assert_eq!(
        check,
        IdentityCheck { level: IdentityLevel::Enhanced, rejected: true, stage: begun }
    );
}
