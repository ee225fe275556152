//! Threads that exchange webhooks with receivers. One that floods its thread holds up its neighbours on
//! that thread until the deadline, and nobody else.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use tokio::runtime::{Builder, Handle, Runtime};

/// More than there are processors: the system shares those fairly among threads.
const COUNT: usize = 8;

pub(super) struct Threads(Vec<Runtime>);

impl Threads {
    pub(super) fn start() -> Self {
        let start = |number| {
            let name = format!("webhooks-{number}");
            let runtime = Builder::new_multi_thread()
                .worker_threads(1)
                .max_blocking_threads(8) // they look names up
                .thread_name(name)
                .enable_all()
                .build();
            runtime.expect("a thread can be started when the program starts")
        };
        Self((0..COUNT).map(start).collect())
    }

    /// The thread for a URL: the same for the same host, so that connections are kept.
    pub(super) fn of(&self, url: &str) -> &Handle {
        let mut hasher = DefaultHasher::new();
        let url = url::Url::parse(url).ok();
        url.as_ref().and_then(url::Url::host_str).hash(&mut hasher);
        let place = hasher.finish() % self.0.len() as u64;
        self.0[usize::try_from(place).expect("there are few")].handle()
    }
}

impl Drop for Threads {
    /// Without waiting: this may happen where nobody may wait.
    fn drop(&mut self) {
        for runtime in self.0.drain(..) {
            runtime.shutdown_background();
        }
    }
}
