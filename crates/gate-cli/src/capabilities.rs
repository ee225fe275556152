//! `gate capabilities`: what is on offer, switching parts of it off and on, and what partners may do.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::{Args, Subcommand, ValueEnum};
use gate_app::admin::Command;
use gate_app::admin::capabilities::{
    Command as CapabilityCommand, LogAnswer, OnAnswer, RungRow, ShowAnswer, SwitchRow,
    SwitchesAnswer, TermsAnswer, Whom,
};
use gate_domain::Mode;
use gate_domain::bank::AccountKind;
use gate_domain::catalogue::{Catalogue, Entitlement, Kind, Side};
use serde_json::json;

use crate::admin::{ByArgs, Place, WhoseArgs};
use crate::words::{minute, or_dash, table};

#[derive(Args)]
#[command(after_help = "Examples:
  gate capabilities show --kind currency
  gate capabilities off currency:EUR --reason \"Our bank is closed until Monday.\"
  gate capabilities off asset:USDT --partner ptr_... --reason \"Not in your contract.\"
  gate capabilities on currency:EUR
  gate capabilities grant rails --partner ptr_...
  gate capabilities restrict country --only DE,AT,CH
  gate capabilities limit EUR 500.00
  gate capabilities check capabilities.toml

Kinds are country, currency, asset, network, payment_method, payout_method and flow. A change takes
effect at once in the running gateway and within a second in others on the same database.")]
pub(crate) struct CapabilitiesArgs {
    #[command(flatten)]
    place: Place,
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Show what a partner can offer now, and what not and why.
    Show {
        /// Only this kind.
        #[arg(long, value_parser = kind)]
        kind: Option<Kind>,
        #[command(flatten)]
        whose: WhoseArgs,
    },
    /// List what is switched off.
    List,
    /// List who changed what, newest first.
    Log {
        /// How many changes.
        #[arg(long, default_value_t = 20)]
        limit: i64,
    },
    /// Switch something off. Journeys that need it show that it is unavailable, and why.
    Off {
        /// Kind and id, such as currency:EUR.
        subject: String,
        /// Why, as a sentence that partners and users read.
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        whom: WhomArgs,
    },
    /// Switch something on again. Journeys that waited for it go on.
    On {
        /// Kind and id, such as currency:EUR.
        subject: String,
        /// Why.
        #[arg(long, default_value = "")]
        reason: String,
        #[command(flatten)]
        whom: WhomArgs,
    },
    /// Give a partner an entitlement.
    Grant {
        /// `swap`, `rails` or `kyc_package`.
        #[arg(value_parser = entitlement)]
        entitlement: Entitlement,
        #[command(flatten)]
        whose: WhoseArgs,
        #[command(flatten)]
        by: ByArgs,
    },
    /// Take an entitlement away from a partner.
    Withdraw {
        /// `swap`, `rails` or `kyc_package`.
        #[arg(value_parser = entitlement)]
        entitlement: Entitlement,
        #[command(flatten)]
        whose: WhoseArgs,
        #[command(flatten)]
        by: ByArgs,
    },
    /// Let a partner offer only some of a kind.
    Restrict {
        /// Such as country.
        #[arg(value_parser = kind)]
        kind: Kind,
        /// These ids and no others, such as DE,AT,CH.
        #[arg(long, value_delimiter = ',', required_unless_present = "lift")]
        only: Vec<String>,
        /// Lift the restriction.
        #[arg(long, conflicts_with = "only")]
        lift: bool,
        #[command(flatten)]
        whose: WhoseArgs,
        #[command(flatten)]
        by: ByArgs,
    },
    /// Set the most that one purchase or sale of a partner's users may come to.
    Limit {
        /// Such as EUR.
        currency: String,
        /// Such as 500.00.
        #[arg(required_unless_present = "lift")]
        maximum: Option<String>,
        /// Lift the limit.
        #[arg(long, conflicts_with = "maximum")]
        lift: bool,
        #[command(flatten)]
        whose: WhoseArgs,
        #[command(flatten)]
        by: ByArgs,
    },
    /// Read a catalogue file without using it. Every mistake is told with its line.
    Check {
        /// The file.
        file: PathBuf,
    },
}

/// For whom something is switched: everybody, unless it says more.
#[derive(Args)]
struct WhomArgs {
    /// For this partner only.
    #[arg(long, value_name = "PARTNER")]
    partner: Option<String>,
    /// In this mode only.
    #[arg(long, value_enum)]
    mode: Option<OneMode>,
    #[command(flatten)]
    by: ByArgs,
}

