//! Texts that people read. Two of them that look alike are one text to whoever reads them, and two to
//! whoever compares them: so what nobody sees is refused where it is given, and left out where texts are
//! compared, and a word has letters of one alphabet.

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

/// Why a text is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextProblem {
    /// It holds what nobody sees.
    #[error("This holds an invisible character ({}). Type it instead of pasting it.", code_point(*.0))]
    Invisible(char),
    /// A word has letters of two alphabets.
    #[error(
        "This mixes alphabets within a word ({} is no Latin letter). Write each word in one alphabet.",
        code_point(*.0)
    )]
    MixedAlphabets(char),
}

fn code_point(c: char) -> String {
    format!("U+{:04X}", u32::from(c))
}

/// Whether all of a text is seen.
pub fn check_visible(text: &str) -> Result<(), TextProblem> {
    text.chars().find(|c| is_invisible(*c)).map_or(Ok(()), |c| Err(TextProblem::Invisible(c)))
}

/// Whether all of a name or a number is seen, and each of its words has letters of one alphabet.
pub fn check_name(text: &str) -> Result<(), TextProblem> {
    check_visible(text)?;
    mixed_in(text).map_or(Ok(()), |c| Err(TextProblem::MixedAlphabets(c)))
}

/// A text for a terminal: what nobody sees could move its cursor or turn the text around it.
pub fn printable(text: &str) -> String {
    text.chars().map(|c| if is_invisible(c) { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

/// The one text that all spellings of somebody's own name share: without capitals, blanks around it and
/// what nobody sees.
pub fn folded(text: &str) -> String {
    let seen: String = text.nfkc().filter(|c| !is_ignored(*c)).collect();
    seen.trim().to_lowercase()
}

/// What nobody sees, and no script needs: the joiners and selectors of some stay.
fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}')
        || is_ignored(c)
            && !matches!(c, '\u{200C}' | '\u{200D}' | '\u{FE00}'..='\u{FE0F}'
                | '\u{E0100}'..='\u{E01EF}')
}

/// What comparisons leave out: Unicode's `Default_Ignorable_Code_Point`, and the empty cell of Braille.
pub(crate) const fn is_ignored(c: char) -> bool {
    matches!(c, '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}'..='\u{1160}'
        | '\u{17B4}'..='\u{17B5}' | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}'
        | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{2800}' | '\u{3164}'
        | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFF8}'
        | '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}')
}

/// The first letter of a word that is not Latin while others of it are.
fn mixed_in(text: &str) -> Option<char> {
    let (mut latin, mut other) = (false, None);
    for c in text.nfkd().filter(|c| !is_combining_mark(*c) && !is_ignored(*c)) {
        match c {
            // Apostrophes that count as letters are used in many alphabets.
            '\u{2B0}'..='\u{2FF}' => {}
            c if is_latin(c) => latin = true,
            c if c.is_alphabetic() => other = other.or(Some(c)),
            c if c.is_numeric() => {}
            _ => (latin, other) = (false, None),
        }
        if latin && other.is_some() {
            return other;
        }
    }
    None
}

const fn is_latin(c: char) -> bool {
    matches!(c, 'A'..='Z' | 'a'..='z' | '\u{C0}'..='\u{D6}' | '\u{D8}'..='\u{F6}'
        | '\u{F8}'..='\u{2AF}' | '\u{1D00}'..='\u{1D25}' | '\u{1D6B}'..='\u{1D77}'
        | '\u{1D79}'..='\u{1D9A}' | '\u{1E00}'..='\u{1EFF}' | '\u{2C60}'..='\u{2C7F}'
        | '\u{A722}'..='\u{A7FF}' | '\u{AB30}'..='\u{AB64}')
}

/// The one text that all spellings of the number of a document share: its letters and digits in capitals,
/// and those that look like Latin ones as these.
pub fn normal_number(number: &str) -> String {
    let letters = number.nfkd().filter(|c| !is_combining_mark(*c) && !is_ignored(*c));
    letters.flat_map(char::to_uppercase).filter(|c| c.is_alphanumeric()).map(latin_twin).collect()
}

