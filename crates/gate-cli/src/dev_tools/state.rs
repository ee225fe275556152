//! What a listener remembers: its secret, how far it got, and what was refused. Small files that their
//! owner alone can read, one folder for each gateway and key, one file for each receiver.

use std::collections::BTreeSet;
use std::fs::{self, File, TryLockError};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use gate_wire::signature::WebhookSecret;
use reqwest::Url;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::gateway::Gateway;
use crate::dev_files::write_owner_only;

/// Refusals that are remembered at most; the oldest is forgotten first.
const REFUSED_MAX: usize = 10_000;
/// Replays that are remembered at most.
const REPLAYS_MAX: usize = 200;

/// How one receiver stands with the feed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place {
    /// Where it began: what stands up to here was never forwarded.
    pub(crate) began: i64,
    /// The receiver answered everything up to here.
    pub(crate) cursor: i64,
    /// What it answered with something else than 2xx.
    refused: BTreeSet<i64>,
    /// Replays that were carried out, or were there before it began; the oldest first.
    replays: Vec<String>,
}

/// How an event stands with a receiver, in the words of a replay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    NeverAttempted,
    DeadLettered,
    Succeeded,
    /// It comes by itself.
    Coming,
}

impl Standing {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::NeverAttempted => "never_attempted",
            Self::DeadLettered => "dead_lettered",
            Self::Succeeded => "succeeded",
            Self::Coming => "coming",
        }
    }
}

impl Place {
    /// A receiver that begins behind a place in the feed.
    pub(crate) fn beginning(at: i64, replays: Vec<String>) -> Self {
        Self { began: at, cursor: at, refused: BTreeSet::new(), replays }
    }

    /// The receiver answered.
    pub(crate) fn answered(&mut self, sequence: i64, accepted: bool) {
        self.cursor = self.cursor.max(sequence);
        if accepted {
            self.refused.remove(&sequence);
        } else {
            self.refused.insert(sequence);
            if self.refused.len() > REFUSED_MAX {
                self.refused.pop_first();
            }
        }
    }

    pub(crate) fn standing(&self, sequence: i64) -> Standing {
        if sequence > self.cursor {
            Standing::Coming
        } else if self.refused.contains(&sequence) {
            Standing::DeadLettered
        } else if sequence <= self.began {
            Standing::NeverAttempted
        } else {
            Standing::Succeeded
        }
    }

    pub(crate) fn knows_replay(&self, id: &str) -> bool {
        self.replays.iter().any(|known| known == id)
    }

    pub(crate) fn replayed(&mut self, id: &str) {
        self.replays.push(id.to_owned());
        if self.replays.len() > REPLAYS_MAX {
            self.replays.remove(0);
        }
    }
}

/// The folder of a gateway and a key.
pub(crate) struct Files(PathBuf);

impl Files {
    pub(crate) fn open(gateway: &Gateway) -> Result<Self> {
        let root = match &gateway.data_dir {
            Some(data_dir) => data_dir.join("listen"),
            None => state_home()?.join("gate"),
        };
        let folder = root.join(name_of(&[&gateway.origin(), &gateway.key]));
        let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder);
        made.with_context(|| format!("cannot make the folder {}", folder.display()))?;
        Ok(Self(folder))
    }

    /// The secret that everything is signed with that goes to receivers on this machine. It is made
    /// once and stays, so that a receiver is configured once.
    pub(crate) fn secret(&self) -> Result<WebhookSecret> {
        let path = self.0.join("secret");
        if let Ok(text) = fs::read_to_string(&path) {
            let secret = WebhookSecret::parse(text.trim());
            return secret.with_context(|| format!("{} is damaged; remove it", path.display()));
        }
        let secret = WebhookSecret::new(gate_app::Ids.random());
        write_owner_only(&path, secret.expose())?;
        Ok(secret)
    }

    /// The place of a receiver, for one process at a time.
    pub(crate) fn place_of(&self, receiver: &Url) -> Result<PlaceFile> {
        let name = name_of(&[receiver.as_str()]);
        let lock = self.0.join(format!("{name}.lock"));
        let lock =
            File::create(&lock).with_context(|| format!("cannot write {}", lock.display()))?;
        match lock.try_lock() {
            Ok(()) => Ok(PlaceFile { path: self.0.join(format!("{name}.json")), _lock: lock }),
            Err(TryLockError::WouldBlock) => {
                bail!("Another `gate listen` forwards to {receiver} already. Stop it first.")
            }
            Err(TryLockError::Error(error)) => {
                Err(error).context("cannot lock the listener's file")
            }
        }
    }
}

/// Where a place is kept.
pub(crate) struct PlaceFile {
    path: PathBuf,
    _lock: File,
}

impl PlaceFile {
    /// The place; none when there is none, or none that could be read.
    pub(crate) fn read(&self) -> Option<Place> {
        serde_json::from_str(&fs::read_to_string(&self.path).ok()?).ok()
    }

    pub(crate) fn write(&self, place: &Place) -> Result<()> {
        let text = serde_json::to_string(place).expect("a place is plain JSON");
        replace(&self.path, &text)
    }
}

/// A file that is there whole at any moment. It may be a little behind after a power cut, which repeats
/// some events.
fn replace(path: &Path, text: &str) -> Result<()> {
    let beside = path.with_extension("new");
    let written = fs::write(&beside, text).and_then(|()| fs::rename(&beside, path));
    written.with_context(|| format!("cannot write {}", path.display()))
}

fn state_home() -> Result<PathBuf> {
    if let Some(folder) = crate::variable("XDG_STATE_HOME").filter(|text| text.starts_with('/')) {
        return Ok(PathBuf::from(folder));
    }
    let home = crate::variable("HOME").context("neither XDG_STATE_HOME nor HOME is set")?;
    Ok(PathBuf::from(home).join(".local/state"))
}

/// A name for files that tells nothing about what it is made from.
fn name_of(parts: &[&str]) -> String {
    use std::fmt::Write as _;
    let digest = Sha256::digest(parts.join("\n").as_bytes());
    digest.iter().take(8).fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_an_event_stands_with_a_receiver() {
        let mut place = Place::beginning(10, Vec::new());
        place.answered(11, true);
        place.answered(12, false);
        let standings = [10, 11, 12, 13].map(|sequence| place.standing(sequence));
        let expected = [
            Standing::NeverAttempted,
            Standing::Succeeded,
            Standing::DeadLettered,
            Standing::Coming,
        ];
        assert_eq!(standings, expected);
        place.answered(12, true);
        assert_eq!(place.standing(12), Standing::Succeeded, "a replay mends it");
        place.answered(3, false);
        assert_eq!((place.cursor, place.standing(3)), (12, Standing::DeadLettered));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut place = Place::beginning(0, Vec::new());
        for sequence in 1..=20_000 {
            place.answered(sequence, false);
            place.replayed(&sequence.to_string());
        }
        assert_eq!((place.refused.len(), place.replays.len()), (REFUSED_MAX, REPLAYS_MAX));
        assert!(place.knows_replay("20000") && !place.knows_replay("1"));
    }
}
