//! Tokens to choose from, and the one that is chosen.

use gate_domain::catalogue::Token;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A token on one network, to choose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AssetOption {
    /// The symbol.
    pub target_token: String,
    /// The network.
    pub target_network: String,
    /// The token's name for people.
    pub name: String,
    /// The network's name for people.
    pub network_name: String,
}

/// A token on one network, chosen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AssetChoice {
    /// The symbol.
    pub target_token: String,
    /// The network.
    pub target_network: String,
}

impl From<Token> for AssetChoice {
    fn from(token: Token) -> Self {
        Self { target_token: token.symbol, target_network: token.network }
    }
}

impl From<&Token> for AssetOption {
    fn from(token: &Token) -> Self {
        Self {
            target_token: token.symbol.clone(),
            target_network: token.network.clone(),
            name: token.name.clone(),
            network_name: token.network_name.clone(),
        }
    }
}
