//! Every address here is made by this file from bytes, so that nobody's wallet is among them.

use proptest::prelude::*;

use super::base58::encode as base58;
use super::bech32::Variant;
use super::spelling::{checked, numbered as stellar, segwit};
use super::*;
use crate::catalogue::{CryptoAsset, Network, Side, Token};

/// One address of every spelling, made of 40 bytes.
fn spellings(bytes: &[u8; 40]) -> Vec<(Family, String)> {
    let (short, long) = (&bytes[..20], &bytes[..32]);
    vec![
        (Family::Bitcoin, checked(0x00, short, base58::BITCOIN)),
        (Family::Bitcoin, checked(0x05, short, base58::BITCOIN)),
        (Family::Bitcoin, segwit("bc", 0, short, Variant::Bech32)),
        (Family::Bitcoin, segwit("bc", 0, long, Variant::Bech32)),
        (Family::Bitcoin, segwit("bc", 1, long, Variant::Bech32m)),
        (Family::Bitcoin, segwit("bc", 16, bytes, Variant::Bech32m)),
        (Family::Tron, checked(0x41, short, base58::BITCOIN)),
        (Family::Xrp, checked(0x00, short, base58::RIPPLE)),
        (Family::Stellar, stellar(6 << 3, long)),
        (Family::Stellar, stellar(12 << 3, bytes)),
    ]
}

const BYTES: [u8; 40] = {
    let mut bytes = [0; 40];
    let mut place = 0;
    while place < 40 {
        #[expect(clippy::cast_possible_truncation, reason = "40 places fit a byte")]
        let byte = place as u8;
        bytes[place] = byte.wrapping_mul(37).wrapping_add(11);
        place += 1;
    }
    bytes
};

/// An account that SEP 23 shows.
const ISSUER: &str = "GA7QYNF7SOWQ3GLR2BGMZEHXAVIRZA4KVWLTJJFC7MGXUA74P7UJVSGZ";

const EVM: &str = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";

fn parse(family: Family, text: &str) -> Result<Destination, DestinationError> {
    Destination::parse(family, text, TypedMemo::default())
}

/// The published examples of the standards, so that the maker above is not its own judge.
#[test]
fn the_examples_of_the_standards_are_read() {
    for (family, text) in [
        (Family::Evm, EVM),
        // BIP 173 and BIP 350.
        (Family::Bitcoin, "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4"),
        (Family::Bitcoin, "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0"),
        (Family::Bitcoin, "BC1SW50QGDZ25J"),
        (Family::Bitcoin, "1111111111111111111114oLvT2"),
        (Family::Tron, "T9yD14Nj9j7xAB4dbGeiX9h8unkKHxuWwb"),
        (Family::Xrp, "rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh"),
        // SEP 23.
        (Family::Stellar, "GA7QYNF7SOWQ3GLR2BGMZEHXAVIRZA4KVWLTJJFC7MGXUA74P7UJVSGZ"),
        (Family::Stellar, "MA7QYNF7SOWQ3GLR2BGMZEHXAVIRZA4KVWLTJJFC7MGXUA74P7UJUAAAAAAAAAAAACJUQ"),
        (Family::Solana, "11111111111111111111111111111111"),
    ] {
        assert_eq!(parse(family, text).map(|found| found.family), Ok(family), "{text}");
        assert_eq!(recognise(text), Some(family), "{text}");
    }
}

#[test]
fn what_is_no_destination_is_told_why() {
    use DestinationError as E;
    use Family as F;
    let short = &BYTES[..20];
    let long = &BYTES[..32];
    let made = |text: String| -> &'static str { Box::leak(text.into_boxed_str()) };
    for (family, text, why) in [
        (F::Bitcoin, "", E::Form(F::Bitcoin)),
        (F::Bitcoin, "bc1", E::Form(F::Bitcoin)),
        (F::Bitcoin, EVM, E::OtherFamily { found: F::Evm, wanted: F::Bitcoin }),
        // The right checksum of the other version of bech32, and programs of no known length.
        (F::Bitcoin, made(segwit("bc", 0, short, Variant::Bech32m)), E::Form(F::Bitcoin)),
        (F::Bitcoin, made(segwit("bc", 1, long, Variant::Bech32)), E::Form(F::Bitcoin)),
        (F::Bitcoin, made(segwit("bc", 1, short, Variant::Bech32m)), E::Form(F::Bitcoin)),
        (F::Bitcoin, made(segwit("bc", 17, long, Variant::Bech32m)), E::Form(F::Bitcoin)),
        (F::Bitcoin, made(segwit("tb", 0, short, Variant::Bech32)), E::TestNetwork),
        (F::Bitcoin, made(checked(0x6f, short, base58::BITCOIN)), E::TestNetwork),
        (F::Bitcoin, made(checked(0x80, long, base58::BITCOIN)), E::SecretKey),
        (
            F::Bitcoin,
            made(checked(0x41, short, base58::BITCOIN)),
            E::OtherFamily { found: F::Tron, wanted: F::Bitcoin },
        ),
        (F::Tron, made(checked(0x41, long, base58::BITCOIN)), E::Form(F::Tron)),
        (F::Xrp, made(checked(0x21, &BYTES[..16], base58::RIPPLE)), E::SecretKey),
        (F::Stellar, made(stellar(18 << 3, long)), E::SecretKey),
        (F::Stellar, made(stellar(6 << 3, short)), E::Form(F::Stellar)),
        (F::Solana, made(base58(short, base58::BITCOIN)), E::Form(F::Solana)),
        (F::Solana, EVM, E::OtherFamily { found: F::Evm, wanted: F::Solana }),
        (
            F::Evm,
            made(base58(long, base58::BITCOIN)),
            E::OtherFamily { found: F::Solana, wanted: F::Evm },
        ),
    ] {
        assert_eq!(parse(family, text), Err(why), "{family:?} {text}");
    }
    let told = parse(F::Evm, &segwit("bc", 0, short, Variant::Bech32)).unwrap_err().to_string();
    assert_eq!(told, "This is a Bitcoin address, and the tokens go to an Ethereum address.");
}

