//! Who is served at the same time: a lane for each endpoint that has something due, and places in it
//! for requests under way, bounded for each endpoint, for each partner and in all.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use gate_domain::ids::{EndpointId, PartnerId};
use tokio::sync::Notify;

/// Endpoints that are served at the same time. The others have their turn.
const LANES_MAX: usize = 256;
/// One endpoint takes at most one in so many of the places that are free, so that a crowd of
/// receivers that hang leaves room for whoever comes next.
const SHARE_OF_FREE: usize = 8;

/// How many webhooks are under way at the same time, and how long a claim holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryLimits {
    /// Requests that one endpoint gets at the same time.
    pub per_endpoint: usize,
    /// Requests for all endpoints of one partner.
    pub per_partner: usize,
    /// Requests of this process.
    pub global: usize,
    /// How long a claim holds, unless it is renewed: longer than an attempt takes.
    pub lease_ms: i64,
    /// How often the claims of what is still under way are renewed.
    pub renew_every: Duration,
    /// How long a delivery that could go may wait before something is wrong with this gateway.
    pub late_ms_max: i64,
}

impl Default for DeliveryLimits {
    fn default() -> Self {
        Self {
            per_endpoint: 32,
            per_partner: 128,
            global: 512,
            lease_ms: 15_000,
            renew_every: Duration::from_secs(5),
            late_ms_max: 60_000,
        }
    }
}

/// The places that are taken.
pub(super) struct Places {
    limits: DeliveryLimits,
    taken: Mutex<Taken>,
    freed: Notify,
}

#[derive(Default)]
struct Taken {
    all: usize,
    of_partners: HashMap<PartnerId, usize>,
}

/// A place for one request, given back however it ends.
pub(super) struct Place {
    places: Arc<Places>,
    partner: PartnerId,
}

impl Places {
    pub(super) fn new(limits: DeliveryLimits) -> Arc<Self> {
        Arc::new(Self { limits, taken: Mutex::default(), freed: Notify::new() })
    }

    /// Take up to `wanted` places for a partner.
    pub(super) fn take(self: &Arc<Self>, partner: &PartnerId, wanted: usize) -> Vec<Place> {
        let mut taken = lock(&self.taken);
        let free = self.limits.global.saturating_sub(taken.all);
        let theirs = taken.of_partners.get(partner).copied().unwrap_or(0);
        let left = self.limits.per_partner.saturating_sub(theirs).min(free);
        let count = wanted.min(left).min(free.div_ceil(SHARE_OF_FREE));
        if count == 0 {
            return Vec::new();
        }
        taken.all += count;
        *taken.of_partners.entry(partner.clone()).or_default() += count;
        let place = || Place { places: Arc::clone(self), partner: partner.clone() };
        std::iter::repeat_with(place).take(count).collect()
    }

    /// Until a place may be free again.
    pub(super) async fn freed(&self) {
        // The signal may have gone to somebody who had no use for it.
        let _ = tokio::time::timeout(Duration::from_millis(50), self.freed.notified()).await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = lock(&self.places.taken);
        taken.all -= 1;
        if let Some(theirs) = taken.of_partners.get_mut(&self.partner) {
            *theirs -= 1;
            if *theirs == 0 {
                taken.of_partners.remove(&self.partner);
            }
        }
        drop(taken);
        self.places.freed.notify_one();
    }
}

/// The endpoints that are being served.
#[derive(Default)]
pub(super) struct Lanes {
    busy: Mutex<HashMap<EndpointId, Arc<Notify>>>,
    crowded: AtomicBool,
    last: Mutex<Option<EndpointId>>,
}

/// A lane, given back however it ends.
pub(super) struct Lane {
    lanes: Arc<Lanes>,
    pub(super) endpoint: EndpointId,
    /// Something more may have become due to its endpoint.
    pub(super) look: Arc<Notify>,
}

