//! The running ingress takes what Twilio's official SDKs sign, as it comes through
//! Cloudflare and nginx, and refuses what was changed on the way.

use std::net::SocketAddr;

use prosaas_tests::{
    http1::{Reply, Request},
    sdk::Sdk,
    stack::{Options, Stack},
    twilio::{ACCOUNT, PUBLIC, Pairs, TOKEN, call_sid, form, nginx_headers, pairs},
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// A request as Twilio means it.
#[derive(Debug, Clone)]
struct Case {
    name: &'static str,
    method: &'static str,
    /// The URL that is signed.
    url: String,
    /// What stands in the request line.
    target: String,
    host: &'static str,
    parameters: Pairs,
    json: Option<String>,
    /// Only the Python SDK knows HMAC-SHA256.
    sha256: bool,
}

impl Case {
    fn post(name: &'static str, target: &str, parameters: Pairs) -> Self {
        Self {
            name,
            method: "POST",
            url: format!("{PUBLIC}{target}"),
            target: target.to_owned(),
            host: "prosaas.pro",
            parameters,
            json: None,
            sha256: false,
        }
    }

    fn get(name: &'static str, target: &str) -> Self {
        Self { method: "GET", ..Self::post(name, target, Vec::new()) }
    }

    /// What the SDK is asked to sign.
    fn to_sign(&self) -> Value {
        let algorithm = if self.sha256 { "HMAC_SHA256" } else { "HMAC_SHA1" };
        let parameters = (self.method == "POST" && self.json.is_none()).then_some(&self.parameters);
        json!({
            "url": self.url,
            "token": TOKEN,
            "algorithm": algorithm,
            "body": self.json,
            "params": parameters,
        })
    }

    async fn send(&self, to: SocketAddr, signature: &str) -> anyhow::Result<Reply> {
        let mut headers = nginx_headers();
        for (name, value) in &mut headers {
            if *name == "Host" {
                self.host.clone_into(value);
            }
        }
        headers.push(("X-Twilio-Signature", signature.to_owned()));
        if self.sha256 {
            let settings = "key=primary,algorithm=HMAC_SHA256".to_owned();
            headers.push(("X-Twilio-Webhooks-Signature-Settings", settings));
        }
        let body = match (&self.json, self.method) {
            (Some(text), _) => {
                headers.push(("Content-Type", "application/json".to_owned()));
                text.clone()
            }
            (None, "POST") => {
                headers.push(("Content-Type", "application/x-www-form-urlencoded; charset=UTF-8".to_owned()));
                form(&self.parameters)
            }
            _ => String::new(),
        };
        let request = Request { method: self.method, target: &self.target, headers, body: body.as_bytes() };
        request.send(to).await
    }
}

const INCOMING: &str = "/webhook/incoming_call";

/// A call whose parameters hold everything that a signature can stumble over.
fn hebrew() -> Pairs {
    pairs(&[
        ("CallSid", &call_sid()),
        ("AccountSid", ACCOUNT),
        ("From", "+972501112223"),
        ("To", "+972000000001"),
        ("CallStatus", "ringing"),
        ("CallerName", "דָּנָה כהן־לוי 🙂"),
        ("FromCity", ""),
        ("Blank", "  spaces around  "),
        ("Odd", "a+b&c=d%20e\r\nf"),
        ("lower", "keys sort by code point"),
        ("שם", "a key in Hebrew"),
    ])
}

fn json_case() -> Case {
    let body = json!({ "CallSid": call_sid(), "AccountSid": ACCOUNT, "From": "אנונימי", "n": [1, null] });
    let body = body.to_string();
    let target = format!("{INCOMING}?bodySHA256={}", hex::encode(Sha256::digest(&body)));
    Case { json: Some(body), ..Case::post("JSON with bodySHA256", &target, Vec::new()) }
}

fn query() -> String {
    format!("?CallSid={}&AccountSid={ACCOUNT}&CallStatus=ringing", call_sid())
}

fn sound() -> Vec<Case> {
    let twice = |more: &[(&str, &str)]| [hebrew(), pairs(more)].concat();
    let odd =
        format!("{INCOMING}?b=2&a=%7e+x%20y&blank=&hex=%d7%A9&plus=%2B&q='x'&again=1&again=1&slash=/&p=%");
    let port =
        |name, url: &str, host| Case { url: url.to_owned(), host, ..Case::post(name, INCOMING, hebrew()) };
    let status = [hebrew(), pairs(&[("SequenceNumber", "2"), ("CallDuration", "31")])].concat();
    let recording =
        [hebrew(), pairs(&[("RecordingSid", "RE1"), ("RecordingUrl", "https://api.twilio.com/RE1")])];
    vec![
        Case::post("Hebrew text", INCOMING, hebrew()),
        Case::post(
            "duplicate keys",
            INCOMING,
            twice(&[("MediaUrl", "b"), ("MediaUrl", "a"), ("MediaUrl", "b")]),
        ),
        Case::post("a query with odd encodings", &odd, hebrew()),
        Case::post("a query that repeats a parameter", &format!("{INCOMING}?CallStatus=ringing"), hebrew()),
        Case::post("an empty query", &format!("{INCOMING}?"), hebrew()),
        Case::post("call_status", "/webhook/call_status", status),
        Case::post("handle_recording", "/webhook/handle_recording", recording.concat()),
        Case::get("GET", &format!("{INCOMING}{}", query())),
        Case::get("GET with odd encodings", &format!("{INCOMING}{}&n=%d7%93%D7%A0+x%20y&e=", query())),
        json_case(),
        port("the default port is signed", "https://prosaas.pro:443/webhook/incoming_call", "prosaas.pro"),
        port(
            "the default port is in Host only",
            "https://prosaas.pro/webhook/incoming_call",
            "prosaas.pro:443",
        ),
        port("another port", "https://prosaas.pro:8443/webhook/incoming_call", "prosaas.pro:8443"),
        port("another port, not signed", "https://prosaas.pro/webhook/incoming_call", "prosaas.pro:8443"),
        Case { sha256: true, ..Case::post("HMAC-SHA256", INCOMING, hebrew()) },
    ]
}

/// What is signed, and what arrives in its place.
fn tampered() -> Vec<(Case, Case)> {
    let post = |name, target: &str| Case::post(name, target, hebrew());
    let changed = |case: Case, change: fn(&mut Case)| {
        let mut sent = case.clone();
        change(&mut sent);
        (case, sent)
    };
    vec![
        changed(post("a changed value", INCOMING), |case| {
            case.parameters
                .iter_mut()
                .filter(|(name, _)| name == "From")
                .for_each(|(_, value)| value.push('1'));
        }),
        changed(post("an added parameter", INCOMING), |case| case.parameters.extend(pairs(&[("X", "")]))),
        changed(post("a parameter less", INCOMING), |case| drop(case.parameters.pop())),
        changed(post("a changed query", &format!("{INCOMING}?b=1")), |case| {
            case.target = format!("{INCOMING}?b=2");
        }),
        changed(post("a query encoded anew", &format!("{INCOMING}?a=%7e")), |case| {
            case.target = format!("{INCOMING}?a=~");
        }),
        changed(post("an added query", INCOMING), |case| case.target = format!("{INCOMING}?b=2")),
        changed(post("another webhook", INCOMING), |case| {
            case.target = case.target.replace("incoming_call", "call_status");
        }),
        changed(Case::get("a GET with a changed query", &format!("{INCOMING}{}", query())), |case| {
            case.target.push('1');
        }),
        changed(json_case(), |case| {
            case.name = "a changed JSON body";
            case.json = case.json.take().map(|text| text.replace("אנונימי", "אחר"));
        }),
        changed(post("the wrong scheme", INCOMING), |_| ()),
        changed(Case { sha256: true, ..post("SHA-256 announced away", INCOMING) }, |case| {
            case.sha256 = false;
        }),
    ]
    .into_iter()
    .map(|(mut signed, sent)| {
        if signed.name == "the wrong scheme" {
            signed.url = signed.url.replace("https://", "http://");
        }
        (signed, sent)
    })
    .collect()
}

async fn drive(sdk: Sdk, ingress: SocketAddr) -> anyhow::Result<()> {
    let known = |case: &Case| sdk == Sdk::Python || !case.sha256;
    let cases: Vec<Case> = sound().into_iter().filter(known).collect();
    let signatures = sdk.sign(&cases.iter().map(Case::to_sign).collect::<Vec<_>>()).await?;
    for (case, signature) in cases.iter().zip(&signatures) {
        let reply = case.send(ingress, signature).await?;
        if case.target.starts_with("/webhook/call_status") {
            assert_eq!(reply.status, 204, "{sdk:?}, {}: {}", case.name, reply.text());
        } else {
            reply.twiml().map_err(|error| error.context(format!("{sdk:?}, {}", case.name)))?;
        }
    }
    let pairs: Vec<(Case, Case)> = tampered().into_iter().filter(|(signed, _)| known(signed)).collect();
    let signatures = sdk.sign(&pairs.iter().map(|(signed, _)| signed.to_sign()).collect::<Vec<_>>()).await?;
    for ((_, sent), signature) in pairs.iter().zip(&signatures) {
        let reply = sent.send(ingress, signature).await?;
        assert_eq!(reply.status, 403, "{sdk:?}, {}: {}", sent.name, reply.text());
    }
    Ok(())
}

#[tokio::test]
async fn what_the_official_sdks_sign_is_taken() -> anyhow::Result<()> {
    let stack = Stack::start_with(Options { ingress_only: true, ..Options::default() }).await?;
    for sdk in [Sdk::Python, Sdk::Node] {
        drive(sdk, stack.ingress.address()).await?;
    }
    stack.passed();
    Ok(())
}

/// Whoever is no proxy of ours must not choose the URL that is verified.
#[tokio::test]
async fn forwarded_headers_count_from_trusted_peers_only() -> anyhow::Result<()> {
    let behind = Options { ingress_only: true, ..Options::default() };
    let exposed = Options { trusted_proxies: Some("10.0.0.0/8"), ..behind.clone() };
    let (behind, exposed) = tokio::try_join!(Stack::start_with(behind), Stack::start_with(exposed))?;
    // Not the host of PUBLIC_URL, which counts whatever the headers say.
    let case = |url: &str| Case {
        url: url.to_owned(),
        host: "other.example",
        ..Case::post("another host", INCOMING, hebrew())
    };
    let https = case("https://other.example/webhook/incoming_call");
    let http = case("http://other.example/webhook/incoming_call");
    let signatures = Sdk::Python.sign(&[https.to_sign(), http.to_sign()]).await?;
    let [https_signature, http_signature] = signatures.as_slice() else { anyhow::bail!("two signatures") };

    https.send(behind.ingress.address(), https_signature).await?.twiml()?;
    assert_eq!(http.send(behind.ingress.address(), http_signature).await?.status, 403, "nginx saw https");
    let reply = https.send(exposed.ingress.address(), https_signature).await?;
    assert_eq!(reply.status, 403, "the scheme is told by somebody who is not trusted");
    http.send(exposed.ingress.address(), http_signature).await?.twiml()?;
    for stack in [behind, exposed] {
        stack.passed();
    }
    Ok(())
}
