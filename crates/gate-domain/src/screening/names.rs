//! Names that are spelt in many ways: what they have in common, and how alike two of them are.

use std::collections::BTreeSet;

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

use super::How;
use crate::text::is_ignored;

/// Names that are less alike than this are not close (Jaro-Winkler over the sorted words, of 1).
const CLOSE_MIN: f64 = 0.92;
/// Fewer words than this in common are no part of a name: many people share one.
const PART_WORDS_MIN: usize = 2;

/// A name as a set of words: lower case, without accents, marks and what nobody sees, in the order of the
/// alphabet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Name {
    words: BTreeSet<String>,
    sorted: String,
}

impl Name {
    pub(super) fn read(text: &str) -> Self {
        let mut folded = String::with_capacity(text.len());
        let seen = |letter: &char| !is_combining_mark(*letter) && !is_ignored(*letter);
        let letters = text.nfkd().filter(seen);
        for letter in letters.flat_map(char::to_lowercase) {
            match letter {
                // An apostrophe is inside of a word; every other mark ends one.
                '\'' | '’' | '‘' | 'ʼ' | 'ʻ' | '`' => {}
                _ => fold(letter, &mut folded),
            }
        }
        let words: BTreeSet<_> = folded.split_whitespace().map(str::to_owned).collect();
        let sorted = words.iter().map(String::as_str).collect::<Vec<_>>().join(" ");
        Self { words, sorted }
    }

    /// Its words, with a space between them; nothing when it has none.
    pub(super) fn sorted(&self) -> &str {
        &self.sorted
    }

    /// How alike they are, of 100, if they are at all.
    pub(super) fn compare(&self, other: &Self) -> Option<(How, u8)> {
        if self.sorted.is_empty() {
            return None;
        }
        if self.sorted == other.sorted {
            return Some((How::Exact, 100));
        }
        let close = self.close(other).map(|score| (How::Close, score));
        let part = self.part(other).map(|score| (How::Part, score));
        close.into_iter().chain(part).max_by_key(|(_, score)| *score)
    }

    /// How much of the longer name the shorter one is, if it is a part of it.
    fn part(&self, other: &Self) -> Option<u8> {
        let (few, many) = if self.words.len() <= other.words.len() {
            (&self.words, &other.words)
        } else {
            (&other.words, &self.words)
        };
        let is_part = few.len() >= PART_WORDS_MIN && few.is_subset(many);
        is_part.then(|| u8::try_from(few.len() * 100 / many.len()).unwrap_or(100))
    }

    fn close(&self, other: &Self) -> Option<u8> {
        // The similarity is at most 0.6 (2 + s/l) / 3 + 0.4, so a name of less than three fifths of
        // the other's length is not compared letter by letter.
        let (short, long) = (self.sorted.len(), other.sorted.len());
        let (short, long) = (short.min(long), short.max(long));
        if short * 5 < long * 3 {
            return None;
        }
        let alike = strsim::jaro_winkler(&self.sorted, &other.sorted);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it is from 0 to 1"
        )]
        // Only what is the same is 100.
        let score = ((alike * 100.0) as u8).min(99);
        (alike >= CLOSE_MIN).then_some(score)
    }
}

/// Letters that are no letter with an accent, as they are mostly written without them.
fn fold(letter: char, into: &mut String) {
    let plain = match letter {
        'ß' => "ss",
        'æ' => "ae",
        'œ' => "oe",
        'ø' => "o",
        'đ' | 'ð' => "d",
        'þ' => "th",
        'ł' => "l",
        'ı' => "i",
        'ɑ' => "a",
        'ɡ' => "g",
        letter if letter.is_alphanumeric() => return into.push(letter),
        _ => " ",
    };
    into.push_str(plain);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_name_comes_down_to() {
        for (text, sorted) in [
            ("Łukasz  Żółć", "lukasz zolc"),
            ("MÜLLER-Straße, Søren", "muller soren strasse"),
            ("İnanç Işık", "inanc isik"),
            ("J.R. O'Neil Jr", "j jr oneil r"),
            ("Ａｄａ Ａｄａ", "ada"),
            ("Петров Иван", "иван петров"),
            ("W\u{200B}icked\u{AD} B\u{200D}\u{FE0F}ad\u{3164}", "bad wicked"),
            ("\u{E0041}\u{2800}", ""),
            ("...", ""),
        ] {
            assert_eq!(Name::read(text).sorted(), sorted, "{text}");
        }
    }

    #[test]
    fn what_is_not_compared_could_not_have_been_close() {
        // The best that two lengths allow: the shorter one is the beginning of the longer one.
        for long in 1..60 {
            for short in (1..=long).filter(|short| short * 5 < long * 3) {
                let (short, long) = ("a".repeat(short), "a".repeat(long));
                assert!(strsim::jaro_winkler(&short, &long) < CLOSE_MIN, "{short} {long}");
            }
        }
    }
}
