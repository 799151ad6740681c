//! One kept-alive connection with at most one request in flight.

use std::{
    io::{ErrorKind, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail, ensure};

use super::framing;
use crate::twilio::{Template, Varying};

/// A connection.
pub struct Connection {
    stream: TcpStream,
    request: Vec<u8>,
    received: Vec<u8>,
    filled: usize,
    since: Instant,
}

impl Connection {
    /// Connects, with a request to be filled.
    pub fn open(server: SocketAddr, template: &Template) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(server).with_context(|| format!("cannot connect to {server}"))?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        Ok(Self {
            stream,
            request: template.blank(),
            received: vec![0; 16 * 1024],
            filled: 0,
            since: Instant::now(),
        })
    }

    /// The socket, to be waited for.
    pub fn socket(&self) -> &TcpStream {
        &self.stream
    }

    /// Sends a request whose latency counts from `since`.
    pub fn send(&mut self, template: &Template, varying: &Varying, since: Instant) -> anyhow::Result<()> {
        template.fill(&mut self.request, varying);
        self.since = since;
        self.filled = 0;
        // An idle connection's send buffer has room for many such requests.
        let written = self.stream.write(&self.request).context("a request could not be sent")?;
        ensure!(written == self.request.len(), "a request was sent in part");
        Ok(())
    }

    /// Sends a request and waits for its answer, whose body it returns.
    pub fn ask(&mut self, template: &Template, varying: &Varying, within: Duration) -> anyhow::Result<&[u8]> {
        let began = Instant::now();
        self.send(template, varying, began)?;
        while self.receive()?.is_none() {
            ensure!(began.elapsed() < within, "the server does not answer");
            std::thread::sleep(Duration::from_micros(100));
        }
        let bytes = self.received.get(..self.filled).unwrap_or_default();
        Ok(framing::response(bytes)?.map_or(&[], |response| response.body))
    }

    /// Reads what came. Once the response is whole, checks it and returns since
    /// when it was waited for.
    pub fn receive(&mut self) -> anyhow::Result<Option<Instant>> {
        let place = self.received.get_mut(self.filled..).unwrap_or_default();
        ensure!(!place.is_empty(), "a response has more than 16 kB");
        match self.stream.read(place) {
            Ok(0) => bail!("the server closed a connection"),
            Ok(read) => self.filled += read,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(None),
            Err(error) => return Err(error).context("a response could not be read"),
        }
        let bytes = self.received.get(..self.filled).unwrap_or_default();
        let Some(response) = framing::response(bytes)? else { return Ok(None) };
        ensure!(
            response.status == 200 && response.body.ends_with(b"</Response>"),
            "status {} where TwiML was expected",
            response.status
        );
        Ok(Some(self.since))
    }
}
