//! The list of migrations, oldest first. A file that has been released never changes.

use crate::migrate::Migration;

/// `migrations/NNNN_name.sql`, one text for both engines.
macro_rules! files {
    ($($file:literal),* $(,)?) => {
        &[$(Migration { file: $file, text: include_str!(concat!("../migrations/", $file)) }),*]
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
];
