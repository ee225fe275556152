//! What an operator decided about capabilities: switches, terms of partners, and who changed what.
//!
//! These rows are read as a whole and kept in memory, so they are few by nature.

use gate_domain::catalogue::{Kind, PartnerTerms, Rules, Subject, Switch};
use gate_domain::ids::{Mode, PartnerId, Tenant};
use gate_domain::time::Millis;

use crate::read::{Reader, to_json};
use crate::{Row, Sql, StoreError, Tx, sql};

const READ_REVISION: Sql = sql("select revision from capability_revision where id = 1");
const LOCK_REVISION: Sql =
    sql("select revision from capability_revision where id = 1").for_update();
const SAVE_REVISION: Sql = sql("update capability_revision set revision = $1 where id = 1");
const INSERT_CHANGE: Sql = sql("insert into capability_changes
    (revision, partner_id, mode, change, subject, reason, actor, created_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8)");
const LIST_CHANGES: Sql = sql("select partner_id, mode, revision, change, subject, reason, actor,
        created_at
    from capability_changes where revision < $1 order by revision desc limit $2");
const LIST_SWITCHES: Sql = sql("select partner_id, mode, subject, kind, reason, actor, since
    from switches order by kind, subject, partner_id, mode");
const SAVE_SWITCH: Sql = sql("insert into switches
    (partner_id, mode, kind, subject, reason, actor, since) values ($1, $2, $3, $4, $5, $6, $7)
    on conflict (partner_id, mode, kind, subject) do update
        set reason = excluded.reason, actor = excluded.actor, since = excluded.since");
const DELETE_SWITCH: Sql = sql("delete from switches
    where partner_id = $1 and mode = $2 and kind = $3 and subject = $4");
const LIST_TERMS: Sql =
    sql("select partner_id, mode, terms from partner_terms order by partner_id, mode");
const FIND_TERMS: Sql =
    sql("select partner_id, mode, terms from partner_terms where partner_id = $1 and mode = $2");
const SAVE_TERMS: Sql =
    sql("insert into partner_terms (partner_id, mode, terms, actor, updated_at)
    values ($1, $2, $3, $4, $5)
    on conflict (partner_id, mode) do update
        set terms = excluded.terms, actor = excluded.actor, updated_at = excluded.updated_at");

pub(crate) const STATEMENTS: &[Sql] = &[
    READ_REVISION,
    LOCK_REVISION,
    SAVE_REVISION,
    INSERT_CHANGE,
    LIST_CHANGES,
    LIST_SWITCHES,
    SAVE_SWITCH,
    DELETE_SWITCH,
    LIST_TERMS,
    FIND_TERMS,
    SAVE_TERMS,
];

/// What was done to the capabilities.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CapabilityAct {
    /// Something was switched off.
    SwitchedOff,
    /// Something was switched on again.
    SwitchedOn,
    /// A partner's terms were set.
    TermsSet,
}

impl CapabilityAct {
    /// The word in the store and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SwitchedOff => "switched_off",
            Self::SwitchedOn => "switched_on",
            Self::TermsSet => "terms_set",
        }
    }

    fn parse(word: &str) -> Option<Self> {
        [Self::SwitchedOff, Self::SwitchedOn, Self::TermsSet]
            .into_iter()
            .find(|act| act.as_str() == word)
    }
}

/// One change of the capabilities: the audit row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CapabilityChange {
    /// Which partner it is about; none means every one.
    pub partner: Option<PartnerId>,
    /// Which mode it is about; none means both.
    pub mode: Option<Mode>,
    /// What was done.
    pub act: CapabilityAct,
    /// To what: `currency:EUR`, or the new terms as JSON.
    pub subject: String,
    /// Why.
    pub reason: String,
    /// By whom.
    pub actor: String,
    /// When.
    pub at: Millis,
}

impl Tx {
    /// The revision of the rules. Cheap: processes poll it.
    pub fn read_capability_revision(&mut self) -> Result<i64, StoreError> {
        self.query_one(READ_REVISION, &[], |row| row.get(0))
    }

    /// Everything that was decided. The revision is read first: a change that comes in between is
    /// then seen as news by the next look.
    pub fn read_rules(&mut self) -> Result<Rules, StoreError> {
        let revision = self.read_capability_revision()?;
        let switches = self.query(LIST_SWITCHES, &[], read_switch)?;
        let partners = self.query(LIST_TERMS, &[], |row| {
            let reader = Reader::new(row, "partner_terms", 0);
            Ok((reader.tenant()?, reader.json::<PartnerTerms>(2)?))
        })?;
        Ok(Rules { revision, switches, partners: partners.into_iter().collect() })
    }

    /// Hold back every other change of the capabilities until this transaction ends.
    pub fn lock_capabilities(&mut self) -> Result<i64, StoreError> {
        self.query_one(LOCK_REVISION, &[], |row| row.get(0))
    }

    /// Take the next revision and write down who changed what. Before the change itself, so that
    /// two operators wait for each other here.
    pub fn note_capability_change(&mut self, change: &CapabilityChange) -> Result<(), StoreError> {
        let revision = self.lock_capabilities()? + 1;
        self.write(SAVE_REVISION, &[&revision])?;
        let (partner, mode) = scope_words(change.partner.as_ref(), change.mode);
        self.write(
            INSERT_CHANGE,
            &[
                &revision,
                &partner,
                &mode,
                &change.act.as_str(),
                &change.subject,
                &change.reason,
                &change.actor,
                &change.at.0,
            ],
        )?;
        Ok(())
    }

    /// Changes, newest first, each with its revision; those before a revision where one is given.
    pub fn list_capability_changes(
        &mut self,
        before: Option<i64>,
        limit: i64,
    ) -> Result<Vec<(i64, CapabilityChange)>, StoreError> {
        self.query(LIST_CHANGES, &[&before.unwrap_or(i64::MAX), &limit], |row| {
            let reader = Reader::new(row, "capability_changes", 2);
            let (partner, mode) = read_scope(&reader)?;
            let change = CapabilityChange {
                partner,
                mode,
                act: reader.word(3, CapabilityAct::parse)?,
                subject: reader.text(4)?,
                reason: reader.text(5)?,
                actor: reader.text(6)?,
                at: Millis(reader.int(7)?),
            };
            Ok((reader.int(2)?, change))
        })
    }

    /// Everything that is switched off.
    pub fn list_switches(&mut self) -> Result<Vec<Switch>, StoreError> {
        self.query(LIST_SWITCHES, &[], read_switch)
    }

    /// Switch something off, or give what is off another reason.
    pub fn save_switch(&mut self, switch: &Switch) -> Result<(), StoreError> {
        let (partner, mode) = scope_words(switch.partner.as_ref(), switch.mode);
        let (kind, subject) = (switch.subject.kind.as_str(), &switch.subject.id);
        self.write(
            SAVE_SWITCH,
            &[&partner, &mode, &kind, subject, &switch.reason, &switch.actor, &switch.since.0],
        )?;
        Ok(())
    }

    /// Switch something on again; whether it was off for exactly this partner and mode.
    pub fn delete_switch(
        &mut self,
        subject: &Subject,
        partner: Option<&PartnerId>,
        mode: Option<Mode>,
    ) -> Result<bool, StoreError> {
        let (partner, mode) = scope_words(partner, mode);
        let kind = subject.kind.as_str();
        Ok(self.execute(DELETE_SWITCH, &[&partner, &mode, &kind, &subject.id])? == 1)
    }

    /// What one partner may do, if it differs from what everybody may.
    pub fn find_partner_terms(
        &mut self,
        tenant: &Tenant,
    ) -> Result<Option<PartnerTerms>, StoreError> {
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        self.query_opt(FIND_TERMS, &[&partner, &mode], |row| {
            Reader::new(row, "partner_terms", 0).json(2)
        })
    }

    /// Set what one partner may do.
    pub fn save_partner_terms(
        &mut self,
        tenant: &Tenant,
        terms: &PartnerTerms,
        actor: &str,
        now: Millis,
    ) -> Result<(), StoreError> {
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        self.write(SAVE_TERMS, &[&partner, &mode, &to_json(terms), &actor, &now.0])?;
        Ok(())
    }
}

/// An empty word stands for all of them, so that the key has no null in it.
fn scope_words(partner: Option<&PartnerId>, mode: Option<Mode>) -> (&str, &'static str) {
    (partner.map_or("", PartnerId::as_str), mode.map_or("", Mode::as_str))
}

fn read_scope(reader: &Reader<'_>) -> Result<(Option<PartnerId>, Option<Mode>), StoreError> {
    let partner = match reader.text(0)?.as_str() {
        "" => None,
        _ => Some(reader.parse(0)?),
    };
    let mode = match reader.text(1)?.as_str() {
        "" => None,
        _ => Some(reader.word(1, Mode::parse)?),
    };
    Ok((partner, mode))
}

fn read_switch(row: &Row<'_>) -> Result<Switch, StoreError> {
    let reader = Reader::new(row, "switches", 2);
    let (partner, mode) = read_scope(&reader)?;
    let subject = Subject { kind: reader.word(3, Kind::parse)?, id: reader.text(2)? };
    Ok(Switch {
        subject,
        partner,
        mode,
        reason: reader.text(4)?,
        actor: reader.text(5)?,
        since: Millis(reader.int(6)?),
    })
}
