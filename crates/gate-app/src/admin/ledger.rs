//! The books of a partner: what stands on its accounts, line by line, and as a chain that others can
//! check.

use std::collections::BTreeMap;

use gate_domain::ids::{Mode, Tenant, TransactionId};
use gate_domain::ledger::BEFORE_THE_FIRST;
use gate_store::{PostingRow, Tx};
use gate_wire::instant::to_rfc3339;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::reviews::decision;
use super::{AdminError, Whose, read, sentence, to_value};
use crate::app::App;
use crate::halt::{ResumeError, resume};

/// Postings that are read at once, and the most that an export gives at once.
pub const PAGE: i64 = 1_000;
/// Lines in one answer.
const LINES_MAX: usize = 1_000;

/// What can be asked of the books.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Command {
    /// What stands on each account, and what is held there.
    Balances {
        /// Whose.
        whose: Whose,
        /// Some accounts only.
        only: Only,
    },
    /// Line by line, oldest first.
    Entries {
        /// Whose.
        whose: Whose,
        /// Some lines only.
        only: Only,
        /// Those of one transaction and its refunds.
        transaction: Option<String>,
        /// From behind this posting's number.
        after: i64,
    },
    /// Whole postings with their hashes, oldest first.
    Export {
        /// Whose.
        whose: Whose,
        /// From behind this posting's number.
        after: i64,
    },
    /// Let money move again after the books were found broken and put right.
    Resume {
        /// Why, in the operator's words.
        reason: String,
        /// Who says so.
        actor: String,
    },
}

/// The halt that was lifted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResumedAnswer {
    /// What had been found.
    pub finding: String,
}

/// Which lines are meant. The default is all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Only {
    /// An account's name, or its part before the colon, which means every rail's.
    pub account: Option<String>,
    /// An asset's key, such as `EUR` or `USDC.base`.
    pub asset: Option<String>,
}

/// What stands on the accounts of a partner in a mode.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BalancesAnswer {
    /// The partner.
    pub partner: String,
    /// The mode.
    pub mode: Mode,
    /// How many postings there are.
    pub postings: i64,
    /// The hash of the last one.
    pub head: String,
    /// Accounts by name, and by asset.
    pub balances: Vec<Balance>,
}

/// What stands on one account in one asset, in smallest units as text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Balance {
    /// The account.
    pub account: String,
    /// The asset.
    pub asset: String,
    /// The sum of its lines.
    pub balance: String,
    /// What of it is promised.
    pub held: String,
    /// The balance without what is held.
    pub available: String,
}

/// A page of lines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntriesAnswer {
    /// The lines, oldest first.
    pub entries: Vec<Entry>,
    /// Where the next page begins; none at the end.
    pub next_after: Option<i64>,
}

/// A line with the posting that it belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The posting's number.
    pub number: i64,
    /// When it was written (RFC 3339).
    pub created_at: String,
    /// The transaction.
    pub transaction: String,
    /// What the fact is about: the transaction, or one of its refunds.
    pub subject: String,
    /// The fact.
    pub booking: String,
    /// The account.
    pub account: String,
    /// The asset.
    pub asset: String,
    /// Smallest units, signed.
    pub units: String,
}

/// A page of postings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportAnswer {
    /// The postings, in the order of their chain.
    pub postings: Vec<ExportedPosting>,
    /// Whether there are more.
    pub has_more: bool,
}

