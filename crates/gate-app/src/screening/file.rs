//! Reading a list of sanctions in the layout of OFAC's SDN files: `SDN.CSV`, beside it `ALT.CSV` with
//! other names, and perhaps `SDN_COMMENTS.CSV` with what the remarks had no room for. Files that are
//! not whole or do not fit together are refused: a list that lost its end would let somebody through.

use std::collections::{HashMap, hash_map};
use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use csv::ByteRecord;
use gate_domain::screening::{Entry, List};
use gate_domain::time::Millis;

const MAIN: &str = "SDN.CSV";
const OTHER_NAMES: &str = "ALT.CSV";
const MORE_REMARKS: &str = "SDN_COMMENTS.CSV";
/// How these files say that there is nothing.
const NOTHING: &str = "-0-";
/// How some of them end.
const END_OF_FILE: &[u8] = b"\x1a";
/// What an address is called among the remarks. The name of its currency follows.
const ADDRESS: &str = "Digital Currency Address - ";
/// The longest file that is read: 256 MiB.
const FILE_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// Why there is no list, as a sentence without its end.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {why}", .path.display())]
pub struct ListError {
    path: PathBuf,
    why: String,
}

impl ListError {
    fn new(path: &Path, why: &dyn Display) -> Self {
        Self { path: path.to_owned(), why: why.to_string() }
    }
}

/// The files of a list, and what tells them from those of a moment before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Files {
    main: File,
    other_names: Option<File>,
    more_remarks: Option<File>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct File {
    path: PathBuf,
    bytes: u64,
    changed: SystemTime,
}

impl File {
    fn at(path: PathBuf) -> Result<Self, ListError> {
        let told = |why: std::io::Error| ListError::new(&path, &why);
        let about = std::fs::metadata(&path).map_err(told)?;
        let changed = about.modified().map_err(told)?;
        if about.len() > FILE_BYTES_MAX {
            return Err(ListError::new(&path, &"it is longer than 256 MiB"));
        }
        Ok(Self { bytes: about.len(), changed, path })
    }
}

impl Files {
    /// The files of a folder, whatever the case of their names, or one file that has it all.
    pub(super) fn find(path: &Path) -> Result<Self, ListError> {
        let told = |why: std::io::Error| ListError::new(path, &why);
        if !std::fs::metadata(path).map_err(told)?.is_dir() {
            return Ok(Self {
                main: File::at(path.into())?,
                other_names: None,
                more_remarks: None,
            });
        }
        let mut paths = Vec::new();
        for file in std::fs::read_dir(path).map_err(told)? {
            paths.push(file.map_err(told)?.path());
        }
        let find = |name: &str| {
            let is_it = |path: &&PathBuf| {
                path.file_name().is_some_and(|found| found.eq_ignore_ascii_case(name))
            };
            let mut found = paths.iter().filter(is_it);
            match (found.next(), found.next()) {
                (Some(one), Some(_)) => {
                    Err(ListError::new(one, &"it is there twice, in other capitals"))
                }
                (one, _) => one.map(|path| File::at(path.clone())).transpose(),
            }
        };
        let missing = |name| ListError::new(path, &format!("it holds no {name}"));
        Ok(Self {
            main: find(MAIN)?.ok_or_else(|| missing(MAIN))?,
            other_names: Some(find(OTHER_NAMES)?.ok_or_else(|| missing(OTHER_NAMES))?),
            more_remarks: find(MORE_REMARKS)?,
        })
    }

