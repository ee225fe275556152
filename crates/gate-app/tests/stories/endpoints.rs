//! Endpoints that are made, changed, paused, rolled and removed while webhooks are on their way.

use gate_app::endpoints::{
    ChangeEndpoint, CreateEndpoint, DisabledBy, ENDPOINT_DELETED, ENDPOINTS_MAX, EndpointError,
    ROLLED_MAX, WithSecret, change_endpoint, create_endpoint, delete_endpoint, find_endpoint,
    roll_endpoint_secret,
};
use gate_app::testing::{ScriptedSender, World};
use gate_app::webhooks::send_test_webhook;
use gate_app::workers::deliveries::{Tally, deliver_due};
use gate_app::workers::endpoints::{bury_orphans, purge_secrets};
use gate_domain::delivery::DeliveryStatus;
use gate_domain::endpoint_options::EndpointOptions;
use gate_domain::event_filter::EventFilter;
use gate_domain::ids::{EndpointId, Tenant};
use gate_store::{
    Claim, ClaimRequest, EndpointRow, EndpointStatus, IdempotentRequest, Sql, StoreError,
    both_engines, sql,
};
use gate_wire::endpoint::EndpointBody;
use gate_wire::signature::WebhookSecret;

use crate::deliveries::{HOOK, deliveries};

const OTHER: &str = "https://backup.example/hooks";
const ROLLED: Sql = sql("select count(*) from rolled_secrets");
const IDEMPOTENCY_ANSWERS: Sql = sql("select response from idempotency_keys");
const SEALED: Sql = sql("select secret_sealed from endpoints");

fn filter(patterns: &[&str]) -> EventFilter {
    EventFilter::parse(patterns).unwrap()
}

/// Make an endpoint at [`OTHER`].
pub(crate) async fn endpoint(world: &World, patterns: &[&str]) -> (EndpointId, WebhookSecret) {
    let made = create(world, OTHER, patterns, None).await.unwrap();
    (id_of(&made), made.secret)
}

async fn create(
    world: &World,
    url: &str,
    patterns: &[&str],
    request: Option<IdempotentRequest>,
) -> Result<WithSecret, EndpointError> {
    let command = CreateEndpoint {
        tenant: world.tenant(),
        request,
        url: url.into(),
        filter: filter(patterns),
        description: None,
        options: EndpointOptions::default(),
        headers: None,
    };
    world.write(move |tx, scope| create_endpoint(tx, scope, &command)).await
}

fn id_of(made: &WithSecret) -> EndpointId {
    let body: EndpointBody = serde_json::from_str(&made.answered.answer.response).unwrap();
    EndpointId::parse(&body.id).unwrap()
}

/// The partner's first endpoint.
pub(crate) fn first(world: &World) -> EndpointId {
    world.partner.endpoint.clone().unwrap().0
}

pub(crate) async fn change(
    world: &World,
    id: &EndpointId,
    change: ChangeEndpoint,
) -> Result<EndpointRow, EndpointError> {
    let (tenant, id) = (world.tenant(), id.clone());
    let by = DisabledBy::Partner;
    world.write(move |tx, scope| change_endpoint(tx, scope, &tenant, &id, &change, by)).await
}

pub(crate) async fn turn(world: &World, id: &EndpointId, status: EndpointStatus) {
    let turned = ChangeEndpoint { status: Some(status), ..ChangeEndpoint::default() };
    change(world, id, turned).await.unwrap();
}

pub(crate) async fn delete(world: &World, id: &EndpointId) -> String {
    let (tenant, id) = (world.tenant(), id.clone());
    let left = world.write(move |tx, scope| delete_endpoint(tx, scope, &tenant, &id)).await;
    left.unwrap().deleted_at
}

async fn roll(
    world: &World,
    id: &EndpointId,
    overlap_s: i64,
) -> Result<WebhookSecret, EndpointError> {
    let (tenant, id) = (world.tenant(), id.clone());
    let rolled = world
        .write(move |tx, scope| roll_endpoint_secret(tx, scope, &tenant, &id, overlap_s, None))
        .await;
    rolled.map(|rolled| rolled.secret)
}

