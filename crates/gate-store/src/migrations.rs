//! The list of migrations, oldest first. A file that has been released never changes.

mod chain;

use crate::migrate::Migration;

/// `migrations/NNNN_name.sql`, one text for both engines, and where a text is not enough, what the
/// program does after it in the same transaction.
macro_rules! files {
    ($($file:literal $(then $then:path)?),* $(,)?) => {
        &[$({
            let migration = Migration {
                file: $file,
                text: include_str!(concat!("../migrations/", $file)),
                then: None,
            };
            $(let migration = Migration { then: Some($then), ..migration };)?
            migration
        }),*]
    };
}

/// Every migration this program knows.
pub(crate) const MIGRATIONS: &[Migration] = files![
    "0001_first.sql",
    "0002_keys.sql",
    "0003_customers.sql",
    "0004_capabilities.sql",
    "0005_quotes_and_rails.sql",
    "0006_endpoints.sql",
    "0007_endpoint_health.sql",
    "0008_endpoint_options.sql",
    "0009_retention.sql",
    "0010_ledger.sql" then chain::begin_chains,
    "0011_deposits.sql",
    "0012_screening.sql",
    "0013_identity.sql",
    "0014_halts_and_reversals.sql",
    "0015_strays.sql",
    "0016_mails_are_sent.sql",
    "0017_vacuum.sql",
    "0018_strays_end_and_outputs.sql",
    "0019_mails_in_order.sql",
    "0020_holds_change.sql",
    "0021_returns_and_transfers.sql",
    "0022_person_hashes.sql",
    "0023_answers_name_nobody.sql",
];
