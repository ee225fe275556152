//! How endpoints fare: read with each claim, written when something about it changes.

use gate_domain::endpoint_health::{Health, HealthState};
use gate_domain::ids::{EndpointId, Tenant};
use gate_domain::time::Millis;

use crate::locked::Locked;
use crate::read::Reader;
use crate::{Row, Sql, StoreError, Tx, sql};

macro_rules! health {
    ($rest:literal) => {
        sql(concat!(
            "select partner_id, mode, endpoint_id, state, since, until, failures_in_row,
                failing_since, failed_at, pause_ms, last_error, warned_at, tat_us
            from endpoint_health where partner_id = $1 and mode = $2 ",
            $rest
        ))
    };
}

const FIND: Sql = health!("and endpoint_id = $3");
const LOCK: Sql = FIND.for_update();
const LIST: Sql = health!("");
const INSERT: Sql = sql("insert into endpoint_health
    (partner_id, mode, endpoint_id, state, since, failures_in_row, pause_ms, tat_us, held_until)
    values ($1, $2, $3, 'ok', $4, 0, 0, 0, 0) on conflict (partner_id, mode, endpoint_id) do nothing");
const SAVE: Sql = sql("update endpoint_health set state = $4, since = $5, until = $6,
        failures_in_row = $7, failing_since = $8, failed_at = $9, pause_ms = $10, last_error = $11,
        warned_at = $12, tat_us = $13, held_until = $14
    where partner_id = $1 and mode = $2 and endpoint_id = $3");

pub(crate) const STATEMENTS: &[Sql] = &[FIND, LOCK, LIST, INSERT, SAVE];

/// How one endpoint fares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HealthRow {
    /// Whose it is.
    pub tenant: Tenant,
    /// The endpoint.
    pub endpoint_id: EndpointId,
    /// How it fares.
    pub health: Health,
    /// Where its limit a second stands, in microseconds.
    pub tat_us: i64,
}

impl Tx {
    /// How an endpoint fares; none when it was never in trouble.
    pub fn find_endpoint_health(
        &mut self,
        tenant: &Tenant,
        endpoint: &EndpointId,
    ) -> Result<Option<Health>, StoreError> {
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        let row = self.query_opt(FIND, &[&partner, &mode, &endpoint.as_str()], read)?;
        Ok(row.map(|row| row.health))
    }

    /// How the endpoints of a partner fare that were ever in trouble.
    pub fn list_endpoint_health(&mut self, tenant: &Tenant) -> Result<Vec<HealthRow>, StoreError> {
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        self.query(LIST, &[&partner, &mode], read)
    }

    /// How an endpoint fares, while nobody else changes it. From now on it has a row.
    pub fn lock_endpoint_health(
        &mut self,
        tenant: &Tenant,
        endpoint: &EndpointId,
        now: Millis,
    ) -> Result<Locked<HealthRow>, StoreError> {
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        let id = endpoint.as_str();
        if let Some(row) = self.query_opt(LOCK, &[&partner, &mode, &id], read)? {
            return Ok(Locked::new(row));
        }
        self.write(INSERT, &[&partner, &mode, &id, &now.0])?;
        Ok(Locked::new(self.query_one(LOCK, &[&partner, &mode, &id], read)?))
    }

    /// Write down how an endpoint fares. Nothing of it is claimed before the later one of
    /// `health.until` and `paced_until`.
    pub fn save_endpoint_health(
        &mut self,
        seen: Locked<HealthRow>,
        health: &Health,
        tat_us: i64,
        paced_until: Millis,
    ) -> Result<(), StoreError> {
        let row = seen.into_inner();
        if (&row.health, row.tat_us) == (health, tat_us) {
            return Ok(());
        }
        let (partner, mode) = (row.tenant.partner.as_str(), row.tenant.mode.as_str());
        let held_until = health.until.unwrap_or_default().max(paced_until);
        self.write(
            SAVE,
            &[
                &partner,
                &mode,
                &row.endpoint_id.as_str(),
                &health.state.as_str(),
                &health.since.0,
                &health.until.map(|at| at.0),
                &health.failures_in_row,
                &health.failing_since.map(|at| at.0),
                &health.failed_at.map(|at| at.0),
                &health.pause_ms,
                &health.last_error,
                &health.warned_at.map(|at| at.0),
                &tat_us,
                &held_until.0,
            ],
        )
    }
}

fn read(row: &Row<'_>) -> Result<HealthRow, StoreError> {
    let reader = Reader::new(row, "endpoint_health", 2);
    let instant = |column| Ok::<_, StoreError>(row.get::<Option<i64>>(column)?.map(Millis));
    Ok(HealthRow {
        tenant: reader.tenant()?,
        endpoint_id: reader.parse(2)?,
        health: Health {
            state: reader.word(3, HealthState::parse)?,
            since: Millis(reader.int(4)?),
            until: instant(5)?,
            failures_in_row: reader.int(6)?,
            failing_since: instant(7)?,
            failed_at: instant(8)?,
            pause_ms: reader.int(9)?,
            last_error: row.get(10)?,
            warned_at: instant(11)?,
        },
        tat_us: reader.int(12)?,
    })
}
