//! Whether writing costs the same, however much is stored: creates, and the claims that deliver their
//! webhooks.

use std::time::Duration;

use anyhow::Result;

use super::super::children::Child;
use super::super::deliveries::until_delivered;
use super::super::load::Target;
use super::ask::Latencies;
use crate::gateway::Ready;

const ROUNDS: usize = 3;
const CONNECTIONS: usize = 32;
const PERIOD: Duration = Duration::from_secs(4);

/// Both gateways in turns; each sends to the receiver. What a create takes at 32 connections, and
/// what each webhook takes from the first request to the last arrival, divided by their number.
pub(super) async fn measure(
    small: &Ready,
    large: &Ready,
    receiver: &Child,
) -> Result<[(&'static str, Latencies); 2]> {
    let (mut creates, mut delivered) = (Latencies::default(), Latencies::default());
    for _ in 0..ROUNDS {
        for (ready, is_large) in [(small, false), (large, true)] {
            let target = Target::creates(ready)?;
            let (answered, arrived) =
                until_delivered(&target, receiver, CONNECTIONS, PERIOD, 1).await?;
            let each = arrived.took / u32::try_from(arrived.count.max(1))?;
            let each = u64::try_from(each.as_micros())?;
            creates.side(is_large).extend(answered.latencies);
            delivered.side(is_large).push(each);
            creates.rows = creates.rows.max(answered.count);
            delivered.rows = delivered.rows.max(arrived.count);
        }
    }
    for latencies in [&mut creates, &mut delivered] {
        latencies.small.sort_unstable();
        latencies.large.sort_unstable();
    }
    Ok([("creates at 32 connections", creates), ("created and delivered, each", delivered)])
}
