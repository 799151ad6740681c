//! A way to a server that can be cut: every connection breaks, new ones are refused.

use std::net::SocketAddr;

use anyhow::Context as _;
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::Mutex,
    task::{JoinHandle, JoinSet},
};
use tokio_util::sync::CancellationToken;

/// A TCP proxy on a loopback port of its own.
#[derive(Debug)]
pub struct TcpProxy {
    address: SocketAddr,
    upstream: String,
    running: Mutex<Option<Running>>,
}

#[derive(Debug)]
struct Running {
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl TcpProxy {
    /// A proxy that lets everything through to `upstream` (`host:port`).
    pub async fn start(address: SocketAddr, upstream: String) -> anyhow::Result<Self> {
        let proxy = Self { address, upstream, running: Mutex::new(None) };
        proxy.restore().await?;
        Ok(proxy)
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Breaks every connection and refuses new ones. Once it returns, nothing passes any more.
    pub async fn cut(&self) {
        if let Some(running) = self.running.lock().await.take() {
            running.stop.cancel();
            let _ = running.task.await;
        }
    }

    /// Lets everything through again, on the same port.
    pub async fn restore(&self) -> anyhow::Result<()> {
        let listener = TcpListener::bind(self.address).await.context("the proxy's port is taken")?;
        let stop = CancellationToken::new();
        let task = tokio::spawn(forward(listener, self.upstream.clone(), stop.clone()));
        *self.running.lock().await = Some(Running { stop, task });
        Ok(())
    }
}

impl Drop for TcpProxy {
    fn drop(&mut self) {
        if let Some(running) = self.running.get_mut() {
            running.stop.cancel();
        }
    }
}

async fn forward(listener: TcpListener, upstream: String, stop: CancellationToken) {
    let mut connections = JoinSet::new();
    while let Some(Ok((mut client, _))) = stop.run_until_cancelled(listener.accept()).await {
        let upstream = upstream.clone();
        while connections.try_join_next().is_some() {}
        connections.spawn(async move {
            let Ok(mut server) = TcpStream::connect(upstream).await else { return };
            let _ = (client.set_nodelay(true), server.set_nodelay(true));
            let _ = copy_bidirectional(&mut client, &mut server).await;
        });
    }
    drop(listener);
    connections.shutdown().await;
}
