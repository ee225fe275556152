//! HTTP/1.1 with as little work as possible, so that the load leaves the machine to the servers:
//! a kept connection, one request at a time, answers with a length.

use anyhow::{Context, Result, bail, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Larger than any answer here.
const ANSWER_BYTES_MAX: usize = 1024 * 1024;

pub(super) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    pub(super) async fn open(address: &str) -> Result<Self> {
        let stream = TcpStream::connect(address).await;
        let stream = stream.with_context(|| format!("cannot connect to {address}"))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(4096) })
    }

    /// Send a request and read its answer: the status, and the body until the next request.
    pub(super) async fn exchange(&mut self, request: &[u8]) -> Result<(u16, &[u8])> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        let (status, body_at, length) = loop {
            let read = self.stream.read_buf(&mut self.buffer).await?;
            ensure!(read > 0, "the server closed the connection");
            if let Some(head) = head_of(&self.buffer)? {
                break head;
            }
            ensure!(self.buffer.len() < ANSWER_BYTES_MAX, "an answer without an end of its head");
        };
        while self.buffer.len() < body_at + length {
            let read = self.stream.read_buf(&mut self.buffer).await?;
            ensure!(read > 0, "the server closed the connection");
            ensure!(self.buffer.len() < ANSWER_BYTES_MAX, "an answer that is too large");
        }
        Ok((status, &self.buffer[body_at..body_at + length]))
    }
}

/// Status, where the body begins and how long it is, once the whole head is there.
fn head_of(bytes: &[u8]) -> Result<Option<(u16, usize, usize)>> {
    let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { return Ok(None) };
    let head = std::str::from_utf8(&bytes[..end]).context("a head that is not text")?;
    let status = head.get(9..12).and_then(|digits| digits.parse().ok());
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok()).flatten()
    });
    match (status, length) {
        (Some(status), Some(length)) => Ok(Some((status, end + 4, length))),
        _ => bail!("an answer without a status or a length: {head}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_when_it_is_whole() {
        let answer = b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}";
        assert_eq!(head_of(&answer[..40]).unwrap(), None);
        assert_eq!(head_of(answer).unwrap(), Some((201, answer.len() - 2, 2)));
        assert!(head_of(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
    }
}
