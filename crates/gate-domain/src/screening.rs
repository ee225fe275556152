//! Screening: whether a name or a crypto address stands on a list of sanctions, and what people
//! decided about what does. The list is read elsewhere; here it is searched, and the same question
//! to the same list has the same answer.
//!
//! A hit is a reason to look, not a verdict: two people may share a name.

mod hold;
mod names;

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};

pub use hold::{Event, Opinion, Refused, State};
use names::Name;

/// Hits in one answer; the best ones.
pub const HITS_MAX: usize = 20;

/// Somebody on a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// What the list calls it.
    pub id: String,
    /// Under which programmes of sanctions it stands there.
    pub programmes: Vec<String>,
    /// Its name.
    pub name: String,
    /// Its other names.
    pub aliases: Vec<String>,
    /// Its crypto addresses.
    pub addresses: Vec<String>,
}

/// What is screened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The name of a person or a company.
    Name,
    /// A crypto address.
    Address,
}

impl Kind {
    /// The word in the store and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Address => "address",
        }
    }

    /// Read the word again.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Name, Self::Address].into_iter().find(|kind| kind.as_str() == word)
    }
}

/// A name or an address, as it was given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// Which of the two.
    pub kind: Kind,
    /// Its text.
    pub text: String,
}

impl Subject {
    /// A name.
    pub fn name(text: impl Into<String>) -> Self {
        Self { kind: Kind::Name, text: text.into() }
    }

    /// An address.
    pub fn address(text: impl Into<String>) -> Self {
        Self { kind: Kind::Address, text: text.into() }
    }

    /// The one text that all spellings of it share.
    pub fn normal(&self) -> String {
        match self.kind {
            Kind::Name => Name::read(&self.text).sorted().to_owned(),
            Kind::Address => normal_address(&self.text),
        }
    }
}

/// How a hit came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// It is the same address, or the same words in any order.
    Exact,
    /// All words of the shorter name, two or more, are in the longer one.
    Part,
    /// The words are spelt almost the same.
    Close,
}

/// An entry of the list that what was screened may be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hit {
    /// What the list calls it.
    pub entry: String,
    /// Under which programmes it stands there.
    pub programmes: Vec<String>,
    /// The entry's name.
    pub name: String,
    /// Which of its names or addresses it was.
    pub matched: String,
    /// How it came about.
    pub how: How,
    /// How alike they are, of 100.
    pub score: u8,
}

/// A list, ready to be searched.
#[derive(Debug, Default)]
pub struct List {
    entries: Vec<Entry>,
    /// Every name and alias, with whose it is and how it is spelt there.
    names: Vec<(Name, usize, String)>,
    addresses: HashMap<String, Vec<usize>>,
}

impl List {
    /// Prepare a list.
    pub fn new(entries: Vec<Entry>) -> Self {
        let mut names = Vec::new();
        let mut addresses: HashMap<String, Vec<usize>> = HashMap::new();
        for (place, entry) in entries.iter().enumerate() {
            for spelt in std::iter::once(&entry.name).chain(&entry.aliases) {
                let name = Name::read(spelt);
                if !name.sorted().is_empty() {
                    names.push((name, place, spelt.clone()));
                }
            }
            let own: HashSet<_> = entry.addresses.iter().map(|text| normal_address(text)).collect();
            for address in own {
                addresses.entry(address).or_default().push(place);
            }
        }
        Self { entries, names, addresses }
    }

    /// How many entries it has.
    pub fn entries(&self) -> usize {
        self.entries.len()
    }

    /// How many names they have.
    pub fn names(&self) -> usize {
        self.names.len()
    }

    /// How many different addresses they have.
    pub fn addresses(&self) -> usize {
        self.addresses.len()
    }

    /// Whom it may be, the best first. For a name this looks at every name of the list: tens of
    /// milliseconds for a long one, so not inside a transaction.
    pub fn find(&self, subject: &Subject) -> Vec<Hit> {
        match subject.kind {
            Kind::Name => self.find_name(&subject.text),
            Kind::Address => self.find_address(&subject.text),
        }
    }

    fn find_name(&self, text: &str) -> Vec<Hit> {
        let wanted = Name::read(text);
        let mut best: HashMap<usize, Hit> = HashMap::new();
        for (name, place, spelt) in &self.names {
            let Some((how, score)) = wanted.compare(name) else { continue };
            let known = best.get(place).is_some_and(|hit| hit.score >= score);
            if !known {
                best.insert(*place, self.hit(*place, spelt, how, score));
            }
        }
        let mut hits: Vec<_> = best.into_iter().collect();
        hits.sort_by_key(|(place, hit)| (std::cmp::Reverse(hit.score), *place));
        hits.into_iter().take(HITS_MAX).map(|(_, hit)| hit).collect()
    }

    fn find_address(&self, text: &str) -> Vec<Hit> {
        let address = normal_address(text);
        let places = self.addresses.get(&address).into_iter().flatten().take(HITS_MAX);
        places.map(|place| self.hit(*place, &address, How::Exact, 100)).collect()
    }

