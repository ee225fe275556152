//! What a deployment decides, put together from options, variables and a file, and checked as a
//! whole: every problem is told at once.

use std::fmt::Write as _;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gate_app::egress::{EgressProxy, Reach};
use gate_app::keys::origin_of;
use gate_domain::Mode;
use gate_http::HttpConfig;
use gate_rails::mail::{MailFrom, SmtpUrl};
use gate_store::StoreOptions;

use crate::server::rate_limit;
use crate::settings::{Given, Values};

/// How long events are kept where nothing is said.
const RETENTION_DAYS: i64 = 90;

/// What a deployment decides.
#[derive(Debug)]
pub(crate) struct Config {
    /// Where the gateway listens.
    pub(crate) listen: SocketAddr,
    /// How browsers reach it; none: at the address that it listens on.
    pub(crate) public_url: Option<String>,
    /// Where its files live.
    pub(crate) data_dir: PathBuf,
    /// The modes that it serves.
    pub(crate) modes: Vec<Mode>,
    /// How far webhooks of test mode reach.
    pub(crate) test_reach: Reach,
    /// The proxy that webhooks leave by.
    pub(crate) egress_proxy: Option<EgressProxy>,
    /// How long a webhook that could go may wait, in seconds.
    pub(crate) webhook_delay_max_s: Option<i64>,
    /// How long events are kept, in days; none for ever.
    pub(crate) retention_days: Option<i64>,
    /// Where a monitor finds the metrics.
    pub(crate) metrics_listen: Option<SocketAddr>,
    /// How the API meets its callers.
    pub(crate) http: HttpConfig,
    /// Where to tell the addresses.
    pub(crate) ready_file: Option<PathBuf>,
    /// What can be bought, where, and how; none: what the program brings along.
    pub(crate) capabilities: Option<PathBuf>,
    /// Where prices come from; none: the simulator's market.
    pub(crate) prices: Option<PathBuf>,
    /// Who and what is held; none: nothing is screened.
    pub(crate) sanctions_list: Option<PathBuf>,
    /// The mail server, and whom mails are from; none: no mail is sent.
    pub(crate) mail: Option<(SmtpUrl, MailFrom)>,
    database: Option<String>,
    master_key: MasterKey,
}

/// Where the master key comes from.
enum MasterKey {
    Given([u8; 32]),
    File(PathBuf),
    /// The file in the data directory.
    Usual,
}

impl std::fmt::Debug for MasterKey {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("MasterKey(..)")
    }
}

