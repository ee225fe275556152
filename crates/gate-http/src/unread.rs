//! A request that is refused before its body was read, because the key is wrong or the rate is too
//! high, leaves the body on the connection. The server would close the connection then without a
//! word, and a client that keeps connections would fail with its next request. So what is left is
//! read to its end and forgotten; only where it is too long or too slow is the connection closed, and
//! the answer says so.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, BodyDataStream, Bytes, HttpBody as _};
use axum::extract::Request;
use axum::http::{HeaderValue, Version, header};
use axum::middleware::Next;
use axum::response::Response;
use futures::{Stream, StreamExt as _};

/// How much of an unread body is read: 1 MiB.
const BYTES_MAX: usize = 1024 * 1024;
/// How long it may take: 2 s.
const DEADLINE: Duration = Duration::from_secs(2);

/// Answer, with the body out of the way.
pub(crate) async fn read_to_the_end(request: Request, next: Next) -> Response {
    if request.body().is_end_stream() {
        return next.run(request).await;
    }
    let version = request.version();
    // A client that waits for a go-ahead has not sent the body yet: asking for it would be a lie.
    let waits = request.headers().contains_key(header::EXPECT);
    let (parts, body) = request.into_parts();
    let shared = Shared::new(body);
    let handed_on = Body::from_stream(shared.clone());
    let mut response = next.run(Request::from_parts(parts, handed_on)).await;
    let read = shared.has_ended()
        || !waits && tokio::time::timeout(DEADLINE, rest_of(shared)).await.unwrap_or(false);
    if !read && version <= Version::HTTP_11 {
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(header::CONNECTION, close);
    }
    response
}

/// Read what is left. False when that is too much, or the connection broke.
async fn rest_of(mut body: Shared) -> bool {
    let mut bytes = 0;
    while let Some(chunk) = body.next().await {
        let Ok(chunk) = chunk else { return false };
        bytes += chunk.len();
        if bytes > BYTES_MAX {
            return false;
        }
    }
    true
}

/// A body that a handler reads as far as it likes, and we after it.
#[derive(Clone)]
struct Shared(Arc<Mutex<Inner>>);

struct Inner {
    body: BodyDataStream,
    ended: bool,
}

impl Shared {
    fn new(body: Body) -> Self {
        let inner = Inner { body: body.into_data_stream(), ended: false };
        Self(Arc::new(Mutex::new(inner)))
    }

    fn has_ended(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).ended
    }
}

impl Stream for Shared {
    type Item = Result<Bytes, axum::Error>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if inner.ended {
            return Poll::Ready(None);
        }
        let polled = Pin::new(&mut inner.body).poll_next(context);
        if let Poll::Ready(None | Some(Err(_))) = &polled {
            inner.ended = true;
        }
        polled
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(chunks: usize) -> Body {
        let chunk = || Ok::<_, std::io::Error>(Bytes::from(vec![b'x'; 64 * 1024]));
        Body::from_stream(futures::stream::iter((0..chunks).map(move |_| chunk())))
    }

    #[tokio::test]
    async fn a_handler_and_we_read_one_body() {
        let shared = Shared::new(body(3));
        let mut handler = shared.clone();
        assert!(handler.next().await.is_some());
        assert!(rest_of(shared).await);
        assert!(handler.next().await.is_none());
    }

    #[tokio::test]
    async fn an_endless_body_is_given_up() {
        assert!(rest_of(Shared::new(body(16))).await);
        assert!(!rest_of(Shared::new(body(17))).await);
    }
}
