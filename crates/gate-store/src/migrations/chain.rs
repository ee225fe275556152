//! The part of `0010_ledger.sql` that needs SHA-256: copy what was booked before into the chains,
//! with accounts that name their rail, and hold what transactions under way have promised. Like the
//! file, this never changes once it is released.

use gate_domain::ledger::{BEFORE_THE_FIRST, Line, Record};
use serde_json::Value;

use crate::ledger::hash_of;
use crate::{Sql, StoreError, Tx, sql};

const POSTINGS_MAX: i64 = 1_000;

const LIST: Sql =
    sql("select p.partner_id, p.mode, p.id, p.transaction_id, p.booking, p.created_at, q.body
    from postings_before p
    left join transactions t on t.partner_id = p.partner_id and t.mode = p.mode
        and t.id = p.transaction_id
    left join quotes q on q.partner_id = t.partner_id and q.mode = t.mode and q.id = t.quote_id
    where (p.partner_id, p.mode, p.id) > ($1, $2, $3)
    order by p.partner_id, p.mode, p.id limit $4");
const LIST_LINES: Sql = sql("select account, asset, units from entries_before
    where partner_id = $1 and mode = $2 and posting_id = $3 order by line");
const INSERT: Sql = sql("insert into postings
    (partner_id, mode, number, id, transaction_id, subject, booking, created_at, previous, hash)
    values ($1, $2, $3, $4, $5, $5, $6, $7, $8, $9)");
const INSERT_LINE: Sql = sql("insert into entries
    (partner_id, mode, number, line, account, asset, units) values ($1, $2, $3, $4, $5, $6, $7)");
const SAVE_END: Sql = sql("update feeds set last_posting = $3, ledger_head = $4
    where partner_id = $1 and mode = $2");
const LIST_PROMISED: Sql = sql("select t.partner_id, t.mode, t.id, t.created_at, q.body
    from transactions t join quotes q
        on q.partner_id = t.partner_id and q.mode = t.mode and q.id = t.quote_id
    where t.status in ('awaiting_payment', 'payment_received', 'settling', 'refund_pending', 'review')");
const INSERT_HOLD: Sql = sql("insert into holds
    (partner_id, mode, subject, transaction_id, account, asset, units, created_at)
    values ($1, $2, $3, $3, $4, $5, $6, $7)");

struct Before {
    partner: String,
    mode: String,
    id: String,
    transaction: String,
    booking: String,
    created_at: i64,
    /// The quote as JSON; none where the books are damaged.
    quote: Option<String>,
}

pub(super) fn begin_chains(tx: &mut Tx) -> Result<(), StoreError> {
    let mut place = [String::new(), String::new(), String::new()];
    let (mut number, mut head) = (0, BEFORE_THE_FIRST.to_owned());
    loop {
        let page = tx.query(LIST, &[&place[0], &place[1], &place[2], &POSTINGS_MAX], |row| {
            Ok(Before {
                partner: row.get(0)?,
                mode: row.get(1)?,
                id: row.get(2)?,
                transaction: row.get(3)?,
                booking: row.get(4)?,
                created_at: row.get(5)?,
                quote: row.get(6)?,
            })
        })?;
        if page.is_empty() {
            break;
        }
        for before in page {
            if (&before.partner, &before.mode) != (&place[0], &place[1]) {
                (number, head) = (0, BEFORE_THE_FIRST.to_owned());
            }
            number += 1;
            place = [before.partner.clone(), before.mode.clone(), before.id.clone()];
            head = copy(tx, before, number, head)?;
            tx.write(SAVE_END, &[&place[0], &place[1], &number, &head])?;
        }
    }
    hold_what_is_promised(tx)?;
    tx.engine.batch("drop table entries_before; drop table postings_before;")
}

/// Copy one posting to the end of its chain; answers its hash.
fn copy(tx: &mut Tx, before: Before, number: i64, head: String) -> Result<String, StoreError> {
    let rail = rail_of(before.quote.as_deref());
    let lines = tx.query(LIST_LINES, &[&before.partner, &before.mode, &before.id], |row| {
        let account: String = row.get(0)?;
        let account = match account.as_str() {
            "provider_receivable" | "bank" => format!("{account}:{rail}"),
            _ => account,
        };
        Ok(Line { account, asset: row.get(1)?, units: row.get(2)? })
    })?;
    let record = Record {
        partner: before.partner,
        mode: before.mode,
        number,
        id: before.id,
        subject: before.transaction.clone(),
        transaction: before.transaction,
        booking: before.booking,
        created_at: before.created_at,
        previous: head,
        lines,
    };
    let hash = hash_of(&record);
    let Record { partner, mode, id, transaction, booking, created_at, previous, .. } = &record;
    tx.write(
        INSERT,
        &[partner, mode, &number, id, transaction, booking, created_at, previous, &hash],
    )?;
    for (place, Line { account, asset, units }) in (0i64..).zip(&record.lines) {
        tx.write(INSERT_LINE, &[partner, mode, &number, &place, account, asset, units])?;
    }
    Ok(hash)
}

/// What a quote is paid by. One from before there were other methods is for a card.
fn rail_of(quote: Option<&str>) -> String {
    let quote: Value = quote.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    quote["payment_method"].as_str().unwrap_or("card").to_owned()
}

fn hold_what_is_promised(tx: &mut Tx) -> Result<(), StoreError> {
    let promised = tx.query(LIST_PROMISED, &[], |row| {
        let row: (String, String, String, i64, String) =
            (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?);
        Ok(row)
    })?;
    for (partner, mode, id, created_at, body) in promised {
        let quote: Value = serde_json::from_str(&body).map_err(|error| StoreError::Corrupt {
            table: "quotes",
            id: id.clone(),
            why: error.to_string(),
        })?;
        let sale = quote["side"] == "off_ramp";
        let amount = &quote[if sale { "fiat" } else { "crypto" }];
        let code = amount["asset"]["code"].as_str().unwrap_or_default();
        let asset = match amount["asset"]["network"].as_str() {
            Some(network) => format!("{code}.{network}"),
            None => code.to_owned(),
        };
        let account =
            if sale { format!("bank:{}", rail_of(Some(&body))) } else { "treasury".into() };
        let units = amount["units"].as_str().unwrap_or_default();
        tx.write(INSERT_HOLD, &[&partner, &mode, &id, &account, &asset, &units, &created_at])?;
    }
    Ok(())
}