impl Config {
    /// Read the three places and check everything that they say.
    pub(crate) fn load(
        given: &Given,
        file: Option<&Path>,
        variable: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self> {
        let mut values = Values::collect(given, variable, file);
        let config = Self::read(&mut values);
        if values.problems.is_empty() {
            return Ok(config);
        }
        let mut told = String::from("the configuration cannot be used:");
        for problem in values.problems {
            let _ = write!(told, "\n  - {problem}");
        }
        bail!(told);
    }

    fn read(values: &mut Values) -> Self {
        let listen = values.read("listen", "an address and a port, such as 127.0.0.1:4000", parse);
        let public_url = values.read(
            "public_url",
            "https:// and a host, without a path; http:// will do for a loopback host",
            public_url,
        );
        let database = values.read("database", "sqlite:PATH or postgres://ADDRESS", |text| {
            StoreOptions::from_url(text).ok().map(|_| text.to_owned())
        });
        let modes = values.read("modes", "test, or test and live", modes);
        let rate_limits = values
            .read("rate_limit", "off or a number from 1 to 1000000", |text| rate_limit(text).ok());
        let trusted_proxies =
            values.read("trusted_proxies", "addresses or networks, such as 10.0.0.0/8", |text| {
                list(text).map(network).collect()
            });
        let private_webhooks = values.read("private_webhooks", "yes or no", |text| match text {
            "yes" => Some(Reach::Anywhere),
            "no" => Some(Reach::Public),
            _ => None,
        });
        let egress_proxy = values.read(
            "egress_proxy",
            "http://, a host and a port, such as http://127.0.0.1:3128",
            EgressProxy::parse,
        );
        let webhook_delay_max_s =
            values.read("webhook_delay_max", "a number of seconds from 5 to 86400", |text| {
                text.parse().ok().filter(|seconds| (5..=86_400).contains(seconds))
            });
        let retention_days =
            values.read("retention_days", "forever or a number of days from 7 to 36500", retention);
        let metrics_listen =
            values.read("metrics_listen", "an address and a port, such as 127.0.0.1:9464", parse);
        let master_key = values.read("master_key", "32 bytes in base64", |text| {
            STANDARD.decode(text.trim()).ok()?.try_into().ok()
        });
        let master_key_file = values.path("master_key_file");
        let mail = mail(values);
        Self {
            listen: listen.unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 4000))),
            public_url,
            data_dir: values.path("data_dir").unwrap_or_else(|| ".gate".into()),
            modes: modes.unwrap_or_else(|| vec![Mode::Test]),
            http: HttpConfig {
                rate_limits: rate_limits.unwrap_or_default(),
                trusted_proxies: trusted_proxies.unwrap_or_default(),
            },
            test_reach: private_webhooks.unwrap_or(Reach::Public),
            egress_proxy,
            webhook_delay_max_s,
            retention_days: retention_days.unwrap_or(Some(RETENTION_DAYS)),
            metrics_listen,
            ready_file: values.path("ready_file"),
            capabilities: values.path("capabilities"),
            prices: values.path("prices"),
            sanctions_list: values.path("sanctions_list"),
            mail,
            database,
            master_key: match (master_key, master_key_file) {
                (Some(key), _) => MasterKey::Given(key),
                (None, Some(file)) => MasterKey::File(file),
                (None, None) => MasterKey::Usual,
            },
        }
    }

    /// The master key; the file is made where there is none.
    pub(crate) fn master_key(&self) -> Result<[u8; 32]> {
        match (&self.master_key, self.master_key_file()) {
            (MasterKey::Given(key), _) => Ok(*key),
            (_, file) => crate::dev_files::master_key(&file.context("a key is in a file")?),
        }
    }

    /// The file that the master key is in, if it is in one.
    pub(crate) fn master_key_file(&self) -> Option<PathBuf> {
        match &self.master_key {
            MasterKey::Given(_) => None,
            MasterKey::File(path) => Some(path.clone()),
            MasterKey::Usual => Some(self.data_dir.join("master.key")),
        }
    }

    /// The database, as it is opened.
    pub(crate) fn store_options(&self) -> Result<StoreOptions> {
        match &self.database {
            Some(url) => Ok(StoreOptions::from_url(url)?),
            None => Ok(StoreOptions::sqlite(self.data_dir.join("gate.db"))),
        }
    }

    /// The database as one text, the same for everybody who means the same one.
    pub(crate) fn database(&self) -> Result<String> {
        database_text(self.database.as_deref(), &self.data_dir)
    }

    /// How browsers reach a gateway that listens here.
    pub(crate) fn base_url(&self, listens_on: SocketAddr) -> Result<String> {
        match &self.public_url {
            Some(url) => Ok(url.clone()),
            None if listens_on.ip().is_loopback() => Ok(format!("http://{listens_on}")),
            None => bail!(
                "the gateway listens on {listens_on}, which others reach: say how browsers reach it with public_url, such as https://pay.example.com"
            ),
        }
    }
}