    fn hit(&self, place: usize, matched: &str, how: How, score: u8) -> Hit {
        let Entry { id, programmes, name, .. } = &self.entries[place];
        Hit {
            entry: id.clone(),
            programmes: programmes.clone(),
            name: name.clone(),
            matched: matched.to_owned(),
            how,
            score,
        }
    }
}

/// An address as its network compares it: in lower case for Ethereum and its like, and for the
/// bech32 addresses of Bitcoin and Litecoin; as it is for all others.
fn normal_address(text: &str) -> String {
    let text = text.trim();
    let lower = text.to_ascii_lowercase();
    if ["0x", "bc1", "ltc1"].iter().any(|prefix| lower.starts_with(prefix)) {
        return lower;
    }
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Nobody here exists.
    fn list() -> List {
        let entry = |id: &str, name: &str, aliases: &[&str], addresses: &[&str]| Entry {
            id: id.into(),
            programmes: vec!["TESTPROG".into()],
            name: name.into(),
            aliases: aliases.iter().map(|text| (*text).to_owned()).collect(),
            addresses: addresses.iter().map(|text| (*text).to_owned()).collect(),
        };
        List::new(vec![
            entry("1", "QUANDARY, Zebulon Ørnulf", &["EL ZEBULÓN", "ZQ"], &["0xABcd12"]),
            entry("2", "BRAMBLEWOOD-THISTLE TRADING CO.", &[], &["bc1QXYZ", "1InventedAddress"]),
            entry("3", "O'FICTIVE, Marguerite", &["FICTIVE HOLDINGS"], &["0xabCD12", "0xabcd12"]),
            entry("4", "-", &[], &[]),
        ])
    }

    fn told(subject: &Subject) -> String {
        let hits = list().find(subject).into_iter();
        let hits: Vec<_> = hits
            .map(|hit| format!("{} {:?} {} {}", hit.entry, hit.how, hit.score, hit.matched))
            .collect();
        if hits.is_empty() { "clear".into() } else { hits.join("; ") }
    }

    #[test]
    fn names_are_found_whatever_their_case_accents_marks_and_order() {
        for (name, wanted) in [
            ("Zebulon Ornulf Quandary", "1 Exact 100 QUANDARY, Zebulon Ørnulf"),
            ("quandary zebulon ørnulf", "1 Exact 100 QUANDARY, Zebulon Ørnulf"),
            ("  ZEBULÓN,el ", "1 Exact 100 EL ZEBULÓN"),
            ("zq", "1 Exact 100 ZQ"),
            ("Zebulon Quandary", "1 Part 66 QUANDARY, Zebulon Ørnulf"),
            ("Dr Zebulon von Ornulf Quandary", "1 Part 60 QUANDARY, Zebulon Ørnulf"),
            ("Zebulon Ornulf Quandery", "1 Close 96 QUANDARY, Zebulon Ørnulf"),
            ("Bramblewood Thistle Trading Co", "2 Exact 100 BRAMBLEWOOD-THISTLE TRADING CO."),
            ("Bramblewod Thistle Trading Co", "2 Close 97 BRAMBLEWOOD-THISTLE TRADING CO."),
            ("Marguerite Ofictive", "3 Exact 100 O'FICTIVE, Marguerite"),
            ("Marguerite O’Fictive", "3 Exact 100 O'FICTIVE, Marguerite"),
            ("Zebulon", "clear"),
            ("Quandary", "clear"),
            ("Ada Lovelace", "clear"),
            ("", "clear"),
            ("-", "clear"),
        ] {
            assert_eq!(told(&Subject::name(name)), wanted, "{name:?}");
        }
    }

    #[test]
    fn addresses_are_found_as_their_network_compares_them() {
        for (address, wanted) in [
            ("0xABCD12", "1 Exact 100 0xabcd12; 3 Exact 100 0xabcd12"),
            (" 0Xabcd12 ", "1 Exact 100 0xabcd12; 3 Exact 100 0xabcd12"),
            ("BC1QXYZ", "2 Exact 100 bc1qxyz"),
            ("1InventedAddress", "2 Exact 100 1InventedAddress"),
            ("1inventedaddress", "clear"),
            ("0xabcd1", "clear"),
            ("", "clear"),
        ] {
            assert_eq!(told(&Subject::address(address)), wanted, "{address:?}");
        }
    }

    #[test]
    fn a_common_name_does_not_make_an_endless_answer() {
        let entry = |number: usize| Entry {
            id: number.to_string(),
            name: format!("COMMON, Name {number}"),
            ..Entry::default()
        };
        let list = List::new((0..100).map(entry).collect());
        let hits = list.find(&Subject::name("Common Name"));
        assert_eq!(hits.len(), HITS_MAX);
        assert_eq!(hits, list.find(&Subject::name("name common")), "the same each time");
        assert_eq!(list.find(&Subject::name("common name 99"))[0].entry, "99");
    }

    #[test]
    fn spellings_of_one_subject_are_one() {
        let normal = |text| Subject::name(text).normal();
        assert_eq!(normal("Li, Wei"), normal("wei LI"));
        assert_ne!(normal("Li Wei"), normal("Li Wen"));
        assert_eq!(Subject::address("0xAB").normal(), "0xab");
    }
}
