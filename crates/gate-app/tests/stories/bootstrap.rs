//! Who is let in: a key's partner, an exact origin, a secret of an open session.

use gate_app::admin::origins::Command as Origins;
use gate_app::admin::{self, Command, Whose};
use gate_app::bootstrap::{Bootstrap, BootstrapError, Bootstrapped, bootstrap, refresh};
use gate_app::embed_token::SCOPES;
use gate_app::journey::open_journey;
use gate_app::test_helpers::{Force, force};
use gate_app::testing::{ADDRESS, BASE_URL, SHOP, World, partner, tenant_of};
use gate_domain::customer::CountryCode;
use gate_domain::ids::{Mode, Tenant};
use gate_store::both_engines;
use gate_wire::journey::JourneyStep;

/// What the partner's page asks with, from this origin.
fn ask(world: &World, origin: Option<&str>, client_secret: Option<String>) -> Bootstrap {
    let (tenant, origin) = (world.tenant(), origin.map(str::to_owned));
    Bootstrap { tenant, origin, client_secret, requested_scopes: None, seen_in: None }
}

async fn enter(world: &World, ask: Bootstrap) -> Result<Bootstrapped, BootstrapError> {
    bootstrap(&world.app, ask).await
}

both_engines! {
    async fn the_origin_is_taken_to_the_letter(store) {
        let world = World::over(store).await;
        let secret = world.vault().client_secret(&world.create().await);
        let entered = enter(&world, ask(&world, Some(SHOP), Some(secret.clone()))).await.unwrap();
        let visitor = world.open_embed_token(&entered.token.token).unwrap();
        assert_eq!((visitor.origin.as_str(), &visitor.tenant), (SHOP, &world.tenant()));
        assert_eq!(visitor.session_id, entered.session.map(|session| session.id));

        for origin in [
            None,
            Some(""),
            Some("null"),
            Some("*"),
            Some("http://shop.example"),
            Some("https://shop.example:443"),
            Some("https://shop.example:8443"),
            Some("https://shop.example."),
            Some("https://shop.example/"),
            Some("https://SHOP.example"),
            Some("HTTPS://shop.example"),
            Some(" https://shop.example"),
            Some("https://shop.example "),
            Some("https://www.shop.example"),
            Some("https://evilshop.example"),
            Some("https://shop.example.evil.example"),
            Some("https://shop.example@evil.example"),
            Some("https://shop.example\u{2e}evil.example"),
            Some("https://shöp.example"),
            Some("shop.example"),
        ] {
            let refused = enter(&world, ask(&world, origin, Some(secret.clone()))).await;
            let refused = refused.map(|_| ()).unwrap_err();
            assert!(matches!(refused, BootstrapError::OriginNotAllowed), "{origin:?}");
        }
    }

    async fn our_own_page_needs_a_client_secret(store) {
        let world = World::over(store).await;
        let secret = world.vault().client_secret(&world.create().await);
        enter(&world, ask(&world, Some(BASE_URL), Some(secret))).await.unwrap();
        let refused = enter(&world, ask(&world, Some(BASE_URL), None)).await.map(|_| ());
        assert!(matches!(refused, Err(BootstrapError::OriginNotAllowed)), "{refused:?}");
        let preview = enter(&world, ask(&world, Some(SHOP), None)).await.unwrap();
        assert!(preview.session.is_none(), "a page without a session may look");
    }

    async fn a_secret_is_good_for_its_partner_and_mode_only(store) {
        let world = World::over(store).await;
        let secret = world.vault().client_secret(&world.create().await);
        let other = partner("Other Shop", Mode::Test, 0);
        let live = gate_app::provision::Provision {
            partner_id: world.partner.partner_id.clone(),
            ..partner("Demo Shop", Mode::Live, 0)
        };
        for stranger in [&other, &live] {
            world.provision(stranger).await;
            let asked = ask(&world, Some(SHOP), Some(secret.clone()));
            let refused = enter(&world, Bootstrap { tenant: tenant_of(stranger), ..asked }).await;
            let refused = refused.map(|_| ()).unwrap_err();
            assert!(matches!(refused, BootstrapError::InvalidClientSecret), "{refused}");
        }
        let origin_of_live_only = Tenant { mode: Mode::Live, ..world.tenant() };
        assert_eq!(tenant_of(&live), origin_of_live_only);
    }

    async fn an_ended_session_lets_nobody_in_but_to_see_how_it_went_well(store) {
        let world = World::over(store).await;
        for (outcome, enters) in
            [(Force::Complete, true), (Force::Fail, true), (Force::Expire, false)]
        {
            let session = world.create().await;
            let secret = world.vault().client_secret(&session);
            force(&world.app, &world.tenant(), &session, outcome).await.unwrap();
            let entered = enter(&world, ask(&world, Some(SHOP), Some(secret))).await.map(|_| ());
            match entered {
                Ok(()) => assert!(enters, "{outcome:?}"),
                Err(BootstrapError::SessionNotOpen(ended)) => {
                    assert!(!enters && ended.id == session && ended.status() == "expired");
                }
                Err(error) => panic!("{error}"),
            }
        }
    }

    async fn scopes_may_only_be_narrowed(store) {
        let world = World::over(store).await;
        let secret = world.vault().client_secret(&world.create().await);
        let read = "journey:read";
        for (requested, granted) in [
            (None, Some(SCOPES.to_vec())),
            (Some(vec![read]), Some(vec![read])),
            (Some(vec![]), Some(vec![])),
            (Some(vec![read; 1000]), Some(vec![read])),
            (Some(vec![read, "admin"]), None),
            (Some(vec!["journey:*"]), None),
        ] {
            let requested_scopes =
                requested.map(|scopes| scopes.into_iter().map(str::to_owned).collect());
            let asked = ask(&world, Some(SHOP), Some(secret.clone()));
            let entered = enter(&world, Bootstrap { requested_scopes, ..asked }).await;
            let scopes = entered
                .ok()
                .and_then(|entered| world.open_embed_token(&entered.token.token))
                .map(|visitor| visitor.scopes);
            assert_eq!(scopes, granted.map(|words| words.into_iter().map(str::to_owned).collect::<Vec<_>>()));
        }
    }
    async fn nothing_is_sold_to_a_page_where_nothing_is_offered(store) {
        let world = World::over(store).await;
        let session = world.create().await;
        let secret = world.vault().client_secret(&session);
        let seen = async |country| {
            let asked = ask(&world, Some(SHOP), Some(secret.clone()));
            let seen_in = CountryCode::parse(country);
            enter(&world, Bootstrap { seen_in, ..asked }).await.unwrap();
        };
        seen("KP").await;
        open_journey(&world.app, &world.tenant(), &session).await.unwrap();
        assert_eq!(world.session(&session).await.state.phase(), "opened", "the first look is noted");
        seen("DE").await;
        let quote = world.choose(&session, ADDRESS).await;
        let payment = world.journey(&session).await.step;
        assert!(matches!(payment, JourneyStep::Payment { .. }), "{payment:?}");

        let refused = async || {
            let step = world.journey(&session).await.step;
            let JourneyStep::Unavailable { reason } = step else { panic!("{step:?}") };
            assert_eq!(reason.code, "country_not_supported");
            let step = world.pay(&session, &quote, "succeeds").await.unwrap().step;
            assert!(matches!(step, JourneyStep::Unavailable { .. }), "{step:?}");
            assert_eq!(world.session(&session).await.transaction, None, "nothing is charged");
        };
        seen("KP").await;
        refused().await;
        seen("DE").await;
        assert_eq!(world.journey(&session).await.step, payment, "it goes on where it was");
        world.switch_off("country:DE", "Our licence there has ended").await;
        refused().await;
        world.switch_on("country:DE").await;
        world.pay(&session, &quote, "succeeds").await.unwrap();
        seen("KP").await;
        world.pass_seconds(8).await;
        assert_eq!(world.session(&session).await.status(), "completed", "what began goes on");
        world.sound().await;
    }

    async fn a_page_whose_origin_is_allowed_no_longer_gets_no_fresh_token(store) {
        let world = World::over(store).await;
        let secret = world.vault().client_secret(&world.create().await);
        let entered = enter(&world, ask(&world, Some(SHOP), Some(secret.clone()))).await.unwrap();
        let visitor = world.open_embed_token(&entered.token.token).unwrap();
        refresh(&world.app, &visitor).await.unwrap();
        let ours = enter(&world, ask(&world, Some(BASE_URL), Some(secret))).await.unwrap();
        let ours = world.open_embed_token(&ours.token.token).unwrap();

        let whose = Whose { partner: None, mode: Mode::Test };
        let remove = Origins::Remove { whose, origin: SHOP.into() };
        admin::run(&world.app, Command::Origins(remove)).await.unwrap();
        let refused = refresh(&world.app, &visitor).await.map(|_| ());
        assert!(matches!(refused, Err(BootstrapError::OriginNotAllowed)), "{refused:?}");
        refresh(&world.app, &ours).await.expect("the page that we host ourselves is nobody else's");
    }
}
