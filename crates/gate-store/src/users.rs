//! Users whom the gateway knows. Their e-mail address is found by a keyed hash; this crate sees
//! neither it nor the key.

use gate_domain::ids::{Mode, UserId};
use gate_domain::session::IdentityLevel;
use gate_domain::time::Millis;
use gate_domain::user::User;

use crate::locked::Locked;
use crate::read::Reader;
use crate::{Row, Sql, StoreError, Tx, sql};

const INSERT: Sql = sql("insert into users (mode, id, email_hash, created_at)
    values ($1, $2, $3, $4)");
const FIND: Sql = sql("select mode, id, level, created_at, erased_at
    from users where mode = $1 and id = $2");
const LOCK: Sql = FIND.for_update();
const FIND_BY_EMAIL: Sql = sql("select mode, id, level, created_at, erased_at
    from users where mode = $1 and email_hash = $2");
const SAVE_LEVEL: Sql = sql("update users set level = $3, level_since = $4
    where mode = $1 and id = $2");

pub(crate) const STATEMENTS: &[Sql] = &[INSERT, FIND, LOCK, FIND_BY_EMAIL, SAVE_LEVEL];

impl Tx {
    /// Write a user down; without an address nobody finds them again.
    ///
    /// # Errors
    /// [`StoreError::Unique`] when somebody with this address is known already.
    pub fn insert_user(
        &mut self,
        mode: Mode,
        id: &UserId,
        email_hash: Option<&[u8]>,
        now: Millis,
    ) -> Result<(), StoreError> {
        self.write(INSERT, &[&mode.as_str(), &id.as_str(), &email_hash, &now.0])
    }

    /// Read a user.
    pub fn find_user(&mut self, mode: Mode, id: &UserId) -> Result<Option<User>, StoreError> {
        self.query_opt(FIND, &[&mode.as_str(), &id.as_str()], read)
    }

    /// The same, and keep everybody else from changing them or what they have spent. A session is
    /// locked before its user, by everybody.
    pub fn lock_user(
        &mut self,
        mode: Mode,
        id: &UserId,
    ) -> Result<Option<Locked<User>>, StoreError> {
        Ok(self.query_opt(LOCK, &[&mode.as_str(), &id.as_str()], read)?.map(Locked::new))
    }

    /// The user with an address.
    pub fn find_user_by_email(
        &mut self,
        mode: Mode,
        email_hash: &[u8],
    ) -> Result<Option<User>, StoreError> {
        self.query_opt(FIND_BY_EMAIL, &[&mode.as_str(), &email_hash], read)
    }

    /// Save how sure the gateway is of who they are.
    pub fn save_user_level(
        &mut self,
        seen: Locked<User>,
        level: IdentityLevel,
        now: Millis,
    ) -> Result<User, StoreError> {
        let user = User { level: Some(level), ..seen.into_inner() };
        let (mode, id) = (user.mode.as_str(), user.id.as_str());
        self.write(SAVE_LEVEL, &[&mode, &id, &level.as_str(), &now.0])?;
        Ok(user)
    }
}

fn read(row: &Row<'_>) -> Result<User, StoreError> {
    let reader = Reader::new(row, "users", 1);
    let level: Option<String> = row.get(2)?;
    let level = match level {
        Some(word) => {
            let known = IdentityLevel::parse(&word);
            Some(known.ok_or_else(|| reader.corrupt(&format_args!("unknown level {word:?}")))?)
        }
        None => None,
    };
    Ok(User {
        mode: reader.word(0, Mode::parse)?,
        id: reader.parse(1)?,
        level,
        created_at: Millis(reader.int(3)?),
        erased_at: row.get::<Option<i64>>(4)?.map(Millis),
    })
}
