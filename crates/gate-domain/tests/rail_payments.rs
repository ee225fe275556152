//! Rail payments and signed quotes: whatever their transaction does, a partner is told each end
//! once; and who may redeem what.

use std::fmt::Write as _;

use gate_domain::catalogue::Side;
use gate_domain::ids::{Mode, PartnerId, PayInId, QuoteId, Seed, Tenant, TransactionId};
use gate_domain::ledger::{Account, Booking, Posting, imbalance};
use gate_domain::money::{Asset, Money};
use gate_domain::quote::{FeePolicy, OnLapse, Quote, Rate, price, price_sale};
use gate_domain::rail_payment::{RailKind, RailPaymentId, State, Step};
use gate_domain::reason::Reason;
use gate_domain::session::{Flow, Terms};
use gate_domain::signed_quote::{Consumed, NotRedeemable, SignedQuote, Status};
use gate_domain::time::Millis;
use gate_domain::transaction::{self, PaymentStep};

fn seed(last: u8) -> Seed {
    Seed { at: Millis(0), random: [last; 10] }
}

fn transaction_states() -> Vec<transaction::State> {
    use transaction::State as T;
    let payment = || "pay_1".to_owned();
    let reason = Reason::PayoutFailed;
    vec![
        T::AwaitingPayment { step: PaymentStep::Authorising },
        T::PaymentReceived { payment: payment() },
        T::Settling { payment: payment() },
        T::Completed { payment: payment(), chain_transaction: "0x1".into(), reversal: None },
        T::Reversed { payment: payment(), chain_transaction: "0x1".into() },
        T::Failed { reason: Reason::ForcedFailure },
        T::Failed { reason: Reason::PaymentCancelled },
        T::RefundPending { payment: payment(), reason },
        T::Refunded { payment: payment(), reason, reversal: None },
        T::Review { payment: None, reason: Reason::PaymentUnresolved, back: None },
    ]
}

#[test]
fn every_state_follows_every_transaction() {
    let reason = Reason::ForcedFailure;
    let states =
        [State::Processing, State::Settled, State::Failed { reason }, State::Cancelled { reason }];
    let mut table = String::new();
    for state in states {
        for transaction in transaction_states() {
            let outcome = match state.follow(&transaction) {
                Step::Moved(next) => {
                    let kinds = [RailKind::PayIn, RailKind::PayOut];
                    let told = kinds.map(|kind| next.event(kind).as_str());
                    format!("-> {:<9} {told:?} {:?}", next.status(), next.reason())
                }
                Step::Unchanged => "== unchanged".to_owned(),
            };
            let why = transaction.reason().map_or("", Reason::code);
            let met = format!("{} {why}", transaction.status());
            writeln!(table, "{:<10} + {met:<34} {outcome}", state.status()).unwrap();
        }
        table.push('\n');
    }
    insta::assert_snapshot!(table);
}

#[test]
fn an_id_says_which_way_it_goes() {
    let id = RailPaymentId::PayIn(PayInId::new(Mode::Test, seed(1)));
    assert_eq!(RailPaymentId::parse(id.as_str()), Ok(id.clone()));
    assert_eq!(serde_json::to_string(&id).unwrap(), format!("\"{id}\""));
    assert!(RailPaymentId::parse(&id.as_str().replace("pi_", "tx_")).is_err());
    let out = RailPaymentId::parse(&id.as_str().replace("pi_", "po_")).unwrap();
    assert_eq!((id.kind(), out.kind()), (RailKind::PayIn, RailKind::PayOut));
}

fn quote(side: Side, method: &str) -> Quote {
    let eur = Asset { code: "EUR".into(), network: None, decimals: 2 };
    let usdc = Asset { code: "USDC".into(), network: Some("base".into()), decimals: 6 };
    let fees = FeePolicy {
        service_bps: 149,
        service_minimum_units: 50,
        network_units: 35,
        ..FeePolicy::default()
    };
    let rate = Rate(92_345_678);
    let priced = match side {
        Side::OnRamp => price(&Money::new(100_01, eur), &usdc, rate, fees),
        Side::OffRamp => price_sale(&Money::new(100_000_001, usdc), &eur, rate, fees),
    };
    let priced = priced.expect("a price");
    Quote {
        id: QuoteId::new(Mode::Test, seed(1)),
        session_id: None,
        side,
        payment_method: method.into(),
        fiat: priced.fiat,
        crypto: priced.crypto,
        paid_in: None,
        rate,
        fees: priced.fees,
        source: "test".into(),
        priced_at: None,
        on_lapse: OnLapse::default(),
        created_at: Millis(0),
        expires_at: Millis(1_000),
    }
}

