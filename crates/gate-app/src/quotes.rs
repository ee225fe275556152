//! Quotes over the API: look at prices, lock one, and redeem it once.

mod consume;
mod lock;
mod preview;
mod price;

pub use consume::signature_holds;
pub(crate) use consume::{announce_consumed, lock_quote_to_redeem, page_quote, redeem_on_page};
pub use lock::{LockQuote, lock_quote};
pub use preview::preview_quotes;
pub use price::{AMOUNT_DECIMALS_MAX, PriceError, PriceWanted};
