//! The files of a data directory: the master key and the sandbox partner's credentials, both made
//! once and readable by their owner only, and the ready file.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gate_app::vault::mint_api_key;
use gate_app::{Clock, Ids};
use gate_domain::ids::{EndpointId, KeyId, Mode, PartnerId};
use gate_wire::signature::WebhookSecret;
use serde::{Deserialize, Serialize};

/// For files that hold secrets.
const OWNER_ONLY: u32 = 0o600;

/// Where a sandbox leaves its address and its keys, in its data directory.
pub(crate) const READY_FILE: &str = "dev.json";

/// A folder that is ours to write.
pub(crate) struct DataDir(PathBuf);

/// The sandbox partner. Kept so that a restart keeps the keys.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Credentials {
    pub(crate) partner_id: PartnerId,
    pub(crate) secret_key_id: KeyId,
    pub(crate) secret_key: String,
    pub(crate) publishable_key_id: KeyId,
    pub(crate) publishable_key: String,
    pub(crate) endpoint_id: EndpointId,
    webhook_secret: String,
}

impl DataDir {
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let probe = path.join(".writable");
        let written = make_folder(path)
            .and_then(|()| fs::write(&probe, ""))
            .and_then(|()| fs::remove_file(&probe));
        if let Err(error) = written {
            bail!(
                "cannot write to the data directory {}: {error}. Make it writable, or choose another with --data-dir.",
                path.display()
            );
        }
        Ok(Self(path.to_owned()))
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// The key that everything secret is derived from or sealed under.
    pub(crate) fn master_key(&self) -> Result<[u8; 32]> {
        master_key(&self.path("master.key"))
    }

    /// The sandbox partner's ids and keys.
    pub(crate) fn credentials(&self) -> Result<Credentials> {
        let path = self.path("credentials.json");
        let text = read_or_make(&path, || {
            serde_json::to_string_pretty(&Credentials::mint()).expect("credentials are plain JSON")
        })?;
        serde_json::from_str(&text).with_context(|| format!("{} cannot be read", path.display()))
    }
}

impl Credentials {
    fn mint() -> Self {
        let now = Clock::system().now();
        Self {
            partner_id: PartnerId::new(Ids.seed(now)),
            secret_key_id: KeyId::new(Mode::Test, Ids.seed(now)),
            secret_key: mint_api_key("sk", Mode::Test, Ids),
            publishable_key_id: KeyId::new(Mode::Test, Ids.seed(now)),
            publishable_key: mint_api_key("pk", Mode::Test, Ids),
            endpoint_id: EndpointId::new(Mode::Test, Ids.seed(now)),
            webhook_secret: WebhookSecret::new(Ids.random()).expose().to_owned(),
        }
    }

    pub(crate) fn webhook_secret(&self) -> Result<WebhookSecret> {
        WebhookSecret::parse(&self.webhook_secret).context("the stored webhook secret is damaged")
    }
}

/// Make a folder for its owner only, and those above it that are missing.
fn make_folder(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    make_folder(above(path))?;
    match fs::DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists || !path.is_dir() => Err(error),
        _ => sync_folder(above(path)),
    }
}

/// The folder that a path is in.
fn above(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder.as_os_str().is_empty() => Path::new("."),
        Some(folder) => folder,
        None => path,
    }
}

/// Write down which names a folder has. To sync what is in a file does not: a power cut could take
/// the name of a new one, and with it the key that everything sealed rests under.
fn sync_folder(path: &Path) -> io::Result<()> {
    match File::open(path).and_then(|folder| folder.sync_all()) {
        // Some file systems cannot, or do not let us; they keep names as well as they keep them.
        Err(error)
            if matches!(
                error.kind(),
                ErrorKind::InvalidInput | ErrorKind::Unsupported | ErrorKind::PermissionDenied
            ) =>
        {
            Ok(())
        }
        synced => synced,
    }
}

/// The master key that a file holds; it is made where there is none.
pub(crate) fn master_key(path: &Path) -> Result<[u8; 32]> {
    let text = read_or_make(path, || STANDARD.encode(Ids.random::<32>()))?;
    let key = STANDARD.decode(text.trim()).ok().and_then(|key| key.try_into().ok());
    key.with_context(|| format!("{} is not a master key: 32 bytes in base64", path.display()))
}