/// A database as one text: paths from the root, so that two processes compare the same.
pub(crate) fn database_text(database: Option<&str>, data_dir: &Path) -> Result<String> {
    let path = match database {
        Some(url) => match url.strip_prefix("sqlite:") {
            Some(path) => PathBuf::from(path),
            None => return Ok(url.to_owned()),
        },
        None => data_dir.join("gate.db"),
    };
    let path = std::path::absolute(&path).context("cannot find the current folder")?;
    // A link is another name of the same folder.
    let folder = path.parent().and_then(|folder| folder.canonicalize().ok());
    let path = match (folder, path.file_name()) {
        (Some(folder), Some(name)) => folder.join(name),
        _ => path,
    };
    Ok(format!("sqlite:{}", path.display()))
}

/// A mail server and a sender, or neither.
fn mail(values: &mut Values) -> Option<(SmtpUrl, MailFrom)> {
    let told = values.problems.len();
    let wanted = "smtps:// or smtp://, a host, and perhaps USER:PASSWORD@ and a port";
    let in_file = values.read("smtp_url_file", &format!("a file that holds {wanted}"), |path| {
        SmtpUrl::parse(&std::fs::read_to_string(path).ok()?)
    });
    let url = values.read("smtp_url", wanted, SmtpUrl::parse).or(in_file);
    let wanted = "an address, such as codes@pay.example.com, perhaps with a name in front of it";
    let from = values.read("mail_from", wanted, MailFrom::parse);
    match (url, from) {
        (Some(url), Some(from)) => Some((url, from)),
        (None, None) => None,
        // One of them is there, and cannot be read.
        _ if values.problems.len() > told => None,
        (Some(_), None) => {
            values.problems.push("A mail server is named, and mail_from is not.".into());
            None
        }
        (None, Some(_)) => {
            let problem =
                "mail_from is given, and no mail server: give GATE_SMTP_URL or smtp_url_file.";
            values.problems.push(problem.into());
            None
        }
    }
}

fn parse<T: std::str::FromStr>(text: &str) -> Option<T> {
    text.parse().ok()
}

/// None is for ever.
#[expect(clippy::option_option, reason = "the outer one says whether it can be read at all")]
fn retention(text: &str) -> Option<Option<i64>> {
    if text == "forever" {
        return Some(None);
    }
    text.parse().ok().filter(|days| (7..=36_500).contains(days)).map(Some)
}

fn list(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|part| !part.is_empty())
}

fn modes(text: &str) -> Option<Vec<Mode>> {
    let modes = list(text).map(Mode::parse).collect::<Option<Vec<_>>>()?;
    match (modes.contains(&Mode::Test), modes.contains(&Mode::Live)) {
        (true, false) => Some(vec![Mode::Test]),
        (true, true) => Some(vec![Mode::Test, Mode::Live]),
        (false, _) => None,
    }
}

/// An address is a network of one.
fn network(text: &str) -> Option<ipnet::IpNet> {
    text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(Into::into))
}

