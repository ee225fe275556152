//! What people may move, and what is asked of them, of a catalogue file.

use std::collections::BTreeMap;

use gate_domain::catalogue::{
    Catalogue, IdentityRules, LIMIT_UNITS_MAX, Rung, SpendLimits, WORTH_DECIMALS, Worth,
};
use gate_domain::money::{Asset, Money, format_decimal, parse_decimal};
use gate_domain::person::Ask;

use super::checks::{Notes, read_asset_of_currency};
use super::{Draft, DraftIdentity, DraftRung, Word, world_wide};

/// The rules of the file, or those of the program where it says nothing. They fit the catalogue, or
/// there is a note.
pub(super) fn read(notes: &mut Notes<'_>, file: &Draft, catalogue: &Catalogue) -> IdentityRules {
    let Some(draft) = &file.identity else {
        let rules = world_wide().identity().clone();
        let known = |code: &str| code == rules.currency.code || rules.worth.contains_key(code);
        every_currency(notes, file, catalogue, known);
        return rules;
    };
    let Some(currency) = read_asset_of_currency(notes, &draft.currency) else {
        return IdentityRules::default();
    };
    let known = |code: &str| code == currency.code || draft.worth.contains_key(code);
    every_currency(notes, file, catalogue, known);
    let worth = read_worth(notes, &draft.worth, &currency, catalogue);
    let before = notes.count();
    let guest = draft.guest.transaction.as_ref();
    let guest_units = guest.and_then(|word| read_limit(notes, word, &currency)).unwrap_or(0);
    let basic = read_rung(notes, &draft.basic, &currency);
    let enhanced = read_rung(notes, &draft.enhanced, &currency);
    let rules = IdentityRules { currency, worth, guest_units, basic, enhanced };
    if notes.count() == before {
        rising(notes, draft, &rules);
    }
    rules
}

/// Each currency counts for something.
fn every_currency(
    notes: &mut Notes<'_>,
    file: &Draft,
    catalogue: &Catalogue,
    known: impl Fn(&str) -> bool,
) {
    for code in file.currencies.keys().filter(|code| catalogue.currency(code.get_ref()).is_some()) {
        let worth = known(code.get_ref()).then_some(());
        notes.wanted(code, worth, "needs a worth in [identity.worth]: what one of it counts for.");
    }
}

fn read_worth(
    notes: &mut Notes<'_>,
    words: &BTreeMap<Word, Word>,
    limited: &Asset,
    catalogue: &Catalogue,
) -> BTreeMap<String, Worth> {
    let mut all = BTreeMap::new();
    for (code, word) in words {
        let currency = catalogue.currencies().iter().find(|c| c.code == *code.get_ref());
        let other = Some(code).filter(|code| *code.get_ref() != limited.code);
        notes.wanted(code, other, "is what limits are counted in, and counts for itself.");
        notes.wanted(code, currency, "is not among the currencies of this file.");
        let steps = parse_decimal(word.get_ref(), WORTH_DECIMALS).ok();
        let steps = steps.and_then(|steps| i64::try_from(steps).ok()).filter(|steps| *steps > 0);
        let message = "must be a decimal string of more than 0 with at most 8 decimals.";
        if let Some((currency, steps)) = currency.zip(notes.wanted(word, steps, message)) {
            all.insert(currency.code.clone(), Worth(steps));
        }
    }
    all
}

fn read_rung(notes: &mut Notes<'_>, draft: &DraftRung, currency: &Asset) -> Rung {
    let mut limit = |word| read_limit(notes, word, currency).unwrap_or(0);
    let limits = SpendLimits {
        transaction_units: limit(&draft.transaction),
        day_units: limit(&draft.day),
        month_units: limit(&draft.month),
    };
    notes.unique("word", draft.asks.iter());
    let mut asked = |word: &Word| {
        let words = Ask::ALL.iter().map(|ask| ask.as_str()).collect::<Vec<_>>().join(", ");
        let message = format!("is nothing that can be asked; there are {words}.");
        notes.wanted(word, Ask::parse(word.get_ref()), &message)
    };
    Rung { limits, asks: draft.asks.iter().filter_map(&mut asked).collect() }
}

fn read_limit(notes: &mut Notes<'_>, word: &Word, currency: &Asset) -> Option<i128> {
    match Money::parse(word.get_ref(), currency.clone()) {
        Ok(amount) if amount.units <= LIMIT_UNITS_MAX => Some(amount.units),
        Ok(_) => {
            let most = format_decimal(LIMIT_UNITS_MAX, currency.decimals);
            notes.problem(word, format!("A limit is at most {most} {}.", currency.code));
            None
        }
        Err(error) => {
            notes.problem(word, format!("\"{}\" {error}.", word.get_ref()));
            None
        }
    }
}

/// No limit is lower than that of a shorter time, and none than that of the rung below.
fn rising(notes: &mut Notes<'_>, draft: &DraftIdentity, rules: &IdentityRules) {
    let guest = SpendLimits { transaction_units: rules.guest_units, ..SpendLimits::default() };
    let (basic, enhanced) = (rules.basic.limits, rules.enhanced.limits);
    for (rung, limits, below, name) in
        [(&draft.basic, basic, guest, "a guest"), (&draft.enhanced, enhanced, basic, "basic")]
    {
        let SpendLimits { transaction_units, day_units, month_units } = limits;
        let below_words = format!("{name} may move");
        for (word, units, least, what) in [
            (&rung.transaction, transaction_units, below.transaction_units, &*below_words),
            (&rung.day, day_units, below.day_units, &below_words),
            (&rung.day, day_units, transaction_units, "one transaction may come to"),
            (&rung.month, month_units, below.month_units, &below_words),
            (&rung.month, month_units, day_units, "a day allows"),
        ] {
            let least_words = rules.money(least);
            let message = format!("is less than what {what}, which is {least_words}.");
            notes.wanted(word, (units >= least).then_some(()), &message);
        }
    }
}
