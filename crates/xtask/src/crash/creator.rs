//! A shop's backend that creates sessions over the API, each with an idempotency key of its own,
//! and repeats every request until it is answered.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use reqwest::{Method, RequestBuilder};
use serde_json::json;
use tokio::time::sleep;

use super::book::KeyNote;
use super::client::{Answer, Client};
use crate::random::Random;

/// Bounds the whole run, together with the number of kills.
const SESSIONS_MAX: u32 = 5_000;
const PAUSE_MS: std::ops::RangeInclusive<u64> = 20..=120;

/// Create sessions until it is time to stop.
pub(super) async fn create_sessions(client: Client, seed: u64, lane: u64) {
    let mut random = Random::part(seed, 1_000_000 + lane);
    for number in 0..SESSIONS_MAX {
        if client.is_stopping() {
            return;
        }
        let key = format!("crash-{seed}-{lane}-{number}");
        if let Err(error) = create_session(&client, &mut random, &key).await {
            client.book().problem(format!("create with the key {key}: {error:#}"));
            return;
        }
        sleep(Duration::from_millis(random.within(PAUSE_MS))).await;
    }
}

async fn create_session(client: &Client, random: &mut Random, key: &str) -> Result<()> {
    let body = json!({
        "amount": "100.00", "currency": "EUR", "return_url": format!("{}/done", client.shop_url()),
        "user_reference": key, "metadata": { "key": key },
    });
    let body = body.to_string();
    let ask = || client.insist(|| create(client, key, &body));
    let session_id = if random.one_in(8) {
        // Twins: two requests with one key at the same time.
        let (one, other) = tokio::join!(ask(), ask());
        let (one, other) = (session_of(one?)?, session_of(other?)?);
        ensure!(one == other, "twins were answered with {one} and {other}");
        one
    } else {
        session_of(ask().await?)?
    };
    let (key, body) = (key.to_owned(), body);
    client.book().answered(KeyNote { key, body, session_id: session_id.clone() });
    // What is not answered here may have happened or not; the end shows which.
    match random.within(1..=8) {
        1 => {
            let path = format!("/v1/test_helpers/gate_sessions/{session_id}/complete");
            end(client, &session_id, &path, 200, "completed").await;
        }
        2 => {
            let path = format!("/v1/gate_sessions/{session_id}/cancel");
            end(client, &session_id, &path, 201, "cancelled").await;
        }
        _ => {}
    }
    Ok(())
}

async fn end(client: &Client, session_id: &str, path: &str, done: u16, status: &'static str) {
    match client.ask(client.backend(Method::POST, path)).await {
        Some(answer) if answer.status == done => client.book().told(session_id, status),
        Some(Answer { status, body, .. }) => {
            client.book().problem(format!("{path} was answered with {status}: {body}"));
        }
        None => {}
    }
}

/// The request that creates a session. Sending it again is safe.
pub(super) fn create(client: &Client, key: &str, body: &str) -> RequestBuilder {
    client
        .backend(Method::POST, "/v1/gate_sessions")
        .header("idempotency-key", key)
        .header("content-type", "application/json")
        .body(body.to_owned())
}

pub(super) fn session_of(answer: Answer) -> Result<String> {
    let session = answer.expect(201, "a create")?.json()?;
    Ok(session["id"].as_str().context("a session without an id")?.to_owned())
}
