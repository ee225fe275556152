//! Customers: who is in the books, who is told, and what is left when one is deleted.

use gate_app::customers::{
    CreateCustomer, CustomerError, create_customer, delete_customer, update_customer,
};
use gate_app::idempotency::Answered;
use gate_app::testing::{ScriptedSender, World};
use gate_app::workers::deliveries::deliver_due;
use gate_domain::change::Change;
use gate_domain::customer::{CustomerChange, Email, ExternalId, Person};
use gate_domain::ids::CustomerId;
use gate_store::{IdempotentRequest, Store, Tx, both_engines, sql};
use gate_wire::customer::CustomerBody;
use serde_json::Value;

use crate::deliveries::{HOOK, deliveries};
use crate::schedule::attempts;

const EMAIL: &str = "Ada.Lovelace@Example.com";

pub(crate) fn ada() -> Person {
    Person {
        email: Email::parse(EMAIL).unwrap(),
        external_id: ExternalId::parse("crm-4711"),
        phone: None,
        country_code: None,
        first_name: Some("Augusta".into()),
        last_name: Some("Byron".into()),
        metadata: r#"{"note":"countess"}"#.into(),
    }
}

pub(crate) async fn create(
    world: &World,
    key: Option<u8>,
    person: Person,
) -> Result<Answered, CustomerError> {
    let request = key.map(|key| IdempotentRequest {
        tenant: world.tenant(),
        key_hash: vec![key; 16],
        fingerprint: vec![1; 32],
    });
    let command = CreateCustomer { tenant: world.tenant(), request, person };
    world.app.write(move |tx, scope| create_customer(tx, scope, &command)).await
}

fn id_of(answered: &Answered) -> CustomerId {
    let body: CustomerBody = serde_json::from_str(&answered.answer.response).unwrap();
    CustomerId::parse(&body.id).unwrap()
}

async fn rename(world: &World, id: &CustomerId, name: &str) {
    let (tenant, id) = (world.tenant(), id.clone());
    let change = CustomerChange { last_name: Change::Set(name.into()), ..Default::default() };
    let update =
        world.app.write(move |tx, scope| update_customer(tx, scope, &tenant, &id, &change));
    update.await.map(drop).unwrap();
}

async fn delete(world: &World, id: &CustomerId) -> String {
    let (tenant, id) = (world.tenant(), id.clone());
    let deleted = world.app.write(move |tx, scope| delete_customer(tx, scope, &tenant, &id)).await;
    deleted.unwrap().deleted_at
}

/// Every value of every table of ours, as text: where could a person still be?
async fn everything(store: &Store) -> String {
    let tables = [
        sql(
            "select coalesce(cast(person_sealed as text), '') || coalesce(cast(answer_sealed as text), '') from customers",
        ),
        sql("select body from events"),
        sql("select response from idempotency_keys"),
    ];
    let read = move |tx: &mut Tx| {
        let mut all = String::new();
        for table in tables {
            for text in tx.query(table, &[], |row| row.get::<String>(0))? {
                all.push_str(&text);
                all.push('\n');
            }
        }
        Ok::<_, gate_store::StoreError>(all)
    };
    store.read(read).await.unwrap()
}

