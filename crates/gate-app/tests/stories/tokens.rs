//! Embed tokens and client secrets: what opens a door, and what only looks like it.

use gate_app::embed_token::{LIFETIME_S, SCOPES, Visitor};
use gate_app::testing::{BASE_URL, SHOP, START};
use gate_app::{App, AppConfig, Clock, Ids, Vault};
use gate_domain::ids::{Mode, PartnerId, SessionId, Tenant};
use gate_rails::Rails;
use gate_store::Store;
use gate_store::testing::TestStore;
use hmac::{Hmac, KeyInit, Mac};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use sha2::Sha256;

const MASTER_KEY: [u8; 32] = [7; 32];

fn app(store: &Store, clock: &Clock, master_key: [u8; 32], base_url: &str) -> App {
    let config = AppConfig::sandbox(base_url);
    App::new(store.clone(), clock.clone(), Vault::new(&master_key), Rails::simulated(), config)
}

fn visitor() -> Visitor {
    Visitor {
        tenant: Tenant { partner: PartnerId::new(Ids.seed(START)), mode: Mode::Test },
        session_id: Some(SessionId::new(Mode::Test, Ids.seed(START))),
        origin: SHOP.into(),
        scopes: SCOPES.map(str::to_owned).to_vec(),
    }
}

#[test]
fn a_token_opens_for_an_hour_at_its_own_gateway() {
    let (store, clock) = (TestStore::sqlite(), Clock::fixed(START));
    let gateway = app(&store, &clock, MASTER_KEY, BASE_URL);
    let visitor = visitor();
    let signed = gateway.sign_embed_token(&visitor);
    assert_eq!(signed.expires_at, START.plus_seconds(LIFETIME_S));
    assert_eq!(gateway.open_embed_token(&signed.token), Some(visitor));

    let same_key = app(&store, &clock, MASTER_KEY, "https://other.example");
    assert_eq!(same_key.open_embed_token(&signed.token), None, "another issuer");
    let same_name = app(&store, &clock, [8; 32], BASE_URL);
    assert_eq!(same_name.open_embed_token(&signed.token), None, "another key");

    clock.advance_ms(LIFETIME_S * 1000 - 1);
    assert!(gateway.open_embed_token(&signed.token).is_some());
    clock.advance_ms(1);
    assert_eq!(gateway.open_embed_token(&signed.token), None, "its hour is over");
}

#[test]
fn an_altered_token_opens_nothing() {
    let (store, clock) = (TestStore::sqlite(), Clock::fixed(START));
    let gateway = app(&store, &clock, MASTER_KEY, BASE_URL);
    let token = gateway.sign_embed_token(&visitor()).token;
    // The last character carries bits that the decoder drops, so the one before it.
    for place in (0..token.len() - 1).filter(|place| token.as_bytes()[*place] != b'.') {
        let mut altered = token.clone().into_bytes();
        altered[place] = if altered[place] == b'A' { b'B' } else { b'A' };
        let altered = String::from_utf8(altered).unwrap();
        assert_eq!(gateway.open_embed_token(&altered), None, "{place}");
    }
    let cut = &token[..token.rfind('.').unwrap()];
    for text in ["", ".", "..", cut, &format!("{cut}."), &format!("{token}."), "é"] {
        assert_eq!(gateway.open_embed_token(text), None, "{text}");
    }
}

/// Signed with the right key, and wrong all the same.
#[test]
fn a_token_for_another_purpose_opens_nothing() {
    let (store, clock) = (TestStore::sqlite(), Clock::fixed(START));
    let gateway = app(&store, &clock, MASTER_KEY, BASE_URL);
    let mut mac = Hmac::<Sha256>::new_from_slice(&MASTER_KEY).unwrap();
    mac.update(b"embed-token/1");
    let key = mac.finalize().into_bytes();
    let sign = |algorithm, claims: &Value| {
        let key = EncodingKey::from_secret(&key);
        jsonwebtoken::encode(&Header::new(algorithm), claims, &key).unwrap()
    };
    let Visitor { tenant, session_id, .. } = visitor();
    let good = json!({
        "iss": BASE_URL, "aud": "embed", "sub": session_id, "ptr": tenant.partner, "mode": "test",
        "org": SHOP, "scp": SCOPES, "iat": START.unix_seconds(), "exp": START.unix_seconds() + 60,
        "jti": "1",
    });
    assert!(gateway.open_embed_token(&sign(Algorithm::HS256, &good)).is_some(), "the control");
    for (claim, value) in [
        ("aud", json!("api")),
        ("aud", Value::Null),
        ("iss", json!("https://elsewhere.example")),
        ("iss", Value::Null),
        ("exp", json!(START.unix_seconds())),
        ("exp", Value::Null),
        ("ptr", json!("ptr_1")),
        ("mode", json!("demo")),
        ("sub", json!("gs_test_1")),
    ] {
        let mut claims = good.clone();
        match value {
            Value::Null => drop(claims.as_object_mut().unwrap().remove(claim)),
            ref value => claims[claim] = value.clone(),
        }
        let token = sign(Algorithm::HS256, &claims);
        assert_eq!(gateway.open_embed_token(&token), None, "{claim} {value}");
    }
    assert_eq!(gateway.open_embed_token(&sign(Algorithm::HS512, &good)), None, "another algorithm");
}

#[test]
fn a_client_secret_opens_one_session_of_one_deployment() {
    let vault = Vault::new(&MASTER_KEY);
    let (session, other) = (visitor().session_id.unwrap(), visitor().session_id.unwrap());
    let secret = vault.client_secret(&session);
    assert_eq!(vault.client_secret(&session), secret, "the same each time");
    assert_eq!(vault.open_client_secret(&secret), Some(session.clone()));
    let moved = secret.replace(session.as_str(), other.as_str());
    assert_eq!(vault.open_client_secret(&moved), None, "another session's name");
    for place in 0..secret.len() {
        let mut altered = secret.clone().into_bytes();
        altered[place] = if altered[place] == b'a' { b'b' } else { b'a' };
        let altered = String::from_utf8(altered).unwrap();
        assert_eq!(vault.open_client_secret(&altered), None, "{place}");
    }
}
