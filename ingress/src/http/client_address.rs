//! The address that a request came from, which its sender cannot choose.

use std::net::{IpAddr, Ipv6Addr};

use http::HeaderMap;
use ipnet::IpNet;

/// Longest `X-Forwarded-For` chain that is looked at.
const MAX_HOPS: usize = 16;

/// The client's address: the connection's other end, and while that is a trusted
/// proxy, the entry that it added to `X-Forwarded-For`, from right to left. The first
/// address that is no trusted proxy's is the client's; what stands left of it is the
/// client's own claim and counts for nothing.
///
/// `CF-Connecting-IP` is not read: anybody who reaches the proxy without passing
/// Cloudflare can write it. Behind Cloudflare its ranges belong into
/// `TRUSTED_PROXIES`, and the chain then tells the same address.
pub fn client_ip(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let trusts = |ip: &IpAddr| trusted.iter().any(|net| net.contains(ip));
    let mut client = peer.to_canonical();
    let hops = headers.get_all("x-forwarded-for").iter().rev().flat_map(|value| {
        // A value that is no text ends the chain: nobody can say what stood there.
        value.to_str().unwrap_or("?").rsplit(',').collect::<Vec<_>>()
    });
    for hop in hops.take(MAX_HOPS) {
        if !trusts(&client) {
            break;
        }
        match parse_hop(hop.trim()) {
            Some(ip) => client = ip,
            None => break,
        }
    }
    client
}

/// An address, with or without a port.
fn parse_hop(hop: &str) -> Option<IpAddr> {
    let ip = hop
        .parse::<IpAddr>()
        .or_else(|_| hop.parse::<std::net::SocketAddr>().map(|address| address.ip()))
        .ok()?;
    Some(ip.to_canonical())
}

/// What one customer of a provider has: the address itself, of IPv6 its /64.
pub fn network(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        v4 @ IpAddr::V4(_) => v4,
        IpAddr::V6(ip) => IpAddr::V6(Ipv6Addr::from(ip.to_bits() & !u128::from(u64::MAX))),
    }
}

/// As much of an address as a log may show: its provider, not its customer.
pub fn masked(ip: IpAddr) -> String {
    match ip.to_canonical() {
        IpAddr::V4(ip) => {
            let [a, b, ..] = ip.octets();
            format!("{a}.{b}.*.*")
        }
        IpAddr::V6(ip) => {
            let [a, b, ..] = ip.segments();
            format!("{a:x}:{b:x}:*")
        }
    }
}

/// What one site has at most, of which it can send from anywhere: of IPv6 its /48.
pub fn site(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        v4 @ IpAddr::V4(_) => v4,
        IpAddr::V6(ip) => IpAddr::V6(Ipv6Addr::from(ip.to_bits() & !(u128::MAX >> 48))),
    }
}

/// The same network as Postgres's `cidr` reads it.
pub fn cidr(ip: IpAddr) -> String {
    match network(ip) {
        IpAddr::V4(ip) => format!("{ip}/32"),
        IpAddr::V6(ip) => format!("{ip}/64"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(peer: &str, forwarded: &[&str]) -> String {
        let trusted = ["127.0.0.0/8", "10.0.0.0/8"].map(|net| net.parse().unwrap());
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append("x-forwarded-for", value.parse().unwrap());
        }
        client_ip(peer.parse().unwrap(), &headers, &trusted).to_string()
    }

    #[test]
    fn a_client_cannot_choose_its_address() {
        assert_eq!(
            ask("203.0.113.9", &["1.1.1.1"]),
            "203.0.113.9",
            "no proxy: the header counts for nothing"
        );
        assert_eq!(ask("127.0.0.1", &["1.1.1.1, 203.0.113.9"]), "203.0.113.9");
        assert_eq!(ask("127.0.0.1", &["1.1.1.1, 203.0.113.9, 10.0.0.3"]), "203.0.113.9");
        assert_eq!(
            ask("127.0.0.1", &["1.1.1.1", "203.0.113.9"]),
            "203.0.113.9",
            "several headers are one list"
        );
        assert_eq!(ask("127.0.0.1", &["1.1.1.1, nonsense"]), "127.0.0.1");
        assert_eq!(ask("127.0.0.1", &[]), "127.0.0.1");
        assert_eq!(ask("::ffff:127.0.0.1", &["203.0.113.9:4711"]), "203.0.113.9");
    }

    #[test]
    fn a_log_does_not_show_a_customer() {
        let shown = |ip: &str| masked(ip.parse().unwrap());
        assert_eq!(shown("203.0.113.9"), "203.0.*.*");
        assert_eq!(shown("::ffff:203.0.113.9"), "203.0.*.*");
        assert_eq!(shown("2001:db8:1:2:3:4:5:6"), "2001:db8:*");
    }

    #[test]
    fn an_ipv6_customer_is_a_network() {
        let net = |ip: &str| network(ip.parse().unwrap()).to_string();
        assert_eq!(net("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(net("203.0.113.9"), "203.0.113.9");
    }
}