    /// How old the list is: when its main file was last changed.
    pub(super) fn dated(&self) -> Millis {
        let since = self.main.changed.duration_since(UNIX_EPOCH).unwrap_or_default();
        Millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    /// Read them.
    pub(super) fn read(&self) -> Result<List, ListError> {
        let mut drafts = Drafts::default();
        records(&self.main.path, 12, |row| drafts.take_entry(row))?;
        if let Some(file) = &self.other_names {
            records(&file.path, 5, |row| drafts.take_other_name(row))?;
        }
        if let Some(file) = &self.more_remarks {
            records(&file.path, 2, |row| drafts.take_remarks(row))?;
        }
        if drafts.entries.is_empty() {
            return Err(ListError::new(&self.main.path, &"it holds no entry"));
        }
        Ok(List::new(drafts.finish()))
    }
}

/// Entries as they come together.
#[derive(Default)]
struct Drafts {
    entries: Vec<(Entry, String)>,
    places: HashMap<String, usize>,
}

impl Drafts {
    fn take_entry(&mut self, row: &[String]) -> Result<(), String> {
        let [id, name, _kind, programmes, .., remarks] = row else { return Err(short(row)) };
        let id = number(id)?;
        // Several are written as `ONE] [OTHER`.
        let programmes = programmes.split("] [").map(str::trim).filter(|one| !one.is_empty());
        let entry = Entry {
            id: id.to_owned(),
            programmes: programmes.map(str::to_owned).collect(),
            name: name.trim().to_owned(),
            ..Entry::default()
        };
        match self.places.entry(id.to_owned()) {
            hash_map::Entry::Occupied(_) => return Err(format!("there are two entries {id}")),
            hash_map::Entry::Vacant(free) => free.insert(self.entries.len()),
        };
        self.entries.push((entry, remarks.clone()));
        Ok(())
    }

    fn take_other_name(&mut self, row: &[String]) -> Result<(), String> {
        let [id, _number, _kind, name, ..] = row else { return Err(short(row)) };
        self.find(id)?.0.aliases.push(name.trim().to_owned());
        Ok(())
    }

    fn take_remarks(&mut self, row: &[String]) -> Result<(), String> {
        let [id, more] = row else { return Err(short(row)) };
        // It goes on where the remarks broke off, perhaps inside of an address.
        self.find(id)?.1.push_str(more);
        Ok(())
    }

    fn find(&mut self, id: &str) -> Result<&mut (Entry, String), String> {
        let place = self.places.get(number(id)?);
        // Then the files are not of the same day, or one of them has lost its end.
        let place = *place.ok_or_else(|| format!("{MAIN} has no entry {id}"))?;
        Ok(&mut self.entries[place])
    }

    fn finish(self) -> Vec<Entry> {
        let finish =
            |(entry, remarks): (Entry, String)| Entry { addresses: addresses(&remarks), ..entry };
        self.entries.into_iter().map(finish).collect()
    }
}

/// The addresses among remarks, such as `alt. Digital Currency Address - ETH 0x12;`.
fn addresses(remarks: &str) -> Vec<String> {
    let named = remarks.split(';').filter_map(|part| part.split_once(ADDRESS));
    let texts = named.filter_map(|(_, text)| text.split_whitespace().nth(1));
    texts.map(|text| text.trim_end_matches('.').to_owned()).collect()
}

/// Hand on each record as texts, with nothing where the file says so.
fn records(
    path: &Path,
    fields: usize,
    mut take: impl FnMut(&[String]) -> Result<(), String>,
) -> Result<(), ListError> {
    let told = |why: csv::Error| ListError::new(path, &why);
    let file = std::fs::File::open(path).map_err(|why| ListError::new(path, &why))?;
    let mut reader = csv::ReaderBuilder::new();
    let mut reader = reader.has_headers(false).flexible(true).from_reader(file);
    let mut record = ByteRecord::new();
    while reader.read_byte_record(&mut record).map_err(told)? {
        if record.len() == 1 && record.get(0) == Some(END_OF_FILE) {
            continue;
        }
        let line = record.position().map_or(0, csv::Position::line);
        let at = |why: String| ListError::new(path, &format!("line {line}: {why}"));
        if record.len() != fields {
            return Err(at(format!("{} fields, and there must be {fields}", record.len())));
        }
        let row: Vec<_> = record.iter().map(text).collect();
        take(&row).map_err(at)?;
    }
    Ok(())
}

/// A field as text: UTF-8, or else Latin-1, in which a byte is a letter.
fn text(field: &[u8]) -> String {
    let text = std::str::from_utf8(field)
        .map_or_else(|_| field.iter().map(|byte| char::from(*byte)).collect(), str::to_owned);
    if text.trim() == NOTHING { String::new() } else { text }
}

/// The number that the files know an entry by.
fn number(text: &str) -> Result<&str, String> {
    let text = text.trim();
    let fits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    fits.then_some(text).ok_or_else(|| format!("{text:?} is no number of an entry"))
}

fn short(row: &[String]) -> String {
    format!("{} fields are too few", row.len())
}
