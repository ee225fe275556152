//! Quotes: written down once, and the signed ones redeemed once.

use gate_domain::ids::{QuoteId, SessionId, Tenant, TransactionId};
use gate_domain::quote::Quote;
use gate_domain::signed_quote::{Consumed, SignedQuote};
use gate_domain::time::Millis;

use crate::locked::Locked;
use crate::read::{Reader, to_json};
use crate::{Row, Sql, StoreError, Tx, sql};

const INSERT: Sql = sql("insert into quotes
    (partner_id, mode, id, session_id, body, signature, expires_at, created_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8)");
const FIND: Sql = sql("select partner_id, mode, id, body, coalesce(consumed_at, expires_at)
    from quotes
    where partner_id = $1 and mode = $2 and id = $3");
const FIND_SIGNED: Sql =
    sql("select partner_id, mode, id, body, signature, expires_at, consumed_at,
        consumed_by
    from quotes where partner_id = $1 and mode = $2 and id = $3 and signature is not null");
const LOCK_SIGNED: Sql = FIND_SIGNED.for_update();
const CONSUME: Sql = sql("update quotes set session_id = $4, consumed_at = $5, consumed_by = $6
    where partner_id = $1 and mode = $2 and id = $3 and consumed_at is null");

pub(crate) const STATEMENTS: &[Sql] = &[INSERT, FIND, FIND_SIGNED, LOCK_SIGNED, CONSUME];

impl Tx {
    /// Write down a quote that was made for a session. It never changes.
    pub fn insert_quote(&mut self, tenant: &Tenant, quote: &Quote) -> Result<(), StoreError> {
        self.write_quote(tenant, quote, None)
    }

    /// Write down a quote that waits to be redeemed.
    pub fn insert_signed_quote(
        &mut self,
        tenant: &Tenant,
        quote: &Quote,
        signature: &str,
    ) -> Result<(), StoreError> {
        self.write_quote(tenant, quote, Some(signature))
    }

    fn write_quote(
        &mut self,
        tenant: &Tenant,
        quote: &Quote,
        signature: Option<&str>,
    ) -> Result<(), StoreError> {
        self.write(
            INSERT,
            &[
                &tenant.partner.as_str(),
                &tenant.mode.as_str(),
                &quote.id.as_str(),
                &quote.session_id.as_ref().map(SessionId::as_str),
                &to_json(quote),
                &signature,
                &quote.expires_at.0,
                &quote.created_at.0,
            ],
        )?;
        Ok(())
    }

    /// Read a quote of either kind, holding until it lapses by now; a signed one holds for nobody
    /// else once it was redeemed.
    pub fn find_quote(
        &mut self,
        tenant: &Tenant,
        id: &QuoteId,
    ) -> Result<Option<Quote>, StoreError> {
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        self.query_opt(FIND, &[&partner, &mode, &id.as_str()], |row| {
            let reader = Reader::new(row, "quotes", 2);
            Ok(Quote { expires_at: Millis(reader.int(4)?), ..reader.json(3)? })
        })
    }

    /// Read a signed quote. One that was made for a session is none.
    pub fn find_signed_quote(
        &mut self,
        tenant: &Tenant,
        id: &QuoteId,
    ) -> Result<Option<SignedQuote>, StoreError> {
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        self.query_opt(FIND_SIGNED, &[&partner, &mode, &id.as_str()], read)
    }

    /// Read a signed quote and keep everybody else from redeeming it. The session that redeems it
    /// is locked first, always in that order.
    pub fn lock_signed_quote(
        &mut self,
        tenant: &Tenant,
        id: &QuoteId,
    ) -> Result<Option<Locked<SignedQuote>>, StoreError> {
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        let quote = self.query_opt(LOCK_SIGNED, &[&partner, &mode, &id.as_str()], read)?;
        Ok(quote.map(Locked::new))
    }

    /// Redeem a signed quote, for good.
    ///
    /// # Errors
    /// [`StoreError::Misuse`] when it was redeemed before: whoever locked it saw that.
    pub fn consume_quote(
        &mut self,
        seen: Locked<SignedQuote>,
        session: &SessionId,
        transaction: &TransactionId,
        now: Millis,
    ) -> Result<SignedQuote, StoreError> {
        let mut signed = seen.into_inner();
        let (partner, mode) = (signed.tenant.partner.as_str(), signed.tenant.mode.as_str());
        let (id, session, by) = (signed.quote.id.as_str(), session.as_str(), transaction.as_str());
        let params: [&dyn crate::Param; 6] = [&partner, &mode, &id, &session, &now.0, &by];
        if self.execute(CONSUME, &params)? != 1 {
            return Err(StoreError::Misuse(format!("quote {id} was redeemed twice")));
        }
        signed.consumed = Some(Consumed { at: now, by: transaction.clone() });
        Ok(signed)
    }
}

fn read(row: &Row<'_>) -> Result<SignedQuote, StoreError> {
    let reader = Reader::new(row, "quotes", 2);
    let consumed_at: Option<i64> = row.get(6)?;
    let consumed_by: Option<TransactionId> = reader.parse_opt(7)?;
    Ok(SignedQuote {
        tenant: reader.tenant()?,
        quote: reader.json(3)?,
        signature: reader.text(4)?,
        lapses_at: Millis(reader.int(5)?),
        consumed: consumed_at.zip(consumed_by).map(|(at, by)| Consumed { at: Millis(at), by }),
    })
}