/// An origin as browsers write it, with a slash at the end forgiven.
fn public_url(text: &str) -> Option<String> {
    let text = text.strip_suffix('/').unwrap_or(text);
    let origin = origin_of(text).filter(|origin| origin == text)?;
    let host = origin.split_once("://")?.1;
    let loopback = ["localhost", "127.0.0.1", "[::1]"].into_iter().any(|name| {
        host == name || host.strip_prefix(name).is_some_and(|rest| rest.starts_with(':'))
    });
    let fits = origin.starts_with("https://") || (origin.starts_with("http://") && loopback);
    fits.then_some(origin)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(options: &[(&'static str, &str)]) -> Result<Config> {
        let given = options.iter().map(|(key, value)| (*key, (*value).to_owned())).collect();
        let key = |name: &str| (name == "GATE_MASTER_KEY").then(|| "short".to_owned());
        let none = |_: &str| None;
        let bad_key = options.iter().any(|(key, _)| *key == "ready_file");
        Config::load(&Given(given), None, if bad_key { &key } else { &none })
    }

    #[test]
    fn nothing_said_is_a_sandbox_on_this_machine() {
        let config = load(&[]).unwrap();
        assert_eq!(config.modes, [Mode::Test]);
        assert_eq!(config.base_url(config.listen).unwrap(), "http://127.0.0.1:4000");
        assert!(config.base_url("0.0.0.0:4000".parse().unwrap()).is_err());
    }

    #[test]
    fn every_problem_is_told_with_what_would_be_right() {
        let told = load(&[
            ("listen", "4000"),
            ("public_url", "http://pay.example.com"),
            ("database", "mysql://x"),
            ("modes", "live"),
            ("rate_limit", "fast"),
            ("trusted_proxies", "10.0.0.0/8, proxy"),
            ("ready_file", "x"),
            ("smtp_url_file", "/nowhere"),
            ("mail_from", "codes"),
        ]);
        let told = format!("{:#}", told.unwrap_err());
        insta::assert_snapshot!(told, @r#"
        the configuration cannot be used:
          - --listen must be an address and a port, such as 127.0.0.1:4000.
          - --public-url must be https:// and a host, without a path; http:// will do for a loopback host.
          - --database must be sqlite:PATH or postgres://ADDRESS.
          - --modes must be test, or test and live.
          - --rate-limit must be off or a number from 1 to 1000000.
          - --trusted-proxies must be addresses or networks, such as 10.0.0.0/8.
          - GATE_MASTER_KEY must be 32 bytes in base64.
          - --smtp-url-file must be a file that holds smtps:// or smtp://, a host, and perhaps USER:PASSWORD@ and a port.
          - --mail-from must be an address, such as codes@pay.example.com, perhaps with a name in front of it.
        "#);
    }

    #[test]
    fn a_mail_server_has_a_sender_and_its_password_is_not_told() {
        let folder = tempfile::TempDir::new().unwrap();
        let file = folder.path().join("smtp-url");
        let file = file.to_str().unwrap();
        let load_with = |text: &str, options: &[(&'static str, &str)]| {
            std::fs::write(file, text).unwrap();
            load(&[&[("smtp_url_file", file)], options].concat())
        };
        let from = ("mail_from", "Pebble Pay <codes@pay.example.com>");
        let url = "smtps://ada:hunter2@smtp.example.com\n";
        let config = load_with(url, &[from]).unwrap();
        assert_eq!(config.mail.clone().unwrap().0.to_string(), "smtps://smtp.example.com");
        assert!(!format!("{config:?}").contains("hunter2"));
        let why = |config: Result<Config>| format!("{:#}", config.unwrap_err());
        assert!(
            why(load_with(url, &[])).ends_with("A mail server is named, and mail_from is not.")
        );
        let bad = why(load_with("smtps://ada:hunter2", &[from]));
        assert!(bad.contains("must be a file that holds smtps://") && !bad.contains("hunter2"));
        let none = why(load(&[from]));
        assert!(none.ends_with("give GATE_SMTP_URL or smtp_url_file."), "{none}");
    }

    #[test]
    fn addresses_of_the_gateway() {
        for (given, read) in [
            ("https://pay.example.com", Some("https://pay.example.com")),
            ("https://pay.example.com/", Some("https://pay.example.com")),
            ("http://localhost:4000", Some("http://localhost:4000")),
            ("http://[::1]:4000", Some("http://[::1]:4000")),
            ("http://localhost.example.com", None),
            ("https://pay.example.com/gate", None),
            ("pay.example.com", None),
            ("ftp://localhost", None),
        ] {
            assert_eq!(public_url(given).as_deref(), read, "{given}");
        }
    }

    #[test]
    fn the_same_database_has_one_text() {
        let folder = tempfile::TempDir::new().unwrap();
        let direct = database_text(None, folder.path()).unwrap();
        let roundabout = folder.path().join("..").join(folder.path().file_name().unwrap());
        assert_eq!(database_text(None, &roundabout).unwrap(), direct);
        let named = format!("sqlite:{}", folder.path().join("gate.db").display());
        assert_eq!(database_text(Some(&named), Path::new("elsewhere")).unwrap(), direct);
    }
}
