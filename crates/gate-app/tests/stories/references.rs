//! The partner's own name of a session: one session, whatever key it was asked for with.

use gate_app::create_session::{CreateError, CreateSession, Created, create_session};
use gate_app::testing::{SHOP, World};
use gate_domain::session::Terms;
use gate_store::{IdempotentRequest, both_engines};

/// Create a session named `reference` with another key each time; `body` stands for its fingerprint.
async fn create(world: &World, reference: &str, body: u8) -> Result<Created, CreateError> {
    let template = world.create().await;
    let terms = Terms {
        client_reference_id: Some(reference.into()),
        ..world.session(&template).await.terms
    };
    let request = IdempotentRequest {
        tenant: world.tenant(),
        key_hash: world.app.ids().random::<16>().to_vec(),
        fingerprint: vec![body; 32],
    };
    let command = CreateSession { tenant: world.tenant(), request, terms, lifetime_s: 3_600 };
    world.app.write(move |tx, scope| create_session(tx, scope, &command)).await
}

both_engines! {
    async fn the_same_body_finds_the_first_session_as_it_is_now(store) {
        let world = World::over(store).await;
        let first = create(&world, "order 1", 1).await.unwrap();
        assert!(!first.answered.replayed);
        world.choose(&first.session_id, gate_app::testing::ADDRESS).await;
        let again = create(&world, "order 1", 1).await.unwrap();
        assert!(again.answered.replayed);
        assert_eq!((&again.session_id, again.answered.answer.status), (&first.session_id, 201));
        assert!(again.answered.answer.response.contains("quoted"), "as it is now");
        let other = create(&world, "order 1", 2).await.unwrap_err();
        let CreateError::ReferenceInUse(session) = other else { panic!("{other}") };
        assert_eq!(session.id, first.session_id);
        let second = create(&world, "Order 1", 1).await.unwrap();
        assert_ne!(second.session_id, first.session_id, "case counts");
    }

    async fn fifty_twins_with_keys_of_their_own_make_one_session(store) {
        let world = World::over(store).await;
        let twins = (0..50).map(|_| create(&world, "order 1", 1));
        let created: Vec<_> = futures::future::join_all(twins).await;
        let created: Vec<_> = created.into_iter().map(Result::unwrap).collect();
        assert!(created.iter().all(|one| one.session_id == created[0].session_id));
        assert_eq!(created.iter().filter(|one| !one.answered.replayed).count(), 1);
        let named = world.events().await;
        let named = named.iter().filter(|event| !event.data["client_reference_id"].is_null());
        assert_eq!(named.count(), 1, "told once");
        assert!(world.session(&created[0].session_id).await.terms.return_url.starts_with(SHOP));
        world.sound().await;
    }
}
