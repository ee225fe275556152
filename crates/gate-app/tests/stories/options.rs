//! What an endpoint may choose: how fast, when again, how much, with which headers and signatures.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gate_app::endpoints::{ChangeEndpoint, endpoint_body, find_endpoint};
use gate_app::testing::{ScriptedSender, World};
use gate_app::workers::deliveries::{Tally, deliver_due};
use gate_domain::change::Change;
use gate_domain::delivery::DeliveryStatus;
use gate_domain::endpoint_options::{EndpointHeaders, OptionsChange, Payload, RetrySchedule};
use gate_domain::ids::EndpointId;
use gate_store::{Sql, StoreError, both_engines, sql};
use gate_wire::endpoint::EndpointBody;
use ring::signature::{ED25519, UnparsedPublicKey};
use serde_json::{Value, json};

use crate::deliveries::{HOOK, assert_signed, deliveries};
use crate::endpoints::{change, first};

const HEADERS_AT_REST: Sql = sql("select headers_sealed from endpoints
    where headers_sealed is not null");

async fn choose(world: &World, options: OptionsChange) {
    let chosen = ChangeEndpoint { options, ..ChangeEndpoint::default() };
    change(world, &first(world), chosen).await.unwrap();
}

async fn set_headers(world: &World, headers: Change<EndpointHeaders>) {
    let chosen = ChangeEndpoint { headers, ..ChangeEndpoint::default() };
    change(world, &first(world), chosen).await.unwrap();
}

/// The first endpoint as its partner sees it.
async fn shown(world: &World) -> EndpointBody {
    let (tenant, id): (_, EndpointId) = (world.tenant(), first(world));
    let row = world.store().read(move |tx| find_endpoint(tx, &tenant, &id)).await.unwrap();
    endpoint_body(world.app.vault(), &row, world.now())
}

fn waits(gaps_s: &[i64]) -> OptionsChange {
    let schedule = RetrySchedule::try_from(gaps_s.to_vec()).unwrap();
    OptionsChange { retry_schedule: Change::Set(schedule), ..OptionsChange::default() }
}

both_engines! {
    async fn a_thin_event_says_that_it_happened_and_is_signed_like_any_other(store) {
        let world = World::over(store).await;
        let (sender, secret) = (ScriptedSender::default(), world.webhook_secret());
        let thin = OptionsChange { payload: Some(Payload::Thin), ..OptionsChange::default() };
        choose(&world, thin).await;
        world.create().await;
        sender.answer(HOOK, [500]);
        deliver_due(&world.app, &sender).await.unwrap();
        world.clock.advance_ms(66_000);
        deliver_due(&world.app, &sender).await.unwrap();
        let sent = sender.take();
        assert_eq!(sent[0].body, sent[1].body, "the same bytes each time");
        assert_signed(&sent[1], &secret, world.now().unix_seconds());
        let told: Value = serde_json::from_str(&sent[0].body).unwrap();
        let event = world.events().await.remove(0);
        assert_eq!(told["data"], json!({}));
        assert_eq!(told["id"], event.id.as_str());
        assert_eq!(told["type"], "gate_session.created");
        assert_eq!(event.data["object"], "gate_session", "the feed has the rest");
        assert_eq!(shown(&world).await.payload, "thin");
    }

    async fn a_schedule_of_its_own_ends_where_it_ends(store) {
        let world = World::over(store).await;
        let sender = ScriptedSender::default();
        choose(&world, waits(&[5, 10])).await;
        sender.always(HOOK, 500);
        world.create().await;
        for gap_s in [5, 10] {
            let tally = deliver_due(&world.app, &sender).await.unwrap();
            assert_eq!(tally, Tally { retried: 1, ..Tally::default() });
            let next = deliveries(&world).await[0].next_attempt_at.unwrap();
            let wait_ms = next.0 - world.now().0;
            assert!((gap_s * 1_000..=gap_s * 1_100).contains(&wait_ms), "{gap_s} s: {wait_ms} ms");
            world.clock.advance_ms(wait_ms);
        }
        let tally = deliver_due(&world.app, &sender).await.unwrap();
        assert_eq!(tally, Tally { dead_lettered: 1, ..Tally::default() });
        // Without any wait the first failure is the last.
        choose(&world, waits(&[])).await;
        world.create().await;
        deliver_due(&world.app, &sender).await.unwrap();
        let rows = deliveries(&world).await;
        assert!(rows.iter().all(|row| row.status == DeliveryStatus::DeadLettered));
        assert_eq!(shown(&world).await.retry_schedule, Some(vec![]));
        let cleared =
            OptionsChange { retry_schedule: Change::Clear, ..OptionsChange::default() };
        choose(&world, cleared).await;
        world.create().await;
        deliver_due(&world.app, &sender).await.unwrap();
        let rows = deliveries(&world).await;
        let waiting = rows.iter().filter(|row| row.status == DeliveryStatus::Pending);
        assert_eq!(waiting.count(), 1, "everybody's schedule goes on for days");
    }

    async fn a_limit_a_second_is_kept(store) {
        let world = World::over(store).await;
        let sender = ScriptedSender::default();
        let five = OptionsChange { rate_limit: Change::Set(5), ..OptionsChange::default() };
        choose(&world, five).await;
        for _ in 0..12 {
            world.create().await;
        }
        let mut sent = Vec::new();
        for _ in 0..30 {
            sent.push(deliver_due(&world.app, &sender).await.unwrap().succeeded);
            world.clock.advance_ms(100);
        }
        assert_eq!(sent.iter().sum::<usize>(), 12, "nothing is lost over it");
        for second in sent.windows(10) {
            assert!(second.iter().sum::<usize>() <= 6, "{sent:?}");
        }
        assert!(sent[..20].iter().sum::<usize>() >= 9, "and it is used: {sent:?}");
        // Lifted, everything goes at once.
        let lifted = OptionsChange { rate_limit: Change::Clear, ..OptionsChange::default() };
        choose(&world, lifted).await;
        for _ in 0..12 {
            world.create().await;
        }
        assert_eq!(deliver_due(&world.app, &sender).await.unwrap().succeeded, 12);
        world.sound().await;
    }

    async fn headers_of_its_own_go_along_and_rest_sealed(store) {
        let world = World::over(store).await;
        let (sender, secret) = (ScriptedSender::default(), world.webhook_secret());
        let headers = [("Authorization", "Bearer of-the-receiver"), ("x-shop", "tea")];
        set_headers(&world, Change::Set(EndpointHeaders::parse(headers).unwrap())).await;
        world.create().await;
        deliver_due(&world.app, &sender).await.unwrap();
        let sent = sender.take().remove(0);
        assert_eq!(sent.header("authorization"), "Bearer of-the-receiver");
        assert_eq!(sent.header("x-shop"), "tea");
        assert_signed(&sent, &secret, world.now().unix_seconds());
        let body = shown(&world).await;
        assert_eq!(body.header_names, ["authorization", "x-shop"]);
        assert!(!serde_json::to_string(&body).unwrap().contains("of-the-receiver"));
        let at_rest: Result<Vec<Vec<u8>>, StoreError> =
            world.store().read(|tx| tx.query(HEADERS_AT_REST, &[], |row| row.get(0))).await;
        let at_rest = at_rest.unwrap().concat();
        assert!(!at_rest.windows(6).any(|part| part == b"Bearer"), "sealed");
        set_headers(&world, Change::Clear).await;
        world.create().await;
        deliver_due(&world.app, &sender).await.unwrap();
        let sent = sender.take().remove(0);
        assert!(sent.headers.iter().all(|(name, _)| name != "authorization"));
        assert!(shown(&world).await.header_names.is_empty());
    }

    async fn a_key_pair_signs_beside_the_secret(store) {
        let world = World::over(store).await;
        let (sender, secret) = (ScriptedSender::default(), world.webhook_secret());
        assert_eq!(shown(&world).await.public_key, None);
        let too = OptionsChange { asymmetric: Some(true), ..OptionsChange::default() };
        choose(&world, too).await;
        let public = shown(&world).await.public_key.unwrap();
        let public = STANDARD.decode(public.strip_prefix("whpk_").unwrap()).unwrap();
        world.create().await;
        deliver_due(&world.app, &sender).await.unwrap();
        let sent = sender.take().remove(0);
        let now = world.now().unix_seconds();
        let id = sent.header("webhook-id");
        let (shared, pair) = sent.header("webhook-signature").split_once(' ').unwrap();
        assert_eq!(shared, secret.standard_signature(id, now, sent.body.as_bytes()));
        let signature = STANDARD.decode(pair.strip_prefix("v1a,").unwrap()).unwrap();
        let verify = |message: &str| {
            let public = UnparsedPublicKey::new(&ED25519, &public);
            public.verify(message.as_bytes(), &signature).is_ok()
        };
        assert!(verify(&format!("{id}.{now}.{}", sent.body)));
        assert!(!verify(&format!("{id}.{now}.{} ", sent.body)));
    }
}