#[test]
fn a_memo_is_taken_where_there_is_one_and_asked_for_where_it_is_needed() {
    let xrp = checked(0x00, &BYTES[..20], base58::RIPPLE);
    let account = stellar(6 << 3, &BYTES[..32]);
    let numbered = stellar(12 << 3, &BYTES);
    let long = "a text of twenty-nine bytes !";
    for (family, address, memo, needed, read) in [
        (Family::Xrp, &xrp, None, false, Ok(None)),
        (Family::Xrp, &xrp, None, true, Err(MemoError::Needed("destination tag"))),
        (Family::Xrp, &xrp, Some(" "), true, Err(MemoError::Needed("destination tag"))),
        (Family::Xrp, &xrp, Some("4294967295"), true, Ok(Some(Memo::Tag(u32::MAX)))),
        (Family::Xrp, &xrp, Some("4294967296"), true, Err(MemoError::Tag)),
        (Family::Xrp, &xrp, Some("+1"), true, Err(MemoError::Tag)),
        (Family::Stellar, &account, Some("7"), true, Ok(Some(Memo::Number(7)))),
        (Family::Stellar, &account, Some("order 7"), true, Ok(Some(Memo::Text("order 7".into())))),
        (Family::Stellar, &account, Some(long), true, Err(MemoError::Text)),
        (Family::Stellar, &numbered, None, true, Ok(None)),
        (Family::Stellar, &numbered, Some("7"), true, Err(MemoError::Inside)),
        (Family::Evm, &EVM.to_owned(), Some("7"), false, Err(MemoError::Unused)),
        (Family::Evm, &EVM.to_owned(), None, true, Ok(None)),
    ] {
        let typed = TypedMemo { needed, ..TypedMemo::of(memo) };
        let found = Destination::parse(family, address, typed).map(|found| found.memo);
        assert_eq!(found, read.map_err(DestinationError::Memo), "{address} {memo:?}");
    }
}

