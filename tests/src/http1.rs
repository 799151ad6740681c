//! HTTP/1.1 byte for byte: no library rewrites a URL, adds a header or repeats a request.

use std::{net::SocketAddr, time::Duration};

use anyhow::Context as _;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// How long one exchange may take. Twilio waits 15 seconds.
pub const LIMIT: Duration = Duration::from_secs(15);

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The status code.
    pub status: u16,
    /// The headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Reply {
    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(held, _)| held == name).map(|(_, value)| value.as_str())
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body, of an answer that is TwiML; an error for any other answer.
    pub fn twiml(&self) -> anyhow::Result<String> {
        let text = self.text();
        anyhow::ensure!(self.status == 200, "status {}: {text}", self.status);
        let content_type = self.header("content-type").unwrap_or_default();
        anyhow::ensure!(content_type.starts_with("text/xml"), "content type {content_type:?}");
        let complete =
            text.starts_with("<?xml") && text.contains("<Response>") && text.ends_with("</Response>");
        anyhow::ensure!(complete, "no TwiML: {text}");
        Ok(text)
    }
}

/// One request.
#[derive(Debug, Clone)]
pub struct Request<'a> {
    /// `GET`, `POST`, …
    pub method: &'a str,
    /// Path and query, as they stand in the request line.
    pub target: &'a str,
    /// Headers; `Content-Length` and `Connection: close` are added.
    pub headers: Vec<(&'a str, String)>,
    /// The body.
    pub body: &'a [u8],
}

impl Request<'_> {
    /// Its bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut head = format!("{} {} HTTP/1.1\r\n", self.method, self.target);
        for (name, value) in &self.headers {
            head.extend([name, ": ", value, "\r\n"]);
        }
        if !self.body.is_empty() || self.method == "POST" {
            let length = self.body.len().to_string();
            head.extend(["Content-Length: ", &length, "\r\n"]);
        }
        head.push_str("Connection: close\r\n\r\n");
        [head.as_bytes(), self.body].concat()
    }

    /// Sends it and reads the answer.
    pub async fn send(&self, to: SocketAddr) -> anyhow::Result<Reply> {
        exchange(to, &self.encode()).await
    }

    /// Sends what may take longer than a webhook, and reads the answer.
    pub async fn send_within(&self, to: SocketAddr, limit: Duration) -> anyhow::Result<Reply> {
        exchange_within(to, &self.encode(), limit).await
    }
}

/// A GET of one path on the loopback.
pub async fn get(to: SocketAddr, target: &str) -> anyhow::Result<Reply> {
    Request { method: "GET", target, headers: vec![("Host", to.to_string())], body: b"" }.send(to).await
}

/// Sends these bytes on a new connection and reads the answer.
pub async fn exchange(to: SocketAddr, bytes: &[u8]) -> anyhow::Result<Reply> {
    exchange_within(to, bytes, LIMIT).await
}

async fn exchange_within(to: SocketAddr, bytes: &[u8], limit: Duration) -> anyhow::Result<Reply> {
    let bytes = bytes.to_vec();
    tokio::time::timeout(limit, async move {
        let mut stream = TcpStream::connect(to).await.context("connect")?;
        stream.set_nodelay(true)?;
        // Who refuses a body may answer, and hang up, before it has read it.
        let _ = stream.write_all(&bytes).await;
        let mut received = Vec::new();
        let ended = stream.read_to_end(&mut received).await;
        match parse(&received) {
            Ok(reply) => Ok(reply),
            Err(error) => Err(ended.err().map_or(error, anyhow::Error::from)),
        }
    })
    .await
    .context("no answer in time")?
}

/// Reads an answer that ends with the connection.
pub fn parse(received: &[u8]) -> anyhow::Result<Reply> {
    // A server that stops closes what it has not read from.
    anyhow::ensure!(!received.is_empty(), "reset before an answer");
    let end = received.windows(4).position(|four| four == b"\r\n\r\n").context("no whole answer")?;
    let (head, rest) = received.split_at(end);
    let head = std::str::from_utf8(head)?;
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).context("no status line")?.parse()?;
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let body = rest.get(4..).unwrap_or_default().to_vec();
    let mut reply = Reply { status, headers, body };
    if reply.header("transfer-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked")) {
        reply.body = unchunk(&reply.body).context("the answer broke off")?;
        return Ok(reply);
    }
    let announced = reply.header("content-length").and_then(|text| text.parse::<usize>().ok());
    let whole = announced.is_none_or(|length| reply.body.len() == length || reply.body.is_empty());
    anyhow::ensure!(whole, "the answer broke off");
    Ok(reply)
}

/// The body behind the chunks of RFC 9112, section 7.1; none when it is not whole.
fn unchunk(mut chunks: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line = chunks.windows(2).position(|two| two == b"\r\n")?;
        let size = std::str::from_utf8(chunks.get(..line)?).ok()?.split(';').next()?;
        let size = usize::from_str_radix(size.trim(), 16).ok()?;
        if size == 0 {
            return Some(body);
        }
        let start = line + 2;
        body.extend_from_slice(chunks.get(start..start + size)?);
        chunks = chunks.get(start + size..)?.strip_prefix(b"\r\n")?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_put_together() {
        let whole = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\nA;x=y\r\n0123456789\r\n0\r\n\r\n";
        assert_eq!(parse(whole).map(|r| r.text()).ok(), Some("ok0123456789".to_owned()));
        assert!(parse(&whole[..whole.len() - 8]).is_err());
    }

    #[test]
    fn a_broken_answer_is_no_answer() {
        let whole = b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\ncontent-length: 2\r\n\r\nok";
        assert_eq!(parse(whole).map(|r| (r.status, r.text())).ok(), Some((200, "ok".to_owned())));
        assert!(parse(&whole[..whole.len() - 1]).is_err());
        assert!(parse(&whole[..20]).is_err());
        assert!(parse(b"").is_err());
    }
}
