//! Branding: the five tokens of a partner's look (contract, section 10).

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

use crate::change::Change;
use crate::text::check_visible;

/// The longest name.
pub const BRAND_NAME_CHARS_MAX: usize = 60;

/// A partner's look in one mode. All empty is the default look.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Branding {
    /// The name that users see instead of the partner's own.
    pub brand_name: Option<BrandName>,
    /// An https URL of a picture.
    pub logo_url: Option<String>,
    /// What buttons are filled with.
    pub primary_color: Option<Colour>,
    /// A colour of the order's side of the page.
    pub secondary_color: Option<Colour>,
    /// Where the eye goes: rings, marks and what is chosen.
    pub accent_color: Option<Colour>,
}

/// What a PATCH says about each token.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BrandingChange {
    /// The name.
    pub brand_name: Change<BrandName>,
    /// The picture.
    pub logo_url: Change<String>,
    /// What buttons are filled with.
    pub primary_color: Change<Colour>,
    /// A colour of the order's side of the page.
    pub secondary_color: Change<Colour>,
    /// Where the eye goes.
    pub accent_color: Change<Colour>,
}

impl Branding {
    /// The look after a change: what is left out stays.
    #[must_use]
    pub fn changed(self, change: BrandingChange) -> Self {
        Self {
            brand_name: change.brand_name.over(self.brand_name),
            logo_url: change.logo_url.over(self.logo_url),
            primary_color: change.primary_color.over(self.primary_color),
            secondary_color: change.secondary_color.over(self.secondary_color),
            accent_color: change.accent_color.over(self.accent_color),
        }
    }
}

/// A colour, `#RRGGBB`, as the partner wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Colour(String);

