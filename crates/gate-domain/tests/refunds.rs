//! Refunds: every state meets every event, and however a payment is given back in parts, the parts
//! add up.
#![expect(clippy::unwrap_used, reason = "a test's helpers may")]

use std::fmt::Write as _;

use gate_domain::catalogue::Side;
use gate_domain::ids::{Mode, QuoteId, Seed};
use gate_domain::ledger::{Posting, imbalance};
use gate_domain::money::{Asset, Money};
use gate_domain::quote::{FeeKind, FeePolicy, OnLapse, Quote, Rate, price};
use gate_domain::reason::Reason;
use gate_domain::refund::{Event, NotRefundable, State, Step, kept, next_share, refundable};
use gate_domain::time::Millis;
use proptest::prelude::*;

fn quote(units: i128, service_bps: i64) -> Quote {
    let eur = Asset { code: "EUR".into(), network: None, decimals: 2 };
    let usdc = Asset { code: "USDC".into(), network: Some("base".into()), decimals: 6 };
    let fees = FeePolicy {
        service_bps,
        service_minimum_units: 50,
        network_units: 35,
        ..FeePolicy::default()
    };
    let priced = price(&Money::new(units, eur), &usdc, Rate(92_345_678), fees).unwrap();
    Quote {
        id: QuoteId::new(Mode::Test, Seed { at: Millis(0), random: [1; 10] }),
        session_id: None,
        side: Side::OnRamp,
        payment_method: "card".into(),
        fiat: priced.fiat,
        crypto: priced.crypto,
        paid_in: None,
        rate: Rate(92_345_678),
        fees: priced.fees,
        source: "test".into(),
        on_lapse: OnLapse::default(),
        priced_at: None,
        created_at: Millis(0),
        expires_at: Millis(1),
    }
}

#[test]
fn every_refund_state_meets_every_event() {
    let mut table = String::new();
    let reason = Reason::RefundUnresolved;
    for state in [
        State::Pending,
        State::Review { reason },
        State::Succeeded,
        State::Failed { reason: Reason::RefundRefused },
    ] {
        for event in
            [Event::Paid, Event::Refused, Event::Unresolved, Event::FoundPaid, Event::FoundUnpaid]
        {
            let outcome = match state.apply(event) {
                Ok(Step::Moved(next)) => {
                    let told = next.event().map(gate_domain::event::EventType::as_str);
                    format!("-> {:<9} {told:?} {:?}", next.status(), next.reason())
                }
                Ok(Step::Unchanged) => "== unchanged".to_owned(),
                Err(refused) => format!("!! {refused}"),
            };
            let event = format!("{event:?}");
            writeln!(table, "{:<9} + {event:<11} {outcome}", state.status()).unwrap();
        }
        table.push('\n');
    }
    insta::assert_snapshot!(table);
}

#[test]
fn what_is_spent_is_kept_and_nothing_goes_back_twice() {
    let quote = quote(100_00, 149);
    assert_eq!(kept(&quote), 35);
    assert_eq!(refundable(&quote), 99_65);
    let whole = next_share(&quote, 0, None).unwrap();
    assert_eq!((whole.amount, whole.service), (99_65, quote.fee_units(FeeKind::Service)));
    assert_eq!(next_share(&quote, 99_65, None), Err(NotRefundable::NothingLeft));
    assert_eq!(next_share(&quote, 9_964, Some(2)), Err(NotRefundable::TooMuch));
    let sale = Quote { side: Side::OffRamp, ..quote };
    assert_eq!(next_share(&sale, 0, None), Err(NotRefundable::Sale));
}

proptest! {
    /// In any parts: never more than what can be given back, all of the service fee in the end, and
    /// each part is booked in balance.
    #[test]
    fn parts_add_up_to_the_whole(
        units in 2_00i128..=10_000_00,
        service_bps in 0i64..=1000,
        parts in prop::collection::vec(1i128..=3_000_00, 0..12),
    ) {
        let quote = quote(units, service_bps);
        let (mut before, mut service) = (0, 0);
        for wanted in parts.into_iter().map(Some).chain([None]) {
            match next_share(&quote, before, wanted) {
                Ok(share) => {
                    let posting = Posting::of_refund(&quote, &share);
                    prop_assert!(imbalance(posting.entries()).is_empty());
                    prop_assert!(share.service >= 0 && share.principal() >= 0);
                    before += share.amount;
                    service += share.service;
                }
                Err(NotRefundable::TooMuch) => prop_assert!(wanted.unwrap() > refundable(&quote) - before),
                Err(NotRefundable::NothingLeft) => prop_assert_eq!(before, refundable(&quote)),
                Err(NotRefundable::Sale) => unreachable!(),
            }
            prop_assert!(before <= refundable(&quote) && before <= quote.fiat.units);
        }
        prop_assert_eq!(before, refundable(&quote));
        prop_assert_eq!(service, quote.fee_units(FeeKind::Service));
    }
}
