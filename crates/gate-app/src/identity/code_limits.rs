//! How many codes are sent by e-mail. What counts is how often they were sent, and never whether anybody
//! knows the address.

use gate_domain::ids::{Mode, SessionId, Tenant};
use gate_domain::time::Millis;
use gate_store::Tx;
use tracing::warn;

use super::IdentityError;
use super::email::CODE_MS;
use crate::app::App;
use crate::journey::JourneyError;

/// So many within a time that runs from each of them, and no more.
#[derive(Clone, Copy)]
struct Limit {
    sent_max: usize,
    window_ms: i64,
}

/// The time that most are counted over: an hour.
const HOUR_MS: i64 = 3_600_000;
/// In one session, for as long as a code is good.
const IN_SESSION: Limit = Limit { sent_max: 3, window_ms: CODE_MS };
/// In one session, whatever the addresses.
const IN_SESSION_IN_AN_HOUR: Limit = Limit { sent_max: 5, window_ms: HOUR_MS };
/// To one address, over all partners, so that nobody's mailbox is flooded.
const TO_ADDRESS: Limit = Limit { sent_max: 5, window_ms: HOUR_MS };
/// To one address on one partner's pages, so that those alone cannot keep its owner from all others.
const TO_ADDRESS_OF_PARTNER: Limit = Limit { sent_max: 4, window_ms: HOUR_MS };
/// On one partner's pages without anybody typing them, in live mode: users type theirs, strangers do not.
const UNUSED_OF_PARTNER: Limit = Limit { sent_max: 500, window_ms: HOUR_MS };

impl Limit {
    /// How long the next one has to wait, where enough of these, oldest first, were sent.
    fn wait_ms(self, sent: &[Millis], now: Millis) -> Option<i64> {
        let since = now.plus_ms(-self.window_ms);
        let counted = &sent[sent.partition_point(|sent_at| *sent_at <= since)..];
        let freed = counted.len().checked_sub(self.sent_max)?;
        Some(counted[freed].0 + self.window_ms - now.0)
    }
}

/// Refuse a code that is too much, and say when the next one may be sent by all limits.
pub(super) fn check(
    tx: &mut Tx,
    tenant: &Tenant,
    session: &SessionId,
    email_hash: &[u8],
    now: Millis,
) -> Result<(), JourneyError> {
    let hour = now.plus_ms(-HOUR_MS);
    let here = tx.list_codes_sent(tenant, session, hour)?;
    let to_address = tx.list_codes_sent_to(tenant.mode, email_hash, hour)?;
    let of_partner = tx.list_codes_sent_to_by(tenant, email_hash, hour)?;
    let unused = match tenant.mode {
        Mode::Test => Vec::new(),
        Mode::Live => {
            let limit = i64::try_from(UNUSED_OF_PARTNER.sent_max).expect("it is a small number");
            tx.list_codes_unused(tenant, hour, limit)?
        }
    };
    let by_limit = [
        IN_SESSION.wait_ms(&here, now),
        IN_SESSION_IN_AN_HOUR.wait_ms(&here, now),
        TO_ADDRESS.wait_ms(&to_address, now),
        TO_ADDRESS_OF_PARTNER.wait_ms(&of_partner, now),
        UNUSED_OF_PARTNER.wait_ms(&unused, now),
    ];
    let Some(wait_ms) = by_limit.into_iter().flatten().max() else { return Ok(()) };
    let retry_after_s = wait_ms.max(1).unsigned_abs().div_ceil(1000);
    Err(match by_limit {
        [.., Some(_)] => IdentityError::TooManyUnused { retry_after_s },
        [.., None] => IdentityError::TooManyCodes { retry_after_s },
    }
    .into())
}

/// Count a code that was not sent because of its partner's limit, and say so once an hour.
pub(super) fn tell(app: &App, tenant: &Tenant, refused: &JourneyError) {
    let JourneyError::Identity(IdentityError::TooManyUnused { .. }) = refused else { return };
    if app.metrics().code_withheld(&tenant.partner, app.now()) {
        let (partner, sent_max) = (&tenant.partner, UNUSED_OF_PARTNER.sent_max);
        warn!(
            %partner,
            "{sent_max} codes that nobody typed were sent on the pages of {partner} within an hour; \
             no more are sent until that is over"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_one_counts_for_its_time() {
        let limit = Limit { sent_max: 2, window_ms: 1_000 };
        let sent = [0, 400, 500].map(Millis);
        for (now, wait_ms) in
            [(500, Some(900)), (999, Some(401)), (1_399, Some(1)), (1_400, None), (1_501, None)]
        {
            assert_eq!(limit.wait_ms(&sent, Millis(now)), wait_ms, "{now}");
        }
        assert_eq!(limit.wait_ms(&sent[..1], Millis(0)), None);
        assert_eq!(limit.wait_ms(&[], Millis(0)), None);
    }
}
