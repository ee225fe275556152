//! API keys: what is known of them is everything but the keys themselves.

use gate_domain::ids::{KeyId, Tenant};
use gate_domain::time::Millis;

use crate::locked::Locked;
use crate::read::Reader;
use crate::{Row, Sql, StoreError, Tx, sql};

const INSERT: Sql = sql("insert into api_keys
    (partner_id, mode, id, kind, key_hash, last4, created_at, access, name)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
    on conflict do nothing");
const FIND_BY_HASH: Sql = sql("select partner_id, mode, id, kind, access, expires_at, revoked_at
    from api_keys where key_hash = $1");
const LIST: Sql = sql("select partner_id, mode, id, kind, access, expires_at, revoked_at,
        name, last4, replaced_by, last_used_at, created_at
    from api_keys where partner_id = $1 and mode = $2 order by id desc limit $3");
const LOCK: Sql = sql("select partner_id, mode, id, kind, access, expires_at, revoked_at,
        name, last4, replaced_by, last_used_at, created_at
    from api_keys where partner_id = $1 and mode = $2 and id = $3")
.for_update();
const REPLACE: Sql = sql("update api_keys set replaced_by = $4, expires_at = $5
    where partner_id = $1 and mode = $2 and id = $3");
const REVOKE: Sql = sql("update api_keys set revoked_at = $4
    where partner_id = $1 and mode = $2 and id = $3 and revoked_at is null");
const COUNT_ACTIVE: Sql = sql("select count(*) from api_keys where partner_id = $1 and mode = $2
    and revoked_at is null and (expires_at is null or expires_at > $3)");
const RECORD_USE: Sql = sql("update api_keys set last_used_at = $4
    where partner_id = $1 and mode = $2 and id = $3
        and (last_used_at is null or (last_used_at < $4 and last_used_at <= $5))");

pub(crate) const STATEMENTS: &[Sql] =
    &[INSERT, FIND_BY_HASH, LIST, LOCK, REPLACE, REVOKE, COUNT_ACTIVE, RECORD_USE];

/// What a key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// The API, from a server.
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

    /// Read the word again.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Secret, Self::Publishable].into_iter().find(|kind| kind.as_str() == word)
    }
}

/// How much of the API a secret key opens. It means nothing for a publishable key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyAccess {
    /// Everything.
    Full,
    /// Reading, and nothing that changes anything.
    ReadOnly,
    /// What a checkout needs: sessions, and what is looked up to create one.
    Sessions,
}

impl KeyAccess {
    /// The word in the store and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::ReadOnly => "read_only",
            Self::Sessions => "sessions",
        }
    }

    /// Read the word again.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Full, Self::ReadOnly, Self::Sessions]
            .into_iter()
            .find(|access| access.as_str() == word)
    }
}

/// Whose key it is, and what it opens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRow {
    /// Its owner.
    pub tenant: Tenant,
    /// Its id.
    pub id: KeyId,
    /// What it is for.
    pub kind: KeyKind,
    /// How much it opens.
    pub access: KeyAccess,
    /// When it stops to work, if ever.
    pub expires_at: Option<Millis>,
    /// When somebody took it back.
    pub revoked_at: Option<Millis>,
}

impl KeyRow {
    /// Whether it works at this instant.
    pub fn is_active(&self, now: Millis) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| now < end)
    }
}

/// A key as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedKey {
    /// Whose it is, and what it opens.
    pub key: KeyRow,
    /// What its owner calls it.
    pub name: Option<String>,
    /// Its last four characters.
    pub last4: String,
    /// The key that took its place when it was rolled.
    pub replaced_by: Option<KeyId>,
    /// When it was last used, at most a minute or so late.
    pub last_used_at: Option<Millis>,
    /// When it was made.
    pub created_at: Millis,
}

/// A new key. The key itself stays with whoever made it.
#[derive(Clone, Debug)]
pub struct NewKey {
    /// Its owner.
    pub tenant: Tenant,
    /// Its id.
    pub id: KeyId,
    /// What it is for.
    pub kind: KeyKind,
    /// How much it opens.
    pub access: KeyAccess,
    /// What its owner calls it.
    pub name: Option<String>,
    /// SHA-256 of the whole key.
    pub key_hash: Vec<u8>,
    /// Its last four characters, for people.
    pub last4: String,
}