/// A posting, word for word as it is hashed (docs/OPERATIONS.md, "The ledger").
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportedPosting {
    /// The partner.
    pub partner: String,
    /// The mode.
    pub mode: String,
    /// Its place in the chain, from 1.
    pub number: i64,
    /// Its id.
    pub id: String,
    /// The transaction.
    pub transaction: String,
    /// What the fact is about.
    pub subject: String,
    /// The fact.
    pub booking: String,
    /// Milliseconds since 1970.
    pub created_at: i64,
    /// Its lines.
    pub lines: Vec<ExportedLine>,
    /// The hash of the posting before.
    pub previous: String,
    /// Its own hash.
    pub hash: String,
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportedLine {
    /// The account.
    pub account: String,
    /// The asset.
    pub asset: String,
    /// Smallest units, signed.
    pub units: String,
}

pub(super) async fn run(app: &App, command: Command) -> Result<Value, AdminError> {
    let modes = app.config().modes.clone();
    match command {
        Command::Balances { whose, only } => {
            read(app, move |tx| {
                let tenant = whose.find(tx, &modes)?;
                balances(tx, &tenant, &only)
            })
            .await
        }
        Command::Entries { whose, only, transaction, after } => {
            read(app, move |tx| {
                let tenant = whose.find(tx, &modes)?;
                match &transaction {
                    Some(id) => entries_of(tx, &tenant, &only, id),
                    None => entries(tx, &tenant, &only, after),
                }
            })
            .await
        }
        Command::Export { whose, after } => {
            read(app, move |tx| {
                let tenant = whose.find(tx, &modes)?;
                let mut rows = tx.list_own_postings(&tenant, after, PAGE + 1)?;
                let page = usize::try_from(PAGE).expect("a small number");
                let has_more = rows.len() > page;
                rows.truncate(page);
                Ok(ExportAnswer { postings: rows.into_iter().map(Into::into).collect(), has_more })
            })
            .await
        }
        Command::Resume { reason, actor } => {
            let lifted = resume(app, decision(reason, actor)?).await?;
            Ok(to_value(&ResumedAnswer { finding: lifted.words }))
        }
    }
}

fn balances(tx: &mut Tx, tenant: &Tenant, only: &Only) -> Result<BalancesAnswer, AdminError> {
    let promised = tx.sum_held(tenant)?;
    let mut sums: BTreeMap<(String, String), i128> =
        promised.keys().map(|key| (key.clone(), 0)).collect();
    let (mut postings, mut last_hash) = (0, BEFORE_THE_FIRST.to_owned());
    loop {
        let rows = tx.list_own_postings(tenant, postings, PAGE)?;
        for row in &rows {
            for line in &row.record.lines {
                let units: i128 = line.units.parse().map_err(|_| damaged(row))?;
                *sums.entry((line.account.clone(), line.asset.clone())).or_default() += units;
            }
        }
        let Some(last) = rows.into_iter().last() else { break };
        (postings, last_hash) = (last.record.number, last.hash);
    }
    let balances = sums.into_iter().filter(|((account, asset), _)| only.means(account, asset));
    let balances = balances.map(|(key, units)| {
        let held = promised.get(&key).copied().unwrap_or(0);
        let (account, asset) = key;
        Balance {
            account,
            asset,
            balance: units.to_string(),
            held: held.to_string(),
            available: (units - held).to_string(),
        }
    });
    let (partner, mode) = (tenant.partner.to_string(), tenant.mode);
    Ok(BalancesAnswer { partner, mode, postings, head: last_hash, balances: balances.collect() })
}

fn entries(
    tx: &mut Tx,
    tenant: &Tenant,
    only: &Only,
    after: i64,
) -> Result<EntriesAnswer, AdminError> {
    let (mut after, mut entries) = (after, Vec::new());
    loop {
        let rows = tx.list_own_postings(tenant, after, PAGE)?;
        if rows.is_empty() {
            return Ok(EntriesAnswer { entries, next_after: None });
        }
        for row in &rows {
            entries.extend(lines(row, only));
            after = row.record.number;
            if entries.len() >= LINES_MAX {
                return Ok(EntriesAnswer { entries, next_after: Some(after) });
            }
        }
    }
}

fn entries_of(
    tx: &mut Tx,
    tenant: &Tenant,
    only: &Only,
    transaction: &str,
) -> Result<EntriesAnswer, AdminError> {
    let found = match TransactionId::parse(transaction) {
        Ok(id) => tx.find_transaction(tenant, &id)?,
        Err(_) => None,
    };
    let Some(found) = found else {
        let message = format!("This partner has no transaction {transaction} in this mode.");
        return Err(AdminError::new("transaction_not_found", message));
    };
    let rows = tx.list_postings_of(tenant, &found.id)?;
    let entries = rows.iter().flat_map(|row| lines(row, only)).collect();
    Ok(EntriesAnswer { entries, next_after: None })
}

/// The lines of a posting that are meant.
pub(super) fn lines<'a>(
    row: &'a PostingRow,
    only: &'a Only,
) -> impl Iterator<Item = Entry> + use<'a> {
    let record = &row.record;
    let meant = record.lines.iter().filter(|line| only.means(&line.account, &line.asset));
    meant.map(|line| Entry {
        number: record.number,
        created_at: to_rfc3339(gate_domain::Millis(record.created_at)),
        transaction: record.transaction.clone(),
        subject: record.subject.clone(),
        booking: record.booking.clone(),
        account: line.account.clone(),
        asset: line.asset.clone(),
        units: line.units.clone(),
    })
}

fn damaged(row: &PostingRow) -> AdminError {
    let message = format!(
        "Posting {} has a line that is no amount. `gate doctor` says what is wrong.",
        row.record.id
    );
    AdminError::new("ledger_damaged", message)
}

impl From<ResumeError> for AdminError {
    fn from(error: ResumeError) -> Self {
        let code = match error {
            ResumeError::NotHalted => "not_paused",
            ResumeError::StillBroken(_) => "books_broken",
            ResumeError::Store(error) => return error.into(),
        };
        Self::new(code, sentence(&error))
    }
}

impl Only {
    /// Every line.
    pub(super) const ALL: Self = Self { account: None, asset: None };

    fn means(&self, account: &str, asset: &str) -> bool {
        let family = account.split(':').next().unwrap_or_default();
        self.account.as_deref().is_none_or(|wanted| wanted == account || wanted == family)
            && self.asset.as_deref().is_none_or(|wanted| wanted == asset)
    }
}

impl From<PostingRow> for ExportedPosting {
    fn from(row: PostingRow) -> Self {
        let record = row.record;
        let lines = record.lines.into_iter().map(|line| ExportedLine {
            account: line.account,
            asset: line.asset,
            units: line.units,
        });
        Self {
            partner: record.partner,
            mode: record.mode,
            number: record.number,
            id: record.id,
            transaction: record.transaction,
            subject: record.subject,
            booking: record.booking,
            created_at: record.created_at,
            lines: lines.collect(),
            previous: record.previous,
            hash: row.hash,
        }
    }
}