#[test]
fn what_would_be_lost_is_refused() {
    let contract = "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48";
    let token = Token {
        symbol: "USDC".into(),
        name: "USD Coin".into(),
        network: "ethereum".into(),
        network_name: "Ethereum".into(),
        contract: Some(contract.into()),
        decimals: 6,
    };
    let network = Network {
        chain: "ethereum".into(),
        name: "Ethereum".into(),
        family: Family::Evm,
        chain_id: Some(1),
    };
    let asset = CryptoAsset {
        symbol: "USDC".into(),
        name: "USD Coin".into(),
        active: true,
        sides: vec![Side::OnRamp],
        tokens: vec![token],
    };
    let issued = Token {
        symbol: "EURC".into(),
        name: "Euro Coin".into(),
        network: "stellar".into(),
        network_name: "Stellar".into(),
        contract: Some(format!("EURC:{ISSUER}")),
        decimals: 7,
    };
    let other = CryptoAsset { symbol: "EURC".into(), tokens: vec![issued], ..asset.clone() };
    let (networks, assets) = (vec![network], vec![asset, other]);
    let catalogue = Catalogue::new(vec![], vec![], vec![], networks, assets, vec![]);
    let lost = |symbol: &str, network: &str| DestinationError::TokenContract {
        symbol: symbol.into(),
        network: network.into(),
    };
    for (family, address, expected) in [
        (Family::Evm, EVM, Ok(())),
        (Family::Evm, &contract.to_lowercase(), Err(lost("USDC", "Ethereum"))),
        (Family::Evm, "0x000000000000000000000000000000000000dead", Err(DestinationError::Burn)),
        (Family::Evm, "0xdead000000000000000000000000000000000000", Err(DestinationError::Burn)),
        (Family::Evm, "0x0000000000000000000000000000000000000004", Err(DestinationError::Burn)),
        (Family::Bitcoin, "1111111111111111111114oLvT2", Err(DestinationError::Burn)),
        (Family::Tron, "T9yD14Nj9j7xAB4dbGeiX9h8unkKHxuWwb", Err(DestinationError::Burn)),
        (Family::Xrp, "rrrrrrrrrrrrrrrrrrrrrhoLvTp", Err(DestinationError::Burn)),
        (Family::Xrp, "rrrrrrrrrrrrrrrrrrrrBZbvji", Err(DestinationError::Burn)),
        (Family::Xrp, &checked(0x00, &BYTES[..20], base58::RIPPLE), Ok(())),
        (
            Family::Stellar,
            "GAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAWHF",
            Err(DestinationError::Burn),
        ),
        (Family::Stellar, ISSUER, Err(lost("EURC", "Stellar"))),
        (
            Family::Solana,
            "1nc1nerator11111111111111111111111111111111",
            Err(DestinationError::Burn),
        ),
    ] {
        let found = parse(family, address).unwrap();
        assert_eq!(found.refuse_loss(&catalogue), expected, "{address}");
    }
}

#[test]
fn what_is_stored_is_read_again() {
    let kinds = Family::ALL.map(|family| (family, spell(family, &[7; 32])));
    for (family, address) in kinds {
        let memos: &[Option<&str>] = match family {
            Family::Xrp => &[None, Some("0"), Some("4294967295")],
            Family::Stellar => &[None, Some("7"), Some("a: text:"), Some("18446744073709551616")],
            Family::Evm | Family::Bitcoin | Family::Tron | Family::Solana => &[None],
        };
        for memo in memos {
            let destination = Destination::parse(family, &address, TypedMemo::of(*memo)).unwrap();
            let stored = serde_json::to_string(&destination).unwrap();
            assert_eq!(serde_json::from_str::<Destination>(&stored).unwrap(), destination);
            assert_eq!(Destination::from_stored(&destination.to_string()), Some(destination));
        }
    }
    // What was stored before there were families.
    assert_eq!(Destination::from_stored(EVM), parse(Family::Evm, EVM).ok());
    let xrp = spell(Family::Xrp, &[7; 32]);
    for text in ["", "xrp", "xrp:", &xrp, &format!("xrp:{xrp}:tag"), &format!("xrp:{xrp}:x:7")] {
        assert_eq!(Destination::from_stored(text), None, "{text}");
    }
}

#[test]
fn a_text_of_no_family_is_told_why() {
    use DestinationError as E;
    let mistyped = "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mda";
    for (text, why) in [
        ("0x12", E::Evm(AddressError::Length)),
        ("somewhere", E::Unknown),
        (mistyped, E::Checksum),
        (&stellar(18 << 3, &BYTES[..32]), E::SecretKey),
        (&segwit("tb", 0, &BYTES[..20], Variant::Bech32), E::TestNetwork),
    ] {
        assert_eq!(recognise_or_why(text), Err(why), "{text}");
    }
}

#[test]
fn an_account_with_a_number_inside_is_the_account_without_it() {
    let account = stellar(6 << 3, &BYTES[..32]);
    for number in [[0; 8], [7; 8]] {
        let inside = stellar(12 << 3, &[&BYTES[..32], &number[..]].concat());
        assert_eq!(parse(Family::Stellar, &inside).unwrap().account(), account);
    }
    assert_eq!(parse(Family::Stellar, &account).unwrap().account(), account);
    let burnt = stellar(12 << 3, &[0; 40]);
    let catalogue = Catalogue::default();
    assert_eq!(
        parse(Family::Stellar, &burnt).unwrap().refuse_loss(&catalogue),
        Err(DestinationError::Burn)
    );
}

#[test]
fn zeros_before_a_number_make_it_a_text() {
    let account = stellar(6 << 3, &BYTES[..32]);
    let memo = |text| Memo::read(Family::Stellar, &account, TypedMemo::of(Some(text))).unwrap();
    assert_eq!(memo("42"), Some(Memo::Number(42)));
    assert_eq!(memo("0042"), Some(Memo::Text("0042".into())));
}

