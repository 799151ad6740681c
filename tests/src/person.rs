//! Somebody who works with the API of a running ingress.

use std::{net::SocketAddr, time::Duration};

use anyhow::Context as _;
use prosaas_accounts::people::{self, NewPerson};
use prosaas_domain::rights::Role;
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::{
    http1::{Reply, Request},
    stack::{ADMIN_EMAIL, ADMIN_PASSWORD, Stack},
};

/// Somebody who is logged in.
#[derive(Debug, Clone)]
pub struct Person {
    ingress: SocketAddr,
    cookie: String,
}

impl Person {
    /// Somebody of the first business, whom this makes.
    pub async fn log_in(stack: &Stack, role: Role) -> anyhow::Result<Self> {
        const PASSWORD: &str = "bicycle-in-the-rain";
        let (business, password) = (Some(stack.business().await?), SecretString::from(PASSWORD));
        let email = "dana@example.com";
        let person = NewPerson { business, email, name: "Dana", role, password: &password };
        people::create(&stack.pool, &person).await?;
        Self::log_in_as(stack, email, PASSWORD).await
    }

    /// The system admin whom set-up made.
    pub async fn log_in_admin(stack: &Stack) -> anyhow::Result<Self> {
        Self::log_in_as(stack, ADMIN_EMAIL, ADMIN_PASSWORD).await
    }

    async fn log_in_as(stack: &Stack, email: &str, password: &str) -> anyhow::Result<Self> {
        let nobody = Self { ingress: stack.ingress.address(), cookie: String::new() };
        let login = json!({ "email": email, "password": password });
        let reply = nobody.ask("POST", "/api/auth/login", &[], Some(login)).await?;
        let cookie = reply.header("set-cookie").and_then(|text| text.split(';').next());
        Ok(Self { cookie: cookie.context("no cookie")?.to_owned(), ..nobody })
    }

    /// A request and its answer.
    pub async fn ask(
        &self,
        method: &str,
        target: &str,
        more: &[(&'static str, &str)],
        body: Option<Value>,
    ) -> anyhow::Result<Reply> {
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        let mut headers = vec![
            ("Host", "prosaas.pro".to_owned()),
            ("Cookie", self.cookie.clone()),
            ("Content-Type", "application/json".to_owned()),
        ];
        headers.extend(more.iter().map(|(name, value)| (*name, (*value).to_owned())));
        let request = Request { method, target, headers, body: body.as_bytes() };
        request.send_within(self.ingress, Duration::from_secs(40)).await
    }
}