/// The Latin capital or the digit that a character cannot be told from when it is printed, or else itself.
const fn latin_twin(c: char) -> char {
    match c {
        'А' | 'Α' => 'A',
        'В' | 'Β' => 'B',
        'С' | 'Ϲ' => 'C',
        'Е' | 'Ε' => 'E',
        'Н' | 'Η' => 'H',
        'І' | 'Ι' | 'Ӏ' => 'I',
        'Ј' | 'Ϳ' => 'J',
        'К' | 'Κ' => 'K',
        'М' | 'Μ' => 'M',
        'Ν' => 'N',
        'О' | 'Ο' => 'O',
        'Р' | 'Ρ' => 'P',
        'Ѕ' => 'S',
        'Т' | 'Τ' => 'T',
        'Х' | 'Χ' => 'X',
        'У' | 'Υ' | 'Ү' => 'Y',
        'Ζ' => 'Z',
        c => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_sees_is_refused_unless_a_script_needs_it() {
        for seen in [
            "Ada Lovelace",
            "Zoë O’Neil-Müller",
            "猫の店",
            "می\u{200C}خواهم",
            "क\u{94D}\u{200D}ष",
            "葛\u{E0100}城",
            "☕\u{FE0F} Shop",
            "",
        ] {
            assert_eq!(check_visible(seen), Ok(()), "{seen:?}");
        }
        for hidden in [
            '\u{0}',
            '\u{1B}',
            '\n',
            '\u{7F}',
            '\u{9B}',
            '\u{AD}',
            '\u{34F}',
            '\u{61C}',
            '\u{115F}',
            '\u{1160}',
            '\u{17B4}',
            '\u{17B5}',
            '\u{180B}',
            '\u{180E}',
            '\u{180F}',
            '\u{200B}',
            '\u{200E}',
            '\u{200F}',
            '\u{2028}',
            '\u{2029}',
            '\u{202A}',
            '\u{202E}',
            '\u{2060}',
            '\u{2066}',
            '\u{206E}',
            '\u{2800}',
            '\u{3164}',
            '\u{FEFF}',
            '\u{FFA0}',
            '\u{E0001}',
            '\u{E0041}',
            '\u{E007F}',
        ] {
            let refused = Err(TextProblem::Invisible(hidden));
            assert_eq!(check_visible(&format!("a{hidden}b")), refused, "{hidden:?}");
        }
    }

    #[test]
    fn a_word_has_letters_of_one_alphabet() {
        for one in [
            "Ada Lovelace",
            "Иван Петров",
            "Иван Smith",
            "Петров-Smith",
            "Νίκος",
            "ʻAukai Kealoha",
            "Oʼneil",
            "Əliyev",
            "Łukasz Żółć",
            "ﬁ Ａｄａ",
            "Li 李",
            "C01X00T47",
            "АВ123456",
            "12 34",
        ] {
            assert_eq!(check_name(one), Ok(()), "{one}");
        }
        for (mixed, other) in [
            ("B\u{430}d", '\u{430}'),
            ("\u{410}da", '\u{410}'),
            ("Ada Lovel\u{3B1}ce", '\u{3B1}'),
            ("Bо\u{301}d", 'о'),
            ("C0\u{425}00", '\u{425}'),
            ("B\u{561}d", '\u{561}'),
            ("Ada\u{13DE}", '\u{13DE}'),
        ] {
            assert_eq!(check_name(mixed), Err(TextProblem::MixedAlphabets(other)), "{mixed}");
        }
        assert_eq!(check_name("a\u{200B}b"), Err(TextProblem::Invisible('\u{200B}')));
    }

    #[test]
    fn what_is_wrong_is_said_in_a_sentence() {
        let said = |text| check_name(text).unwrap_err().to_string();
        insta::assert_snapshot!(said("a\u{200B}b"), @"This holds an invisible character (U+200B). Type it instead of pasting it.");
        insta::assert_snapshot!(said("B\u{430}d"), @"This mixes alphabets within a word (U+0430 is no Latin letter). Write each word in one alphabet.");
    }

    #[test]
    fn the_spellings_of_one_name_or_number_are_one() {
        for spelt in ["ada", " ADA", "a\u{200B}da", "ada\u{200D}", "Ａｄａ", "ada\u{FE0F}\u{3000}"]
        {
            assert_eq!(folded(spelt), "ada", "{spelt:?}");
        }
        for spelt in [
            "C01X00T47",
            "c01x 00t-47",
            "C01\u{200B}X00T47",
            "\u{421}01X00\u{422}47",
            "Ｃ01X00\u{3A4}47",
            " C 01 X 00 T 47",
        ] {
            assert_eq!(normal_number(spelt), "C01X00T47", "{spelt:?}");
        }
        assert_ne!(normal_number("C01X00T47"), normal_number("C01X00T48"));
        assert_eq!(normal_number("/"), "");
    }
}
