//! The partner's own names of sessions: one session for each, whatever key it was asked for with.

use gate_domain::ids::{SessionId, Tenant};
use gate_domain::time::Millis;

use crate::read::Reader;
use crate::{Sql, StoreError, Tx, sql};

const FIND: Sql = sql("select partner_id, mode, reference, fingerprint, session_id
    from client_references where partner_id = $1 and mode = $2 and reference = $3");
const INSERT: Sql = sql("insert into client_references
    (partner_id, mode, reference, fingerprint, session_id, created_at)
    values ($1, $2, $3, $4, $5, $6) on conflict do nothing");

pub(crate) const STATEMENTS: &[Sql] = &[FIND, INSERT];

/// What a reference stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientReference {
    /// SHA-256 of the canonical body that made the session.
    pub fingerprint: Vec<u8>,
    /// The session.
    pub session_id: SessionId,
}

impl Tx {
    /// The session that a partner calls so.
    pub fn find_client_reference(
        &mut self,
        tenant: &Tenant,
        reference: &str,
    ) -> Result<Option<ClientReference>, StoreError> {
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        self.query_opt(FIND, &[&partner, &mode, &reference], |row| {
            let reader = Reader::new(row, "client_references", 2);
            Ok(ClientReference { fingerprint: row.get(3)?, session_id: reader.parse(4)? })
        })
    }

    /// Claim a reference for a session. When a twin was quicker, everything this closure did is
    /// rolled back and it runs again, to find the twin's session.
    pub fn claim_client_reference(
        &mut self,
        tenant: &Tenant,
        reference: &str,
        target: &ClientReference,
        now: Millis,
    ) -> Result<(), StoreError> {
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        let inserted = self.execute(
            INSERT,
            &[
                &partner,
                &mode,
                &reference,
                &target.fingerprint,
                &target.session_id.as_str(),
                &now.0,
            ],
        )?;
        if inserted == 1 { Ok(()) } else { Err(self.retry()) }
    }
}
