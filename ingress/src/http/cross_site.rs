//! Requests that change something must come from our own pages.
//!
//! A browser tells where a request comes from by `Sec-Fetch-Site` and `Origin`, which
//! no page can set (<https://www.w3.org/TR/fetch-metadata/>, RFC 6454). What carries
//! neither comes from no browser, and nothing but a browser attaches a victim's
//! cookie. The cookie is `SameSite=Lax` besides.

use http::{HeaderMap, header};
use prosaas_platform::config::AppEnv;
use url::{Host, Url};

/// The origins of our own pages.
#[derive(Debug, Clone)]
pub struct Origins {
    public: String,
    own_host: bool,
}

impl Origins {
    /// `PUBLIC_URL`'s; in development also the address on loopback that the request
    /// itself was sent to, whatever its port.
    pub fn new(public_url: &Url, app_env: AppEnv) -> Self {
        Self { public: public_url.origin().ascii_serialization(), own_host: app_env == AppEnv::Development }
    }

    /// Whether the request may have come from our own pages.
    pub fn allow(&self, headers: &HeaderMap) -> bool {
        let site = headers.get("sec-fetch-site").map(|value| value.to_str().unwrap_or_default());
        let origin = headers.get(header::ORIGIN).map(|value| value.to_str().unwrap_or_default());
        let site_fits = site.is_none_or(|site| matches!(site, "same-origin" | "none"));
        site_fits && origin.is_none_or(|origin| self.is_ours(origin, headers))
    }

    fn is_ours(&self, origin: &str, headers: &HeaderMap) -> bool {
        if origin == self.public {
            return true;
        }
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
        self.own_host
            && host.is_some_and(|host| origin.strip_prefix("http://") == Some(host))
            && Url::parse(origin).is_ok_and(|url| is_loopback(&url))
    }
}

/// Whether the address names this machine itself. A name that merely resolves to it
/// does not count: anybody can register one.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(app_env: AppEnv, pairs: &[(&'static str, &str)]) -> bool {
        let url = Url::parse("https://prosaas.example/app").unwrap();
        let headers = pairs.iter().map(|(k, v)| (k.parse().unwrap(), v.parse().unwrap())).collect();
        Origins::new(&url, app_env).allow(&headers)
    }

    #[test]
    fn only_our_own_pages() {
        let production = |pairs: &[(&'static str, &str)]| allowed(AppEnv::Production, pairs);
        assert!(production(&[]));
        assert!(production(&[("origin", "https://prosaas.example"), ("sec-fetch-site", "same-origin")]));
        assert!(!production(&[("origin", "https://prosaas.example"), ("sec-fetch-site", "cross-site")]));
        assert!(!production(&[("sec-fetch-site", "same-site")]));
        for origin in
            ["null", "https://evil.example", "http://prosaas.example", "https://prosaas.example.evil", ""]
        {
            assert!(!production(&[("origin", origin)]), "{origin:?}");
        }
        assert!(!production(&[("origin", "http://127.0.0.1:5000"), ("host", "127.0.0.1:5000")]));
    }

    #[test]
    fn in_development_the_own_address_on_loopback() {
        let development = |origin, host| allowed(AppEnv::Development, &[("origin", origin), ("host", host)]);
        assert!(development("http://127.0.0.1:5000", "127.0.0.1:5000"));
        assert!(development("http://localhost:5173", "localhost:5173"));
        assert!(!development("http://127.0.0.1:9999", "127.0.0.1:5000"));
        assert!(!development("http://rebound.example", "rebound.example"));
    }
}