impl Tx {
    /// Write down a key. Safe to repeat.
    pub fn insert_key(&mut self, key: &NewKey, now: Millis) -> Result<(), StoreError> {
        let (partner, mode) = (key.tenant.partner.as_str(), key.tenant.mode.as_str());
        self.write(
            INSERT,
            &[
                &partner,
                &mode,
                &key.id.as_str(),
                &key.kind.as_str(),
                &key.key_hash,
                &key.last4,
                &now.0,
                &key.access.as_str(),
                &key.name,
            ],
        )?;
        Ok(())
    }

    /// Whose key has this hash, whether it still works or not: one look-up in an index.
    pub fn find_key(&mut self, key_hash: &[u8]) -> Result<Option<KeyRow>, StoreError> {
        self.query_opt(FIND_BY_HASH, &[&key_hash], read_key)
    }

    /// The newest keys of a partner in a mode, those that no longer work among them.
    pub fn list_keys(&mut self, tenant: &Tenant, limit: i64) -> Result<Vec<ListedKey>, StoreError> {
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        self.query(LIST, &[&partner, &mode, &limit], read_listed)
    }

    /// Read a key and keep everybody else from changing it until the transaction ends.
    pub fn lock_key(
        &mut self,
        tenant: &Tenant,
        id: &KeyId,
    ) -> Result<Option<Locked<ListedKey>>, StoreError> {
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        let key = self.query_opt(LOCK, &[&partner, &mode, &id.as_str()], read_listed)?;
        Ok(key.map(Locked::new))
    }

    /// Let another key take the place of this one, which works until `expires_at`.
    pub fn replace_key(
        &mut self,
        key: &Locked<ListedKey>,
        by: &KeyId,
        expires_at: Millis,
    ) -> Result<(), StoreError> {
        let tenant = &key.key.tenant;
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        let id = key.key.id.as_str();
        self.write(REPLACE, &[&partner, &mode, &id, &by.as_str(), &expires_at.0])?;
        Ok(())
    }

    /// Take a key back. False when it had been taken back before: the first instant stays.
    pub fn revoke_key(&mut self, key: &Locked<ListedKey>, now: Millis) -> Result<bool, StoreError> {
        let tenant = &key.key.tenant;
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        Ok(self.execute(REVOKE, &[&partner, &mode, &key.key.id.as_str(), &now.0])? == 1)
    }

    /// How many keys of a partner and mode work at this instant.
    pub fn count_active_keys(&mut self, tenant: &Tenant, now: Millis) -> Result<i64, StoreError> {
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        self.query_one(COUNT_ACTIVE, &[&partner, &mode, &now.0], |row| row.get(0))
    }

    /// Note that a key was used, unless a use since `unless_after` is noted already.
    pub fn record_key_use(
        &mut self,
        tenant: &Tenant,
        id: &KeyId,
        used_at: Millis,
        unless_after: Millis,
    ) -> Result<(), StoreError> {
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        let id = id.as_str();
        self.write(RECORD_USE, &[&partner, &mode, &id, &used_at.0, &unless_after.0])?;
        Ok(())
    }
}

fn read_key(row: &Row<'_>) -> Result<KeyRow, StoreError> {
    let reader = Reader::new(row, "api_keys", 2);
    Ok(KeyRow {
        tenant: reader.tenant()?,
        id: reader.parse(2)?,
        kind: reader.word(3, KeyKind::parse)?,
        access: reader.word(4, KeyAccess::parse)?,
        expires_at: row.get::<Option<i64>>(5)?.map(Millis),
        revoked_at: row.get::<Option<i64>>(6)?.map(Millis),
    })
}

fn read_listed(row: &Row<'_>) -> Result<ListedKey, StoreError> {
    let reader = Reader::new(row, "api_keys", 2);
    Ok(ListedKey {
        key: read_key(row)?,
        name: row.get(7)?,
        last4: reader.text(8)?,
        replaced_by: reader.parse_opt(9)?,
        last_used_at: row.get::<Option<i64>>(10)?.map(Millis),
        created_at: Millis(reader.int(11)?),
    })
}
