//! Partners, their keys, origins and webhook endpoints.

use gate_domain::ids::{EndpointId, KeyId, Mode, PartnerId, Tenant};
use gate_domain::time::Millis;

use crate::read::Reader;
use crate::{Row, Sql, StoreError, Tx, sql};

const INSERT_PARTNER: Sql =
    sql("insert into partners (id, name, created_at) values ($1, $2, $3) on conflict do nothing");
const FIND_PARTNER_NAME: Sql = sql("select name from partners where id = $1");
const INSERT_KEY: Sql = sql("insert into api_keys
    (partner_id, mode, id, kind, key_hash, last4, created_at) values ($1, $2, $3, $4, $5, $6, $7)
    on conflict do nothing");
const FIND_KEY: Sql =
    sql("select partner_id, mode, id, kind, expires_at from api_keys where key_hash = $1");
const INSERT_ORIGIN: Sql = sql("insert into origins (partner_id, mode, origin, created_at)
    values ($1, $2, $3, $4) on conflict do nothing");
const LIST_ORIGINS: Sql =
    sql("select origin from origins where partner_id = $1 and mode = $2 order by origin");
const INSERT_FEED: Sql = sql("insert into feeds (partner_id, mode, last_sequence)
    values ($1, $2, 0) on conflict do nothing");
const SAVE_ENDPOINT: Sql = sql("insert into endpoints
    (partner_id, mode, id, url, secret_sealed, status, created_at)
    values ($1, $2, $3, $4, $5, 'enabled', $6)
    on conflict (partner_id, mode, id) do update
        set url = excluded.url, secret_sealed = excluded.secret_sealed");
const LIST_ENDPOINTS: Sql = sql("select partner_id, mode, id, url from endpoints
    where partner_id = $1 and mode = $2 and status = 'enabled' order by id");

pub(crate) const STATEMENTS: &[Sql] = &[
    INSERT_PARTNER,
    FIND_PARTNER_NAME,
    INSERT_KEY,
    FIND_KEY,
    INSERT_ORIGIN,
    LIST_ORIGINS,
    INSERT_FEED,
    SAVE_ENDPOINT,
    LIST_ENDPOINTS,
];

/// What a key may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// Everything, from a server.
    Secret,
    /// Bootstrap only, from a browser.
    Publishable,
}

impl KeyKind {
    /// The word in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Secret => "secret",
            Self::Publishable => "publishable",
        }
    }

    fn parse(word: &str) -> Option<Self> {
        [Self::Secret, Self::Publishable].into_iter().find(|kind| kind.as_str() == word)
    }
}

/// Whose key it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRow {
    /// Its owner.
    pub tenant: Tenant,
    /// Its id.
    pub id: KeyId,
    /// What it may do.
    pub kind: KeyKind,
    /// When it stops to work, if ever.
    pub expires_at: Option<Millis>,
}

/// A new key. The key itself stays with whoever made it.
#[derive(Clone, Debug)]
pub struct NewKey {
    /// Its owner.
    pub tenant: Tenant,
    /// Its id.
    pub id: KeyId,
    /// What it may do.
    pub kind: KeyKind,
    /// SHA-256 of the whole key.
    pub key_hash: Vec<u8>,
    /// Its last four characters, for people.
    pub last4: String,
}

/// An endpoint that takes events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointRow {
    /// Its id.
    pub id: EndpointId,
    /// Where it is.
    pub url: String,
}

impl Tx {
    /// Write down a partner, with an empty feed for each mode. Safe to repeat.
    pub fn insert_partner(
        &mut self,
        id: &PartnerId,
        name: &str,
        now: Millis,
    ) -> Result<(), StoreError> {
        self.execute(INSERT_PARTNER, &[&id.as_str(), &name, &now.0])?;
        for mode in [Mode::Test, Mode::Live] {
            self.execute(INSERT_FEED, &[&id.as_str(), &mode.as_str()])?;
        }
        Ok(())
    }

    /// The name that users see.
    pub fn find_partner_name(&mut self, id: &PartnerId) -> Result<Option<String>, StoreError> {
        self.query_opt(FIND_PARTNER_NAME, &[&id.as_str()], |row| row.get(0))
    }

    /// Write down a key. Safe to repeat.
    pub fn insert_key(&mut self, key: &NewKey, now: Millis) -> Result<(), StoreError> {
        let (partner, mode) = (key.tenant.partner.as_str(), key.tenant.mode.as_str());
        self.execute(
            INSERT_KEY,
            &[
                &partner,
                &mode,
                &key.id.as_str(),
                &key.kind.as_str(),
                &key.key_hash,
                &key.last4,
                &now.0,
            ],
        )?;
        Ok(())
    }

    /// Whose key has this hash.
    pub fn find_key(&mut self, key_hash: &[u8]) -> Result<Option<KeyRow>, StoreError> {
        self.query_opt(FIND_KEY, &[&key_hash], |row| {
            let reader = Reader::new(row, "api_keys", 2);
            Ok(KeyRow {
                tenant: reader.tenant()?,
                id: reader.parse(2)?,
                kind: reader.word(3, KeyKind::parse)?,
                expires_at: row.get::<Option<i64>>(4)?.map(Millis),
            })
        })
    }

    /// Allow an origin to embed and to be returned to. Safe to repeat.
    pub fn insert_origin(
        &mut self,
        tenant: &Tenant,
        origin: &str,
        now: Millis,
    ) -> Result<(), StoreError> {
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        self.execute(INSERT_ORIGIN, &[&partner, &mode, &origin, &now.0])?;
        Ok(())
    }

    /// Every allowed origin, such as `https://shop.example`.
    pub fn list_origins(&mut self, tenant: &Tenant) -> Result<Vec<String>, StoreError> {
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        self.query(LIST_ORIGINS, &[&partner, &mode], |row| row.get(0))
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
        self.execute(
            SAVE_ENDPOINT,
            &[&partner, &mode, &id.as_str(), &url, &secret_sealed, &now.0],
        )?;
        Ok(())
    }

    /// The endpoints that take events now.
    pub fn list_endpoints(&mut self, tenant: &Tenant) -> Result<Vec<EndpointRow>, StoreError> {
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        self.query(LIST_ENDPOINTS, &[&partner, &mode], read_endpoint)
    }
}

fn read_endpoint(row: &Row<'_>) -> Result<EndpointRow, StoreError> {
    let reader = Reader::new(row, "endpoints", 2);
    Ok(EndpointRow { id: reader.parse(2)?, url: reader.text(3)? })
}