impl Colour {
    /// Check and take the text; none when it is no colour.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('#')?;
        let good = digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        good.then(|| Self(text.to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A name that users see: 1 to 60 characters that can be seen, and none of the words that would
/// say that the partner does what the gateway does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrandName(String);

/// Why a name is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BrandNameError {
    /// Too short or too long.
    #[error("brand_name must have 1 to {BRAND_NAME_CHARS_MAX} characters.")]
    Length,
    /// It holds what cannot be seen, or turns the direction of the text around it.
    #[error("brand_name must not hold invisible characters, nor begin or end with a space.")]
    Invisible,
    /// It says what the partner does not do.
    #[error(
        "brand_name must not hold the word {0:?}: it would suggest that your company runs \
         compliance or settlement. Use the name that your users know you by."
    )]
    Misleading(&'static str),
}

/// Words that would suggest that the partner runs compliance or settlement.
const MISLEADING: [&str; 12] = [
    "aml",
    "clearing",
    "compliance",
    "compliant",
    "custodian",
    "custody",
    "escrow",
    "kyc",
    "licensed",
    "regulated",
    "settlement",
    "settlements",
];

impl BrandName {
    /// Check and take a name.
    pub fn parse(text: &str) -> Result<Self, BrandNameError> {
        if !(1..=BRAND_NAME_CHARS_MAX).contains(&text.chars().count()) {
            return Err(BrandNameError::Length);
        }
        if check_visible(text).is_err() || text.trim() != text {
            return Err(BrandNameError::Invisible);
        }
        match misleading(text) {
            Some(word) => Err(BrandNameError::Misleading(word)),
            None => Ok(Self(text.to_owned())),
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The misleading word that somebody reads in a name who does not look closely: whatever its accents, in
/// letters of another script that look the same, or spelt out as `K Y C`.
fn misleading(name: &str) -> Option<&'static str> {
    let letters = name.nfkd().filter(|letter| !is_combining_mark(*letter));
    let folded: String = letters.map(look_alike).flat_map(char::to_lowercase).collect();
    let words = folded.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let mut spelt = String::new();
    for word in words {
        if word.chars().nth(1).is_none() {
            spelt.push_str(word);
        } else {
            spelt.clear();
        }
        let is_it = |bad: &&str| *bad == word || spelt.ends_with(bad);
        if let Some(bad) = MISLEADING.into_iter().find(is_it) {
            return Some(bad);
        }
    }
    None
}

/// The Latin letter that a Greek or Cyrillic one looks like.
fn look_alike(letter: char) -> char {
    match letter {
        'Α' | 'А' => 'A',
        'Β' | 'В' => 'B',
        'С' | 'Ϲ' => 'C',
        'Ԁ' => 'D',
        'Ε' | 'Е' => 'E',
        'Ԍ' => 'G',
        'Η' | 'Н' => 'H',
        'Ι' | 'І' | 'Ӏ' => 'I',
        'Ј' | 'Ϳ' => 'J',
        'Κ' | 'К' => 'K',
        'Μ' | 'М' => 'M',
        'Ν' => 'N',
        'Ο' | 'О' => 'O',
        'Ρ' | 'Р' => 'P',
        'Ѕ' => 'S',
        'Τ' | 'Т' => 'T',
        'Υ' | 'У' | 'Ү' => 'Y',
        'Χ' | 'Х' => 'X',
        'Ζ' => 'Z',
        'а' => 'a',
        'с' | 'ϲ' => 'c',
        'ԁ' => 'd',
        'е' => 'e',
        'і' | 'ι' | 'ı' => 'i',
        'ј' => 'j',
        'к' | 'κ' => 'k',
        'м' => 'm',
        'о' | 'ο' => 'o',
        'р' | 'ρ' => 'p',
        'ѕ' => 's',
        'т' => 't',
        'υ' => 'u',
        'у' | 'ү' => 'y',
        'х' | 'χ' => 'x',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for good in
            ["Demo Shop", "猫の店", "Ünder & Söhne", "Cleared Skies", "A", "K Y", "Κυκλάδες"]
        {
            assert_eq!(BrandName::parse(good).map(|name| name.0), Ok(good.to_owned()));
        }
        assert_eq!(BrandName::parse(""), Err(BrandNameError::Length));
        assert_eq!(BrandName::parse(&"x".repeat(61)), Err(BrandNameError::Length));
        for bad in
            [" ", "Shop ", "\tShop", "Shop\u{202E}pohS", "\u{3000}", "a\u{200B}b", "a\u{AD}b"]
        {
            assert_eq!(BrandName::parse(bad), Err(BrandNameError::Invisible), "{bad:?}");
        }
        for (bad, word) in [
            ("Acme KYC", "kyc"),
            ("acme-settlement.io", "settlement"),
            ("Licensed & Regulated", "licensed"),
            ("K Y C Verified", "kyc"),
            ("Acme K.Y.C.", "kyc"),
            ("A K-Y-C Shop", "kyc"),
            ("Licénsed Bank", "licensed"),
            ("\u{039A}YC", "kyc"),
            ("\u{041A}\u{0423}\u{0421} Shop", "kyc"),
            ("ＫＹＣ Shop", "kyc"),
            ("l i c e n s e d", "licensed"),
        ] {
            assert_eq!(BrandName::parse(bad), Err(BrandNameError::Misleading(word)), "{bad}");
        }
    }

    #[test]
    fn colours() {
        assert!(Colour::parse("#0D6b54").is_some());
        for bad in ["", "0D6B54", "#0D6B5", "#0D6B5G", "#0D6B54 ", "#ÄÄÄ", "red"] {
            assert_eq!(Colour::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_change_merges() {
        let colour = |text: &str| Colour::parse(text).unwrap();
        let before = Branding {
            logo_url: Some("https://shop.example/logo.svg".into()),
            primary_color: Some(colour("#112233")),
            ..Branding::default()
        };
        let change = BrandingChange {
            logo_url: Change::Clear,
            accent_color: Change::Set(colour("#445566")),
            ..BrandingChange::default()
        };
        let after = Branding {
            primary_color: Some(colour("#112233")),
            accent_color: Some(colour("#445566")),
            ..Branding::default()
        };
        assert_eq!(before.changed(change), after);
    }
}
