//! Every setting of a deployment, in one list: the options of `gate serve`, the `GATE_*` variables,
//! the keys of the configuration file and docs/CONFIG.md are all made from it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::{Arg, ArgMatches, Command};

/// One setting.
pub(crate) struct Setting {
    /// Its name in the file. `public_url` is `--public-url` and `GATE_PUBLIC_URL` elsewhere.
    pub(crate) key: &'static str,
    /// What kind of value it takes, for people.
    pub(crate) value: &'static str,
    /// What holds where nothing is said, for people.
    pub(crate) default: &'static str,
    /// What it decides.
    pub(crate) help: &'static str,
    /// A value for the example file.
    pub(crate) example: &'static str,
    /// Where it may be given.
    pub(crate) places: Places,
}

/// Where a setting may be given.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Places {
    /// As an option, a variable or a key of the file.
    All,
    /// As a variable only: secrets are seen in lists of processes and in files that are shared.
    Variable,
}

/// The settings, in the order of the reference.
pub(crate) const SETTINGS: &[Setting] = &[
    Setting {
        key: "listen",
        value: "ADDRESS:PORT",
        default: "127.0.0.1:4000",
        help: "Where the gateway listens, without TLS: put a proxy that ends TLS in front of it. Port 0 takes any free port.",
        example: "\"127.0.0.1:4000\"",
        places: Places::All,
    },
    Setting {
        key: "public_url",
        value: "URL",
        default: "http:// and the address that it listens on",
        help: "How browsers reach the gateway: scheme, host and perhaps port. It must begin with https:// unless the host is a loopback address.",
        example: "\"https://pay.example.com\"",
        places: Places::All,
    },
    Setting {
        key: "data_dir",
        value: "FOLDER",
        default: ".gate",
        help: "Where the database file, the master key and the admin socket live. It is made, readable by its owner only, when it is missing.",
        example: "\"/var/lib/gate\"",
        places: Places::All,
    },
    Setting {
        key: "database",
        value: "sqlite:PATH or postgres://ADDRESS",
        default: "the file gate.db in the data directory",
        help: "The database. Its address may hold a password, so prefer the variable or a file that only the gateway may read.",
        example: "\"postgres://gate@127.0.0.1:5432/gate\"",
        places: Places::All,
    },
    Setting {
        key: "master_key_file",
        value: "FILE",
        default: "master.key in the data directory",
        help: "The key that all secrets are derived from or sealed under: 32 bytes in base64. It is made when it is missing. Keep a copy of it apart from the copies of the database.",
        example: "\"/etc/gate/master.key\"",
        places: Places::All,
    },
    Setting {
        key: "master_key",
        value: "32 bytes in base64",
        default: "what the master key file holds",
        help: "The master key itself, instead of a file.",
        example: "",
        places: Places::Variable,
    },
    Setting {
        key: "modes",
        value: "LIST of test, live",
        default: "test",
        help: "The modes that are served: test, or test and live. Live mode needs a rail that moves real money; this version has none, so it refuses to start with live.",
        example: "[\"test\"]",
        places: Places::All,
    },
    Setting {
        key: "rate_limit",
        value: "off or REQUESTS",
        default: "100",
        help: "How many requests a second one secret key may make, with twice as many at once. One address may make a fifth of it with publishable keys, on the hosted page and without a key.",
        example: "100",
        places: Places::All,
    },
    Setting {
        key: "trusted_proxies",
        value: "LIST of addresses or networks",
        default: "none",
        help: "Proxies whose X-Forwarded-For is believed when callers are told apart by address.",
        example: "[\"127.0.0.1\", \"10.0.0.0/8\"]",
        places: Places::All,
    },
    Setting {
        key: "private_webhooks",
        value: "yes or no",
        default: "no",
        help: "Whether webhooks of test mode may go to this machine and to private networks. Those of live mode never do.",
        example: "\"yes\"",
        places: Places::All,
    },
    Setting {
        key: "egress_proxy",
        value: "http://HOST:PORT",
        default: "none",
        help: "A proxy that webhooks leave by (CONNECT). Addresses are checked before it is asked, and it looks names up again, so it must refuse private networks too. A proxy of the environment is never used.",
        example: "\"http://127.0.0.1:3128\"",
        places: Places::All,
    },
    Setting {
        key: "webhook_delay_max",
        value: "SECONDS",
        default: "60",
        help: "How long a webhook that could go may wait before /readyz says that this gateway does not do its work.",
        example: "60",
        places: Places::All,
    },
    Setting {
        key: "retention_days",
        value: "DAYS or forever",
        default: "90",
        help: "How long events are kept, with their deliveries and attempts. What still waits for an endpoint after that is given up. Sessions, transactions and the ledger are kept for good.",
        example: "90",
        places: Places::All,
    },
    Setting {
        key: "metrics_listen",
        value: "ADDRESS:PORT",
        default: "none",
        help: "Where a monitor finds /metrics, in the text format of Prometheus. Keep it away from the public: it names routes and endpoints.",
        example: "\"127.0.0.1:9464\"",
        places: Places::All,
    },
    Setting {
        key: "capabilities",
        value: "FILE",
        default: "a world-wide list that the program brings along",
        help: "Countries, currencies, assets, payment methods and limits, as a file that replaces the list of the program. `gate capabilities check` reads one without using it.",
        example: "\"/etc/gate/capabilities.toml\"",
        places: Places::All,
    },
    Setting {
        key: "prices",
        value: "FILE",
        default: "the simulator's market",
        help: "Where prices come from: a file with the table `[simulated]`, `[fixed]` or `[exchanges]`, as docs/PRICES.md shows. `gate prices` shows what each source says.",
        example: "\"/etc/gate/prices.toml\"",
        places: Places::All,
    },
    Setting {
        key: "sanctions_list",
        value: "FOLDER or FILE",
        default: "none, so nothing is screened",
        help: "A list of sanctions in the layout of OFAC's SDN files, which addresses are screened against: a folder with SDN.CSV, ALT.CSV and SDN_COMMENTS.CSV, or a file like the first. It is read again when it changes; docs/SCREENING.md says what follows from a hit.",
        example: "\"/var/lib/gate/sanctions\"",
        places: Places::All,
    },
    Setting {
        key: "smtp_url_file",
        value: "FILE",
        default: "none, so live mode sends no mail",
        help: "A file with the address of the mail server that codes of live mode go to, and its user and password: smtps://USER:PASSWORD@HOST:PORT, or smtp:// for STARTTLS, which is required unless the host is a loopback address. The sandbox sends no mail. `gate mail test` tries it.",
        example: "\"/etc/gate/smtp-url\"",
        places: Places::All,
    },
    Setting {
        key: "smtp_url",
        value: "smtp:// or smtps://, a host, and perhaps USER:PASSWORD@ and a port",
        default: "what the file holds",
        help: "The address of the mail server itself, instead of a file.",
        example: "",
        places: Places::Variable,
    },
    Setting {
        key: "mail_from",
        value: "ADDRESS or NAME <ADDRESS>",
        default: "none; needed where a mail server is named",
        help: "Whom mails to users are from.",
        example: "\"Pebble Pay <codes@pay.example.com>\"",
        places: Places::All,
    },
    Setting {
        key: "ready_file",
        value: "FILE",
        default: "none",
        help: "Write the addresses to this file, as JSON, once everything serves.",
        example: "\"/run/gate/ready.json\"",
        places: Places::All,
    },
];

