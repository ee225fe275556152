//! The list that is in use, and reading it again when its files change.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use gate_domain::screening::List;
use gate_domain::time::Millis;

use super::file::{Files, ListError};

/// A list of sanctions, as its files say it. Cloning shares it.
#[derive(Clone)]
pub struct SanctionsList(Arc<Inner>);

struct Inner {
    path: PathBuf,
    current: RwLock<Arc<InUse>>,
    last_look: Mutex<Look>,
}

/// A list as it was read.
#[derive(Debug)]
pub struct InUse {
    /// What it says.
    pub list: List,
    /// When its main file was last changed.
    pub dated: Millis,
}

/// What the files were when somebody last looked.
struct Look {
    /// None while they could not be found.
    files: Option<Files>,
    /// Whether they were read, well or badly.
    read: bool,
}

impl fmt::Debug for SanctionsList {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "SanctionsList({})", self.0.path.display())
    }
}

impl SanctionsList {
    /// Read a list: a folder with `SDN.CSV`, `ALT.CSV` and perhaps `SDN_COMMENTS.CSV`, or one file in
    /// the layout of the first.
    pub fn open(path: &Path) -> Result<Self, ListError> {
        let files = Files::find(path)?;
        let current = InUse { list: files.read()?, dated: files.dated() };
        Ok(Self(Arc::new(Inner {
            path: path.to_owned(),
            current: RwLock::new(Arc::new(current)),
            last_look: Mutex::new(Look { files: Some(files), read: true }),
        })))
    }

    /// Where it comes from.
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// The list as it was last read.
    pub fn current(&self) -> Arc<InUse> {
        Arc::clone(&self.0.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Read it again if its files have changed and have stood still since the look before; whether it
    /// was. Files that cannot be read leave the list as it is, and are told of once.
    pub fn refresh(&self) -> Result<bool, ListError> {
        let found = Files::find(&self.0.path);
        let mut last = self.0.last_look.lock().unwrap_or_else(PoisonError::into_inner);
        let files = found.as_ref().ok();
        if last.files.as_ref() != files {
            *last = Look { files: files.cloned(), read: false };
            return Ok(false);
        }
        if last.read {
            return Ok(false);
        }
        last.read = true;
        let files = found?;
        let fresh = InUse { list: files.read()?, dated: files.dated() };
        *self.0.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(fresh);
        Ok(true)
    }
}
