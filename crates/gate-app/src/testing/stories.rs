//! The steps of a journey, one call each, and what a story is judged by.

use gate_domain::bank::{Account, AccountKind, BankAccount};
use gate_domain::catalogue::Entitlement;
use gate_domain::deposit::Deposit;
use gate_domain::ids::{QuoteId, SessionId, TransactionId};
use gate_domain::session::{Flow, LIFETIME_DEFAULT_S, Session, Terms};
use gate_domain::transaction::Transaction;
use gate_domain::{Millis, money::Money};
use gate_store::{IdempotentRequest, Sql, StoreError, sql};
use gate_wire::event::EventBody;
use gate_wire::journey::{Journey, JourneyStep};

use super::{SHOP, World};
use crate::choose::{PaidWith, TypedAddress, Wanted};
use crate::create_session::{CreateError, CreateSession, create_session};
use crate::deposits::{Simulated, simulate_deposit, start_deposit};
use crate::doctor::{Report, examine};
use crate::journey::{JourneyError, find_journey};
use crate::pay::TypedCard;
use crate::workers::commands::send_due_commands;
use crate::{choose, pay};

/// A wallet that takes what it is sent.
pub const ADDRESS: &str = "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed";
/// A wallet that the simulated chain cannot send to.
pub const DEAD_ADDRESS: &str = "0x52908400098527886e0f7030069857d2e416dead";

const EVENTS: Sql = sql("select body from events where partner_id = $1 order by sequence");

/// The test card with this outcome, as a user types it.
///
/// # Panics
/// When there is none.
pub fn card(outcome: &str) -> TypedCard<'static> {
    let cards = &gate_rails::simulator::TEST_CARDS;
    let card = cards.iter().find(|card| card.outcome == outcome).unwrap();
    TypedCard { number: card.number, expiry: "12/30", cvc: "123" }
}

/// A currency that accounts of a kind are paid in, and by which method.
pub const fn paid_out(kind: AccountKind) -> (&'static str, &'static str) {
    match kind {
        AccountKind::Iban => ("EUR", "sepa_payout"),
        AccountKind::SortCode => ("GBP", "faster_payments_payout"),
        AccountKind::Aba => ("USD", "ach_payout"),
        AccountKind::Pix => ("BRL", "pix_payout"),
        AccountKind::Card => ("EUR", "card_payout"),
    }
}

/// An address and the memo behind a space, as a user types them who has thought of the memo.
pub fn typed(text: &str) -> TypedAddress {
    let (address, memo) = match text.split_once(' ') {
        Some((address, memo)) => (address, Some(memo.to_owned())),
        None => (text, None),
    };
    let without_memo = memo.is_none();
    TypedAddress { address: address.to_owned(), memo, memo_is_text: false, without_memo }
}

impl World {
    /// Create a session of 100 EUR.
    pub async fn create(&self) -> SessionId {
        self.create_with(|_| {}).await
    }

    /// Create a session with other terms.
    pub async fn create_with(&self, change: impl FnOnce(&mut Terms)) -> SessionId {
        self.try_create_with(change).await.unwrap()
    }

    /// The same, where it may be refused.
    pub async fn try_create_with(
        &self,
        change: impl FnOnce(&mut Terms),
    ) -> Result<SessionId, CreateError> {
        self.carry_out(self.creation(change)).await
    }

    /// Carry out what a partner's backend asks for; again answers what it answered before.
    pub async fn carry_out(&self, command: CreateSession) -> Result<SessionId, CreateError> {
        let created = self.app.write(move |tx, scope| create_session(tx, scope, &command)).await;
        created.map(|created| created.session_id)
    }

    /// A request to create a session of 100 EUR with other terms, under a key of its own.
    pub fn creation(&self, change: impl FnOnce(&mut Terms)) -> CreateSession {
        let currency = self.app.catalogue().currency("EUR").unwrap();
        let mut terms = Terms {
            amount: Money::new(100_00, currency.asset()),
            target_token: None,
            target_network: None,
            flow: None,
            wallet_address: None,
            return_url: format!("{SHOP}/orders/1"),
            cancel_url: None,
            user_reference: None,
            client_reference_id: None,
            quote_id: None,
            metadata: "{}".into(),
            expires_at: Millis(0),
        };
        change(&mut terms);
        let request = IdempotentRequest {
            tenant: self.tenant(),
            key_hash: self.app.ids().random::<16>().to_vec(),
            fingerprint: vec![1; 32],
        };
        let lifetime_s = LIFETIME_DEFAULT_S;
        CreateSession { tenant: self.tenant(), request, terms, lifetime_s }
    }