impl Setting {
    /// `--public-url`, without the dashes in front.
    pub(crate) fn option(&self) -> String {
        self.key.replace('_', "-")
    }

    /// `GATE_PUBLIC_URL`.
    pub(crate) fn variable(&self) -> String {
        format!("GATE_{}", self.key.to_uppercase())
    }
}

/// Values that were given on the command line, by key. As arguments of a command they are every
/// setting there is.
#[derive(Clone, Debug, Default)]
pub(crate) struct Given(pub(crate) BTreeMap<&'static str, String>);

impl clap::Args for Given {
    fn augment_args(command: Command) -> Command {
        let options = SETTINGS.iter().filter(|setting| setting.places == Places::All);
        command.args(options.map(|setting| {
            let help = format!(
                "{} [env: {}] [default: {}]",
                setting.help,
                setting.variable(),
                setting.default
            );
            Arg::new(setting.key).long(setting.option()).value_name(setting.value).help(help)
        }))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl clap::FromArgMatches for Given {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let given = SETTINGS.iter().filter(|setting| setting.places == Places::All);
        let given = given.filter_map(|setting| {
            let value = matches.get_one::<String>(setting.key)?;
            Some((setting.key, value.clone()))
        });
        Ok(Self(given.collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// Values by key, and where each of them was given: an option wins over a variable, a variable over
/// the file.
#[derive(Debug, Default)]
pub(crate) struct Values {
    values: BTreeMap<&'static str, (String, String)>,
    /// What cannot be used, and what could be.
    pub(crate) problems: Vec<String>,
}

impl Values {
    /// Put the three places together, noting what cannot be read.
    pub(crate) fn collect(
        given: &Given,
        variable: &dyn Fn(&str) -> Option<String>,
        file: Option<&Path>,
    ) -> Self {
        let mut values = Self::default();
        if let Some(path) = file {
            values.read_file(path);
        }
        for setting in SETTINGS {
            let name = setting.variable();
            if let Some(value) = variable(&name).filter(|value| !value.is_empty()) {
                values.values.insert(setting.key, (value, name));
            }
            if let Some(value) = given.0.get(setting.key) {
                values
                    .values
                    .insert(setting.key, (value.clone(), format!("--{}", setting.option())));
            }
        }
        values
    }

    /// The value of a setting, if one was given that reads; a problem says what would.
    pub(crate) fn read<T>(
        &mut self,
        key: &str,
        wanted: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        debug_assert!(
            SETTINGS.iter().any(|setting| setting.key == key),
            "{key} is not in the list"
        );
        let (text, place) = self.values.remove(key)?;
        let value = read(&text);
        if value.is_none() {
            self.problems.push(format!("{place} must be {wanted}."));
        }
        value
    }

    /// The same, for a path.
    pub(crate) fn path(&mut self, key: &str) -> Option<PathBuf> {
        self.read(key, "a path", |text| (!text.is_empty()).then(|| PathBuf::from(text)))
    }

    fn read_file(&mut self, path: &Path) {
        let shown = path.display();
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) => {
                self.problems.push(format!("{shown} cannot be read: {error}."));
                return;
            }
        };
        let table = match text.parse::<toml::Table>() {
            Ok(table) => table,
            Err(error) => {
                self.problems
                    .push(format!("{shown} is not TOML: {}", error.to_string().trim_end()));
                return;
            }
        };
        for (key, value) in &table {
            let setting = SETTINGS.iter().find(|setting| setting.key == key);
            let Some(setting) = setting.filter(|setting| setting.places == Places::All) else {
                self.problems.push(unknown(key, &shown.to_string()));
                continue;
            };
            match as_text(value) {
                Some(text) => {
                    self.values.insert(setting.key, (text, format!("{key} in {shown}")));
                }
                None => self.problems.push(format!("{key} in {shown} must be {}.", setting.value)),
            }
        }
    }
}

/// A key that the file must not have, with what may have been meant.
fn unknown(key: &str, file: &str) -> String {
    if let Some(setting) = SETTINGS.iter().find(|setting| setting.key == key) {
        return format!("{key} does not belong in {file}: give it as {}.", setting.variable());
    }
    let keys: Vec<_> = SETTINGS
        .iter()
        .filter(|setting| setting.places == Places::All)
        .map(|setting| setting.key)
        .collect();
    format!("There is no setting {key:?}, as {file} has it. There are {}.", keys.join(", "))
}

/// A value of the file as it would be written on the command line; lists with commas.
fn as_text(value: &toml::Value) -> Option<String> {
    match value {
        toml::Value::String(text) => Some(text.clone()),
        toml::Value::Integer(number) => Some(number.to_string()),
        toml::Value::Array(values) => {
            let texts: Option<Vec<_>> = values.iter().map(|value| value.as_str()).collect();
            texts.map(|texts| texts.join(","))
        }
        _ => None,
    }
}

/// docs/CONFIG.md.
pub(crate) fn reference() -> String {
    let mut page = String::from(
        "# Configuration\n\n\
        <!-- Written by `make gen` from crates/gate-cli/src/settings.rs. -->\n\n\
        `gate serve` takes each setting as an option, as a variable, or as a key of a TOML file that `--config` (or `GATE_CONFIG`) names. \
        An option wins over a variable, a variable over the file. Unknown keys are refused, and every problem is told at once.\n\n\
        The commands that administer a gateway (`gate partner`, `gate keys`, ...) read the same file and variables, and take `--data-dir` and `--database` as options. \
        What is logged is decided by `--log` or `GATE_LOG`, such as `info` or `warn,gate_app=debug`, for every command.\n",
    );
    for setting in SETTINGS {
        let Setting { key, value, default, help, .. } = setting;
        let _ = write!(page, "\n## `{key}`\n\n{help}\n\n");
        let _ = writeln!(page, "- Value: {value}");
        if setting.places == Places::All {
            let _ = writeln!(page, "- Option: `--{}`", setting.option());
        }
        let _ = writeln!(page, "- Variable: `{}`", setting.variable());
        if setting.places == Places::All {
            let _ = writeln!(page, "- Example: `{key} = {}`", setting.example);
        }
        let _ = writeln!(page, "- Default: {default}");
    }
    let _ = write!(page, "\n## An example file\n\n```toml\n{}```\n", example_file());
    page
}

fn example_file() -> String {
    let kept = SETTINGS.iter().filter(|setting| setting.places == Places::All);
    kept.fold(String::new(), |mut file, setting| {
        let _ = writeln!(file, "{} = {}", setting.key, setting.example);
        file
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn collect(
        file: &str,
        variables: &[(&str, &str)],
        options: &[(&'static str, &str)],
    ) -> (Values, Vec<String>) {
        let folder = tempfile::TempDir::new().unwrap();
        let path = folder.path().join("gate.toml");
        std::fs::write(&path, file).unwrap();
        let given = options.iter().map(|(key, value)| (*key, (*value).to_owned())).collect();
        let variable = |name: &str| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        };
        let mut values = Values::collect(&Given(given), &variable, Some(&path));
        let problems = std::mem::take(&mut values.problems);
        (
            values,
            problems
                .into_iter()
                .map(|problem| problem.replace(path.to_str().unwrap(), "FILE"))
                .collect(),
        )
    }

    #[test]
    fn an_option_wins_over_a_variable_and_a_variable_over_the_file() {
        let file =
            "listen = \"a\"\npublic_url = \"b\"\nrate_limit = 5\nmodes = [\"test\", \"live\"]";
        let (mut values, problems) = collect(
            file,
            &[("GATE_PUBLIC_URL", "c"), ("GATE_LISTEN", "d"), ("GATE_MODES", "")],
            &[("listen", "e")],
        );
        assert!(problems.is_empty(), "{problems:?}");
        let mut take = |key| values.read(key, "", |text| Some(text.to_owned())).unwrap();
        assert_eq!(take("listen"), "e");
        assert_eq!(take("public_url"), "c");
        assert_eq!(take("rate_limit"), "5");
        assert_eq!(take("modes"), "test,live", "an empty variable is none");
        assert_eq!(values.path("database"), None);
    }

    #[test]
    fn every_problem_of_a_file_is_told() {
        let (_, problems) =
            collect("lisen = 1\nmodes = [1]\nmaster_key = \"x\"\nlisten = 1.5", &[], &[]);
        assert_eq!(problems.len(), 4, "{problems:?}");
        let (_, problems) = collect("listen = ", &[], &[]);
        assert!(
            problems[0].contains("FILE is not TOML: ") && problems[0].contains("line 1"),
            "{problems:?}"
        );
    }

    #[test]
    fn the_example_file_is_one_that_is_read() {
        let (_, problems) = collect(&example_file(), &[], &[]);
        assert!(problems.is_empty(), "{problems:?}");
        assert!(reference().contains("GATE_MASTER_KEY"));
    }
}
