//! Reading lists, and reading them again. Every name and address here is invented.

use std::fs;
use std::path::{Path, PathBuf};

use gate_domain::screening::Subject;
use tempfile::TempDir;

use super::*;

const INVENTED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/stories/sanctions");
const ROW: &str = "7,\"DOE, Invented\",-0- ,\"P\",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,";

/// Names and what is in them.
type Files<'a> = &'a [(&'a str, &'a [u8])];

/// A folder with these files.
fn folder(files: Files<'_>) -> TempDir {
    let folder = TempDir::new().unwrap();
    for (name, bytes) in files {
        fs::write(folder.path().join(name), bytes).unwrap();
    }
    folder
}

fn entries(list: &SanctionsList, subject: &Subject) -> Vec<String> {
    list.current().list.find(subject).into_iter().map(|hit| hit.entry).collect()
}

fn refused(path: &Path) -> String {
    let error = SanctionsList::open(path).unwrap_err().to_string();
    error.replace(&path.display().to_string(), "PLACE")
}

#[test]
fn a_folder_has_names_other_names_and_addresses_even_those_that_were_cut() {
    let list = SanctionsList::open(Path::new(INVENTED)).unwrap();
    let current = list.current();
    let counts = (current.list.entries(), current.list.names(), current.list.addresses());
    assert_eq!(counts, (3, 6, 3));
    for name in ["zebulon ornulf quandary", "el zebulon", "Z.O. Quandary"] {
        let hits = current.list.find(&Subject::name(name));
        assert_eq!(hits[0].entry, "1001", "{name}");
        assert_eq!(hits[0].programmes, ["TESTPROG", "OTHERPROG"]);
    }
    assert_eq!(entries(&list, &Subject::name("thistleworks")), ["1002"]);
    assert_eq!(entries(&list, &Subject::name("The Good Ship Fiction")), ["1003"]);
    for address in [
        "0x5a11ed5a11ed5a11ed5a11ed5a11ed5a11ed5a11",
        "1InventedForTestsOnly",
        "TInventedForTestsOnly",
    ] {
        assert_eq!(entries(&list, &Subject::address(address)), ["1001"], "{address}");
    }
    assert!(entries(&list, &Subject::address("TInvented")).is_empty());
}

#[test]
fn one_file_will_do_and_letters_of_either_encoding() {
    let latin = [
        &b"7,\"DO\xc9, Invented\",-0- ,\"P\",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- \r\n"[..],
        b"\x1a\r\n",
    ]
    .concat();
    let utf8 = "7,\"DOÉ, Invented\",-0- ,\"P\",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ".as_bytes();
    for bytes in [latin.as_slice(), utf8] {
        let folder = folder(&[("list.csv", bytes)]);
        let list = SanctionsList::open(&folder.path().join("list.csv")).unwrap();
        assert_eq!(entries(&list, &Subject::name("invented doe")), ["7"]);
    }
}

#[test]
fn what_is_not_whole_is_refused_and_says_where() {
    let row = format!("{ROW}-0- \n");
    let (row, twice) = (row.as_bytes(), format!("{row}{row}"));
    let cases: [(Files<'_>, &str); 9] = [
        (&[], "PLACE: it holds no SDN.CSV"),
        (&[("SDN.CSV", row)], "PLACE: it holds no ALT.CSV"),
        (&[("sdn.csv", b""), ("alt.csv", b"")], "PLACE/sdn.csv: it holds no entry"),
        (
            &[("SDN.CSV", row), ("sdn.csv", row), ("ALT.CSV", b"")],
            "it is there twice, in other capitals",
        ),
        (
            &[("SDN.CSV", ROW.trim_end_matches(',').as_bytes()), ("ALT.CSV", b"")],
            "PLACE/SDN.CSV: line 1: 11 fields, and there must be 12",
        ),
        (
            &[("SDN.CSV", twice.as_bytes()), ("ALT.CSV", b"")],
            "PLACE/SDN.CSV: line 2: there are two entries 7",
        ),
        (
            &[("SDN.CSV", row), ("ALT.CSV", b"8,1,\"aka\",\"X\",-0- ")],
            "PLACE/ALT.CSV: line 1: SDN.CSV has no entry 8",
        ),
        (
            &[("SDN.CSV", row), ("ALT.CSV", b"id,1,\"aka\",\"X\",-0- ")],
            "PLACE/ALT.CSV: line 1: \"id\" is no number of an entry",
        ),
        (
            &[("SDN.CSV", row), ("ALT.CSV", b""), ("SDN_COMMENTS.CSV", b"7")],
            "PLACE/SDN_COMMENTS.CSV: line 1: 1 fields, and there must be 2",
        ),
    ];
    for (files, wanted) in cases {
        let said = refused(folder(files).path());
        assert!(said.ends_with(wanted), "{said}");
    }
    assert!(refused(&PathBuf::from("nowhere")).starts_with("PLACE: "));
}

#[test]
fn a_list_is_read_again_once_its_files_stand_still() {
    let row = |id: &str| ROW.replacen('7', id, 1) + "-0- \n";
    let folder = folder(&[("SDN.CSV", row("7").as_bytes()), ("ALT.CSV", b"")]);
    let list = SanctionsList::open(folder.path()).unwrap();
    let found = || entries(&list, &Subject::name("Invented Doe"));
    assert_eq!(list.refresh(), Ok(false));
    assert_eq!(found(), ["7"]);

    fs::write(folder.path().join("SDN.CSV"), row("7") + &row("8")).unwrap();
    assert_eq!(list.refresh(), Ok(false), "somebody may still be writing it");
    assert_eq!(list.refresh(), Ok(true));
    assert_eq!(list.refresh(), Ok(false));
    assert_eq!(found(), ["7", "8"]);

    fs::write(folder.path().join("SDN.CSV"), "7").unwrap();
    assert_eq!(list.refresh(), Ok(false));
    assert!(list.refresh().is_err());
    assert_eq!(list.refresh(), Ok(false), "it is told once");
    assert_eq!(found(), ["7", "8"], "the list before stays in use");

    fs::remove_file(folder.path().join("SDN.CSV")).unwrap();
    assert_eq!(list.refresh(), Ok(false));
    assert!(list.refresh().is_err());
    assert_eq!(list.refresh(), Ok(false));

    fs::write(folder.path().join("SDN.CSV"), row("9")).unwrap();
    assert_eq!((list.refresh(), list.refresh()), (Ok(false), Ok(true)));
    assert_eq!(found(), ["9"]);
}
