//! Orders: what the user asked for, with the current attempt and the evidence beside it.

use gate_partner::IdempotencyKey;
use gate_partner::wire::session::CreateSessionBody;
use rusqlite::{OptionalExtension, Row, Transaction, named_params};

use crate::db::DbError;
use crate::ids::{OrderId, PurchaseId};
use crate::status::Status;

/// What the shop sells, in the only sizes it sells.
pub(crate) const AMOUNTS: [&str; 3] = ["25.00", "100.00", "250.00"];
pub(crate) const CURRENCY: &str = "EUR";
pub(crate) const TOKEN: &str = "USDC";
pub(crate) const NETWORK: &str = "base";

/// How many rows a list shows.
const LIST_MAX: i64 = 100;

/// An order and its current attempt.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    pub(crate) id: OrderId,
    pub(crate) product: String,
    pub(crate) amount: String,
    pub(crate) currency: String,
    pub(crate) status: Status,
    pub(crate) problem: Option<String>,
    pub(crate) created_at: i64,
    pub(crate) attempt: Attempt,
    pub(crate) fulfilment: Option<Fulfilment>,
    /// The events that were processed for any of its attempts.
    pub(crate) event_ids: Vec<String>,
}

/// One session that tries to sell the order.
#[derive(Clone, Debug)]
pub(crate) struct Attempt {
    pub(crate) number: i64,
    pub(crate) idempotency_key: String,
    pub(crate) request_body: String,
    pub(crate) session_id: Option<String>,
    pub(crate) phase: String,
    pub(crate) reason: Option<String>,
    pub(crate) tx_refid: Option<String>,
    pub(crate) last_request_id: Option<String>,
    pub(crate) environment: String,
}

/// That it happened, and why.
#[derive(Clone, Debug)]
pub(crate) struct Fulfilment {
    pub(crate) session_id: String,
    pub(crate) tx_refid: Option<String>,
    pub(crate) cause: String,
    pub(crate) at: i64,
}

/// A click on Buy.
#[derive(Clone, Debug)]
pub(crate) struct PlaceOrder {
    pub(crate) purchase: PurchaseId,
    pub(crate) amount: &'static str,
    pub(crate) environment: &'static str,
    pub(crate) public_url: String,
}

/// What a new attempt is made of.
pub(crate) struct NewAttempt<'a> {
    pub(crate) order_id: &'a OrderId,
    pub(crate) number: i64,
    pub(crate) key: &'a IdempotencyKey,
    pub(crate) request: &'a CreateSessionBody,
    pub(crate) environment: &'a str,
}

const SELECT: &str = "select o.order_id, o.product, o.amount, o.currency, o.status, o.problem,
        o.created_at, a.attempt, a.idempotency_key, a.request_body, a.gate_session_id,
        a.phase, a.reason, a.tx_refid, a.last_request_id, a.environment,
        f.gate_session_id as fulfilled_session_id, f.tx_refid as fulfilled_tx_refid, f.cause,
        f.fulfilled_at
    from orders o
    join attempts a on a.order_id = o.order_id and a.attempt = o.attempt
    left join fulfilments f on f.order_id = o.order_id";

/// Store the order and its first attempt, key included, before anybody calls the gateway. The same
/// purchase again is the same order.
pub(crate) fn place_order(
    tx: &Transaction<'_>,
    command: &PlaceOrder,
    now: i64,
) -> Result<OrderId, DbError> {
    let existing = tx
        .query_row(
            "select order_id from orders where purchase_id = :purchase",
            named_params! { ":purchase": command.purchase.as_str() },
            |row| row.get::<_, String>("order_id"),
        )
        .optional()?;
    if let Some(existing) = existing {
        return parse_id(&existing);
    }
    let order_id = OrderId::random();
    tx.execute(
        "insert into orders (order_id, purchase_id, product, amount, currency, status, attempt,
            created_at, updated_at)
         values (:order_id, :purchase, :product, :amount, :currency, 'pending', 1, :now, :now)",
        named_params! {
            ":order_id": order_id.as_str(),
            ":purchase": command.purchase.as_str(),
            ":product": format!("{} of {TOKEN}", short_price(command.amount)),
            ":amount": command.amount,
            ":currency": CURRENCY,
            ":now": now,
        },
    )?;
    let attempt = NewAttempt {
        order_id: &order_id,
        number: 1,
        key: &crate::ids::random_idempotency_key(),
        request: &request_for(&order_id, 1, command.amount, &command.public_url),
        environment: command.environment,
    };
    insert_attempt(tx, &attempt, now)?;
    Ok(order_id)
}

/// `100 EUR` for `100.00`.
pub(crate) fn short_price(amount: &str) -> String {
    format!("{} {CURRENCY}", amount.trim_end_matches(".00"))
}