    /// Ask for a price of USDC on Base.
    pub async fn quote(&self, session: &SessionId) -> QuoteId {
        self.quote_of(session, Wanted::of("USDC", "base")).await
    }

    /// Ask for a price.
    async fn quote_of(&self, session: &SessionId, wanted: Wanted) -> QuoteId {
        let journey = choose::request_quote(&self.app, &self.tenant(), session, wanted).await;
        let JourneyStep::Amount { quote: Some(quote), .. } = journey.unwrap().step else {
            panic!("a price is on the table")
        };
        QuoteId::parse(&quote.id).unwrap()
    }

    /// Go from a fresh or failed session to the payment step.
    pub async fn choose(&self, session: &SessionId, address: &str) -> QuoteId {
        let (app, tenant) = (&self.app, self.tenant());
        let quote = self.quote(session).await;
        choose::accept_quote(app, &tenant, session, quote.clone()).await.unwrap();
        choose::give_address(app, &tenant, session, typed(address)).await.unwrap();
        quote
    }

    /// Create a session in which the user sells so many tokens that they are paid 100 EUR.
    pub async fn create_sale(&self) -> SessionId {
        self.create_with(|terms| terms.flow = Some(Flow::OffRamp)).await
    }

    /// The same for what an account is paid in, 100 of it.
    pub async fn create_sale_to(&self, kind: AccountKind) -> SessionId {
        let (currency, _) = paid_out(kind);
        let currency = self.app.catalogue().currency(currency).unwrap().asset();
        self.create_with(|terms| {
            terms.flow = Some(Flow::OffRamp);
            terms.amount = Money::new(100_00, currency);
        })
        .await
    }

    /// Go from a fresh or failed session of a sale to the step that shows where to send tokens.
    pub async fn sell(&self, session: &SessionId, iban: &str, back_to: &str) -> QuoteId {
        let account = Account::Iban(BankAccount::parse(iban, None).unwrap());
        self.sell_to(session, account, back_to).await
    }

    /// The same, to any account, by the method that pays out to its kind.
    pub async fn sell_to(&self, session: &SessionId, account: Account, back_to: &str) -> QuoteId {
        let (app, tenant) = (&self.app, self.tenant());
        let payout = Some(paid_out(account.kind()).1.to_owned());
        let wanted = Wanted { payout, ..Wanted::of("USDC", "base") };
        let quote = self.quote_of(session, wanted).await;
        choose::accept_quote(app, &tenant, session, quote.clone()).await.unwrap();
        choose::give_account(app, &tenant, session, account).await.unwrap();
        choose::give_address(app, &tenant, session, typed(back_to)).await.unwrap();
        start_deposit(app, &tenant, session, quote.clone()).await.unwrap();
        quote
    }

    /// Create a session in which the user swaps tokens that are worth 100 EUR into USDC on Base.
    pub async fn create_swap(&self) -> SessionId {
        self.entitle(&[Entitlement::Swap]).await;
        self.create_with(|terms| {
            terms.flow = Some(Flow::Swap);
            terms.target_token = Some("USDC".into());
            terms.target_network = Some("base".into());
        })
        .await
    }

    /// Go from a fresh or failed session of a swap of ether to the step that shows where to send it.
    pub async fn swap(&self, session: &SessionId, address: &str, back_to: &str) -> QuoteId {
        let (app, tenant) = (&self.app, self.tenant());
        let from = PaidWith { token: Some("ETH".into()), network: Some("base".into()) };
        let wanted = Wanted { from, ..Wanted::of("USDC", "base") };
        let journey = choose::request_quote(app, &tenant, session, wanted).await.unwrap();
        let JourneyStep::Amount { quote: Some(quote), .. } = journey.step else {
            panic!("a price is on the table")
        };
        let quote = QuoteId::parse(&quote.id).unwrap();
        choose::accept_quote(app, &tenant, session, quote.clone()).await.unwrap();
        choose::give_address(app, &tenant, session, typed(address)).await.unwrap();
        choose::give_refund_address(app, &tenant, session, typed(back_to)).await.unwrap();
        start_deposit(app, &tenant, session, quote.clone()).await.unwrap();
        quote
    }

