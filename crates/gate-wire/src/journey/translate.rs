//! From the step that the domain computed to the one that the page shows.

use gate_domain::catalogue::Catalogue;
use gate_domain::destination::Destination;
use gate_domain::journey::Step;
use gate_domain::money::{Asset, Money};
use gate_domain::quote::Quote;
use gate_domain::session::Session;
use gate_domain::time::Millis;
use gate_domain::transaction::Transaction;

use super::sentences::{
    ended_message, failed_reason, held_reason, identity_problem, stage_message, unavailable_reason,
    unless_exact,
};
use super::simulator::test_outcomes;
use super::{
    AccountBody, AssetChoice, AssetOption, JourneyStep, NotTakenBody, PayoutMethodBody, QuoteBody,
    RailHints, TestPayout,
};
use crate::session::{is_text, memo_of};
use crate::words::{Flow, IdentityAsk, Notice};

pub(super) fn step_body(
    session: &Session,
    (step, not_taken): (Step<'_>, Vec<NotTakenBody>),
    hints: &RailHints,
    catalogue: &Catalogue,
    now: Millis,
) -> JourneyStep {
    let name_of = |asset: &Asset| {
        let chain = asset.network.as_deref().unwrap_or_default();
        catalogue.network(chain).map_or_else(|| chain.to_owned(), |network| network.name.clone())
    };
    let network_name = |quote: &Quote| name_of(&quote.crypto.asset);
    let sent_on = |quote: &Quote| name_of(&quote.taken().asset);
    let quoted = |quote: &Quote| QuoteBody::new(quote, now);
    let locked = session.terms.wallet_address.is_some();
    match step {
        Step::Amount {
            flow,
            flows,
            options,
            selected,
            from_options,
            from_selected,
            payouts,
            payout,
            quote,
            notice,
        } => JourneyStep::Amount {
            flow: flow.into(),
            flows: flows.into_iter().map(Flow::from).collect(),
            pinned: options.len() == 1,
            options: options.iter().map(AssetOption::from).collect(),
            selected: selected.into(),
            from_options: from_options.iter().map(AssetOption::from).collect(),
            from_selected: from_selected.map(|token| AssetChoice::from(*token)),
            payout_methods: payouts.into_iter().map(PayoutMethodBody::from).collect(),
            payout_method: payout.map(|payout| payout.id),
            quote: quote.map(quoted),
            notice: notice.map(Notice::from),
        },
        Step::Account { quote, asks } => {
            let of_it = hints.test_payouts.iter().filter(|(kind, _)| *kind == asks.into());
            let test_payouts: Vec<_> = of_it.map(|(_, payout)| payout.clone()).collect();
            JourneyStep::Account {
                quote: quoted(quote),
                account: None,
                account_kind: asks.into(),
                test_accounts: test_payouts.iter().filter_map(TestPayout::by_iban).collect(),
                test_payouts,
            }
        }
        Step::Confirm { quote, back_to, address, account } => JourneyStep::Confirm {
            network_name: sent_on(quote),
            quote: quoted(quote),
            back_to: back_to.address.clone(),
            back_to_memo: memo_of(Some(back_to)),
            back_to_memo_is_text: is_text(Some(back_to)),
            address: address.map(|address| address.address.clone()),
            memo: memo_of(address),
            memo_is_text: is_text(address),
            locked,
            account: account.map(AccountBody::from),
        },
        Step::Deposit { quote, means, transaction, received, lapsed } => {
            let units = quote.taken().units - received.units;
            let missing = Money { units, ..received.clone() };
            let (qr, qr_has_memo) = means.address.scannable(&missing);
            JourneyStep::Deposit {
                network_name: sent_on(quote),
                quote: quoted(quote),
                address: means.address.address.clone(),
                memo: memo_of(Some(&means.address)),
                memo_name: means.address.family.memo_name().map(str::to_owned),
                qr,
                qr_has_memo,
                missing_amount: missing.to_decimal(),
                received_amount: received.to_decimal(),
                not_taken,
                lapsed,
                back_to: means.back_to.address.clone(),
                back_to_memo: memo_of(Some(&means.back_to)),
                account: means.account.as_ref().map(AccountBody::from),
                transaction_id: transaction.id.to_string(),
                unless_exact: unless_exact(quote.on_lapse).into(),
                simulated: session.tenant.mode == gate_domain::Mode::Test,
            }
        }
        Step::NewPrice { agreed, quote, transaction } => JourneyStep::NewPrice {
            network_name: network_name(agreed),
            agreed: quoted(agreed),
            quote: quote.map(quoted),
            back_to: back_to(transaction).map_or_else(String::new, |back| back.address.clone()),
            transaction_id: transaction.id.to_string(),
        },
        Step::Wallet { quote, family, refund } => JourneyStep::Wallet {
            network_name: if refund { sent_on(quote) } else { network_name(quote) },
            refund,
            quote: quoted(quote),
            address: None,
            address_format: family.into(),
            memo_name: family.memo_name().map(str::to_owned),
            unchecked: !family.has_checksum(),
            test_wallets: hints.test_wallets.clone(),
            locked,
        },
        Step::Payment { quote, address } => JourneyStep::Payment {
            network_name: network_name(quote),
            quote: quoted(quote),
            address: address.address.clone(),
            memo: memo_of(Some(address)),
            memo_is_text: is_text(Some(address)),
            test_cards: hints.test_cards.clone(),
        },
        Step::Identity { check, email, asks } => JourneyStep::Identity {
            level: check.level.into(),
            reason: check.reason().into(),
            rejected: check.rejected,
            stage: check.stage.into(),
            email: email.map(str::to_owned),
            asks: asks.iter().copied().map(IdentityAsk::from).collect(),
            problem: identity_problem(check.stage).map(str::to_owned),
            test_people: hints.test_people.clone(),
            test_outcomes: match session.tenant.mode {
                gate_domain::Mode::Test => test_outcomes(),
                gate_domain::Mode::Live => Vec::new(),
            },
        },
        Step::Challenge { quote, card_last4 } => JourneyStep::Challenge {
            quote: quoted(quote),
            card_last4: card_last4.into(),
            hint: hints.challenge_hint.clone(),
        },
        Step::Processing { stage, quote, transaction, slow } => JourneyStep::Processing {
            stage: stage.into(),
            quote: quoted(quote),
            address: sent_to(transaction).map_or_else(String::new, |to| to.address.clone()),
            memo: memo_of(sent_to(transaction)),
            account: account_of(transaction),
            transaction_id: transaction.id.to_string(),
            slow,
            message: stage_message(stage, quote.side).into(),
        },
        Step::Done { quote, transaction, chain_transaction } => JourneyStep::Done {
            quote: quoted(quote),
            address: sent_to(transaction).map_or_else(String::new, |to| to.address.clone()),
            memo: memo_of(sent_to(transaction)),
            account: account_of(transaction),
            transaction_id: transaction.id.to_string(),
            chain_transaction: chain_transaction.into(),
            explorer_url: None,
            not_taken,
        },
        Step::Failed { reason, refunded, can_retry, transaction } => JourneyStep::Failed {
            reason: failed_reason(reason, transaction, session.cannot_deliver()),
            can_retry,
            transaction_id: transaction.map(|transaction| transaction.id.to_string()),
            refunded,
            not_taken,
        },
        Step::Unavailable { refusal } => {
            JourneyStep::Unavailable { reason: unavailable_reason(&refusal) }
        }
        Step::Held => JourneyStep::Unavailable { reason: held_reason() },
        Step::Ended { flow } => JourneyStep::Ended {
            status: (&session.state).into(),
            flow: flow.map(Flow::from),
            not_taken,
            message: ended_message(&session.state, flow).into(),
        },
    }
}

/// Where the tokens of a buy go, or those of a sale go back to.
fn sent_to(transaction: &Transaction) -> Option<&Destination> {
    transaction.address.as_ref().or(back_to(transaction))
}

fn back_to(transaction: &Transaction) -> Option<&Destination> {
    transaction.means.deposit().map(|means| &means.back_to)
}

fn account_of(transaction: &Transaction) -> Option<AccountBody> {
    let means = transaction.means.deposit()?;
    means.account.as_ref().map(AccountBody::from)
}
