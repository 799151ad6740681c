//! The URL that Twilio asked for, as far as the request and its sender can tell.
//!
//! Twilio signs the URL that its user configured. Cloudflare and nginx stand between,
//! so scheme and host are read from headers: `Host` from anybody, `X-Forwarded-Proto`
//! and `X-Forwarded-Host` only from a trusted proxy, because who sets them picks the
//! URL that is verified. Path and query come from the request line byte for byte; a
//! parsed and rebuilt query is the most frequent cause of a wrong signature.

use std::net::IpAddr;

use http::{HeaderMap, HeaderName, Uri, header};
use ipnet::IpNet;
use url::Url;

const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

/// How many entries of an `X-Forwarded-Proto` list are looked at.
const MAX_FORWARDED_ENTRIES: usize = 8;

/// The longest host name (RFC 1035, section 2.3.4) with a colon and a port.
const MAX_AUTHORITY: usize = 255 + 6;

/// The parts of a request that tell which URL it was sent to.
#[derive(Debug, Clone, Copy)]
pub struct RequestParts<'a> {
    /// The other end of the connection.
    pub peer: IpAddr,
    /// The `Host` header, or the authority of the request line where that carries one.
    pub host: Option<&'a str>,
    /// `X-Forwarded-Proto`.
    pub forwarded_proto: Option<&'a str>,
    /// `X-Forwarded-Host`.
    pub forwarded_host: Option<&'a str>,
    /// Path and query exactly as the request line has them.
    pub path_and_query: &'a str,
}

impl<'a> RequestParts<'a> {
    /// Reads the parts. `uri` must be the one of the request line (axum's `OriginalUri`
    /// inside a nested router). A header that comes several times is not used: nobody
    /// can say which of them the proxy wrote.
    pub fn new(peer: IpAddr, uri: &'a Uri, headers: &'a HeaderMap) -> Self {
        let authority = uri.authority().map(http::uri::Authority::as_str);
        Self {
            peer,
            host: authority.or_else(|| only(headers, &header::HOST)),
            forwarded_proto: only(headers, &FORWARDED_PROTO),
            forwarded_host: only(headers, &FORWARDED_HOST),
            path_and_query: uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str),
        }
    }
}

/// The URLs that Twilio may have signed, the likeliest first, without repetition and
/// never more than five. Ports are not varied here: the validator does that.
///
/// A trusted proxy that names no scheme leaves both open. Anybody else speaks to us
/// directly, and we speak `http`. The origin of `public_url` (`PUBLIC_URL`) always
/// counts, whatever the headers say.
pub fn candidate_urls(parts: &RequestParts<'_>, trusted: &[IpNet], public_url: &Url) -> Vec<String> {
    let peer = parts.peer.to_canonical();
    let behind_proxy = trusted.iter().any(|net| net.contains(&peer));
    let forwarded_proto = parts.forwarded_proto.filter(|_| behind_proxy);
    let forwarded_host = parts.forwarded_host.filter(|_| behind_proxy);

    let schemes = match (behind_proxy, named_schemes(forwarded_proto)) {
        (true, [None, None]) => [Some("https"), Some("http")],
        (false, _) => [Some("http"), None],
        (true, named) => named,
    };
    // Of a chain of proxies the first entry is what the client asked for.
    let first_forwarded = forwarded_host.and_then(|list| list.split(',').next()).map(str::trim);
    let hosts = [parts.host, first_forwarded].map(|host| host.filter(|host| is_authority(host)));

    let mut urls = Vec::with_capacity(3);
    for host in hosts.into_iter().flatten() {
        for scheme in schemes.into_iter().flatten() {
            push_new(&mut urls, [scheme, "://", host, parts.path_and_query].concat());
        }
    }
    let mut public = public_url.origin().ascii_serialization();
    public.push_str(parts.path_and_query);
    push_new(&mut urls, public);
    urls
}

fn push_new(urls: &mut Vec<String>, url: String) {
    if !urls.contains(&url) {
        urls.push(url);
    }
}

/// The distinct schemes of an `X-Forwarded-Proto` list, in its order.
fn named_schemes(list: Option<&str>) -> [Option<&'static str>; 2] {
    let mut named = list
        .into_iter()
        .flat_map(|list| list.split(',').take(MAX_FORWARDED_ENTRIES))
        .map(str::trim)
        .filter_map(|entry| ["https", "http"].into_iter().find(|scheme| entry.eq_ignore_ascii_case(scheme)));
    let first = named.next();
    [first, named.find(|scheme| Some(*scheme) != first)]
}

/// Whether `text` is a host with or without a port, and nothing else: what a user name,
/// a path or a query in it would do to the URL is not worth finding out.
fn is_authority(text: &str) -> bool {
    let (host, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((literal, port)) if literal.parse::<std::net::Ipv6Addr>().is_ok() => (literal, port),
        Some(_) => return false,
        None => text.split_at(text.find(':').unwrap_or(text.len())),
    };
    let port_is_sound = match port.strip_prefix(':') {
        Some(digits) => digits.bytes().all(|b| b.is_ascii_digit()) && digits.parse::<u16>().is_ok(),
        None => port.is_empty(),
    };
    let name_byte = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b':');
    !host.is_empty() && text.len() <= MAX_AUTHORITY && host.bytes().all(name_byte) && port_is_sound
}

