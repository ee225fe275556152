//! Where prices come from when not from the simulator's usual market: another simulated market, a
//! fixed table, or exchanges. A file says which; see [`read_file`].

mod bodies;
mod exchanges;
mod file;
mod fixed;
#[cfg(test)]
mod tests;

pub use file::{PricesError, read_file, read_text};
