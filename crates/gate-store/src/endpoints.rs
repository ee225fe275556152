//! Where partners receive webhooks: what each endpoint takes, whether it is on, and the secrets that
//! sign for it.

use std::sync::Arc;

use gate_domain::endpoint_health::Health;
use gate_domain::endpoint_options::{EndpointOptions, Payload};
use gate_domain::event_filter::EventFilter;
use gate_domain::ids::{EndpointId, Tenant};
use gate_domain::time::Millis;

use crate::locked::Locked;
use crate::read::{Reader, to_json};
use crate::{Param, Row, Sql, StoreError, Tx, sql};

const INSERT: Sql = sql("insert into endpoints
    (partner_id, mode, id, url, event_types, description, secret_sealed, status, created_at,
        updated_at, takes_all_since, rate_limit, retry_schedule, payload, key_pair_signs, header_names,
        headers_sealed)
    values ($1, $2, $3, $4, $5, $6, $7, 'enabled', $8, $8, $9, $10, $11, $12, $13, $14, $15)");
// What `gate dev` states at each start. An endpoint that was removed comes back.
const PROVISION: Sql = sql("insert into endpoints
    (partner_id, mode, id, url, secret_sealed, status, created_at, updated_at, takes_all_since)
    values ($1, $2, $3, $4, $5, 'enabled', $6, $6, $6)
    on conflict (partner_id, mode, id) do update
        set url = excluded.url, secret_sealed = excluded.secret_sealed, deleted_at = null,
            status = case when endpoints.deleted_at is null then endpoints.status
                else 'enabled' end,
            disabled_reason = case when endpoints.deleted_at is null then endpoints.disabled_reason
                else null end,
            takes_all_since = case when endpoints.deleted_at is null
                    then endpoints.takes_all_since
                when endpoints.event_types = '[\"*\"]' then excluded.created_at
                else null end");
const LIST_TAKING: Sql = sql("select partner_id, mode, id, url, event_types from endpoints
    where partner_id = $1 and mode = $2 and deleted_at is null and status = 'enabled' order by id");
const COUNT: Sql = sql("select count(*) from endpoints
    where partner_id = $1 and mode = $2 and deleted_at is null");
const LOCK_FEED: Sql = sql("select last_sequence from feeds
    where partner_id = $1 and mode = $2")
.for_update();
const LIST: Sql = sql("select partner_id, mode, id, url, event_types, description, status,
        disabled_reason, created_at, updated_at, deleted_at, takes_all_since, rate_limit,
        retry_schedule, payload, key_pair_signs, header_names, headers_sealed,
        (select max(r.ends_at) from rolled_secrets r where r.partner_id = endpoints.partner_id
            and r.mode = endpoints.mode and r.endpoint_id = endpoints.id)
    from endpoints
    where partner_id = $1 and mode = $2 and deleted_at is null and id < $3
    order by id desc limit $4");
const FIND: Sql = sql("select partner_id, mode, id, url, event_types, description, status,
        disabled_reason, created_at, updated_at, deleted_at, takes_all_since, rate_limit,
        retry_schedule, payload, key_pair_signs, header_names, headers_sealed,
        (select max(r.ends_at) from rolled_secrets r where r.partner_id = endpoints.partner_id
            and r.mode = endpoints.mode and r.endpoint_id = endpoints.id)
    from endpoints where partner_id = $1 and mode = $2 and id = $3");
const LOCK: Sql = sql("select partner_id, mode, id, url, event_types, description, status,
        disabled_reason, created_at, updated_at, deleted_at, takes_all_since, rate_limit,
        retry_schedule, payload, key_pair_signs, header_names, headers_sealed,
        (select max(r.ends_at) from rolled_secrets r where r.partner_id = endpoints.partner_id
            and r.mode = endpoints.mode and r.endpoint_id = endpoints.id)
    from endpoints where partner_id = $1 and mode = $2 and id = $3")
.for_update();
const SAVE: Sql = sql("update endpoints set url = $4, event_types = $5, description = $6,
        status = $7, disabled_reason = $8, updated_at = $9, deleted_at = $10, takes_all_since = $11,
        rate_limit = $12, retry_schedule = $13, payload = $14, key_pair_signs = $15, header_names = $16,
        headers_sealed = $17
    where partner_id = $1 and mode = $2 and id = $3");
const FIND_SECRET: Sql = sql("select secret_sealed from endpoints
    where partner_id = $1 and mode = $2 and id = $3");
const SAVE_SECRET: Sql = sql("update endpoints set secret_sealed = $4, updated_at = $5
    where partner_id = $1 and mode = $2 and id = $3");
const LIST_ROLLED: Sql = sql("select secret_sealed, ends_at from rolled_secrets
    where partner_id = $1 and mode = $2 and endpoint_id = $3 and ends_at > $4
    order by number desc");
const NEXT_ROLLED: Sql = sql("select coalesce(max(number), 0) + 1 from rolled_secrets
    where partner_id = $1 and mode = $2 and endpoint_id = $3");
const INSERT_ROLLED: Sql = sql("insert into rolled_secrets
    (partner_id, mode, endpoint_id, number, secret_sealed, ends_at)
    values ($1, $2, $3, $4, $5, $6)");
const END_ROLLED: Sql = sql("delete from rolled_secrets
    where partner_id = $1 and mode = $2 and endpoint_id = $3");
const ANY_ENDED: Sql = sql("select ends_at from rolled_secrets where ends_at <= $1 limit 1");
const PURGE_ENDED: Sql =
    sql("delete from rolled_secrets where (partner_id, mode, endpoint_id, number) in
        (select partner_id, mode, endpoint_id, number from rolled_secrets
            where ends_at <= $1 order by ends_at limit $2)");

pub(crate) const STATEMENTS: &[Sql] = &[
    INSERT,
    PROVISION,
    LIST_TAKING,
    COUNT,
    LOCK_FEED,
    LIST,
    FIND,
    LOCK,
    SAVE,
    FIND_SECRET,
    SAVE_SECRET,
    LIST_ROLLED,
    NEXT_ROLLED,
    INSERT_ROLLED,
    END_ROLLED,
    ANY_ENDED,
    PURGE_ENDED,
];

/// Whether an endpoint takes events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndpointStatus {
    /// It takes them.
    Enabled,
    /// It is paused: nothing is sent, and what waits goes on waiting.
    Disabled,
}

impl EndpointStatus {
    /// Both of them.
    pub const ALL: [Self; 2] = [Self::Enabled, Self::Disabled];

    /// The word on the wire and in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Enabled => "enabled",
            Self::Disabled => "disabled",
        }
    }

    /// Read the word again.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }
}

/// An endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointRow {
    /// Whose it is.
    pub tenant: Tenant,
    /// Its id.
    pub id: EndpointId,
    /// Where it is.
    pub url: String,
    /// What it takes.
    pub filter: EventFilter,
    /// What its owner calls it.
    pub description: Option<String>,
    /// Whether it takes events.
    pub status: EndpointStatus,
    /// Why it does not.
    pub disabled_reason: Option<String>,
    /// How it wants them.
    pub options: EndpointOptions,
    /// Headers of its own.
    pub headers: Option<SealedHeaders>,
    /// When it was made.
    pub created_at: Millis,
    /// When it last changed.
    pub updated_at: Millis,
    /// When it was removed.
    pub deleted_at: Option<Millis>,
    /// When the last of its rolled secrets stops to sign, or stopped.
    pub rolled_ends_at: Option<Millis>,
    /// How it fares.
    pub health: Health,
    /// Since when it takes every event without a break.
    takes_all_since: Option<Millis>,
}

/// Headers that an endpoint wants beside ours. Their values may be secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedHeaders {
    /// Their names.
    pub names: Vec<String>,
    /// Names and values, sealed.
    pub sealed: Vec<u8>,
}

/// An endpoint that takes events now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TakingEndpoint {
    /// Its id.
    pub id: EndpointId,
    /// Where it is.
    pub url: String,
    /// What it takes.
    pub filter: EventFilter,
}

/// An endpoint that is to be.
#[derive(Clone, Debug)]
pub struct NewEndpoint {
    /// Whose it is.
    pub tenant: Tenant,
    /// Its id.
    pub id: EndpointId,
    /// Where it is.
    pub url: String,
    /// What it takes.
    pub filter: EventFilter,
    /// What its owner calls it.
    pub description: Option<String>,
    /// How it wants them.
    pub options: EndpointOptions,
    /// Headers of its own.
    pub headers: Option<SealedHeaders>,
    /// The sealed secret that signs for it.
    pub secret_sealed: Vec<u8>,
}

impl Tx {
    /// Write down a new endpoint.
    pub fn insert_endpoint(
        &mut self,
        endpoint: &NewEndpoint,
        now: Millis,
    ) -> Result<(), StoreError> {
        let (partner, mode) = (endpoint.tenant.partner.as_str(), endpoint.tenant.mode.as_str());
        let takes_all_since = endpoint.filter.is_everything().then_some(now.0);
        self.write(
            INSERT,
            &[
                &partner,
                &mode,
                &endpoint.id.as_str(),
                &endpoint.url,
                &to_json(&endpoint.filter.patterns()),
                &endpoint.description,
                &endpoint.secret_sealed,
                &now.0,
                &takes_all_since,
                &endpoint.options.rate_limit,
                &endpoint.options.retry_schedule.as_ref().map(to_json),
                &endpoint.options.payload.as_str(),
                &i64::from(endpoint.options.asymmetric),
                &endpoint.headers.as_ref().map(|headers| to_json(&headers.names)),
                &endpoint.headers.as_ref().map(|headers| headers.sealed.as_slice()),
            ],
        )?;
        Ok(())
    }

    /// Write down an endpoint, or give the one with this id another URL and secret.
    pub fn save_endpoint(
        &mut self,
        tenant: &Tenant,
        id: &EndpointId,
        url: &str,
        secret_sealed: &[u8],
        now: Millis,
    ) -> Result<(), StoreError> {
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        self.write(PROVISION, &[&partner, &mode, &id.as_str(), &url, &secret_sealed, &now.0])?;
        Ok(())
    }

    /// The endpoints that take events now.
    pub fn list_taking_endpoints(
        &mut self,
        tenant: &Tenant,
    ) -> Result<Arc<[TakingEndpoint]>, StoreError> {
        if let Some(known) = self.learned().takers().get(tenant) {
            return Ok(Arc::clone(known));
        }
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        let takers: Arc<[_]> = self
            .query(LIST_TAKING, &[&partner, &mode], |row| {
                let reader = Reader::new(row, "endpoints", 2);
                let (id, url) = (reader.parse(2)?, reader.text(3)?);
                Ok(TakingEndpoint { id, url, filter: read_filter(&reader, 4)? })
            })?
            .into();
        self.learned().takers().insert(tenant.clone(), Arc::clone(&takers));
        Ok(takers)
    }

    /// How many endpoints there are, while nobody else of this partner and mode adds one.
    pub fn count_endpoints(&mut self, tenant: &Tenant) -> Result<i64, StoreError> {
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        self.query_opt(LOCK_FEED, &[&partner, &mode], |_| Ok(()))?;
        self.query_one(COUNT, &[&partner, &mode], |row| row.get(0))
    }

    /// A page of endpoints, newest first, after the one named (or from the newest).
    pub fn list_endpoints(
        &mut self,
        tenant: &Tenant,
        after: Option<&EndpointId>,
        limit: i64,
    ) -> Result<Vec<EndpointRow>, StoreError> {
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        // Sorts behind every id under any collation: it is built like one, of the last letter.
        let last = || format!("{}_{mode}_{}", EndpointId::PREFIX, "z".repeat(26));
        let after = after.map_or_else(last, ToString::to_string);
        let mut rows = self.query(LIST, &[&partner, &mode, &after, &limit], read)?;
        for known in self.list_endpoint_health(tenant)? {
            if let Some(row) = rows.iter_mut().find(|row| row.id == known.endpoint_id) {
                row.health = known.health;
            }
        }
        Ok(rows)
    }

    /// Read an endpoint, also one that was removed.
    pub fn find_endpoint(
        &mut self,
        tenant: &Tenant,
        id: &EndpointId,
    ) -> Result<Option<EndpointRow>, StoreError> {
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        let row = self.query_opt(FIND, &[&partner, &mode, &id.as_str()], read)?;
        self.with_health(row)
    }

    fn with_health(&mut self, row: Option<EndpointRow>) -> Result<Option<EndpointRow>, StoreError> {
        let Some(mut row) = row else { return Ok(None) };
        if let Some(health) = self.find_endpoint_health(&row.tenant, &row.id)? {
            row.health = health;
        }
        Ok(Some(row))
    }

    /// The same, and keep everybody else from changing it.
    pub fn lock_endpoint(
        &mut self,
        tenant: &Tenant,
        id: &EndpointId,
    ) -> Result<Option<Locked<EndpointRow>>, StoreError> {
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        let row = self.query_opt(LOCK, &[&partner, &mode, &id.as_str()], read)?;
        Ok(self.with_health(row)?.map(Locked::new))
    }

    /// Change an endpoint. A change that changes nothing is not one.
    pub fn change_endpoint(
        &mut self,
        seen: Locked<EndpointRow>,
        now: Millis,
        change: impl FnOnce(&mut EndpointRow),
    ) -> Result<EndpointRow, StoreError> {
        let before = seen.into_inner();
        let mut row = before.clone();
        change(&mut row);
        if row == before {
            return Ok(row);
        }
        row.updated_at = now;
        let takes_all = row.deleted_at.is_none()
            && row.status == EndpointStatus::Enabled
            && row.filter.is_everything();
        row.takes_all_since = takes_all.then(|| row.takes_all_since.unwrap_or(now));
        let (partner, mode) = (row.tenant.partner.as_str(), row.tenant.mode.as_str());
        self.write(
            SAVE,
            &[
                &partner,
                &mode,
                &row.id.as_str(),
                &row.url,
                &to_json(&row.filter.patterns()),
                &row.description,
                &row.status.as_str(),
                &row.disabled_reason,
                &row.updated_at.0,
                &row.deleted_at.map(|at| at.0),
                &row.takes_all_since.map(|at| at.0),
                &row.options.rate_limit,
                &row.options.retry_schedule.as_ref().map(to_json),
                &row.options.payload.as_str(),
                &i64::from(row.options.asymmetric),
                &row.headers.as_ref().map(|headers| to_json(&headers.names)),
                &row.headers.as_ref().map(|headers| headers.sealed.as_slice()),
            ],
        )?;
        Ok(row)
    }

    /// The sealed secret that signs now.
    pub fn find_endpoint_secret(
        &mut self,
        tenant: &Tenant,
        id: &EndpointId,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        self.query_opt(FIND_SECRET, &[&partner, &mode, &id.as_str()], |row| row.get(0))
    }

    /// Older secrets that sign too, newest first, each with its end.
    pub fn list_rolled_secrets(
        &mut self,
        tenant: &Tenant,
        id: &EndpointId,
        now: Millis,
    ) -> Result<Vec<(Vec<u8>, Millis)>, StoreError> {
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        self.query(LIST_ROLLED, &[&partner, &mode, &id.as_str(), &now.0], |row| {
            Ok((row.get(0)?, Millis(row.get(1)?)))
        })
    }

    /// Give an endpoint a new secret. The one that it has signs on until `ends_at`; without an end
    /// it and every older one stop now.
    pub fn roll_endpoint_secret(
        &mut self,
        seen: &Locked<EndpointRow>,
        secret_sealed: &[u8],
        ends_at: Option<Millis>,
        now: Millis,
    ) -> Result<(), StoreError> {
        let (partner, mode) = (seen.tenant.partner.as_str(), seen.tenant.mode.as_str());
        let id = seen.id.as_str();
        let old = self.find_endpoint_secret(&seen.tenant, &seen.id)?;
        match ends_at.zip(old) {
            Some((ends_at, old)) => {
                let number =
                    self.query_one(NEXT_ROLLED, &[&partner, &mode, &id], |row| row.get::<i64>(0))?;
                let params: [&dyn Param; 6] = [&partner, &mode, &id, &number, &old, &ends_at.0];
                self.execute(INSERT_ROLLED, &params)?
            }
            None => self.execute(END_ROLLED, &[&partner, &mode, &id])?,
        };
        self.write(SAVE_SECRET, &[&partner, &mode, &id, &secret_sealed, &now.0])?;
        Ok(())
    }

    /// Whether a rolled secret has had its time.
    pub fn any_ended_secret(&mut self, now: Millis) -> Result<bool, StoreError> {
        Ok(self.query_opt(ANY_ENDED, &[&now.0], |_| Ok(()))?.is_some())
    }

    /// Forget rolled secrets whose time is over, at most `limit` of them. Answers how many.
    pub fn purge_ended_secrets(&mut self, now: Millis, limit: i64) -> Result<u64, StoreError> {
        self.execute(PURGE_ENDED, &[&now.0, &limit])
    }
}

fn read_filter(reader: &Reader<'_>, column: usize) -> Result<EventFilter, StoreError> {
    if reader.text(column)? == r#"["*"]"# {
        return Ok(EventFilter::everything());
    }
    let patterns: Vec<String> = reader.json(column)?;
    EventFilter::parse(&patterns).map_err(|error| reader.corrupt(&error))
}

fn read(row: &Row<'_>) -> Result<EndpointRow, StoreError> {
    let reader = Reader::new(row, "endpoints", 2);
    Ok(EndpointRow {
        tenant: reader.tenant()?,
        id: reader.parse(2)?,
        url: reader.text(3)?,
        filter: read_filter(&reader, 4)?,
        description: row.get(5)?,
        status: reader.word(6, EndpointStatus::parse)?,
        disabled_reason: row.get(7)?,
        created_at: Millis(reader.int(8)?),
        updated_at: Millis(reader.int(9)?),
        deleted_at: row.get::<Option<i64>>(10)?.map(Millis),
        takes_all_since: row.get::<Option<i64>>(11)?.map(Millis),
        options: EndpointOptions {
            rate_limit: row.get(12)?,
            retry_schedule: reader.json_opt(13)?,
            payload: reader.word(14, Payload::parse)?,
            asymmetric: reader.int(15)? == 1,
        },
        headers: match (reader.json_opt(16)?, row.get(17)?) {
            (Some(names), Some(sealed)) => Some(SealedHeaders { names, sealed }),
            _ => None,
        },
        rolled_ends_at: row.get::<Option<i64>>(18)?.map(Millis),
        health: Health::well(Millis(reader.int(8)?)),
    })
}
