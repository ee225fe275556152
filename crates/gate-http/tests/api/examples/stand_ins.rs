//! Ids and secrets that are the same each time, in the place of those that are not.

use std::collections::HashMap;

use gate_http::Json;
use gate_wire::instant::{from_rfc3339, to_rfc3339};
use sha2::{Digest, Sha256};

/// The characters of ids.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const ID_CHARS: usize = 26;
/// The wallet of whoever buys and sells in the story.
const OWN: &str = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";
/// The characters of an id that say when it was made; the clock of the story stands still.
const TIME_CHARS: usize = 10;

/// Which id, or other word, stands for which.
#[derive(Default)]
pub(super) struct StandIns {
    ids: HashMap<String, String>,
    /// How many there are of each prefix.
    counts: HashMap<String, usize>,
}

/// How an endpoint fares, with a first pause of just 30 s: the middle of what chance makes of it.
fn without_jitter(health: &Json) -> Json {
    let mut health = health.clone();
    let text = |name| health.get(name).and_then(Json::text);
    if let (Some(since), Some(_)) = (text("since"), text("until")) {
        let since = from_rfc3339(since).expect("an instant");
        health.set("until", to_rfc3339(since.plus_seconds(30)));
    }
    health
}

impl StandIns {
    /// A value with everything in it replaced.
    pub(super) fn value(&mut self, value: &Json) -> Json {
        match value {
            Json::Text(text) => Json::Text(self.text(text)),
            Json::List(items) => Json::List(items.iter().map(|item| self.value(item)).collect()),
            Json::Object(fields) => Json::object(fields.iter().map(|(name, value)| {
                let value = match (name.as_str(), value) {
                    ("signature", Json::Text(text)) => Json::Text(hidden("signature", text)),
                    ("public_key", Json::Text(text)) => {
                        Json::Text(format!("whpk_{}", hidden("public key", &text[5..])))
                    }
                    // Where tokens are to come is made from an id; where they go, the user has said.
                    ("address" | "qr", Json::Text(text))
                        if text.starts_with("0x") && text != OWN =>
                    {
                        Json::Text(format!("0x{}", hidden("deposit address", &text[2..])))
                    }
                    ("health", Json::Object(_)) => self.value(&without_jitter(value)),
                    _ => self.value(value),
                };
                (name.clone(), value)
            })),
            other => other.clone(),
        }
    }

    /// A text with the ids and secrets in it replaced.
    pub(super) fn text(&mut self, text: &str) -> String {
        if let Some(rest) = text.strip_prefix("gsec_") {
            let (id, tail) = rest.split_at(rest.len() - 44);
            return format!("gsec_{}_{}", self.text(id), hidden("client secret", &tail[1..]));
        }
        if let Some(rest) = text.strip_prefix("whsec_") {
            return format!("whsec_{}", hidden("webhook secret", rest));
        }
        if text.starts_with("eyJ") && text.matches('.').count() == 2 {
            return "eyJhbGciOiJIUzI1NiJ9.eyJhdWQiOiJlbWJlZCJ9.c2lnbmF0dXJl".into();
        }
        let is_word = |character: char| character.is_ascii_alphanumeric() || character == '_';
        let mut out = String::new();
        let mut rest = text;
        while !rest.is_empty() {
            let end = rest.find(|character| !is_word(character)).unwrap_or(rest.len());
            let (word, more) = rest.split_at(end);
            out.push_str(&self.word(word));
            let gap = more.find(is_word).unwrap_or(more.len());
            out.push_str(&more[..gap]);
            rest = &more[gap..];
        }
        out
    }

    /// Let a word stand for another one from now on.
    pub(super) fn stand_in(&mut self, word: &str, stand_in: &str) {
        self.ids.insert(word.to_owned(), stand_in.to_owned());
    }

    fn word(&mut self, word: &str) -> String {
        if let Some(known) = self.ids.get(word) {
            return known.clone();
        }
        let Some((prefix, tail)) = word.rsplit_once('_') else { return word.into() };
        let is_id = tail.len() == ID_CHARS && tail.bytes().all(|byte| ALPHABET.contains(&byte));
        if !is_id {
            return word.into();
        }
        let count = self.counts.entry(prefix.to_owned()).or_default();
        *count += 1;
        let (time, _) = tail.split_at(TIME_CHARS);
        let hash = Sha256::digest(format!("{prefix} {count}"));
        let rest = hash.iter().take(ID_CHARS - TIME_CHARS);
        let rest: String = rest.map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect();
        let stand_in = format!("{prefix}_{time}{rest}");
        self.ids.insert(word.to_owned(), stand_in.clone());
        stand_in
    }
}

/// Something of the same length and alphabet that says nothing.
fn hidden(what: &str, text: &str) -> String {
    let hexadecimal = text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let alphabet: &[u8] = if hexadecimal {
        b"0123456789abcdef"
    } else {
        b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
    };
    let hash = Sha256::digest(what);
    let bytes = hash.iter().cycle().enumerate().take(text.len());
    let stand_in: String = bytes
        .map(|(place, byte)| {
            let number = usize::from(*byte) + place * 7;
            char::from(alphabet[number % alphabet.len()])
        })
        .collect();
    // Base64 keeps its padding.
    let padding = text.len() - text.trim_end_matches('=').len();
    format!("{}{}", &stand_in[..text.len() - padding], "=".repeat(padding))
}