/// What to ask of the gateway. Ids only: no e-mail, no name (mission, "What flows where").
pub(crate) fn request_for(
    order_id: &OrderId,
    attempt: i64,
    amount: &str,
    public_url: &str,
) -> CreateSessionBody {
    let back = format!("{public_url}/orders/{order_id}");
    let metadata = [("order_id", order_id.as_str().into()), ("attempt", attempt.into())];
    CreateSessionBody {
        amount: amount.into(),
        currency: CURRENCY.into(),
        return_url: back.clone(),
        cancel_url: Some(back),
        target_token: Some(TOKEN.into()),
        target_network: Some(NETWORK.into()),
        flow: Some("on_ramp".into()),
        user_reference: Some(order_id.to_string()),
        metadata: Some(
            metadata.map(|(name, value)| (name.to_owned(), value)).into_iter().collect(),
        ),
        // Well within the time for which the gateway remembers an idempotency key.
        expires_in: Some(3600),
        ..CreateSessionBody::default()
    }
}

pub(crate) fn insert_attempt(
    tx: &Transaction<'_>,
    attempt: &NewAttempt<'_>,
    now: i64,
) -> Result<(), DbError> {
    let request = serde_json::to_string(attempt.request).expect("strings and maps become JSON");
    tx.execute(
        "insert into attempts (order_id, attempt, idempotency_key, request_body, status,
            environment, checked_at, created_at, updated_at)
         values (:order_id, :attempt, :key, :request, 'pending', :environment, :now, :now, :now)",
        named_params! {
            ":order_id": attempt.order_id.as_str(),
            ":attempt": attempt.number,
            ":key": attempt.key.as_str(),
            ":request": request,
            ":environment": attempt.environment,
            ":now": now,
        },
    )?;
    Ok(())
}

pub(crate) fn find_order(tx: &Transaction<'_>, id: &OrderId) -> Result<Option<Order>, DbError> {
    let sql = format!("{SELECT} where o.order_id = :order_id");
    let mut statement = tx.prepare_cached(&sql)?;
    let mut rows = statement.query(named_params! { ":order_id": id.as_str() })?;
    rows.next()?.map(|row| read_order(tx, row)).transpose()
}

/// The newest orders first.
pub(crate) fn list_orders(tx: &Transaction<'_>) -> Result<Vec<Order>, DbError> {
    let sql = format!("{SELECT} order by o.created_at desc, o.order_id limit :limit");
    let mut statement = tx.prepare_cached(&sql)?;
    let mut rows = statement.query(named_params! { ":limit": LIST_MAX })?;
    let mut orders = Vec::new();
    while let Some(row) = rows.next()? {
        orders.push(read_order(tx, row)?);
    }
    Ok(orders)
}

/// Remember the last request id, for support, whatever came of the request.
pub(crate) fn note_request(
    tx: &Transaction<'_>,
    order_id: &OrderId,
    attempt: i64,
    request_id: Option<&str>,
) -> Result<(), DbError> {
    tx.execute(
        "update attempts set last_request_id = coalesce(:request_id, last_request_id)
         where order_id = :order_id and attempt = :attempt",
        named_params! {
            ":request_id": request_id,
            ":order_id": order_id.as_str(),
            ":attempt": attempt,
        },
    )?;
    Ok(())
}

fn read_order(tx: &Transaction<'_>, row: &Row<'_>) -> Result<Order, DbError> {
    let id = parse_id(&row.get::<_, String>("order_id")?)?;
    let fulfilled_at: Option<i64> = row.get("fulfilled_at")?;
    let fulfilment = match fulfilled_at {
        Some(at) => Some(Fulfilment {
            session_id: row.get("fulfilled_session_id")?,
            tx_refid: row.get("fulfilled_tx_refid")?,
            cause: row.get("cause")?,
            at,
        }),
        None => None,
    };
    Ok(Order {
        product: row.get("product")?,
        amount: row.get("amount")?,
        currency: row.get("currency")?,
        status: parse_status("orders", &row.get::<_, String>("status")?)?,
        problem: row.get("problem")?,
        created_at: row.get("created_at")?,
        attempt: Attempt {
            number: row.get("attempt")?,
            idempotency_key: row.get("idempotency_key")?,
            request_body: row.get("request_body")?,
            session_id: row.get("gate_session_id")?,
            phase: row.get("phase")?,
            reason: row.get("reason")?,
            tx_refid: row.get("tx_refid")?,
            last_request_id: row.get("last_request_id")?,
            environment: row.get("environment")?,
        },
        fulfilment,
        event_ids: list_event_ids(tx, &id)?,
        id,
    })
}

fn list_event_ids(tx: &Transaction<'_>, id: &OrderId) -> Result<Vec<String>, DbError> {
    let mut statement = tx.prepare_cached(
        "select i.event_id from inbox i
         join attempts a on a.gate_session_id = i.related_reference
         where a.order_id = :order_id and i.processing_state = 'succeeded'
         order by i.place",
    )?;
    let rows = statement
        .query_map(named_params! { ":order_id": id.as_str() }, |row| row.get("event_id"))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(crate) fn parse_id(text: &str) -> Result<OrderId, DbError> {
    OrderId::parse(text)
        .ok_or_else(|| DbError::Corrupt { table: "orders", problem: format!("id {text}") })
}

pub(crate) fn parse_status(table: &'static str, word: &str) -> Result<Status, DbError> {
    Status::parse(word).ok_or_else(|| DbError::Corrupt { table, problem: format!("status {word}") })
}
