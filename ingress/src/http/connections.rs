//! A listener whose clients cannot hold it by being slow.

use std::{
    error::Error,
    io,
    net::SocketAddr,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::{
    Router,
    body::{Body, Bytes, HttpBody},
    extract::ConnectInfo,
};
use http::Request;
use http_body::{Frame, SizeHint};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    time::{Sleep, sleep},
};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

/// What a client may take its time for.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// From the connection's begin, or the end of the last answer, to the end of a request's
    /// headers. A proxy that keeps idle connections must close them sooner.
    pub headers: Duration,
    /// From the end of the headers to the end of the body.
    pub body: Duration,
    /// Connections at once; further ones wait in the listener's queue.
    pub connections: u32,
}

impl Default for Limits {
    /// The largest body, 256 kB, comes through the slowest mobile network in time. Each
    /// connection takes a few kB of memory and a file.
    fn default() -> Self {
        Self { headers: Duration::from_secs(30), body: Duration::from_secs(30), connections: 8192 }
    }
}

/// A body did not arrive in time.
#[derive(Debug, thiserror::Error)]
#[error("the body did not arrive in time")]
pub struct BodyTooSlow;

/// Whether a body could not be read because its client was slow.
pub fn is_too_slow(error: &(dyn Error + 'static)) -> bool {
    std::iter::successors(Some(error), |&error| error.source()).any(<dyn Error>::is::<BodyTooSlow>)
}

/// Serves until `stopping`, then answers what is in flight.
pub async fn serve(listener: TcpListener, router: Router, limits: Limits, stopping: CancellationToken) {
    let places =
        Arc::new(Semaphore::new(usize::try_from(limits.connections).unwrap_or(Semaphore::MAX_PERMITS)));
    let next = || async {
        let place = Arc::clone(&places).acquire_owned().await.ok()?;
        Some((accept(&listener).await, place))
    };
    while let Some(Some(((stream, peer), place))) = stopping.run_until_cancelled(next()).await {
        // Small answers must not wait for a larger packet.
        let _ = stream.set_nodelay(true);
        let router = router.clone();
        let service = service_fn(move |request: Request<Incoming>| {
            let mut request = request.map(|body| Body::new(TimedBody::new(body, limits.body)));
            request.extensions_mut().insert(ConnectInfo(peer));
            router.clone().oneshot(request)
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(limits.headers)
            .serve_connection(TokioIo::new(stream), service);
        let stopping = stopping.clone();
        tokio::spawn(async move {
            let _place = place;
            let mut connection = pin!(connection);
            if stopping.run_until_cancelled(connection.as_mut()).await.is_none() {
                connection.as_mut().graceful_shutdown();
                let _ = connection.await;
            }
        });
    }
    drop(listener);
    // Once every place is back, every connection has ended.
    let _ = places.acquire_many(limits.connections).await;
}

/// The next connection. One that broke before it was accepted is nothing to us; where files
/// or memory are short, some must be given back first.
async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            Err(error) if matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset) => {
            }
            Err(error) => {
                tracing::error!(event = "listener.accept_failed", %error);
                sleep(Duration::from_secs(1)).await;
            }
        }
    }
}

/// A body that must have arrived in time.
struct TimedBody {
    body: Incoming,
    limit: Duration,
    /// Runs once the body was first waited for: most are there at once.
    timer: Option<Pin<Box<Sleep>>>,
}

impl TimedBody {
    fn new(body: Incoming, limit: Duration) -> Self {
        Self { body, limit, timer: None }
    }
}

impl HttpBody for TimedBody {
    type Data = Bytes;
    type Error = Box<dyn Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) {
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        let limit = self.limit;
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep(limit)));
        ready!(timer.as_mut().poll(context));
        Poll::Ready(Some(Err(BodyTooSlow.into())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use axum::routing::post;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    const SOON: Limits =
        Limits { headers: Duration::from_millis(300), body: Duration::from_millis(300), connections: 2 };

    /// Says how a body ended.
    async fn read(body: Body) -> &'static str {
        match axum::body::to_bytes(body, 1024).await {
            Ok(_) => "whole",
            Err(error) if is_too_slow(&error) => "slow",
            Err(_) => "broken",
        }
    }

    async fn start() -> anyhow::Result<(SocketAddr, CancellationToken)> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let (address, stopping) = (listener.local_addr()?, CancellationToken::new());
        let router = Router::new().route("/", post(read));
        tokio::spawn(serve(listener, router, SOON, stopping.clone()));
        Ok((address, stopping))
    }

    /// What comes until the server closes the connection.
    async fn until_closed(stream: &mut TcpStream) -> anyhow::Result<String> {
        let mut answer = String::new();
        tokio::time::timeout(Duration::from_secs(20), stream.read_to_string(&mut answer)).await??;
        Ok(answer)
    }

    const HEAD: &[u8] = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\n";

    #[tokio::test]
    async fn a_client_that_is_slow_with_its_headers_is_let_go() -> anyhow::Result<()> {
        let (address, _stopping) = start().await?;
        for sent in [&b""[..], HEAD] {
            let mut slow = TcpStream::connect(address).await?;
            slow.write_all(sent).await?;
            let answer = until_closed(&mut slow).await?;
            assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408"), "{answer}");
        }
        Ok(())
    }

    #[tokio::test]
    async fn a_client_that_is_slow_with_its_body_is_answered_and_let_go() -> anyhow::Result<()> {
        let (address, _stopping) = start().await?;
        let mut slow = TcpStream::connect(address).await?;
        slow.write_all(&[HEAD, b"\r\n"].concat()).await?;
        slow.write_all(b"abc").await?;
        let answer = until_closed(&mut slow).await?;
        assert!(answer.ends_with("slow"), "{answer}");

        let mut quick = TcpStream::connect(address).await?;
        quick.write_all(&[HEAD, b"connection: close\r\n\r\nabcd"].concat()).await?;
        assert!(until_closed(&mut quick).await?.ends_with("whole"));
        Ok(())
    }

    #[tokio::test]
    async fn a_connection_too_many_waits_until_another_ends() -> anyhow::Result<()> {
        let (address, _stopping) = start().await?;
        let _held = (TcpStream::connect(address).await?, TcpStream::connect(address).await?);
        let mut third = TcpStream::connect(address).await?;
        third.write_all(&[HEAD, b"connection: close\r\n\r\nabcd"].concat()).await?;
        let began = std::time::Instant::now();
        assert!(until_closed(&mut third).await?.ends_with("whole"));
        assert!(began.elapsed() >= Duration::from_millis(200), "it did not wait");
        Ok(())
    }

    #[tokio::test]
    async fn a_stop_answers_what_is_in_flight() -> anyhow::Result<()> {
        let (address, stopping) = start().await?;
        let mut client = TcpStream::connect(address).await?;
        client.write_all(&[HEAD, b"\r\nab"].concat()).await?;
        sleep(Duration::from_millis(50)).await;
        stopping.cancel();
        client.write_all(b"cd").await?;
        assert!(until_closed(&mut client).await?.ends_with("whole"));
        Ok(())
    }
}
