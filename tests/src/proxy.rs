//! A way to a server that can be cut: every connection breaks, new ones are refused.

use std::{net::SocketAddr, sync::Mutex};

use anyhow::Context as _;
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    task::{JoinHandle, JoinSet},
};

/// A TCP proxy on a loopback port of its own.
#[derive(Debug)]
pub struct TcpProxy {
    address: SocketAddr,
    upstream: String,
    running: Mutex<Option<JoinHandle<()>>>,
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

    /// Breaks every connection and refuses new ones.
    pub fn cut(&self) {
        if let Ok(mut running) = self.running.lock()
            && let Some(task) = running.take()
        {
            // The listener and all connections live in the task.
            task.abort();
        }
    }

    /// Lets everything through again, on the same port.
    pub async fn restore(&self) -> anyhow::Result<()> {
        let listener = TcpListener::bind(self.address).await.context("the proxy's port is taken")?;
        let task = tokio::spawn(forward(listener, self.upstream.clone()));
        if let Ok(mut running) = self.running.lock() {
            *running = Some(task);
        }
        Ok(())
    }
}

impl Drop for TcpProxy {
    fn drop(&mut self) {
        self.cut();
    }
}

async fn forward(listener: TcpListener, upstream: String) {
    let mut connections = JoinSet::new();
    while let Ok((mut client, _)) = listener.accept().await {
        let upstream = upstream.clone();
        while connections.try_join_next().is_some() {}
        connections.spawn(async move {
            let Ok(mut server) = TcpStream::connect(upstream).await else { return };
            let _ = (client.set_nodelay(true), server.set_nodelay(true));
            let _ = copy_bidirectional(&mut client, &mut server).await;
        });
    }
}