async fn count(world: &World, statement: Sql) -> i64 {
    let counted: Result<i64, StoreError> =
        world.store().read(move |tx| tx.query_one(statement, &[], |row| row.get(0))).await;
    counted.unwrap()
}

/// What went to each URL, in short.
fn told(sender: &ScriptedSender, url: &str) -> Vec<String> {
    let sent = sender.take();
    let ours = sent.iter().filter(|outgoing| outgoing.url == url);
    ours.map(|outgoing| outgoing.header("x-0bit-event-type").replace("gate_session.", "")).collect()
}

both_engines! {
    async fn an_endpoint_gets_what_it_asked_for_and_a_test_always(store) {
        let world = World::over(store).await;
        let sender = ScriptedSender::default();
        endpoint(&world, &["gate_session.completed", "rail.*"]).await;
        world.paying("succeeds").await;
        world.pass_seconds(2).await;
        let tenant = world.tenant();
        world.write(move |tx, scope| send_test_webhook(tx, scope, &tenant)).await.unwrap();
        deliver_due(&world.app, &sender).await.unwrap();
        let sent = sender.take();
        let count = |url| sent.iter().filter(|outgoing| outgoing.url == url).count();
        assert_eq!((count(HOOK), count(OTHER)), (4, 2));
        let theirs = sent.iter().filter(|outgoing| outgoing.url == OTHER);
        let mut theirs: Vec<_> =
            theirs.map(|outgoing| outgoing.header("x-0bit-event-type").to_owned()).collect();
        theirs.sort();
        assert_eq!(theirs, ["gate_session.completed", "webhook.test"]);
        world.sound().await;
    }

    // T26.
    async fn what_waits_for_a_paused_endpoint_goes_on_when_it_does(store) {
        let world = World::over(store).await;
        let sender = ScriptedSender::default();
        let session = world.create().await;
        turn(&world, &first(&world), EndpointStatus::Disabled).await;
        world.pay_in(&session, "succeeds").await; // nobody takes this event
        world.clock.advance_ms(1_000);
        assert_eq!(deliver_due(&world.app, &sender).await.unwrap(), Tally::default());
        let waiting = deliveries(&world).await;
        assert_eq!(waiting.len(), 1, "nothing new is queued for it");
        assert_eq!(waiting[0].status, DeliveryStatus::Pending);
        world.sound().await;

        turn(&world, &first(&world), EndpointStatus::Enabled).await;
        let tally = deliver_due(&world.app, &sender).await.unwrap();
        assert_eq!(tally, Tally { succeeded: 1, ..Tally::default() });
        world.pass_seconds(2).await;
        deliver_due(&world.app, &sender).await.unwrap();
        assert_eq!(told(&sender, HOOK), ["created", "completed"], "the one between is for a replay");
        world.sound().await;
    }

    async fn a_pause_is_its_first_cause_and_ends_with_it(store) {
        let world = World::over(store).await;
        let id = first(&world);
        turn(&world, &id, EndpointStatus::Disabled).await;
        let (tenant, again) = (world.tenant(), id.clone());
        let by_operator = ChangeEndpoint {
            status: Some(EndpointStatus::Disabled),
            ..ChangeEndpoint::default()
        };
        let row = world.write(move |tx, scope| {
            change_endpoint(tx, scope, &tenant, &again, &by_operator, DisabledBy::Operator)
        });
        assert_eq!(row.await.unwrap().disabled_reason.as_deref(), Some("disabled_by_partner"));
        let enabled = ChangeEndpoint {
            status: Some(EndpointStatus::Enabled),
            ..ChangeEndpoint::default()
        };
        let row = change(&world, &id, enabled).await.unwrap();
        assert_eq!((row.status, row.disabled_reason), (EndpointStatus::Enabled, None));
    }

    // T26.
    async fn a_removed_endpoint_gets_nothing_and_what_waited_is_given_up(store) {
        let world = World::over(store).await;
        let sender = ScriptedSender::default();
        let (id, _) = endpoint(&world, &["*"]).await;
        world.create().await;
        let deleted_at = delete(&world, &id).await;
        world.clock.advance_ms(5_000);
        assert_eq!(delete(&world, &id).await, deleted_at, "a second time says the same");
        world.create().await;
        deliver_due(&world.app, &sender).await.unwrap();
        assert_eq!(told(&sender, OTHER), [""; 0]);
        let theirs = deliveries(&world).await;
        let theirs: Vec<_> = theirs.iter().filter(|row| row.target_url == OTHER).collect();
        assert_eq!(theirs.len(), 1);
        assert_eq!(theirs[0].status, DeliveryStatus::DeadLettered);
        assert_eq!(theirs[0].last_error.as_deref(), Some(ENDPOINT_DELETED));
        assert_eq!(theirs[0].next_attempt_at, None);
        let tenant = world.tenant();
        let gone = world.store().read(move |tx| find_endpoint(tx, &tenant, &id)).await;
        assert!(matches!(gone, Err(EndpointError::NotFound)));
        world.sound().await;
    }

    /// An attempt that was under way when its endpoint was removed fails and waits again.
    async fn what_comes_back_to_wait_for_a_removed_endpoint_is_given_up_too(store) {
        let world = World::over(store).await;
        world.create().await;
        let id = first(&world);
        let (endpoint, claimed) = (id.clone(), world.now());
        let request = ClaimRequest {
            endpoint,
            limit: 32,
            lease_token: "mine".into(),
            lease_until: claimed.plus_ms(30_000),
        };
        let claim = world.write(move |tx, _| tx.claim_deliveries(&request, claimed));
        let claim: Result<_, StoreError> = claim.await;
        let claim = claim.unwrap();
        assert!(matches!(&claim, Claim::Taken(_, claims) if claims.len() == 1), "{claim:?}");
        delete(&world, &id).await;
        assert_eq!(bury_orphans(&world.app).await.unwrap(), 0, "it is under way");
        world.clock.advance_ms(30_000);
        gate_app::workers::sweep::release_lost_leases(&world.app).await.unwrap();
        assert_eq!(bury_orphans(&world.app).await.unwrap(), 1);
        assert_eq!(bury_orphans(&world.app).await.unwrap(), 0);
        assert_eq!(deliveries(&world).await[0].status, DeliveryStatus::DeadLettered);
    }

    // T26.
    async fn both_secrets_sign_while_they_overlap_the_older_last(store) {
        let world = World::over(store).await;
        let sender = ScriptedSender::default();
        let (id, old) = (first(&world), world.webhook_secret());
        let new = roll(&world, &id, 3_600).await.unwrap();
        world.create().await;
        let now = world.now().unix_seconds();
        deliver_due(&world.app, &sender).await.unwrap();
        let outgoing = sender.take().remove(0);
        let body = outgoing.body.as_bytes();
        let signature = outgoing.header("gate-signature");
        assert_eq!(new.verify(signature, body, now), Ok(()));
        assert_eq!(old.verify(signature, body, now), Ok(()));
        let last = signature.rsplit_once(',').unwrap().1;
        assert!(old.gate_signature(now, body).ends_with(last));
        let event_id = outgoing.header("webhook-id");
        let both = [&new, &old].map(|secret| secret.standard_signature(event_id, now, body));
        assert_eq!(outgoing.header("webhook-signature"), both.join(" "));

        world.clock.advance_ms(3_600_000);
        world.create().await;
        deliver_due(&world.app, &sender).await.unwrap();
        let outgoing = sender.take().remove(0);
        let now = world.now().unix_seconds();
        let signature = outgoing.header("gate-signature");
        assert_eq!(signature, new.gate_signature(now, outgoing.body.as_bytes()), "its time is over");
        assert_eq!(count(&world, ROLLED).await, 1);
        assert_eq!(purge_secrets(&world.app).await.unwrap(), 1);
        assert_eq!(count(&world, ROLLED).await, 0);
    }

    async fn a_leaked_secret_stops_at_once_and_so_does_every_older_one(store) {
        let world = World::over(store).await;
        let sender = ScriptedSender::default();
        let id = first(&world);
        for _ in 0..ROLLED_MAX {
            roll(&world, &id, 60).await.unwrap();
        }
        let refused = roll(&world, &id, 60).await;
        assert!(matches!(refused, Err(EndpointError::SecretsLimitReached)), "{refused:?}");
        let only = roll(&world, &id, 0).await.unwrap();
        world.create().await;
        deliver_due(&world.app, &sender).await.unwrap();
        let outgoing = sender.take().remove(0);
        let now = world.now().unix_seconds();
        let alone = only.gate_signature(now, outgoing.body.as_bytes());
        assert_eq!(outgoing.header("gate-signature"), alone);
    }

    async fn a_repeat_shows_the_secret_again_and_nothing_readable_is_kept(store) {
        let world = World::over(store).await;
        let request = |fingerprint: u8| IdempotentRequest {
            tenant: world.tenant(),
            key_hash: vec![7; 16],
            fingerprint: vec![fingerprint; 32],
        };
        let made = create(&world, OTHER, &["*"], Some(request(1))).await.unwrap();
        let again = create(&world, OTHER, &["*"], Some(request(1))).await.unwrap();
        assert!(again.answered.replayed && !made.answered.replayed);
        assert_eq!(made.answered.answer, again.answered.answer);
        assert_eq!(made.secret, again.secret);
        let other = create(&world, OTHER, &["rail.*"], Some(request(2))).await;
        assert!(matches!(other, Err(EndpointError::KeyReused(_))), "{other:?}");
        let kept = |statement| world.store().read(move |tx| {
            tx.query(statement, &[], |row| row.get::<Vec<u8>>(0))
        });
        let answers = world.store().read(|tx| {
            tx.query(IDEMPOTENCY_ANSWERS, &[], |row| row.get::<String>(0))
        });
        let answers: Result<Vec<String>, StoreError> = answers.await;
        assert!(answers.unwrap().iter().all(|answer| !answer.contains("whsec_")));
        let sealed: Result<Vec<Vec<u8>>, StoreError> = kept(SEALED).await;
        let readable = |bytes: &Vec<u8>| bytes.windows(6).any(|window| window == b"whsec_");
        assert!(!sealed.unwrap().iter().any(readable));
    }

    async fn there_are_only_so_many_whoever_asks_at_the_same_time(store) {
        let world = World::over(store).await;
        let all = (0..30).map(|_| create(&world, OTHER, &["*"], None));
        let all = futures::future::join_all(all).await;
        let made = all.iter().filter(|made| made.is_ok()).count();
        assert_eq!(i64::try_from(made).unwrap(), ENDPOINTS_MAX - 1, "one was there");
        let refused = all.iter().filter(|made| matches!(made, Err(EndpointError::LimitReached)));
        assert_eq!(refused.count(), 30 - made);
        delete(&world, &first(&world)).await;
        create(&world, OTHER, &["*"], None).await.unwrap();
    }

    // T26.
    async fn a_changed_url_takes_what_waits_along(store) {
        let world = World::over(store).await;
        let sender = ScriptedSender::default();
        world.create().await;
        let moved = ChangeEndpoint { url: Some(OTHER.into()), ..ChangeEndpoint::default() };
        change(&world, &first(&world), moved).await.unwrap();
        deliver_due(&world.app, &sender).await.unwrap();
        assert_eq!(told(&sender, OTHER), ["created"]);
        let wrong = ChangeEndpoint { url: Some("http://x.example".into()), ..Default::default() };
        let refused = change(&world, &first(&world), wrong).await;
        assert!(matches!(refused, Err(EndpointError::Url(_))), "{refused:?}");
    }

    async fn strangers_change_nothing(store) {
        let world = World::over(store).await;
        let other = gate_app::testing::partner("Other Shop", gate_domain::Mode::Test, 0);
        world.provision(&other).await;
        let id = first(&world);
        let stranger: Tenant = gate_app::testing::tenant_of(&other);
        let refused = world.write(move |tx, scope| {
            let change = ChangeEndpoint {
                status: Some(EndpointStatus::Disabled),
                ..ChangeEndpoint::default()
            };
            let by = DisabledBy::Partner;
            let changed = change_endpoint(tx, scope, &stranger, &id, &change, by).is_err();
            let deleted = delete_endpoint(tx, scope, &stranger, &id).is_err();
            let rolled = roll_endpoint_secret(tx, scope, &stranger, &id, 0, None).is_err();
            Ok::<_, StoreError>([changed, deleted, rolled])
        });
        assert_eq!(refused.await.unwrap(), [true; 3]);
    }
}
