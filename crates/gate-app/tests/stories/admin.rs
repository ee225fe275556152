//! What an operator does: partners, keys and origins, and what the API's callers see of it.

use gate_app::admin::keys::{Command as Keys, KeyAnswer, KeysAnswer, MadeKey};
use gate_app::admin::origins::{Command as Origins, OriginsAnswer};
use gate_app::admin::partners::{Command as Partners, PartnerAnswer, PartnersAnswer, ShownPartner};
use gate_app::admin::{self, Command, Whose};
use gate_app::keys::find_key;
use gate_app::master_key::{MasterKeyError, check_master_key};
use gate_app::testing::{SHOP, START, World, partner};
use gate_app::workers::key_uses::record_key_uses;
use gate_app::{App, AppConfig, Clock, Ids, Vault};
use gate_domain::Mode;
use gate_rails::Rails;
use gate_store::both_engines;
use serde::de::DeserializeOwned;

/// Carry a command out as the running gateway would get it: through JSON. Its answer, or the code of
/// the refusal.
async fn ask<T: DeserializeOwned>(app: &App, command: Command) -> Result<T, String> {
    let sent = serde_json::to_vec(&command).unwrap();
    let command = serde_json::from_slice(&sent).unwrap();
    let answer = admin::run(app, command).await.map_err(|refused| refused.code)?;
    Ok(serde_json::from_value(answer).unwrap())
}

fn whose(partner: &str, mode: Mode) -> Whose {
    Whose { partner: Some(partner.to_owned()), mode }
}

async fn create(world: &World, kind: &str, access: &str) -> Result<MadeKey, String> {
    let whose = whose(world.partner.partner_id.as_str(), Mode::Test);
    let (kind, access) = (kind.to_owned(), access.to_owned());
    let name = Some("shop backend".to_owned());
    ask(&world.app, Command::Keys(Keys::Create { whose, kind, access, name })).await
}

async fn roll(world: &World, key: &str, overlap_seconds: i64) -> Result<MadeKey, String> {
    let (partner, key) = (None, key.to_owned());
    ask(&world.app, Command::Keys(Keys::Roll { partner, key, overlap_seconds })).await
}

async fn revoke(world: &World, key: &str) -> Result<KeyAnswer, String> {
    let (partner, key) = (None, key.to_owned());
    ask(&world.app, Command::Keys(Keys::Revoke { partner, key })).await
}

async fn list(world: &World) -> Vec<KeyAnswer> {
    let whose = whose(world.partner.partner_id.as_str(), Mode::Test);
    let answer: KeysAnswer = ask(&world.app, Command::Keys(Keys::List { whose })).await.unwrap();
    answer.keys
}

/// Whether a key opens anything now.
async fn opens(world: &World, key: &str) -> bool {
    let found = find_key(&world.app, key).await.unwrap();
    found.is_some_and(|row| row.is_active(world.now()))
}

