//! The session's cookie.

use http::{HeaderMap, HeaderValue, header};
use url::Url;

use super::{keys::Token, session::ABSOLUTE_TIMEOUT};
use crate::http::{cross_site::is_loopback, problem::Problem};

/// Its name over TLS. The prefix makes browsers insist on `Secure`, on `Path=/` and on
/// no `Domain`, so that no neighbour can set it (RFC 6265bis, section 4.1.3.2).
pub const NAME: &str = "__Host-prosaas_session";

/// Its name where `PUBLIC_URL` is plain HTTP on loopback, which only development
/// allows: there some browsers take no `Secure` cookie.
pub const PLAIN_NAME: &str = "prosaas_session";

/// How the cookie is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionCookie {
    secure: bool,
}

impl SessionCookie {
    /// The form that fits the address that people use.
    pub fn for_address(public_url: &Url) -> Self {
        Self { secure: !(public_url.scheme() == "http" && is_loopback(public_url)) }
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        if self.secure { NAME } else { PLAIN_NAME }
    }

    /// The token that the request carries.
    pub fn read(self, headers: &HeaderMap) -> Option<&str> {
        headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .find_map(|(name, value)| (name == self.name() && !value.is_empty()).then_some(value))
    }

    /// `Set-Cookie` for a session that begins.
    pub fn set(self, token: &Token) -> Result<HeaderValue, Problem> {
        let mut value = self.header(token.expose(), ABSOLUTE_TIMEOUT.as_secs())?;
        value.set_sensitive(true);
        Ok(value)
    }

    /// `Set-Cookie` for a session that has ended.
    pub fn clear(self) -> Result<HeaderValue, Problem> {
        self.header("", 0)
    }

    fn header(self, value: &str, max_age_s: u64) -> Result<HeaderValue, Problem> {
        let name = self.name();
        let secure = if self.secure { "; Secure" } else { "" };
        format!("{name}={value}; Path=/; Max-Age={max_age_s}; HttpOnly; SameSite=Lax{secure}")
            .try_into()
            .map_err(|_| Problem::internal())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cookie(url: &str) -> SessionCookie {
        SessionCookie::for_address(&Url::parse(url).unwrap())
    }

    #[test]
    fn only_plain_http_on_loopback_goes_without_secure() {
        assert_eq!(cookie("https://prosaas.example").name(), NAME);
        assert_eq!(cookie("https://127.0.0.1").name(), NAME);
        assert_eq!(cookie("http://prosaas.example").name(), NAME);
        assert_eq!(cookie("http://127.0.0.1:5000").name(), PLAIN_NAME);
        assert_eq!(cookie("http://localhost:5000").name(), PLAIN_NAME);
    }

    #[test]
    fn it_round_trips_and_is_guarded() -> Result<(), Problem> {
        let cookie = cookie("https://prosaas.example");
        let token = Token::random()?;
        let set = cookie.set(&token)?;
        let text = set.to_str().unwrap();
        for attribute in ["; Path=/", "; HttpOnly", "; SameSite=Lax", "; Secure"] {
            assert!(text.contains(attribute), "{attribute}");
        }
        assert!(!text.contains("Domain"));
        let pair = format!("theme=dark; {}", text.split(';').next().unwrap());
        let headers = [(header::COOKIE, pair.parse().unwrap())].into_iter().collect();
        assert_eq!(cookie.read(&headers), Some(token.expose()));
        let other = [(header::COOKIE, format!("{PLAIN_NAME}=x").parse().unwrap())].into_iter().collect();
        assert_eq!(cookie.read(&other), None);
        Ok(())
    }
}