both_engines! {
    async fn a_customer_rests_sealed_and_nothing_is_left_of_the_person(store) {
        let world = World::over(store).await;
        let created = create(&world, Some(1), ada()).await.unwrap();
        let id = id_of(&created);
        rename(&world, &id, "Lovelace").await;
        rename(&world, &id, "Lovelace").await;
        let events = world.events().await;
        let types: Vec<_> = events.iter().map(|event| event.event_type.as_str()).collect();
        assert_eq!(types, ["customer.created", "customer.updated"], "the same again is no news");
        assert_eq!(events[0].data["email"], EMAIL);
        assert_eq!(events[1].data["last_name"], "Lovelace");

        world.clock.advance_ms(60_000);
        let deleted_at = delete(&world, &id).await;
        world.clock.advance_ms(60_000);
        assert_eq!(delete(&world, &id).await, deleted_at, "a repeat answers the same");

        let left = everything(store).await;
        for personal in ["Ada", "ada.", "Augusta", "Byron", "Lovelace", "countess", "crm-4711"] {
            assert!(!left.contains(personal), "{personal} is left:\n{left}");
        }
        let events = world.events().await;
        let types: Vec<_> = events.iter().map(|event| event.event_type.as_str()).collect();
        assert_eq!(types, ["customer.created", "customer.updated", "customer.deleted"]);
        for (event, sequence) in events.iter().zip(1..) {
            assert_eq!(event.sequence, sequence);
            assert_eq!(event.data["id"], id.as_str());
            assert_eq!(event.data["deleted"], true);
            assert_eq!(event.data["deleted_at"], deleted_at);
            assert_eq!(event.data.as_object().unwrap().len(), 4, "{}", event.data);
        }
    }

    /// What is still on its way is sent without the person, in order, with its own id.
    async fn an_event_that_was_not_delivered_yet_tells_nothing_of_the_person(store) {
        let world = World::over(store).await;
        let id = id_of(&create(&world, None, ada()).await.unwrap());
        let ids: Vec<String> = world.events().await.into_iter().map(|event| event.id).collect();
        delete(&world, &id).await;
        let sender = ScriptedSender::default();
        sender.answer(HOOK, [500]);
        deliver_due(&world.app, &sender).await.unwrap();
        let first = sender.take();
        assert_eq!(first.len(), 1, "the deletion waits for the creation");
        let event: Value = serde_json::from_str(&first[0].body).unwrap();
        assert_eq!((event["id"].as_str(), event["type"].as_str()), (Some(&*ids[0]), Some("customer.created")));
        assert_eq!(event["data"]["deleted"], true);
        assert!(!first[0].body.contains("Ada"));
    }

    /// A receiver may answer what it was sent.
    async fn what_is_answered_to_the_events_of_a_customer_is_not_kept(store) {
        let world = World::over(store).await;
        create(&world, None, ada()).await.unwrap();
        world.create().await;
        let sender = ScriptedSender::default();
        sender.answer(HOOK, [500, 500]);
        deliver_due(&world.app, &sender).await.unwrap();
        let mut kept = Vec::new();
        for row in deliveries(&world).await {
            let excerpt = attempts(&world, &row.id).await.remove(0).5;
            kept.push((row.event_type, excerpt));
        }
        kept.sort();
        let said = |kind: &str, words: Option<&str>| (kind.to_owned(), words.map(str::to_owned));
        let session = said("gate_session.created", Some("said 500"));
        assert_eq!(kept, [said("customer.created", None), session]);
    }

    async fn a_repeat_answers_the_same_bytes_and_after_deletion_says_so(store) {
        let world = World::over(store).await;
        let first = create(&world, Some(1), ada()).await.unwrap();
        let id = id_of(&first);
        rename(&world, &id, "Lovelace").await;
        let again = create(&world, Some(1), ada()).await.unwrap();
        assert_eq!((again.replayed, &again.answer), (true, &first.answer), "as it was then");
        let deleted_at = delete(&world, &id).await;
        let gone = create(&world, Some(1), ada()).await.unwrap();
        let body: Value = serde_json::from_str(&gone.answer.response).unwrap();
        assert_eq!((gone.replayed, gone.answer.status), (true, 201));
        assert_eq!(body["deleted_at"], deleted_at);
    }

    async fn what_is_taken_stays_taken_and_says_by_whom(store) {
        let world = World::over(store).await;
        let id = id_of(&create(&world, None, ada()).await.unwrap());
        let shout = Person { email: Email::parse("ADA.LOVELACE@EXAMPLE.COM").unwrap(), external_id: None, ..ada() };
        let other = Person { email: Email::parse("bob@example.com").unwrap(), ..ada() };
        for deleted_now in [false, true] {
            for (person, expected) in [(shout.clone(), "email"), (other.clone(), "external_id")] {
                let refused = create(&world, None, person).await.unwrap_err();
                let CustomerError::Exists { field, id: taken_by, deleted } = refused else {
                    panic!("{refused}")
                };
                assert_eq!((field, taken_by, deleted), (expected, id.clone(), deleted_now));
            }
            delete(&world, &id).await;
        }
    }

    async fn fifty_twins_without_a_key_make_one_customer(store) {
        let world = World::over(store).await;
        let twins = (0..50).map(|_| create(&world, None, ada()));
        let answers = futures::future::join_all(twins).await;
        assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
        let refused = answers.iter().filter_map(|answer| answer.as_ref().err());
        for refused in refused {
            assert!(matches!(refused, CustomerError::Exists { deleted: false, .. }), "{refused}");
        }
        assert_eq!(world.events().await.len(), 1);
    }
}
