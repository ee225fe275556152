//! What can be bought, with what, within which limits.
//!
//! A small table compiled in; nothing else in the system names a currency or a token.

use crate::money::{Asset, Money};

/// A token on one network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenInfo {
    /// The symbol, upper case.
    pub symbol: &'static str,
    /// The name for people.
    pub name: &'static str,
    /// The network, lower case.
    pub network: &'static str,
    /// The network's name for people.
    pub network_name: &'static str,
    /// Decimals of the smallest unit.
    pub decimals: u8,
}

impl TokenInfo {
    /// The asset that this token is counted in.
    pub fn asset(&self) -> Asset {
        let network = Some(self.network.to_owned());
        Asset { code: self.symbol.to_owned(), network, decimals: self.decimals }
    }
}

/// A currency that can be charged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CurrencyInfo {
    /// ISO 4217.
    pub code: &'static str,
    /// The least that one purchase may cost, in smallest units.
    pub minimum_units: i128,
    /// The most that one purchase may cost, in smallest units.
    pub maximum_units: i128,
}

impl CurrencyInfo {
    /// The asset, with the minor units of ISO 4217.
    pub fn asset(&self) -> Asset {
        let currency = iso_currency::Currency::from_code(self.code)
            .expect("the table names ISO currencies only");
        let decimals = currency.exponent().unwrap_or(0);
        Asset {
            code: self.code.to_owned(),
            network: None,
            decimals: u8::try_from(decimals).expect("ISO 4217 has at most four decimals"),
        }
    }

    /// The least that one purchase may cost.
    pub fn minimum(&self) -> Money {
        Money::new(self.minimum_units, self.asset())
    }

    /// The most that one purchase may cost.
    pub fn maximum(&self) -> Money {
        Money::new(self.maximum_units, self.asset())
    }
}

const fn token(
    symbol: &'static str,
    name: &'static str,
    network: &'static str,
    network_name: &'static str,
    decimals: u8,
) -> TokenInfo {
    TokenInfo { symbol, name, network, network_name, decimals }
}

const TOKENS: [TokenInfo; 10] = [
    token("USDC", "USD Coin", "base", "Base", 6),
    token("USDC", "USD Coin", "ethereum", "Ethereum", 6),
    token("USDC", "USD Coin", "arbitrum", "Arbitrum One", 6),
    token("USDC", "USD Coin", "polygon", "Polygon", 6),
    token("USDT", "Tether USD", "ethereum", "Ethereum", 6),
    token("USDT", "Tether USD", "arbitrum", "Arbitrum One", 6),
    token("USDT", "Tether USD", "polygon", "Polygon", 6),
    token("ETH", "Ether", "ethereum", "Ethereum", 18),
    token("ETH", "Ether", "base", "Base", 18),
    token("ETH", "Ether", "arbitrum", "Arbitrum One", 18),
];

const CURRENCIES: [CurrencyInfo; 3] = [
    CurrencyInfo { code: "EUR", minimum_units: 10_00, maximum_units: 10_000_00 },
    CurrencyInfo { code: "GBP", minimum_units: 10_00, maximum_units: 10_000_00 },
    CurrencyInfo { code: "USD", minimum_units: 10_00, maximum_units: 10_000_00 },
];

/// Every token on every network, in the order that the page offers them.
pub fn list_tokens() -> &'static [TokenInfo] {
    &TOKENS
}

/// Every currency that can be charged.
pub fn list_currencies() -> &'static [CurrencyInfo] {
    &CURRENCIES
}

/// The currency with this code. Codes are compared without case.
pub fn find_currency(code: &str) -> Option<CurrencyInfo> {
    CURRENCIES.into_iter().find(|currency| currency.code.eq_ignore_ascii_case(code))
}

/// The token on this network. Both words are compared without case.
pub fn find_token(symbol: &str, network: &str) -> Option<TokenInfo> {
    TOKENS.into_iter().find(|token| {
        token.symbol.eq_ignore_ascii_case(symbol) && token.network.eq_ignore_ascii_case(network)
    })
}

/// The tokens that a session leaves to choose from: all that match what it pins.
pub fn list_options(symbol: Option<&str>, network: Option<&str>) -> Vec<TokenInfo> {
    let matches =
        |pinned: Option<&str>, word: &str| pinned.is_none_or(|p| p.eq_ignore_ascii_case(word));
    TOKENS
        .into_iter()
        .filter(|token| matches(symbol, token.symbol) && matches(network, token.network))
        .collect()
}
