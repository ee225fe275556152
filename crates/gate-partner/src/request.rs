//! Requests that have no method of their own: the whole API is within reach of the client.

use reqwest::Method;
use serde::Serialize;

use crate::keys::IdempotencyKey;

/// A request to any path of the API.
#[derive(Clone, Debug)]
pub struct Request {
    pub(crate) method: Method,
    pub(crate) path: Vec<String>,
    pub(crate) query: Vec<(&'static str, String)>,
    pub(crate) body: Option<Vec<u8>>,
    pub(crate) key: Option<IdempotencyKey>,
}

impl Request {
    /// Read what is at `path`, its segments in order: `["v1", "events"]`. Each is escaped, so that
    /// whatever is in an id stays in its segment.
    pub fn get(path: &[&str]) -> Self {
        Self::new(Method::GET, path)
    }

    /// Make or do something. Without a key it is sent once, whatever becomes of it.
    pub fn post(path: &[&str]) -> Self {
        Self::new(Method::POST, path)
    }

    /// Change some fields of what is at `path`.
    pub fn patch(path: &[&str]) -> Self {
        Self::new(Method::PATCH, path)
    }

    /// Remove what is at `path`.
    pub fn delete(path: &[&str]) -> Self {
        Self::new(Method::DELETE, path)
    }

    fn new(method: Method, path: &[&str]) -> Self {
        let path = path.iter().map(|segment| (*segment).to_owned()).collect();
        Self { method, path, query: Vec::new(), body: None, key: None }
    }

    /// Add a parameter, if there is anything to say.
    #[must_use]
    pub fn query(mut self, name: &'static str, value: Option<impl ToString>) -> Self {
        self.query.extend(value.map(|value| (name, value.to_string())));
        self
    }

    /// Send this as JSON.
    ///
    /// # Panics
    /// When it cannot be JSON, such as a map whose names are no strings.
    #[must_use]
    pub fn body(mut self, body: &impl Serialize) -> Self {
        self.body = Some(serde_json::to_vec(body).expect("the caller sends what can be JSON"));
        self
    }

    /// Name the attempt, which makes it safe to repeat.
    #[must_use]
    pub fn key(mut self, key: IdempotencyKey) -> Self {
        self.key = Some(key);
        self
    }
}