/// What a file holds; where there is none, what `make` makes. Of two processes that make it at once,
/// one is first and both read the same.
fn read_or_make(path: &Path, make: impl FnOnce() -> String) -> Result<String> {
    if let Some(text) = read(path)? {
        return Ok(text);
    }
    let beside = write_beside(path, &make())?;
    // A link never takes the place of a file that is there.
    let linked = fs::hard_link(&beside, path);
    let _ = fs::remove_file(&beside);
    if let Err(error) = linked
        && error.kind() != ErrorKind::AlreadyExists
    {
        bail!("cannot write {}: {error}", path.display());
    }
    sync_folder(above(path)).with_context(|| format!("cannot write {}", path.display()))?;
    read(path)?.with_context(|| format!("{} is gone", path.display()))
}

fn read(path: &Path) -> Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => bail!("cannot read {}: {error}", path.display()),
    }
}

/// Write a file that holds secrets, whole or not at all.
pub(crate) fn write_owner_only(path: &Path, text: &str) -> Result<()> {
    let beside = write_beside(path, text)?;
    fs::rename(&beside, path).with_context(|| format!("cannot write {}", path.display()))
}

/// A file beside the one that is meant, readable by its owner only.
fn write_beside(path: &Path, text: &str) -> Result<PathBuf> {
    let name = path.file_name().context("a file has a name")?.to_string_lossy().into_owned();
    let beside = path.with_file_name(format!(".{name}.{}", std::process::id()));
    let written = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(OWNER_ONLY)
        .open(&beside)
        .and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()));
    written.with_context(|| format!("cannot write {}", path.display()))?;
    Ok(beside)
}

/// What somebody who starts a sandbox needs to know, for programs and for people.
#[derive(Serialize)]
pub(crate) struct ReadyFile {
    base_url: String,
    shop_url: Option<String>,
    partner_id: String,
    secret_key: String,
    publishable_key: String,
    webhook_secret: String,
    mode: Mode,
}

impl ReadyFile {
    pub(crate) fn new(base_url: &str, shop_url: Option<&str>, credentials: &Credentials) -> Self {
        Self {
            base_url: base_url.into(),
            shop_url: shop_url.map(str::to_owned),
            partner_id: credentials.partner_id.to_string(),
            secret_key: credentials.secret_key.clone(),
            publishable_key: credentials.publishable_key.clone(),
            webhook_secret: credentials.webhook_secret.clone(),
            mode: Mode::Test,
        }
    }

    pub(crate) fn write(&self, path: &Path) -> Result<()> {
        let text = serde_json::to_string_pretty(self).expect("the ready file is plain JSON");
        write_owner_only(path, &text)
    }

    /// Addresses and keys in a form that can be copied.
    pub(crate) fn greeting(&self) -> String {
        let Self { base_url, secret_key, publishable_key, webhook_secret, partner_id, .. } = self;
        let (shop, origin) = match &self.shop_url {
            Some(url) => (
                format!("  Shop             {url}   <- open this and buy something\n"),
                url.as_str(),
            ),
            None => (String::new(), "http://localhost:3000"),
        };
        format!(
            "\n0Gate sandbox is ready. No real money can move here.\n\n{shop}\
               \x20 Gateway          {base_url}\n\
               \x20 Partner          {partner_id}\n\
               \x20 Secret key       {secret_key}\n\
               \x20 Publishable key  {publishable_key}\n\
               \x20 Webhook secret   {webhook_secret}\n\n\
             Create a session:\n\n\
             \x20 curl {base_url}/v1/gate_sessions \\\n\
             \x20   -H 'Authorization: Bearer {secret_key}' \\\n\
             \x20   -H 'Idempotency-Key: my-first-session' \\\n\
             \x20   -H 'Content-Type: application/json' \\\n\
             \x20   -d '{{\"amount\":\"100.00\",\"currency\":\"EUR\",\"return_url\":\"{origin}/done\"}}'\n\n\
             Stop with Ctrl-C.\n"
        )
    }
}