#[test]
fn what_comes_in_leaves_nothing_of_the_users_behind() {
    let facts = [Booking::PaymentCaptured, Booking::TokensDelivered, Booking::PaymentRefunded];
    let mut table = String::new();
    for (side, method) in
        [(Side::OnRamp, "card"), (Side::OnRamp, "sepa_transfer"), (Side::OffRamp, "sepa_transfer")]
    {
        let quote = quote(side, method);
        let [taken, delivered, returned] = facts.map(|fact| Posting::of(fact, &quote));
        for ending in [&delivered, &returned] {
            let entries = [taken.entries(), ending.entries()].concat();
            assert!(imbalance(&entries).is_empty());
            let users: i128 = entries
                .iter()
                .filter(|entry| entry.account == Account::UserFunds)
                .map(|entry| entry.amount.units)
                .sum();
            assert_eq!(users, 0);
        }
        for posting in [taken, delivered, returned] {
            writeln!(table, "{} by {method}: {}", side.as_str(), posting.booking().as_str())
                .unwrap();
            for entry in posting.entries() {
                writeln!(table, "    {:<24} {}", entry.account.to_string(), entry.amount).unwrap();
            }
        }
    }
    insta::assert_snapshot!(table);
}

fn signed(side: Side) -> SignedQuote {
    let tenant = Tenant { partner: PartnerId::new(seed(1)), mode: Mode::Test };
    let quote = quote(side, "card");
    let lapses_at = quote.expires_at;
    SignedQuote { tenant, quote, signature: "00".into(), lapses_at, consumed: None }
}

#[test]
fn a_quote_lapses_at_its_instant_unless_it_was_redeemed() {
    let active = signed(Side::OnRamp);
    assert_eq!(active.check_active(Millis(999)), Ok(()));
    assert_eq!(active.status(Millis(1_000)), Status::Expired);
    assert_eq!(active.check_active(Millis(1_000)), Err(NotRedeemable::Expired));
    let by = TransactionId::new(Mode::Test, seed(2));
    let consumed = SignedQuote { consumed: Some(Consumed { at: Millis(1), by }), ..active };
    for at in [1, 2_000] {
        assert_eq!(consumed.check_active(Millis(at)), Err(NotRedeemable::Consumed));
    }
}

#[test]
fn a_session_redeems_only_what_agrees_with_all_of_its_terms() {
    let signed = signed(Side::OnRamp);
    let bare = Terms {
        amount: signed.quote.fiat.clone(),
        target_token: None,
        target_network: None,
        flow: None,
        wallet_address: None,
        return_url: "https://shop.example".into(),
        cancel_url: None,
        user_reference: None,
        client_reference_id: None,
        quote_id: None,
        metadata: "{}".into(),
        expires_at: Millis(1_000),
    };
    let pinned = Terms {
        target_token: Some("usdc".into()),
        target_network: Some("BASE".into()),
        flow: Some(Flow::OnRamp),
        quote_id: Some(QuoteId::new(Mode::Test, seed(9))),
        ..bare.clone()
    };
    assert_eq!(signed.check_terms(&bare), Ok(()));
    assert_eq!(signed.check_terms(&pinned), Ok(()));
    let other = |change: fn(&mut Terms)| {
        let mut terms = pinned.clone();
        change(&mut terms);
        signed.check_terms(&terms).unwrap_err().to_string()
    };
    let refused = [
        other(|terms| terms.amount.units += 1),
        other(|terms| terms.amount.asset.code = "GBP".into()),
        other(|terms| terms.target_token = Some("USDT".into())),
        other(|terms| terms.target_network = Some("polygon".into())),
        other(|terms| terms.flow = Some(Flow::OffRamp)),
    ];
    insta::assert_snapshot!(refused.join("\n"), @r#"
    the quote is for 100.01 EUR, the session for 100.02 EUR
    the quote is for 100.01 EUR, the session for 100.01 GBP
    the session pins another token or network
    the session pins another token or network
    the session is for another flow
    "#);
}