#[derive(Clone, Copy, ValueEnum)]
enum OneMode {
    Test,
    Live,
}

impl WhomArgs {
    fn split(self) -> (Whom, String) {
        let mode = self.mode.map(|mode| match mode {
            OneMode::Test => Mode::Test,
            OneMode::Live => Mode::Live,
        });
        (Whom { partner: self.partner, mode }, self.by.actor())
    }
}

pub(crate) fn run(args: CapabilitiesArgs) -> Result<()> {
    let place = args.place;
    let ask_terms = |command| place.ask(Command::Capabilities(command), terms_words);
    match args.action {
        Action::Show { kind, whose } => {
            let command = CapabilityCommand::Show { whose: whose.into(), kind };
            place.ask(Command::Capabilities(command), show_words)
        }
        Action::List => {
            place.ask(Command::Capabilities(CapabilityCommand::Switches {}), switches_words)
        }
        Action::Log { limit } => {
            place.ask(Command::Capabilities(CapabilityCommand::Log { limit }), log_words)
        }
        Action::Off { subject, reason, whom } => {
            let (whom, actor) = whom.split();
            let command = CapabilityCommand::Off { subject, whom, reason, actor };
            place.ask(Command::Capabilities(command), |row: &SwitchRow| {
                format!("{} is off{}: {}", row.subject, for_whom(row), row.reason)
            })
        }
        Action::On { subject, reason, whom } => {
            let (whom, actor) = whom.split();
            let command = CapabilityCommand::On { subject, whom, reason, actor };
            place.ask(Command::Capabilities(command), on_again)
        }
        Action::Grant { entitlement, whose, by } => ask_terms(CapabilityCommand::Entitle {
            whose: whose.into(),
            entitlement,
            held: true,
            actor: by.actor(),
        }),
        Action::Withdraw { entitlement, whose, by } => ask_terms(CapabilityCommand::Entitle {
            whose: whose.into(),
            entitlement,
            held: false,
            actor: by.actor(),
        }),
        Action::Restrict { kind, only, lift, whose, by } => {
            ask_terms(CapabilityCommand::Restrict {
                whose: whose.into(),
                kind,
                only: (!lift).then_some(only),
                actor: by.actor(),
            })
        }
        Action::Limit { currency, maximum, lift: _, whose, by } => {
            ask_terms(CapabilityCommand::Limit {
                whose: whose.into(),
                currency,
                maximum,
                actor: by.actor(),
            })
        }
        Action::Check { file } => check(&place, &file),
    }
}

fn check(place: &Place, file: &Path) -> Result<()> {
    let catalogue = gate_app::capabilities::read_file(file)?;
    let supported = catalogue.countries().iter().filter(|country| country.supported).count();
    let warnings = warnings(&catalogue);
    let counts = json!({
        "countries": catalogue.countries().len(),
        "supported_countries": supported,
        "currencies": catalogue.currencies().len(),
        "assets": catalogue.assets().len(),
        "networks": catalogue.networks().len(),
        "methods": catalogue.methods().len(),
        "warnings": warnings,
    });
    place.print(&counts, || {
        let mut text = format!(
            "{} is in order: {} countries ({supported} supported), {} currencies, {} assets on {} networks, {} methods.",
            file.display(),
            catalogue.countries().len(),
            catalogue.currencies().len(),
            catalogue.assets().len(),
            catalogue.networks().len(),
            catalogue.methods().len(),
        );
        for warning in &warnings {
            let _ = write!(text, "\nWarning: {}: {warning}", file.display());
        }
        text
    })
}

/// What may stand in a file and is seldom meant: a way of being paid out that only rails can use.
fn warnings(catalogue: &Catalogue) -> Vec<String> {
    let methods = catalogue.methods().iter();
    let for_rails_alone =
        methods.filter(|method| method.side == Side::OffRamp && method.account.is_none());
    let kinds = AccountKind::ALL.map(AccountKind::as_str).join(", ");
    for_rails_alone
        .map(|method| {
            format!(
                "payout method \"{}\" has no account. Rails pay out by it; the page does not, and leaves aside a price that a partner locked for it. For the page, add account = one of {kinds}.",
                method.id
            )
        })
        .collect()
}

