//! Where an HTTP/1.1 response ends, and what it says.

use anyhow::{Context as _, bail};

/// One whole response.
#[derive(Debug, PartialEq, Eq)]
pub struct Response<'a> {
    /// The status code.
    pub status: u16,
    /// The body.
    pub body: &'a [u8],
}

/// The response that `bytes` begin with, or nothing while it is not whole. One
/// request is in flight on a connection, so nothing follows it.
pub fn response(bytes: &[u8]) -> anyhow::Result<Option<Response<'_>>> {
    let Some(head_len) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { return Ok(None) };
    let (head, rest) = bytes.split_at(head_len);
    let body = rest.get(4..).unwrap_or_default();
    let head = std::str::from_utf8(head).context("the head of a response is not text")?;
    let mut lines = head.split("\r\n");
    let status = lines
        .next()
        .and_then(|line| line.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok())
        .context("the response is not HTTP/1.1")?;
    let mut length = None;
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        if name.eq_ignore_ascii_case("content-length") {
            length = Some(value.trim().parse::<usize>()?);
        } else if name.eq_ignore_ascii_case("connection") && value.trim().eq_ignore_ascii_case("close") {
            bail!("the server closes its connections: status {status}");
        }
    }
    let Some(length) = length else { bail!("the response does not say its length: status {status}") };
    match body.len().cmp(&length) {
        std::cmp::Ordering::Less => Ok(None),
        std::cmp::Ordering::Equal => Ok(Some(Response { status, body })),
        std::cmp::Ordering::Greater => bail!("more came than the response says"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_response_ends_where_its_length_says() -> anyhow::Result<()> {
        let whole = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
        for cut in 0..whole.len() {
            assert_eq!(response(&whole[..cut])?, None);
        }
        assert_eq!(response(whole)?, Some(Response { status: 200, body: b"ok" }));
        assert!(response(b"HTTP/1.1 200 OK\r\n\r\nok").is_err());
        assert!(response(b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nok").is_err());
        assert!(response(b"HTTP/1.1 200 OK\r\nConnection: close\r\ncontent-length: 2\r\n\r\nok").is_err());
        Ok(())
    }
}
