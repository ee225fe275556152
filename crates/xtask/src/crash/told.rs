//! Asking again, at the end, about everything that was acknowledged.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use reqwest::Method;

use super::client::Client;
use super::creator::{create, session_of};
use super::page::find_proof;

/// What the API says at the end about every session that it had acknowledged.
pub(super) type Told = BTreeMap<String, String>;

/// Ask again about everything that was acknowledged: each session, each idempotency key, each order.
pub(super) async fn ask_again(client: &Client) -> Result<Told> {
    let book = client.book();
    let mut told = Told::new();
    for (session_id, note) in book.sessions() {
        let path = format!("/v1/gate_sessions/{session_id}");
        let answer = client.insist(|| client.backend(Method::GET, &path)).await?;
        if answer.status != 200 {
            book.problem(format!("{session_id} was acknowledged and is lost: {}", answer.body));
            continue;
        }
        let session = answer.json()?;
        let status = session["status"].as_str().context("a session without a status")?.to_owned();
        if let Some(before) = note.told.filter(|before| *before != status) {
            book.problem(format!("{session_id} was {before} and is {status} now"));
        }
        told.insert(session_id, status);
    }
    for note in book.keys() {
        let answer = client.insist(|| create(client, &note.key, &note.body)).await?;
        let session_id = session_of(answer).with_context(|| format!("the key {}", note.key))?;
        if session_id != note.session_id {
            book.problem(format!(
                "the key {} was answered with {} and then with {session_id}",
                note.key, note.session_id
            ));
        }
    }
    for order_id in book.orders().into_keys() {
        match find_proof(client, &order_id).await {
            Ok(Some(proof)) => book.fulfilled(&order_id, &proof),
            Ok(None) => {}
            Err(error) => book.problem(format!("{error:#}")),
        }
    }
    Ok(told)
}