/// The header's value, when it comes once and is text.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    values.next().filter(|_| values.next().is_none())?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROXY: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
    const PATH: &str = "/webhook/incoming_call?b=2&a=%7e+x%20y&blank=";

    fn urls(peer: IpAddr, host: &str, proto: Option<&str>, forwarded_host: Option<&str>) -> Vec<String> {
        let trusted = ["127.0.0.0/8", "10.0.0.0/8"].map(|net| net.parse().unwrap());
        let public_url = Url::parse("https://Prosaas.example/ignored?x#y").unwrap();
        let parts = RequestParts {
            peer,
            host: Some(host),
            forwarded_proto: proto,
            forwarded_host,
            path_and_query: PATH,
        };
        candidate_urls(&parts, &trusted, &public_url)
            .into_iter()
            .map(|url| url.strip_suffix(PATH).unwrap().to_owned())
            .collect()
    }

    #[test]
    fn behind_nginx_the_first_candidate_is_the_public_one() {
        assert_eq!(urls(PROXY, "prosaas.example", Some("https"), None), ["https://prosaas.example"]);
    }

    #[test]
    fn every_scheme_of_a_list_counts_once() {
        let origins = urls(PROXY, "a.example:8443", Some("HTTPS, http,https , ftp,"), None);
        assert_eq!(origins, ["https://a.example:8443", "http://a.example:8443", "https://prosaas.example"]);
        assert_eq!(
            urls(PROXY, "a.example", Some("wss"), None).len(),
            3,
            "an unknown scheme leaves both open"
        );
    }

    #[test]
    fn a_proxy_that_names_no_scheme_leaves_both_open() {
        let origins = urls(PROXY, "a.example", None, None);
        assert_eq!(origins, ["https://a.example", "http://a.example", "https://prosaas.example"]);
    }

    #[test]
    fn a_trusted_proxy_may_name_another_host() {
        let origins = urls(PROXY, "backend:5000", Some("https"), Some("a.example, b.example"));
        assert_eq!(origins, ["https://backend:5000", "https://a.example", "https://prosaas.example"]);
    }

    #[test]
    fn forwarded_headers_of_a_stranger_do_not_count() {
        let stranger = "203.0.113.9".parse().unwrap();
        let origins = urls(stranger, "a.example", Some("https"), Some("evil.example"));
        assert_eq!(origins, ["http://a.example", "https://prosaas.example"]);
    }

    #[test]
    fn an_ipv4_peer_on_an_ipv6_socket_is_the_same_peer() {
        let origins = urls("::ffff:10.1.2.3".parse().unwrap(), "a.example", Some("https"), None);
        assert_eq!(origins[0], "https://a.example");
        let stranger = urls("::ffff:203.0.113.9".parse().unwrap(), "a.example", Some("https"), None);
        assert_eq!(stranger[0], "http://a.example");
    }

    #[test]
    fn a_malformed_host_is_no_candidate() {
        let long = "a".repeat(MAX_AUTHORITY + 1);
        let malformed = [
            "",
            " ",
            "a b",
            "user@a.example",
            "a.example/",
            "a.example?x",
            "a.example#x",
            "a.example:",
            "a:99999",
            "a:+1",
            "a:1:2",
            ":80",
            "[::1",
            "[::1]x",
            "[nonsense]",
            "a\\b",
            "a%20b",
            "é.example",
            &long,
        ];
        for host in malformed {
            assert_eq!(urls(PROXY, host, Some("https"), Some(host)), ["https://prosaas.example"], "{host:?}");
        }
        for host in ["localhost", "a_b.example:1", "127.0.0.1:5000", "[::1]", "[2001:db8::1]:8443"] {
            assert_eq!(urls(PROXY, host, Some("http"), None)[0], format!("http://{host}"));
        }
    }

    #[test]
    fn no_request_makes_more_than_five_candidates() {
        assert_eq!(urls(PROXY, "a", Some("http,https,http"), Some("b,c,d,e")).len(), 5);
    }

    #[test]
    fn the_request_line_is_kept_byte_for_byte() {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, "a.example".parse().unwrap());
        headers.append(FORWARDED_HOST, "b.example".parse().unwrap());
        headers.append(FORWARDED_HOST, "c.example".parse().unwrap());
        for line in ["/a/../b//c%2Fd?x=%7E&y=%7e&z=+%20&&q='%27{}|&=&n", "//x//y", "/ש?ש=1", "/?", "/a?b?c"]
        {
            let uri = Uri::try_from(line.as_bytes()).unwrap();
            let parts = RequestParts::new(PROXY, &uri, &headers);
            assert_eq!(parts.path_and_query, line);
            assert_eq!(parts.host, Some("a.example"));
            assert_eq!(parts.forwarded_host, None, "two headers say nothing");
        }
        let absolute = Uri::from_static("http://line.example:81/a?b");
        assert_eq!(RequestParts::new(PROXY, &absolute, &headers).host, Some("line.example:81"));
    }
}
