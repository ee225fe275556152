//! Users whom the gateway knows. Their e-mail address is found by a keyed hash; this crate sees
//! neither it nor the key.

use gate_domain::ids::{Mode, UserId};
use gate_domain::session::IdentityLevel;
use gate_domain::time::Millis;
use gate_domain::user::User;

use crate::locked::Locked;
use crate::read::Reader;
use crate::{OperatorAction, Param, Row, Sql, StoreError, Tx, sql};

/// The ids of the users of mode `$1` who are the same person as the user `$2`: they have a hash in common,
/// or each has one in common with somebody who is. A thousand hashes of one person are followed, and each
/// took an approval.
macro_rules! same_person {
    () => {
        "with recursive shared (person_hash) as (
            select person_hash from person_hashes where mode = $1 and user_id = $2
            union select other.person_hash from shared
                join person_hashes own
                    on own.mode = $1 and own.person_hash = shared.person_hash
                join person_hashes other on other.mode = $1 and other.user_id = own.user_id
        )
        select id from users where mode = $1 and id = $2
        union select h.user_id from (select person_hash from shared limit 1000) s
            join person_hashes h on h.mode = $1 and h.person_hash = s.person_hash"
    };
}
pub(crate) use same_person;

const INSERT: Sql = sql("insert into users (mode, id, email_hash, created_at)
    values ($1, $2, $3, $4)");
const FIND: Sql = sql("select mode, id, level, created_at, erased_at
    from users where mode = $1 and id = $2");
const LOCK: Sql = FIND.for_update();
const LIST_SAME_PERSON: Sql = sql(same_person!());
const LOCK_SAME_PERSON: Sql = sql(concat!(
    "select mode, id, level, created_at, erased_at from users where mode = $1 and id in (",
    same_person!(),
    ") order by id"
))
.for_update();
const SAVE_PERSON_HASH: Sql = sql("insert into person_hashes (mode, user_id, person_hash)
    values ($1, $2, $3) on conflict do nothing");
// For processes of the version before, which look here alone.
const SAVE_LAST_PERSON_HASH: Sql =
    sql("update users set person_hash = $3 where mode = $1 and id = $2");
const INSERT_BY_EMAIL: Sql = sql("insert into users (mode, id, email_hash, created_at)
    values ($1, $2, $3, $4) on conflict (mode, email_hash) do nothing");
const FIND_BY_EMAIL: Sql = sql("select mode, id, level, created_at, erased_at
    from users where mode = $1 and email_hash = $2");
const SAVE_LEVEL: Sql = sql("update users set level = $3, level_since = $4
    where mode = $1 and id = $2");
const REVOKE_LEVEL: Sql = sql("update users set level = null, level_since = $3
    where mode = $1 and id = $2 and level is not null");

const LIST: Sql = sql("select mode, id, level, created_at, erased_at
    from users where mode = $1 and id > $2 order by id limit $3");
const FIND_EMAIL_HASH: Sql = sql("select email_hash from users where mode = $1 and id = $2");
const FIND_PERSON: Sql = sql("select person_sealed from people where mode = $1 and user_id = $2");
const SAVE_PERSON: Sql = sql("insert into people (mode, user_id, person_sealed, updated_at)
    values ($1, $2, $3, $4) on conflict (mode, user_id) do update
        set person_sealed = excluded.person_sealed, updated_at = excluded.updated_at");
const ERASE: Sql = sql("update users set email_hash = null, erased_at = $3
    where mode = $1 and id = $2 and erased_at is null");
const ERASE_PERSON: Sql = sql("delete from people where mode = $1 and user_id = $2");
const INSERT_ACTION: Sql = sql("insert into user_actions
    (mode, user_id, number, action, outcome, reason, actor, created_at)
    select $1, $2, coalesce(max(number), 0) + 1, $3, $4, $5, $6, $7
    from user_actions where mode = $1 and user_id = $2");
const LIST_ACTIONS: Sql = sql("select action, outcome, reason, actor, created_at
    from user_actions where mode = $1 and user_id = $2 order by number");

pub(crate) const STATEMENTS: &[Sql] = &[
    INSERT,
    INSERT_BY_EMAIL,
    FIND,
    LOCK,
    LIST_SAME_PERSON,
    LOCK_SAME_PERSON,
    SAVE_PERSON_HASH,
    SAVE_LAST_PERSON_HASH,
    FIND_BY_EMAIL,
    SAVE_LEVEL,
    REVOKE_LEVEL,
    LIST,
    FIND_EMAIL_HASH,
    FIND_PERSON,
    SAVE_PERSON,
    ERASE,
    ERASE_PERSON,
    INSERT_ACTION,
    LIST_ACTIONS,
];

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

    /// The same, and lock with them all users who are the same person, in the order of their ids, so
    /// that whoever locks several waits for nobody who waits for them.
    pub fn lock_same_person(
        &mut self,
        mode: Mode,
        id: &UserId,
    ) -> Result<Option<Locked<User>>, StoreError> {
        let params: [&dyn Param; 2] = [&mode.as_str(), &id.as_str()];
        loop {
            let locked = self.query(LOCK_SAME_PERSON, &params, read)?;
            let same = self.query(LIST_SAME_PERSON, &params, |row| row.get::<String>(0))?;
            // More may have been approved as them while this waited.
            if same.iter().all(|id| locked.iter().any(|user| user.id.as_str() == id)) {
                return Ok(locked.into_iter().find(|user| user.id == *id).map(Locked::new));
            }
        }
    }

    /// Save whom a verifier has approved a user as: keyed hashes, each the same for the same person.
    /// Those of before stay.
    pub fn save_person_hashes(
        &mut self,
        user: &Locked<User>,
        person_hashes: &[Vec<u8>],
    ) -> Result<(), StoreError> {
        let (mode, id) = (user.mode.as_str(), user.id.as_str());
        for person_hash in person_hashes {
            self.write(SAVE_PERSON_HASH, &[&mode, &id, person_hash])?;
        }
        match person_hashes.first() {
            Some(first) => self.write(SAVE_LAST_PERSON_HASH, &[&mode, &id, first]),
            None => Ok(()),
        }
    }

    /// The user with an address.
    pub fn find_user_by_email(
        &mut self,
        mode: Mode,
        email_hash: &[u8],
    ) -> Result<Option<User>, StoreError> {
        self.query_opt(FIND_BY_EMAIL, &[&mode.as_str(), &email_hash], read)
    }

    /// The same, and where there is none, a new one under `id`. Two at once are one user.
    pub fn find_or_insert_user(
        &mut self,
        mode: Mode,
        id: &UserId,
        email_hash: &[u8],
        now: Millis,
    ) -> Result<User, StoreError> {
        let params: [&dyn Param; 4] = [&mode.as_str(), &id.as_str(), &email_hash, &now.0];
        self.execute(INSERT_BY_EMAIL, &params)?;
        self.query_one(FIND_BY_EMAIL, &[&mode.as_str(), &email_hash], read)
    }

    /// Users of a mode behind an id, oldest first.
    pub fn list_users(
        &mut self,
        mode: Mode,
        after: &str,
        limit: usize,
    ) -> Result<Vec<User>, StoreError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.query(LIST, &[&mode.as_str(), &after, &limit], read)
    }

    /// The keyed hash of a user's address; none where they never named one, or are forgotten.
    pub fn find_email_hash_of(
        &mut self,
        mode: Mode,
        id: &UserId,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let found = self.query_opt(FIND_EMAIL_HASH, &[&mode.as_str(), &id.as_str()], |row| {
            row.get::<Option<Vec<u8>>>(0)
        })?;
        Ok(found.flatten())
    }

    /// What is known about the person, sealed.
    pub fn find_person(&mut self, mode: Mode, id: &UserId) -> Result<Option<Vec<u8>>, StoreError> {
        self.query_opt(FIND_PERSON, &[&mode.as_str(), &id.as_str()], |row| row.get(0))
    }

    /// Save what is known about the person.
    pub fn save_person(
        &mut self,
        user: &Locked<User>,
        person_sealed: &[u8],
        now: Millis,
    ) -> Result<(), StoreError> {
        let params: [&dyn Param; 4] =
            [&user.mode.as_str(), &user.id.as_str(), &person_sealed, &now.0];
        self.write(SAVE_PERSON, &params)
    }

    /// Forget the person: what is known about them, their address, and the mails, codes and details
    /// that had to do with it. Their level, whom they share limits with and what they have spent stay.
    pub fn erase_user(&mut self, seen: Locked<User>, now: Millis) -> Result<User, StoreError> {
        let user = seen.into_inner();
        let (mode, id) = (user.mode, &user.id);
        if let Some(email_hash) = self.find_email_hash_of(mode, id)? {
            self.erase_email_codes(mode, &email_hash)?;
            self.erase_mails(mode, &email_hash)?;
        }
        self.erase_submissions(mode, id, now)?;
        self.write(ERASE_PERSON, &[&mode.as_str(), &id.as_str()])?;
        self.write(ERASE, &[&mode.as_str(), &id.as_str(), &now.0])?;
        Ok(User { erased_at: user.erased_at.or(Some(now)), ..user })
    }

    /// Write down what an operator did about a user.
    pub fn insert_user_action(
        &mut self,
        user: &Locked<User>,
        action: &OperatorAction,
    ) -> Result<(), StoreError> {
        let OperatorAction { action, outcome, reason, actor, created_at } = action;
        let (mode, id) = (user.mode.as_str(), user.id.as_str());
        let params: [&dyn Param; 7] = [&mode, &id, action, outcome, reason, actor, &created_at.0];
        self.write(INSERT_ACTION, &params)
    }

    /// What operators did about a user, in order.
    pub fn list_user_actions(
        &mut self,
        mode: Mode,
        id: &UserId,
    ) -> Result<Vec<OperatorAction>, StoreError> {
        self.query(LIST_ACTIONS, &[&mode.as_str(), &id.as_str()], |row| {
            Ok(OperatorAction {
                action: row.get(0)?,
                outcome: row.get(1)?,
                reason: row.get(2)?,
                actor: row.get(3)?,
                created_at: Millis(row.get(4)?),
            })
        })
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

    /// The gateway is not sure any more of who they are.
    pub fn revoke_user_level(&mut self, seen: Locked<User>, now: Millis) -> Result<(), StoreError> {
        let user = seen.into_inner();
        self.write(REVOKE_LEVEL, &[&user.mode.as_str(), &user.id.as_str(), &now.0])
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
