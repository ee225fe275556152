//! The hosted page, opened for one order, without its pictures.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use tokio::time::sleep;

use super::client::{Answer, Client};
use super::story::attribute;

/// How long a buyer looks at the order's page after paying.
const GOODBYE_MAX: Duration = Duration::from_secs(8);
const LOOK_EVERY: Duration = Duration::from_millis(250);

pub(super) struct Page<'a> {
    client: &'a Client,
    order_id: String,
    client_secret: String,
    token: String,
    pub(super) session_id: String,
}

/// What to do after acting.
#[derive(PartialEq, Eq)]
pub(super) enum Next {
    /// Look at the journey.
    Look,
    /// The same, but nobody knows whether the action happened.
    Unsure,
    /// Close the tab.
    Leave,
}

impl<'a> Page<'a> {
    pub(super) async fn open(client: &'a Client, order_id: &str) -> Result<Self> {
        let order_id = order_id.to_owned();
        let client_secret = pay_page(client, &order_id).await?.context("nothing to pay")?;
        let (token, session_id) = bootstrap(client, &order_id, &client_secret).await?;
        Ok(Self { client, order_id, client_secret, token, session_id })
    }

    /// The order keeps its session, however often the page is opened.
    pub(super) async fn reload(&mut self) -> Result<()> {
        let Some(client_secret) = pay_page(self.client, &self.order_id).await? else {
            return Ok(()); // the shop knows already that there is nothing to pay
        };
        ensure!(client_secret == self.client_secret, "a reload gave another client secret");
        let (token, session_id) =
            bootstrap(self.client, &self.order_id, &self.client_secret).await?;
        ensure!(session_id == self.session_id, "a reload gave {session_id}");
        self.token = token;
        Ok(())
    }

    /// The step that is shown.
    pub(super) async fn look(&self) -> Result<Value> {
        let journey = self.client.insist(|| self.request(Method::GET, "journey")).await?;
        let mut journey = journey.expect(200, "the journey")?.json()?;
        Ok(journey["step"].take())
    }

    /// Press a button, once.
    pub(super) async fn post(&self, path: &str, body: &Value) -> Result<Next> {
        match self.client.ask(self.request(Method::POST, path).json(body)).await {
            // 409: the journey has moved on without us, maybe by a request of our own.
            Some(answer) if answer.status == 200 || answer.status == 409 => Ok(Next::Look),
            Some(Answer { status, body, .. }) => bail!("{path} was answered with {status}: {body}"),
            None => Ok(Next::Unsure),
        }
    }

    /// The page shows how it ended.
    pub(super) fn told(&self, status: &'static str) {
        self.client.book().told(&self.session_id, status);
    }

    /// Look at the order's own page for a while, as people do. That the shop does not know yet is
    /// no complaint: the end is for that.
    pub(super) async fn wait_for_shop(&self) -> Result<()> {
        let started = Instant::now();
        while started.elapsed() < GOODBYE_MAX {
            if let Some(proof) = find_proof(self.client, &self.order_id).await? {
                self.client.book().fulfilled(&self.order_id, &proof);
                return Ok(());
            }
            sleep(LOOK_EVERY).await;
        }
        Ok(())
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.gate(method, &format!("/v1/embed/{path}")).header("x-embed-token", &self.token)
    }
}

/// The client secret in the shop's pay page; none when the shop leads back to the order instead.
async fn pay_page(client: &Client, order_id: &str) -> Result<Option<String>> {
    let path = format!("/orders/{order_id}/pay");
    let answer = client.insist(|| client.shop(Method::GET, &path)).await?;
    if answer.status == 303 {
        return Ok(None);
    }
    let html = answer.expect(200, "the pay page")?.body;
    let key = attribute(&html, "data-publishable-key=\"").context("no publishable key")?;
    ensure!(key == client.publishable_key(), "the shop shows another publishable key");
    let secret = attribute(&html, "data-client-secret=\"").context("no client secret")?;
    Ok(Some(secret.to_owned()))
}

/// What `gate.js` does in the shop's page. Answers the embed token and the session.
async fn bootstrap(
    client: &Client,
    order_id: &str,
    client_secret: &str,
) -> Result<(String, String)> {
    let ask = || {
        client
            .gate(Method::POST, "/v1/embed/bootstrap")
            .header("origin", client.shop_url())
            .bearer_auth(client.publishable_key())
            .json(&json!({ "clientSecret": client_secret }))
    };
    let answer = client.insist(ask).await?.expect(200, "bootstrap")?.json()?;
    let text = |name: &str| answer[name].as_str().map(str::to_owned);
    let token = text("embed_token").context("no embed token")?;
    let session_id = text("session_id").context("no session")?;
    client.book().paid_by(order_id, &session_id);
    Ok((token, session_id))
}

/// How the shop proves that it has fulfilled an order: by which session, when, and what told it.
pub(super) async fn find_proof(client: &Client, order_id: &str) -> Result<Option<String>> {
    let path = format!("/orders/{order_id}/status");
    let answer = client.insist(|| client.shop(Method::GET, &path)).await?;
    let order = answer.expect(200, "an order that the shop has taken")?.json()?;
    let evidence = order["evidence"].as_array().context("an order without evidence")?;
    let fact = |name: &str| {
        let fact = evidence.iter().find(|fact| fact["name"] == name);
        fact.and_then(|fact| fact["value"].as_str()).unwrap_or("-")
    };
    ensure!(
        fact("For our support") == "-",
        "{order_id} has a problem: {}",
        fact("For our support")
    );
    let fulfilled = fact("Fulfilled") != "-";
    ensure!(
        fulfilled == (order["status"] == "completed"),
        "{order_id} is {} but its evidence says otherwise: {}",
        order["status"],
        order["evidence"],
    );
    let proof = format!("{} at {} by {}", fact("Session"), fact("Fulfilled"), fact("Fulfilled by"));
    Ok(fulfilled.then_some(proof))
}
