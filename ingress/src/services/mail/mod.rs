//! Mails: by SMTP, or in development into the log.

mod texts;

use std::time::Duration;

use backon::{ExponentialBuilder, Retryable as _};
use lettre::{
    AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor,
    message::{Mailbox, header::ContentType},
};
use prosaas_platform::config::{AppEnv, ConfigError};
use secrecy::ExposeSecret as _;
use url::Url;

pub use self::texts::Mail;
use crate::{config::ApiConfig, http::keys::Token};

/// How long one try may take.
const TIMEOUT: Duration = Duration::from_secs(20);

/// How mails leave.
#[derive(Clone)]
pub struct Mailer {
    way: Way,
    public_url: Url,
}

#[derive(Clone)]
enum Way {
    Smtp { transport: AsyncSmtpTransport<Tokio1Executor>, from: Mailbox },
    Log,
    None,
}

impl Mailer {
    /// By `SMTP_URL` from `MAIL_FROM`; without them into the log in development, and
    /// nowhere in production.
    pub fn new(config: &ApiConfig, public_url: &Url, app_env: AppEnv) -> Result<Self, ConfigError> {
        let way = match (&config.smtp_url, &config.mail_from) {
            (Some(url), Some(from)) => {
                // The error is not shown: the address holds a password.
                let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(url.expose_secret())
                    .map_err(|_| {
                        ConfigError::new(
                            "SMTP_URL",
                            "must be smtps://user:password@host:port, or smtp:// with ?tls=required",
                        )
                    })?
                    .timeout(Some(TIMEOUT))
                    .build();
                let from = from.parse().map_err(|_| {
                    ConfigError::new(
                        "MAIL_FROM",
                        "must be an address, such as ProSaaS <no-reply@prosaas.example>",
                    )
                })?;
                Way::Smtp { transport, from }
            }
            _ if app_env == AppEnv::Development => Way::Log,
            _ => {
                tracing::warn!(
                    event = "mail.off",
                    "SMTP_URL is not set: invitations and password resets cannot be sent"
                );
                Way::None
            }
        };
        Ok(Self { way, public_url: public_url.clone() })
    }

    /// Whether mails go anywhere.
    pub fn is_available(&self) -> bool {
        !matches!(self.way, Way::None)
    }

    /// The address of a page of the web app. The token stands behind `#`, which
    /// browsers send to no server: it reaches no log and no `Referer`.
    fn link(&self, page: &str, token: &Token) -> String {
        let mut url = self.public_url.clone();
        url.set_path(page);
        url.set_query(None);
        url.set_fragment(Some(token.expose()));
        url.to_string()
    }

    /// Sends a mail in the background, with a few tries.
    pub fn send(&self, to: String, mail: &Mail, token: &Token) {
        let link = self.link(mail.page(), token);
        let (kind, subject, body) = (mail.kind(), mail.subject(), mail.body(&link));
        match &self.way {
            Way::Log => tracing::info!(event = "mail.logged", kind, link, "a mail would go out"),
            Way::None => tracing::error!(event = "mail.dropped", kind, "SMTP_URL is not set"),
            Way::Smtp { transport, from } => {
                let (transport, from) = (transport.clone(), from.clone());
                tokio::spawn(async move {
                    let sent = deliver(&transport, from, &to, &subject, &body).await;
                    let outcome = if sent.is_ok() { "sent" } else { "failed" };
                    metrics::counter!("prosaas_mails_total", "kind" => kind, "outcome" => outcome)
                        .increment(1);
                    if let Err(error) = sent {
                        tracing::error!(event = "mail.failed", kind, %error);
                    }
                });
            }
        }
    }
}

async fn deliver(
    transport: &AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    to: &str,
    subject: &str,
    body: &str,
) -> anyhow::Result<()> {
    let message = Message::builder()
        .from(from)
        .to(to.parse()?)
        .subject(subject)
        .header(ContentType::TEXT_PLAIN)
        .body(body.to_owned())?;
    let backoff = ExponentialBuilder::default()
        .with_min_delay(Duration::from_secs(1))
        .with_max_delay(Duration::from_mins(1))
        .with_max_times(5);
    (|| transport.send(message.clone()))
        .retry(backoff)
        .when(|error: &lettre::transport::smtp::Error| !error.is_permanent())
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use secrecy::SecretString;

    use super::*;

    fn config(smtp_url: Option<&str>) -> ApiConfig {
        ApiConfig {
            internal_secret: SecretString::from("x"),
            smtp_url: smtp_url.map(SecretString::from),
            mail_from: Some("ProSaaS <no-reply@prosaas.example>".to_owned()),
        }
    }

    #[test]
    fn a_link_keeps_its_token_behind_the_hash() -> anyhow::Result<()> {
        let url = Url::parse("https://prosaas.example/?x=1")?;
        let mailer = Mailer::new(&config(None), &url, AppEnv::Development)?;
        let token = Token::random().map_err(|problem| anyhow::anyhow!("{problem:?}"))?;
        assert_eq!(
            mailer.link("/invitation", &token),
            format!("https://prosaas.example/invitation#{}", token.expose())
        );
        Ok(())
    }

    #[test]
    fn a_wrong_address_of_a_server_is_not_shown() {
        let url = Url::parse("https://prosaas.example").unwrap();
        let error = Mailer::new(&config(Some("ftp://u:s3cret@h")), &url, AppEnv::Production).err().unwrap();
        assert!(error.to_string().starts_with("SMTP_URL: ") && !error.to_string().contains("s3cret"));
    }
}
