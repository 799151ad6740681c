//! Ports that a restarted process finds free again, and that no other process takes meanwhile.
//!
//! # The convention
//! Programs of this repository that need a TCP port on loopback before somebody listens there,
//! in whatever language, take it from 15000 to 31999 and reserve it first: they bind a UDP socket
//! to the same number on 127.0.0.1, without `SO_REUSEADDR` or `SO_REUSEPORT`, and hold it until
//! they end. Whoever cannot bind it takes another number. Nothing of ours speaks UDP, and the two
//! protocols' ports are distinct: the socket is a lock that every user of the machine sees, and
//! that the kernel gives back when its holder dies. That nobody listens on the TCP port is looked
//! at all the same: a killed holder's children may live on, and other programs know no convention.
//!
//! Linux lends the ports from 32768 to outgoing connections: below them no client of a load test
//! is on the port of a server that restarts. A listener that stays open for as long as its port is
//! used needs none of this: it binds port 0.

use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
};

const FIRST: u32 = 15_000;
const COUNT: u32 = 17_000;

static NEXT: AtomicU32 = AtomicU32::new(0);

/// What this process has reserved.
static RESERVED: Mutex<Vec<UdpSocket>> = Mutex::new(Vec::new());

/// A loopback address with a port that nobody listens on, and that is this process's to its end.
pub fn free() -> anyhow::Result<SocketAddr> {
    // Processes begin at different places, so that they seldom meet.
    let start = std::process::id().wrapping_mul(97);
    for _ in 0..COUNT {
        let offset = start.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)) % COUNT;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, u16::try_from(FIRST + offset)?));
        if let Some(reservation) = reserve(address) {
            RESERVED.lock().unwrap_or_else(PoisonError::into_inner).push(reservation);
            return Ok(address);
        }
    }
    anyhow::bail!("no port is free")
}

/// Reserves a port, unless somebody else has reserved it or listens there.
fn reserve(address: SocketAddr) -> Option<UdpSocket> {
    let reservation = UdpSocket::bind(address).ok()?;
    TcpListener::bind(address).ok().map(|_| reservation)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_that_was_given_is_given_to_nobody_else() -> anyhow::Result<()> {
        let given = free()?;
        assert!(TcpListener::bind(given).is_ok(), "nobody listens there");
        assert!(reserve(given).is_none(), "and yet it is taken");
        assert_ne!(free()?, given);
        Ok(())
    }

    #[test]
    fn a_port_on_which_somebody_listens_is_not_given() -> anyhow::Result<()> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        assert!(reserve(listener.local_addr()?).is_none());
        Ok(())
    }
}
