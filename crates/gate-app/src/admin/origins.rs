//! Origins: where a partner may embed the page, and where users may be sent back to. They are
//! compared to the letter, so they are written as browsers write them.

use gate_domain::ids::{Mode, Tenant};
use gate_store::Tx;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{AdminError, Whose, read, write};
use crate::app::App;
use crate::keys::origin_of;

/// Origins of one partner in one mode.
const ORIGINS_MAX: usize = 100;
/// The longest host name has 253 characters.
const ORIGIN_CHARS_MAX: usize = 270;

/// What can be done with origins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Command {
    /// Allow an origin. Safe to repeat.
    Add {
        /// Whose.
        whose: Whose,
        /// Such as `https://shop.example`.
        origin: String,
    },
    /// Allow an origin no longer.
    Remove {
        /// Whose.
        whose: Whose,
        /// As it was added.
        origin: String,
    },
    /// What is allowed.
    List {
        /// Whose.
        whose: Whose,
    },
}

/// Every origin of a partner in a mode.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OriginsAnswer {
    /// The partner.
    pub partner: String,
    /// The mode.
    pub mode: Mode,
    /// The origins, by the alphabet.
    pub origins: Vec<String>,
    /// Whether this command changed anything.
    pub changed: bool,
}

pub(super) async fn run(app: &App, command: Command) -> Result<Value, AdminError> {
    let modes = app.config().modes.clone();
    match command {
        Command::Add { whose, origin } => {
            let add = move |tx: &mut Tx, now| {
                let tenant = whose.find(tx, &modes)?;
                check_origin(&origin, tenant.mode)?;
                let there = tx.list_origins(&tenant)?;
                if there.len() >= ORIGINS_MAX && !there.contains(&origin) {
                    let message = format!(
                        "A partner has at most {ORIGINS_MAX} origins in a mode. Remove one first."
                    );
                    return Err(AdminError::new("origins_limit_reached", message));
                }
                let changed = tx.insert_origin(&tenant, &origin, now)?;
                answer(tx, &tenant, changed)
            };
            write(app, move |tx, scope| add(tx, scope.now)).await
        }
        Command::Remove { whose, origin } => {
            let remove = move |tx: &mut Tx| {
                let tenant = whose.find(tx, &modes)?;
                if !tx.delete_origin(&tenant, &origin)? {
                    let message = format!(
                        "{origin} is not among the origins. `gate origins list` shows them."
                    );
                    return Err(AdminError::new("origin_not_found", message));
                }
                answer(tx, &tenant, true)
            };
            write(app, move |tx, _| remove(tx)).await
        }
        Command::List { whose } => {
            read(app, move |tx| {
                let tenant = whose.find(tx, &modes)?;
                answer(tx, &tenant, false)
            })
            .await
        }
    }
}

fn answer(tx: &mut Tx, tenant: &Tenant, changed: bool) -> Result<OriginsAnswer, AdminError> {
    let origins = tx.list_origins(tenant)?.to_vec();
    Ok(OriginsAnswer { partner: tenant.partner.to_string(), mode: tenant.mode, origins, changed })
}

/// Scheme, host and port as browsers write them, and nothing else. Without TLS on a loopback host in
/// test mode only.
fn check_origin(origin: &str, mode: Mode) -> Result<(), AdminError> {
    let wrong = |message: String| Err(AdminError::new("origin_invalid", message));
    if origin.contains('*') {
        return wrong("There are no wildcards: add each origin by itself.".into());
    }
    let parsed = url::Url::parse(origin).ok().filter(|_| origin.len() <= ORIGIN_CHARS_MAX);
    let written = origin_of(origin);
    let Some((url, written)) = parsed.zip(written) else {
        return wrong(
            "An origin is a scheme, a host and perhaps a port, such as https://shop.example."
                .into(),
        );
    };
    let loopback = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    match url.scheme() {
        "https" => {}
        "http" if loopback && mode == Mode::Test => {}
        _ => {
            return wrong("An origin begins with https://; in test mode http:// will do on localhost, 127.0.0.1 and [::1].".into());
        }
    }
    if written != origin {
        return wrong(format!("An origin is written as browsers write it: {written}"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_written_as_browsers_write_them() {
        let says = |origin: &str, mode| check_origin(origin, mode).map_err(|error| error.message);
        for origin in ["https://shop.example", "https://shop.example:8443", "http://localhost:3000"]
        {
            assert_eq!(says(origin, Mode::Test), Ok(()), "{origin}");
        }
        for origin in [
            "https://shop.example/",
            "https://shop.example:443",
            "https://SHOP.example",
            "https://me@shop.example",
            "https://shop.example/cart?x=1",
        ] {
            let refused = says(origin, Mode::Test).unwrap_err();
            assert!(refused.ends_with(": https://shop.example"), "{origin}: {refused}");
        }
        for origin in [
            "",
            "*",
            "https://*.shop.example",
            "shop.example",
            "http://shop.example",
            "null",
            "ftp://x.example",
            "data:x",
        ] {
            assert!(says(origin, Mode::Test).is_err(), "{origin}");
        }
        assert!(says("http://localhost:3000", Mode::Live).is_err());
    }
}
