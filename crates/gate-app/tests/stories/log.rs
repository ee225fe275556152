//! What is said in the log.

use std::io::Write;
use std::sync::{Arc, Mutex, OnceLock};

use tracing_subscriber::fmt::MakeWriter;

/// Everything that this process says.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// Listen from now on; whoever listens already hears it too.
    pub(crate) fn listen() -> Self {
        static LOG: OnceLock<Log> = OnceLock::new();
        LOG.get_or_init(|| {
            let log = Self::default();
            let said = tracing_subscriber::fmt().with_writer(log.clone()).with_ansi(false);
            tracing::subscriber::set_global_default(said.finish()).unwrap();
            log
        })
        .clone()
    }

    /// How many errors name this and hold these words.
    pub(crate) fn errors(&self, name: &str, words: &str) -> usize {
        self.lines(&["ERROR", name, words])
    }

    /// How many warnings do.
    pub(crate) fn warnings(&self, name: &str, words: &str) -> usize {
        self.lines(&["WARN", name, words])
    }

    fn lines(&self, parts: &[&str]) -> usize {
        let said = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        said.lines().filter(|line| parts.iter().all(|part| line.contains(part))).count()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}