fn show_words(answer: &ShowAnswer) -> String {
    let rows: Vec<_> = answer
        .rows
        .iter()
        .map(|row| {
            let on = if row.on { "on" } else { "off" };
            let why = or_dash(row.why.as_deref());
            [row.subject.clone(), row.name.clone(), on.to_owned(), why]
        })
        .collect();
    let (offer, terms) =
        (table(["SUBJECT", "NAME", "OFFER", "WHY NOT"], &rows), terms_words(&answer.terms));
    if answer.identity.is_empty() {
        return format!("{offer}\n{terms}");
    }
    format!("{offer}\n{}\n{terms}", rungs_words(&answer.identity))
}

fn rungs_words(rungs: &[RungRow]) -> String {
    let row = |rung: &RungRow| {
        let (day, month) = (or_dash(rung.day.as_deref()), or_dash(rung.month.as_deref()));
        let asks = rung.asks.join(", ");
        [rung.level.clone(), rung.transaction.clone(), day, month, asks]
    };
    let rows: Vec<_> = rungs.iter().map(row).collect();
    table(["KNOWN AS", "AT A TIME", "A DAY", "A MONTH", "ASKS"], &rows)
}

fn switches_words(answer: &SwitchesAnswer) -> String {
    if answer.switches.is_empty() {
        return "Nothing is switched off.".into();
    }
    let rows: Vec<_> = answer
        .switches
        .iter()
        .map(|row| {
            let partner = row.partner.clone().unwrap_or_else(|| "all".into());
            let mode = row.mode.map_or("both", Mode::as_str).to_owned();
            let since = minute(&row.since);
            [row.subject.clone(), partner, mode, since, row.actor.clone(), row.reason.clone()]
        })
        .collect();
    table(["SUBJECT", "PARTNER", "MODE", "OFF SINCE", "BY", "REASON"], &rows)
}

fn log_words(answer: &LogAnswer) -> String {
    if answer.changes.is_empty() {
        return "Nothing was changed yet.".into();
    }
    let rows: Vec<_> = answer
        .changes
        .iter()
        .map(|row| {
            let partner = row.partner.clone().unwrap_or_else(|| "all".into());
            let mode = row.mode.map_or("both", Mode::as_str).to_owned();
            let what = format!("{} {}", row.change, row.subject);
            [minute(&row.at), row.actor.clone(), what, partner, mode, row.reason.clone()]
        })
        .collect();
    table(["AT", "BY", "CHANGE", "PARTNER", "MODE", "REASON"], &rows)
}

fn terms_words(terms: &TermsAnswer) -> String {
    let mut text = format!("{} in {} mode:\n", terms.partner, terms.mode);
    let entitlements: Vec<_> = terms.entitlements.iter().map(|held| held.as_str()).collect();
    let _ = writeln!(text, "  entitlements: {}", or_none(&entitlements.join(", ")));
    for (kind, ids) in &terms.only {
        let _ = writeln!(text, "  only {}: {}", kind.as_str(), or_none(&ids.join(", ")));
    }
    if !terms.maximum.is_empty() {
        let _ = writeln!(text, "  at most: {}", terms.maximum.join(", "));
    }
    text
}

fn or_none(text: &str) -> &str {
    if text.is_empty() { "none" } else { text }
}

fn on_again(answer: &OnAnswer) -> String {
    let OnAnswer { switched, still_off } = answer;
    let mut text = format!("{} is on again{}", switched.subject, for_whom(switched));
    if still_off.is_empty() {
        text.push('.');
    }
    for row in still_off {
        let _ = write!(text, ", still off{}: {}", for_whom(row), row.reason);
    }
    text
}

fn for_whom(row: &SwitchRow) -> String {
    let mut text = String::new();
    if let Some(partner) = &row.partner {
        let _ = write!(text, " for {partner}");
    }
    if let Some(mode) = row.mode {
        let _ = write!(text, " in {mode} mode");
    }
    text
}

fn kind(word: &str) -> Result<Kind, String> {
    Kind::parse(word)
        .ok_or_else(|| format!("must be one of {}", Kind::ALL.map(Kind::as_str).join(", ")))
}

fn entitlement(word: &str) -> Result<Entitlement, String> {
    Entitlement::parse(word).ok_or_else(|| {
        format!("must be one of {}", Entitlement::ALL.map(Entitlement::as_str).join(", "))
    })
}
