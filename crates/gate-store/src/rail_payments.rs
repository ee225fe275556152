//! Rail payments: the public face of transactions that a partner started over the API.

use gate_domain::ids::Tenant;
use gate_domain::rail_payment::{RailPayment, RailPaymentId, State};
use gate_domain::time::Millis;

use crate::locked::Locked;
use crate::read::{Reader, to_json};
use crate::{Row, Sql, StoreError, Tx, sql};

const INSERT: Sql = sql("insert into rail_payments
    (partner_id, mode, id, session_id, transaction_id, quote_id, status, state, created_at, updated_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)");
const FIND: Sql = sql("select partner_id, mode, id, session_id, transaction_id, quote_id, state,
        created_at, updated_at
    from rail_payments where partner_id = $1 and mode = $2 and id = $3");
const LOCK: Sql = FIND.for_update();
const SAVE: Sql = sql("update rail_payments set status = $4, state = $5, updated_at = $6
    where partner_id = $1 and mode = $2 and id = $3");

pub(crate) const STATEMENTS: &[Sql] = &[INSERT, FIND, LOCK, SAVE];

impl Tx {
    /// Write down a new rail payment.
    ///
    /// # Errors
    /// [`StoreError::Unique`] when its quote was redeemed by another one.
    pub fn insert_rail_payment(&mut self, payment: &RailPayment) -> Result<(), StoreError> {
        let tenant = &payment.tenant;
        self.write(
            INSERT,
            &[
                &tenant.partner.as_str(),
                &tenant.mode.as_str(),
                &payment.id.as_str(),
                &payment.session_id.as_str(),
                &payment.transaction_id.as_str(),
                &payment.quote_id.as_str(),
                &payment.state.status(),
                &to_json(&payment.state),
                &payment.created_at.0,
            ],
        )?;
        Ok(())
    }

    /// Read a rail payment.
    pub fn find_rail_payment(
        &mut self,
        tenant: &Tenant,
        id: &RailPaymentId,
    ) -> Result<Option<RailPayment>, StoreError> {
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        self.query_opt(FIND, &[&partner, &mode, &id.as_str()], read)
    }

    /// Read a rail payment and keep everybody else from changing it. Its session and transaction
    /// are locked first, always in that order.
    pub fn lock_rail_payment(
        &mut self,
        tenant: &Tenant,
        id: &RailPaymentId,
    ) -> Result<Option<Locked<RailPayment>>, StoreError> {
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        let payment = self.query_opt(LOCK, &[&partner, &mode, &id.as_str()], read)?;
        Ok(payment.map(Locked::new))
    }

    /// Save where a rail payment has come to.
    pub fn save_rail_payment(
        &mut self,
        seen: Locked<RailPayment>,
        state: State,
        now: Millis,
    ) -> Result<RailPayment, StoreError> {
        let mut payment = seen.into_inner();
        payment.state = state;
        payment.updated_at = now.max(payment.updated_at);
        self.write(
            SAVE,
            &[
                &payment.tenant.partner.as_str(),
                &payment.tenant.mode.as_str(),
                &payment.id.as_str(),
                &payment.state.status(),
                &to_json(&payment.state),
                &payment.updated_at.0,
            ],
        )?;
        Ok(payment)
    }
}

fn read(row: &Row<'_>) -> Result<RailPayment, StoreError> {
    let reader = Reader::new(row, "rail_payments", 2);
    Ok(RailPayment {
        tenant: reader.tenant()?,
        id: reader.parse(2)?,
        session_id: reader.parse(3)?,
        transaction_id: reader.parse(4)?,
        quote_id: reader.parse(5)?,
        state: reader.json(6)?,
        created_at: Millis(reader.int(7)?),
        updated_at: Millis(reader.int(8)?),
    })
}