    /// Let tokens arrive for a sale or a swap: what is missing, or so much of the agreed token.
    pub async fn send_tokens(&self, session: &SessionId, amount: Option<&str>) -> Deposit {
        self.clock.advance_ms(1);
        let simulated = Simulated { amount: amount.map(str::to_owned), ..Simulated::default() };
        let received = simulate_deposit(&self.app, &self.tenant(), session, simulated).await;
        received.unwrap()
    }

    /// What came in for the sale of a session, oldest first.
    pub async fn deposits(&self, session: &SessionId) -> Vec<Deposit> {
        let (tenant, id) = (self.tenant(), self.session(session).await.transaction.unwrap());
        let found = self.app.store().read(move |tx| tx.list_deposits(&tenant, &id)).await;
        found.unwrap()
    }

    /// Pay for the accepted price.
    pub async fn pay(
        &self,
        session: &SessionId,
        quote: &QuoteId,
        outcome: &str,
    ) -> Result<Journey, JourneyError> {
        pay::pay(&self.app, &self.tenant(), session, quote.clone(), card(outcome)).await
    }

    /// Create a session and pay in it; nothing is sent to a rail yet.
    pub async fn paying(&self, outcome: &str) -> SessionId {
        let session = self.create().await;
        self.pay_in(&session, outcome).await;
        session
    }

    /// Pay in a fresh or failed session.
    pub async fn pay_in(&self, session: &SessionId, outcome: &str) {
        let quote = self.choose(session, ADDRESS).await;
        self.pay(session, &quote, outcome).await.unwrap();
    }

    /// Let `seconds` pass, with the rails worker at work all the while.
    pub async fn pass_seconds(&self, seconds: i64) {
        for _ in 0..seconds {
            send_due_commands(&self.app).await.unwrap();
            self.clock.advance_ms(1_000);
        }
        send_due_commands(&self.app).await.unwrap();
    }

    /// What the page shows.
    pub async fn journey(&self, session: &SessionId) -> Journey {
        find_journey(&self.app, &self.tenant(), session).await.unwrap()
    }

    /// The stored session.
    pub async fn session(&self, session: &SessionId) -> Session {
        let (tenant, id) = (self.tenant(), session.clone());
        let found = self.app.store().read(move |tx| tx.find_session(&tenant, &id)).await;
        found.unwrap().unwrap()
    }

    /// A stored transaction.
    pub async fn transaction(&self, id: &TransactionId) -> Transaction {
        let (tenant, id) = (self.tenant(), id.clone());
        let found = self.app.store().read(move |tx| tx.find_transaction(&tenant, &id)).await;
        found.unwrap().unwrap()
    }

    /// The transaction that matters to a session.
    pub async fn transaction_of(&self, session: &SessionId) -> Transaction {
        let id = self.session(session).await.transaction.unwrap();
        self.transaction(&id).await
    }

    /// Every event of the partner, in the order of its feed.
    pub async fn events(&self) -> Vec<EventBody> {
        let partner = self.tenant().partner;
        let bodies = self
            .app
            .store()
            .read(move |tx| tx.query(EVENTS, &[&partner.as_str()], |row| row.get::<String>(0)));
        let bodies: Result<_, StoreError> = bodies.await;
        bodies.unwrap().iter().map(|body| serde_json::from_str(body).unwrap()).collect()
    }

    /// The types of every event of the partner, without `gate_session.`.
    pub async fn event_types(&self) -> Vec<String> {
        let events = self.events().await;
        let short = |name: &str| name.trim_start_matches("gate_session.").to_owned();
        events.iter().map(|event| short(&event.event_type)).collect()
    }

    /// What the doctor says, who must find nothing wrong.
    pub async fn sound(&self) -> Report {
        let report = self.app.store().read(examine).await.unwrap();
        assert!(report.ok && report.ledger.balanced, "{:?}", report.problems);
        report
    }
}