impl Lanes {
    /// Give every endpoint that is due a lane, as far as there are any; who has one is told to look
    /// again. Where there are too few, the next call goes on behind the last that got one.
    pub(super) fn assign(
        self: &Arc<Self>,
        mut due: Vec<(PartnerId, EndpointId)>,
    ) -> Vec<(PartnerId, Lane)> {
        due.sort_by(|(_, one), (_, other)| one.cmp(other));
        let mut last = lock(&self.last);
        if let Some(last) = &*last {
            let next = due.partition_point(|(_, endpoint)| endpoint <= last);
            due.rotate_left(next);
        }
        let mut busy = lock(&self.busy);
        let mut crowded = false;
        let mut fresh = Vec::new();
        for (partner, endpoint) in due {
            if let Some(look) = busy.get(&endpoint) {
                look.notify_one();
            } else if busy.len() < LANES_MAX {
                let look = Arc::new(Notify::new());
                busy.insert(endpoint.clone(), Arc::clone(&look));
                *last = Some(endpoint.clone());
                fresh.push((partner, Lane { lanes: Arc::clone(self), endpoint, look }));
            } else {
                crowded = true;
            }
        }
        self.crowded.store(crowded, Ordering::Relaxed);
        fresh
    }

    /// Whether somebody waits for a lane.
    pub(super) fn crowded(&self) -> bool {
        self.crowded.load(Ordering::Relaxed)
    }
}

impl Lane {
    /// Whether somebody waits for this one.
    pub(super) fn is_wanted(&self) -> bool {
        self.lanes.crowded()
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        lock(&self.lanes.busy).remove(&self.endpoint);
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use gate_domain::Millis;
    use gate_domain::ids::{Mode, Seed};

    use super::*;

    fn seed(number: u64) -> Seed {
        let mut random = [0; 10];
        random[2..].copy_from_slice(&number.to_be_bytes());
        Seed { at: Millis(1), random }
    }

    fn due(count: u64) -> Vec<(PartnerId, EndpointId)> {
        let one = |number| (PartnerId::new(seed(1)), EndpointId::new(Mode::Test, seed(number)));
        (0..count).map(one).collect()
    }

    #[test]
    fn places_are_bounded_for_a_partner_and_in_all_and_come_back() {
        let limits = DeliveryLimits { per_partner: 40, global: 64, ..DeliveryLimits::default() };
        let places = Places::new(limits);
        let (one, other) = (PartnerId::new(seed(1)), PartnerId::new(seed(2)));
        let first = places.take(&one, 32);
        assert_eq!(first.len(), 8, "an eighth of what is free");
        assert_eq!(places.take(&one, 3).len(), 3);
        let mut held = Vec::new();
        for _ in 0..100 {
            held.extend(places.take(&one, 32));
        }
        assert_eq!(held.len() + first.len(), 40, "no partner takes all");
        assert!(!places.take(&other, 32).is_empty(), "there is room for others");
        for _ in 0..100 {
            held.extend(places.take(&other, 32));
        }
        assert_eq!(held.len() + first.len(), 64);
        assert!(places.take(&other, 1).is_empty());
        drop(held);
        drop(first);
        assert_eq!(lock(&places.taken).all, 0);
        assert!(lock(&places.taken).of_partners.is_empty());
    }

    #[test]
    fn more_endpoints_than_lanes_are_served_in_turn() {
        let lanes = Arc::new(Lanes::default());
        let all = 3 * u64::try_from(LANES_MAX).unwrap() / 2;
        let mut served = HashMap::new();
        for _ in 0..3 {
            let fresh = lanes.assign(due(all));
            assert_eq!(fresh.len(), LANES_MAX);
            assert!(lanes.crowded());
            assert!(lanes.assign(due(all)).is_empty(), "they are busy");
            for (_, lane) in &fresh {
                *served.entry(lane.endpoint.clone()).or_insert(0) += 1;
            }
        }
        assert_eq!(served.len(), usize::try_from(all).unwrap());
        assert!(served.values().all(|turns| *turns == 2), "each as often as the others");
        assert_eq!(lanes.assign(due(10)).len(), 10);
        assert!(!lanes.crowded());
    }
}
