//! The sandbox: show the simulator a transfer to a session's address.

use gate_domain::catalogue::Token;
use gate_domain::deposit::Deposit;
use gate_domain::destination::{Destination, Memo, MemoError, TypedMemo};
use gate_domain::ids::{Mode, SessionId, StrayId, Tenant};
use gate_domain::money::{Asset, DecimalError, Money};
use gate_domain::stray::Stray;
use gate_domain::transaction::Transaction;
use gate_store::StoreError;

use super::receive::{Received, Transfer, receive_transfer};
use super::{DepositError, counted_units};
use crate::advance::find_agreed_quote;
use crate::app::{App, Scope};

/// What to send. Whatever is left out is as was agreed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Simulated {
    /// How much, as a decimal string; what is still missing where nothing is said.
    pub amount: Option<String>,
    /// The symbol of a token.
    pub token: Option<String>,
    /// A network.
    pub network: Option<String>,
    /// The name of the transaction on its network.
    pub transfer: Option<String>,
    /// Which payment of that transaction it is.
    pub output: u32,
}

/// Why there is no transfer to show.
#[derive(Debug, thiserror::Error)]
pub enum SimulateError {
    /// The session is gone or somebody else's.
    #[error("no such session")]
    NotFound,
    /// The session has no address for tokens.
    #[error("the session has not asked for tokens")]
    NotAsked,
    /// The amount is no amount of the token.
    #[error(transparent)]
    Amount(#[from] DecimalError),
    /// Nothing is missing, so how much to send has to be said.
    #[error("nothing is missing: say how much to send")]
    NothingMissing,
    /// The memo is none of the network.
    #[error(transparent)]
    Memo(#[from] MemoError),
    /// A sale waits at this address with this memo, or the network has no memos.
    #[error("a sale waits there")]
    NotStray,
    /// There is no such token on this network.
    #[error("no such token")]
    NoToken,
    /// The mode has no rails.
    #[error("payments are not enabled in this mode")]
    NotEnabled,
    /// The transfer was not taken.
    #[error(transparent)]
    Deposit(#[from] DepositError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Let tokens arrive. Test mode only.
pub async fn simulate_deposit(
    app: &App,
    tenant: &Tenant,
    session: &SessionId,
    simulated: Simulated,
) -> Result<Deposit, SimulateError> {
    let here = |asked: &Destination| Ok(asked.clone());
    // Named after its place in the transaction: the next one is another transfer.
    let name = |_: &Scope<'_>, transaction: &Transaction, place: usize| {
        let tail = transaction.id.as_str().rsplit('_').next().unwrap_or_default();
        format!("sim_in_{}_{tail}", place + 1)
    };
    simulate(app, tenant, session, simulated, here, name, Received::deposit).await
}

/// Let tokens arrive with another memo than was asked for, or without one. Test mode only.
pub async fn simulate_stray(
    app: &App,
    tenant: &Tenant,
    session: &SessionId,
    memo: Option<String>,
    simulated: Simulated,
) -> Result<Stray, SimulateError> {
    let elsewhere = move |asked: &Destination| -> Result<Destination, SimulateError> {
        let memo = Memo::read(asked.family, &asked.address, TypedMemo::of(memo.as_deref()))?;
        Ok(Destination { memo, ..asked.clone() })
    };
    let name = |scope: &Scope<'_>, transaction: &Transaction, _: usize| {
        StrayId::new(transaction.tenant.mode, scope.seed()).to_string()
    };
    simulate(app, tenant, session, simulated, elsewhere, name, Received::stray).await
}

/// Let tokens arrive at the address that is made of the one that was asked for. What is then written down
/// has to be what is wanted; otherwise nothing is. The name of a transfer is its network's, and the sandbox
/// has many partners on one: a name that one of them gives is told apart by the session.
async fn simulate<T: Send + 'static>(
    app: &App,
    tenant: &Tenant,
    session: &SessionId,
    simulated: Simulated,
    address: impl Fn(&Destination) -> Result<Destination, SimulateError> + Send + 'static,
    name: fn(&Scope<'_>, &Transaction, usize) -> String,
    wanted: fn(Received) -> Option<T>,
) -> Result<T, SimulateError> {
    if tenant.mode != Mode::Test {
        return Err(SimulateError::NotFound);
    }
    let prices = app.rails(tenant.mode).ok_or(SimulateError::NotEnabled)?.prices.clone();
    let (tenant, id) = (tenant.clone(), session.clone());
    app.write(move |tx, scope| {
        let session = tx.lock_session(&tenant, &id)?.ok_or(SimulateError::NotFound)?;
        let transaction = match &session.transaction {
            Some(id) => tx.find_transaction(&tenant, id)?,
            None => None,
        };
        let transaction = transaction.ok_or(SimulateError::NotAsked)?;
        let means = transaction.means.deposit().ok_or(SimulateError::NotAsked)?;
        let agreed = find_agreed_quote(tx, &transaction)?.taken().clone();
        let asset = match (&simulated.token, &simulated.network) {
            (None, None) => agreed.asset.clone(),
            (symbol, network) => {
                let symbol = symbol.as_ref().unwrap_or(&agreed.asset.code);
                let network = network.as_ref().or(agreed.asset.network.as_ref());
                let mut tokens = scope.catalogue().tokens();
                let token = tokens.find(|token| {
                    token.symbol.eq_ignore_ascii_case(symbol)
                        && network.is_some_and(|name| token.network.eq_ignore_ascii_case(name))
                });
                token.map(Token::asset).ok_or(SimulateError::NoToken)?
            }
        };
        let amount = if let Some(text) = &simulated.amount {
            positive(text, asset)?
        } else {
            let counted = counted_units(&tx.list_deposits(&tenant, &transaction.id)?);
            let missing = agreed.units - counted;
            if missing <= 0 {
                return Err(SimulateError::NothingMissing);
            }
            Money::new(missing, asset)
        };
        let transfer = Transfer {
            mode: tenant.mode,
            address: address(&means.address)?,
            amount,
            transfer: if let Some(given) = &simulated.transfer {
                format!("{id}/{given}")
            } else {
                let before = tx.list_deposits(&tenant, &transaction.id)?.len();
                name(scope, &transaction, before)
            },
            output: simulated.output,
        };
        let received = receive_transfer(tx, scope, &*prices, &transfer)?;
        wanted(received).ok_or(SimulateError::NotStray)
    })
    .await
}

fn positive(text: &str, asset: Asset) -> Result<Money, SimulateError> {
    let amount = Money::parse(text, asset)?;
    if amount.units > 0 { Ok(amount) } else { Err(DecimalError::Malformed.into()) }
}
