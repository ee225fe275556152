//! A receiver that answers from a list and remembers what it was sent.

use std::collections::{HashMap, VecDeque};
use std::sync::Mutex;

use futures::FutureExt;
use futures::future::BoxFuture;
use gate_domain::delivery::FailureClass;

use crate::workers::sender::{Outgoing, Sender, Sent};

/// Answers 200, unless a URL has something else lined up.
#[derive(Default)]
pub struct ScriptedSender {
    answers: Mutex<HashMap<String, VecDeque<Sent>>>,
    always: Mutex<HashMap<String, u16>>,
    sent: Mutex<Vec<Outgoing>>,
}

impl ScriptedSender {
    /// Line up the statuses that this URL answers next; 0 is an answer that never comes.
    pub fn answer(&self, url: &str, statuses: impl IntoIterator<Item = u16>) {
        let answers = statuses.into_iter().map(|status| match status {
            0 => Sent::Failed {
                class: FailureClass::Connect,
                error: "could not connect: connection refused".into(),
            },
            status => Sent::answered(status, format!("said {status}")),
        });
        self.answers.lock().unwrap().entry(url.into()).or_default().extend(answers);
    }

    /// Line up one answer of this URL, to the letter.
    pub fn answer_with(&self, url: &str, answer: Sent) {
        self.answers.lock().unwrap().entry(url.into()).or_default().push_back(answer);
    }

    /// From now on this URL answers nothing but this, once what was lined up is used.
    pub fn always(&self, url: &str, status: u16) {
        self.always.lock().unwrap().insert(url.into(), status);
    }

    /// What was sent since the last call.
    pub fn take(&self) -> Vec<Outgoing> {
        std::mem::take(&mut *self.sent.lock().unwrap())
    }
}

impl Sender for ScriptedSender {
    fn send(&self, outgoing: Outgoing) -> BoxFuture<'_, Sent> {
        let scripted =
            self.answers.lock().unwrap().get_mut(&outgoing.url).and_then(VecDeque::pop_front);
        let url = outgoing.url.clone();
        self.sent.lock().unwrap().push(outgoing);
        let always = || self.always.lock().unwrap().get(&url).copied().unwrap_or(200);
        let answer = scripted.unwrap_or_else(|| Sent::answered(always(), ""));
        async { answer }.boxed()
    }
}

/// The value of a header of what was sent.
impl Outgoing {
    /// The value of a header.
    ///
    /// # Panics
    /// When there is none.
    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| value.as_str()).unwrap()
    }
}