#[test]
fn digits_are_a_text_where_somebody_says_so() {
    let (account, tagged) =
        (stellar(6 << 3, &BYTES[..32]), checked(0x00, &BYTES[..20], base58::RIPPLE));
    let typed = |memo, is_text| TypedMemo { is_text, ..TypedMemo::of(Some(memo)) };
    let read = |memo, is_text| Memo::read(Family::Stellar, &account, typed(memo, is_text));
    assert_eq!(read("42", false), Ok(Some(Memo::Number(42))));
    assert_eq!(read("42", true), Ok(Some(Memo::Text("42".into()))));
    assert_eq!(read("mine", true), Ok(Some(Memo::Text("mine".into()))));
    assert_eq!(read(" ", true), Ok(None));
    assert_eq!(read("99999999999999999999999999999", true), Err(MemoError::Text));
    // A destination tag is never one.
    assert_eq!(Memo::read(Family::Xrp, &tagged, typed("42", true)), Err(MemoError::Tag));
    let text = Destination::parse(Family::Stellar, &account, typed("42", true)).unwrap();
    assert_eq!(Destination::from_stored(&text.to_string()), Some(text.clone()));
    assert_eq!(text.to_string(), format!("stellar:{account}:text:42"));
}

#[test]
fn a_memo_of_digits_is_mistaken_for_one_other() {
    let text = |text: &str| Memo::Text(text.into());
    assert_eq!(Memo::Number(42).mistaken(), Some(text("42")));
    assert_eq!(text("42").mistaken(), Some(Memo::Number(42)));
    assert_eq!(text(&u64::MAX.to_string()).mistaken(), Some(Memo::Number(u64::MAX)));
    for other in [text("042"), text("+42"), text("18446744073709551616"), text("mine"), text("")] {
        assert_eq!(other.mistaken(), None, "{other}");
    }
    assert_eq!(Memo::Tag(42).mistaken(), None);
}

#[test]
fn a_camera_reads_the_memo_where_there_is_a_standard() {
    let asset = crate::money::Asset { code: "XLM".into(), network: None, decimals: 7 };
    let amount = Money::new(125_000_000, asset);
    let account = stellar(6 << 3, &BYTES[..32]);
    let with = Destination::parse(Family::Stellar, &account, TypedMemo::of(Some("7"))).unwrap();
    assert_eq!(
        with.scannable(&amount),
        (
            format!(
                "web+stellar:pay?destination={account}&amount=12.5000000&memo=7&memo_type=MEMO_ID"
            ),
            true
        )
    );
    assert_eq!(
        parse(Family::Stellar, &account).unwrap().scannable(&amount),
        (account.clone(), true)
    );
    // The text names no asset, so it would ask for the network's own coin instead of the token.
    let asset = crate::money::Asset { code: "USDC".into(), network: None, decimals: 7 };
    assert_eq!(with.scannable(&Money::new(125_000_000, asset)), (account, false));
}

/// EIP-55 notices a changed character only by the case of letters, so this walks through every
/// change of one address instead of drawing some.
#[test]
fn no_changed_digit_of_an_ethereum_address_goes_unnoticed() {
    for (place, was) in EVM.char_indices().skip(2) {
        for digit in "0123456789abcdefABCDEF".chars().filter(|digit| *digit != was) {
            let mut changed: Vec<char> = EVM.chars().collect();
            changed[place] = digit;
            let changed: String = changed.into_iter().collect();
            assert!(parse(Family::Evm, &changed).is_err(), "{changed}");
        }
    }
}

proptest! {
    #[test]
    fn what_is_made_is_read(bytes in any::<[u8; 40]>()) {
        for (family, address) in spellings(&bytes) {
            let found = parse(family, &address);
            prop_assert_eq!(found.map(|found| found.address), Ok(address.clone()));
            prop_assert_eq!(recognise(&address), Some(family));
        }
        let long: &[u8; 32] = bytes[..32].try_into().unwrap();
        for family in Family::ALL {
            let spelt = spell(family, long);
            prop_assert!(parse(family, &spelt).is_ok(), "{spelt}");
        }
    }

    /// Whatever has a checksum refuses a change of one character. Solana has none, and says so.
    #[test]
    fn one_changed_character_is_refused(
        bytes in any::<[u8; 40]>(),
        place in any::<usize>(),
        by in 1usize..58,
    ) {
        for (family, address) in spellings(&bytes) {
            let mut changed = address.clone().into_bytes();
            let place = place % changed.len();
            let known = base58::BITCOIN.iter().position(|letter| *letter == changed[place]);
            changed[place] = base58::BITCOIN[(known.unwrap_or(0) + by) % 58];
            let changed = String::from_utf8(changed).unwrap();
            prop_assume!(changed != address);
            prop_assert!(parse(family, &changed).is_err(), "{address} {changed}");
        }
    }

    #[test]
    fn any_text_is_answered(text in "\\PC{0,100}") {
        for family in Family::ALL {
            let _ = Destination::parse(family, &text, TypedMemo::of(Some(&text)));
        }
    }
}