both_engines! {
    async fn a_partner_is_made_and_shown(store) {
        let world = World::over(store).await;
        let create = |name: &str| Command::Partners(Partners::Create { name: name.into() });
        let made: PartnerAnswer = ask(&world.app, create("Tea & Bread, 猫")).await.unwrap();
        assert_eq!(made.name, "Tea & Bread, 猫");
        for name in ["", " x", "x ", "a\nb", &"x".repeat(101)] {
            let refused = ask::<PartnerAnswer>(&world.app, create(name)).await;
            assert_eq!(refused, Err("name_invalid".into()), "{name:?}");
        }
        let listed = Command::Partners(Partners::List { after: None });
        let listed: PartnersAnswer = ask(&world.app, listed).await.unwrap();
        assert_eq!((listed.partners.len(), listed.has_more), (2, false));
        let show = |partner: Option<&str>| {
            Command::Partners(Partners::Show { partner: partner.map(str::to_owned) })
        };
        let id = world.partner.partner_id.as_str();
        let shown: ShownPartner = ask(&world.app, show(Some(id))).await.unwrap();
        let test = &shown.modes[0];
        assert_eq!((test.mode, test.active_keys, test.endpoints.len()), (Mode::Test, 2, 1));
        assert_eq!(test.origins, [SHOP]);
        assert_eq!(shown.modes[1].active_keys, 0, "nothing of one mode is in the other");
        for (named, code) in [
            (None, "partner_needed"),
            (Some("ptr_00000000000000000000000000"), "partner_not_found"),
            (Some("Demo Shop"), "partner_not_found"),
        ] {
            let refused = ask::<ShownPartner>(&world.app, show(named)).await.unwrap_err();
            assert_eq!(refused, code);
        }
    }

    async fn a_key_is_told_once_and_listed_without_itself(store) {
        let world = World::over(store).await;
        let made = create(&world, "secret", "read_only").await.unwrap();
        assert!(made.secret.starts_with("sk_test_") && opens(&world, &made.secret).await);
        let publishable = create(&world, "publishable", "full").await.unwrap();
        assert!(publishable.secret.starts_with("pk_test_"));
        assert_eq!(publishable.key.access, None);
        for (kind, access, code) in [
            ("publishable", "read_only", "access_invalid"),
            ("secret", "admin", "access_invalid"),
            ("private", "full", "kind_invalid"),
        ] {
            assert_eq!(create(&world, kind, access).await.unwrap_err(), code);
        }
        let keys = list(&world).await;
        assert_eq!(keys.len(), 4, "two of them were there");
        let listed = keys.iter().find(|key| key.id == made.key.id).unwrap();
        assert_eq!(listed, &made.key);
        assert_eq!(listed.last4, made.secret[made.secret.len() - 4..]);
        let told = serde_json::to_string(&keys).unwrap();
        assert!(!told.contains("sk_test_") && !told.contains("pk_test_"));
    }

    async fn a_rolled_key_and_its_successor_overlap_to_the_millisecond(store) {
        let world = World::over(store).await;
        let old = create(&world, "secret", "sessions").await.unwrap();
        assert!(opens(&world, &old.secret).await, "and it is remembered");
        let new = roll(&world, &old.key.id, 60).await.unwrap();
        assert_eq!((&new.key.access, &new.key.name), (&old.key.access, &old.key.name));
        assert_eq!(new.replaces.as_ref().unwrap().replaced_by, Some(new.key.id.clone()));
        assert!(opens(&world, &new.secret).await && opens(&world, &old.secret).await);
        world.clock.advance_ms(59_999);
        assert!(opens(&world, &old.secret).await);
        world.clock.advance_ms(1);
        assert!(!opens(&world, &old.secret).await);
        assert!(opens(&world, &new.secret).await);
        let status = |keys: &[KeyAnswer], id: &str| {
            keys.iter().find(|key| key.id == id).unwrap().status.clone()
        };
        let keys = list(&world).await;
        assert_eq!(status(&keys, &old.key.id), "expired");
        assert_eq!(status(&keys, &new.key.id), "active");

        for (key, overlap, code) in [
            (&old.key.id, 60, "key_already_rolled"),
            (&new.key.id, -1, "overlap_invalid"),
            (&new.key.id, 30 * 86_400 + 1, "overlap_invalid"),
            (&"key_test_00000000000000000000000000".into(), 0, "key_not_found"),
            (&new.secret, 0, "key_not_found"),
        ] {
            assert_eq!(roll(&world, key, overlap).await.unwrap_err(), code, "{key}");
        }
        let last = roll(&world, &new.key.id, 0).await.unwrap();
        assert_eq!(last.replaces.unwrap().status, "expired");
        assert!(!opens(&world, &new.secret).await && opens(&world, &last.secret).await);
    }

    async fn a_revoked_key_is_forgotten_at_once(store) {
        let world = World::over(store).await;
        let key = create(&world, "secret", "full").await.unwrap();
        assert!(opens(&world, &key.secret).await);
        let first = revoke(&world, &key.key.id).await.unwrap();
        assert!(!opens(&world, &key.secret).await, "the clock did not move");
        world.clock.advance_ms(5_000);
        let again = revoke(&world, &key.key.id).await.unwrap();
        assert_eq!(again, first, "revoking is safe to repeat");
        assert_eq!(roll(&world, &key.key.id, 0).await.unwrap_err(), "key_not_active");
    }

    async fn another_process_forgets_a_revoked_key_within_two_seconds(store) {
        let world = World::over(store).await;
        let modes = vec![Mode::Test];
        let config = AppConfig { modes, ..AppConfig::sandbox("https://pay.example") };
        let vault = world.vault().clone();
        let other =
            App::new((**store).clone(), world.clock.clone(), vault, Rails::simulated(), config);
        let key = create(&world, "secret", "full").await.unwrap();
        let opens_there = async || {
            find_key(&other, &key.secret).await.unwrap().unwrap().is_active(other.now())
        };
        assert!(opens_there().await);
        revoke(&world, &key.key.id).await.unwrap();
        world.clock.advance_ms(1_999);
        assert!(opens_there().await, "it was looked up a moment ago");
        world.clock.advance_ms(1);
        assert!(!opens_there().await);
    }

    async fn a_partner_has_a_bounded_number_of_keys(store) {
        let world = World::over(store).await;
        let mut last = String::new();
        for _ in 0..98 {
            last = create(&world, "secret", "full").await.unwrap().key.id;
        }
        assert_eq!(create(&world, "secret", "full").await.unwrap_err(), "keys_limit_reached");
        revoke(&world, &last).await.unwrap();
        assert!(create(&world, "secret", "full").await.is_ok());
    }

    async fn the_last_use_is_written_down_by_a_worker(store) {
        let world = World::over(store).await;
        let key = create(&world, "secret", "full").await.unwrap();
        let last_used = async || {
            let keys = list(&world).await;
            keys.into_iter().find(|listed| listed.id == key.key.id).unwrap().last_used_at
        };
        assert!(opens(&world, &key.secret).await);
        assert_eq!(last_used().await, None, "no request writes it");
        assert_eq!(record_key_uses(&world.app).await.unwrap(), 1);
        let first = last_used().await;
        assert!(first.is_some());
        world.clock.advance_ms(30_000);
        assert!(opens(&world, &key.secret).await);
        assert_eq!(record_key_uses(&world.app).await.unwrap(), 0, "less than a minute later");
        assert_eq!(last_used().await, first);
        world.clock.advance_ms(30_000);
        assert_eq!(record_key_uses(&world.app).await.unwrap(), 1);
        assert_ne!(last_used().await, first);
        world.clock.advance_ms(600_000);
        assert_eq!(record_key_uses(&world.app).await.unwrap(), 0, "nobody used it since");
    }

    async fn origins_are_added_and_removed(store) {
        let world = World::over(store).await;
        let id = world.partner.partner_id.to_string();
        let add = async |origin: &str| {
            let (whose, origin) = (whose(&id, Mode::Test), origin.to_owned());
            ask::<OriginsAnswer>(&world.app, Command::Origins(Origins::Add { whose, origin })).await
        };
        let added = add("https://other.example").await.unwrap();
        assert_eq!((added.origins.len(), added.changed), (2, true));
        assert!(!add("https://other.example").await.unwrap().changed);
        assert_eq!(add("https://*.example").await.unwrap_err(), "origin_invalid");
        let remove = async |origin: &str| {
            let (whose, origin) = (whose(&id, Mode::Test), origin.to_owned());
            let command = Command::Origins(Origins::Remove { whose, origin });
            ask::<OriginsAnswer>(&world.app, command).await
        };
        assert_eq!(remove(SHOP).await.unwrap().origins, ["https://other.example"]);
        assert_eq!(remove(SHOP).await.unwrap_err(), "origin_not_found");
        let live = Command::Origins(Origins::List { whose: whose(&id, Mode::Live) });
        let live: OriginsAnswer = ask(&world.app, live).await.unwrap();
        assert!(live.origins.is_empty());
    }

    async fn a_mode_that_is_not_served_has_no_keys_to_make(store) {
        let world = World::over(store).await;
        let sandbox = AppConfig::sandbox("https://pay.example");
        let (clock, vault) = (Clock::fixed(START), world.vault().clone());
        let app = App::new((**store).clone(), clock, vault, Rails::simulated(), sandbox);
        let command = Keys::List { whose: whose(world.partner.partner_id.as_str(), Mode::Live) };
        let refused = ask::<KeysAnswer>(&app, Command::Keys(command)).await;
        assert_eq!(refused.unwrap_err(), "mode_not_served");
    }

    async fn a_partner_need_not_be_named_where_there_is_one(store) {
        let world = World::over(store).await;
        let keys = Keys::List { whose: Whose { partner: None, mode: Mode::Test } };
        let found: KeysAnswer = ask(&world.app, Command::Keys(keys.clone())).await.unwrap();
        assert_eq!(found.keys.len(), 2);
        world.provision(&partner("Other Shop", Mode::Test, 0)).await;
        let refused = ask::<KeysAnswer>(&world.app, Command::Keys(keys)).await;
        assert_eq!(refused.unwrap_err(), "partner_needed");
    }

    async fn a_database_remembers_its_master_key(store) {
        let world = World::over(store).await;
        for _ in 0..2 {
            world.app.write(check_master_key).await.unwrap();
        }
        let sandbox = AppConfig::sandbox("https://pay.example");
        let vault = Vault::new(&Ids.random());
        let app = App::new((**store).clone(), Clock::fixed(START), vault, Rails::simulated(), sandbox);
        let refused = app.write(check_master_key).await;
        assert!(matches!(refused, Err(MasterKeyError::Another)), "{refused:?}");
    }
}
