//! Signatures against what the official SDKs' own tests say, and against random
//! requests that are signed here by the plain recipe.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use proptest::prelude::*;
use prosaas_twilio::{Body, Params, SignatureError, SignatureHeaders, Validator, parse_form};
use serde::Deserialize;
use sha1::Sha1;
use sha2::{Digest, Sha256};

/// The five vectors on which the official validators disagree, with what we answer:
/// `docs/decisions/0002-signature-disagreements.md`.
const DISPUTED: [(&str, bool); 5] = [
    ("CredentialsUpperCaseScheme", true),
    ("MixedCaseWithIncorrectSignature", false),
    ("MixedCaseWithPortIncorrect", false),
    ("quote signed raw, target %27", true),
    ("quote signed %27, target raw", true),
];

const TOKEN: &str = "12345";
const URL: &str = "https://prosaas.example/webhook/incoming_call?b=2&a=%7e+x%20y&blank=";

#[derive(Deserialize)]
struct Vector {
    source: String,
    token: String,
    url: String,
    params: Vec<(String, String)>,
    body: Option<String>,
    signature: String,
    valid: bool,
    official_python: bool,
    official_node: bool,
}

fn validator(tokens: &[&str]) -> Validator {
    Validator::new(&tokens.iter().map(|token| (*token).into()).collect::<Vec<_>>())
}

fn check(validator: &Validator, url: &str, body: Body<'_>, signature: &str) -> Result<(), SignatureError> {
    let headers = SignatureHeaders { signature: Some(signature), settings: None };
    validator.verify(&[url.to_owned()], body, headers)
}

/// The form as a client would send it: every byte escaped that is no letter or digit.
fn form(pairs: &[(String, String)]) -> Params {
    let escape = |text: &String| {
        percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
    };
    let body: Vec<_> =
        pairs.iter().map(|(key, value)| format!("{}={}", escape(key), escape(value))).collect();
    parse_form(body.join("&").as_bytes()).unwrap_or_default()
}

/// The text that is signed, by the recipe of Twilio's page.
fn signed_text(url: &str, pairs: &[(String, String)]) -> String {
    let set: std::collections::BTreeSet<_> = pairs.iter().collect();
    set.into_iter().fold(url.to_owned(), |text, (key, value)| text + key + value)
}

fn sha1_signature(token: &str, text: &str) -> String {
    Hmac::<Sha1>::new_from_slice(token.as_bytes())
        .map(|mac| STANDARD.encode(mac.chain_update(text).finalize().into_bytes()))
        .unwrap_or_default()
}

fn sha256_signature(token: &str, text: &str) -> String {
    Hmac::<Sha256>::new_from_slice(token.as_bytes())
        .map(|mac| STANDARD.encode(mac.chain_update(text).finalize().into_bytes()))
        .unwrap_or_default()
}

fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
    list.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn the_official_sdks_vectors() {
    let vectors: Vec<Vector> = serde_json::from_str(include_str!("fixtures/twilio-signatures.json")).unwrap();
    assert_eq!(vectors.len(), 90);
    let mut disputed = Vec::new();
    for vector in &vectors {
        let params = form(&vector.params);
        assert_eq!(params.len(), vector.params.len());
        let body = vector.body.as_ref().map_or(Body::Form(&params), |body| Body::Json(body.as_bytes()));
        let accepted = check(&validator(&[&vector.token]), &vector.url, body, &vector.signature).is_ok();
        assert_eq!(accepted, vector.valid, "{} {}", vector.source, vector.url);
        if vector.official_python != vector.official_node {
            disputed.push((vector.source.rsplit("::").next().unwrap(), accepted));
        }
    }
    assert_eq!(disputed, DISPUTED);
}

#[test]
fn what_the_official_python_and_node_sdks_sign() {
    let ours = validator(&[TOKEN]);
    let list = pairs(&[
        ("CallSid", "CA1"),
        ("CallerName", "שלום 'דנה'"),
        ("Digits", "5"),
        ("Digits", "12"),
        ("Digits", "5"),
        ("Blank", ""),
        ("zeta", "1"),
        ("Zeta", "2"),
        ("10", "a"),
        ("9", "b"),
    ]);
    assert_eq!(check(&ours, URL, Body::Form(&form(&list)), "gdCsWU63rRsqTMSpWfldEYNUdQU="), Ok(()));
    assert_eq!(check(&ours, URL, Body::None, "NtCHnzlEEFyC2xENmxboMLN2W+Q="), Ok(()));
    let body = "{\"שלום\": \"דנה\"}";
    let url = format!("{URL}&bodySHA256={}", hex::encode(Sha256::digest(body)));
    assert_eq!(check(&ours, &url, Body::Json(body.as_bytes()), "/uT+WXW0PJzCNxluEDRurnBg9IU="), Ok(()));
}

#[test]
fn nothing_is_accepted_without_a_token_or_a_signature() {
    let signed_with_nothing = sha1_signature("", URL);
    for tokens in [&[][..], &[""], &["", "  "]] {
        let refused = check(&validator(tokens), URL, Body::None, &signed_with_nothing);
        assert_eq!(refused, Err(SignatureError::NoToken));
    }
    let ours = validator(&[TOKEN]);
    let unsigned = ours.verify(&[URL.to_owned()], Body::None, SignatureHeaders::default());
    assert_eq!(unsigned, Err(SignatureError::Missing));
    assert_eq!(check(&ours, URL, Body::None, ""), Err(SignatureError::Missing));
    assert_eq!(check(&ours, URL, Body::None, &signed_with_nothing), Err(SignatureError::Wrong));
    let right = sha1_signature(TOKEN, URL);
    let headers = SignatureHeaders { signature: Some(&right), settings: None };
    assert_eq!(ours.verify(&[], Body::None, headers), Err(SignatureError::Wrong), "no candidate URL");
}

#[test]
fn a_signature_is_exact_base64_of_exactly_one_tag() {
    let ours = validator(&[TOKEN]);
    let right = sha1_signature(TOKEN, URL);
    assert_eq!(check(&ours, URL, Body::None, &right), Ok(()));
    let cut = right.trim_end_matches('=').to_owned();
    let (twice, long) = (format!("{right},{right}"), "A".repeat(10_000));
    for wrong in [&cut, &twice, &long, &format!(" {right}"), &right.to_lowercase(), &"=".to_owned()] {
        assert_eq!(check(&ours, URL, Body::None, wrong), Err(SignatureError::Wrong), "{wrong}");
    }
}

#[test]
fn during_rotation_either_token_will_do() {
    let both = validator(&["old", " new"]);
    for token in ["old", "new"] {
        assert_eq!(check(&both, URL, Body::None, &sha1_signature(token, URL)), Ok(()));
    }
    assert_eq!(check(&both, URL, Body::None, &sha1_signature("other", URL)), Err(SignatureError::Wrong));
}

#[test]
fn the_settings_header_names_the_algorithm() {
    let ours = validator(&[TOKEN]);
    let (sha1, sha256) = (sha1_signature(TOKEN, URL), sha256_signature(TOKEN, URL));
    let verify = |settings, signature: &str| {
        let headers = SignatureHeaders { signature: Some(signature), settings: Some(settings) };
        ours.verify(&[URL.to_owned()], Body::None, headers)
    };
    for settings in ["key=webhooks_sharedkey_01,algorithm=HMAC_SHA256", "algorithm=, algorithm = hmac_sha256"]
    {
        assert_eq!(verify(settings, &sha256), Ok(()), "{settings}");
        assert_eq!(verify(settings, &sha1), Err(SignatureError::Wrong), "{settings}");
    }
    for settings in ["", "key=x", "algorithm", "algorithm=HMAC_SHA1"] {
        assert_eq!(verify(settings, &sha1), Ok(()), "{settings}");
        assert_eq!(verify(settings, &sha256), Err(SignatureError::Wrong), "{settings}");
    }
    for settings in ["algorithm=NONE", "algorithm=HMAC_SHA512,algorithm=HMAC_SHA1"] {
        assert_eq!(verify(settings, &sha1), Err(SignatureError::UnsupportedAlgorithm), "{settings}");
    }
}

#[test]
fn a_header_that_comes_twice_matches_nothing() {
    let ours = validator(&[TOKEN]);
    let mut headers = http::HeaderMap::new();
    let verify = |headers: &http::HeaderMap| {
        ours.verify(&[URL.to_owned()], Body::None, SignatureHeaders::new(headers))
    };
    assert_eq!(verify(&headers), Err(SignatureError::Missing));
    headers.append("x-twilio-signature", sha1_signature(TOKEN, URL).parse().unwrap());
    assert_eq!(verify(&headers), Ok(()));
    headers.append("x-twilio-signature", "x".parse().unwrap());
    assert_eq!(verify(&headers), Err(SignatureError::Wrong));
    headers.insert("x-twilio-signature", sha1_signature(TOKEN, URL).parse().unwrap());
    headers.append("x-twilio-webhooks-signature-settings", "algorithm=HMAC_SHA1".parse().unwrap());
    headers.append("x-twilio-webhooks-signature-settings", "algorithm=HMAC_SHA1".parse().unwrap());
    assert_eq!(verify(&headers), Err(SignatureError::UnsupportedAlgorithm));
}

#[test]
fn a_json_body_is_bound_by_the_first_hash_in_lower_case() {
    let ours = validator(&[TOKEN]);
    let body = br#"{"CallSid":"CA1"}"#;
    let hash = hex::encode(Sha256::digest(body));
    let other = "0".repeat(64);
    let verify = |query: &str, body: &[u8]| {
        let url = format!("https://prosaas.example/x{query}");
        check(&ours, &url, Body::Json(body), &sha1_signature(TOKEN, &url))
    };
    assert_eq!(verify(&format!("?a=1&bodySHA256={hash}&bodySHA256={other}"), body), Ok(()));
    let wrong = [
        String::new(),
        "?a=1".to_owned(),
        "?bodySHA256=".to_owned(),
        format!("?bodySHA256={other}&bodySHA256={hash}"),
        format!("?bodySHA256={}", hash.to_uppercase()),
        format!("?bodySHA256={hash}00"),
        format!("?xbodySHA256={hash}"),
    ];
    for query in wrong {
        assert_eq!(verify(&query, body), Err(SignatureError::Wrong), "{query}");
    }
    assert_eq!(verify(&format!("?bodySHA256={hash}"), b"{}"), Err(SignatureError::Wrong));
}

#[test]
fn a_get_signs_the_url_alone_and_a_form_does_not() {
    let ours = validator(&[TOKEN]);
    let signature = sha1_signature(TOKEN, URL);
    let params = form(&pairs(&[("CallSid", "CA1")]));
    assert_eq!(check(&ours, URL, Body::None, &signature), Ok(()));
    assert_eq!(check(&ours, URL, Body::Form(&params), &signature), Err(SignatureError::Wrong));
}

#[test]
fn every_candidate_and_both_ports_are_tried() {
    let ours = validator(&["unused", TOKEN]);
    let urls = ["http://a.example/x?q=1", "https://user:1@b.example:8443/x?q=1", "https://[::1]/x"];
    let candidates = urls.map(str::to_owned);
    let signed = [
        "http://a.example:80/x?q=1",
        "https://user:1@b.example:8443/x?q=1",
        "https://user:1@b.example/x?q=1",
        "https://[::1]:443/x",
    ];
    let verify = |url: &str| {
        let signature = sha1_signature(TOKEN, url);
        let headers = SignatureHeaders { signature: Some(&signature), settings: None };
        ours.verify(&candidates, Body::None, headers)
    };
    for url in signed {
        assert_eq!(verify(url), Ok(()), "{url}");
    }
    for url in ["http://a.example:443/x?q=1", "https://b.example/x?q=1", "https://A.example/x?q=1"] {
        assert_eq!(verify(url), Err(SignatureError::Wrong), "{url}");
    }
}

fn text() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9+%&=' א-ת\u{1F4DE}-]{0,12}"
}

/// Random pairs in which each key comes once.
fn unique_pairs() -> impl Strategy<Value = Vec<(String, String)>> {
    proptest::collection::btree_map(text(), text(), 0..20).prop_map(|map| map.into_iter().collect())
}

proptest! {
    #[test]
    fn what_is_signed_verifies_in_any_order(
        list in proptest::collection::vec((text(), text()), 0..20).prop_shuffle(),
        repeated in any::<prop::sample::Index>(),
    ) {
        let text = signed_text(URL, &list);
        let mut sent = list;
        sent.reverse();
        if !sent.is_empty() {
            sent.push(sent[repeated.index(sent.len())].clone());
        }
        let ours = validator(&[TOKEN]);
        let params = form(&sent);
        prop_assert_eq!(check(&ours, URL, Body::Form(&params), &sha1_signature(TOKEN, &text)), Ok(()));
        let signature = sha256_signature(TOKEN, &text);
        let headers = SignatureHeaders { signature: Some(&signature), settings: Some("algorithm=HMAC_SHA256") };
        prop_assert_eq!(ours.verify(&[URL.to_owned()], Body::Form(&params), headers), Ok(()));
    }

    #[test]
    fn one_changed_character_anywhere_is_refused(
        list in unique_pairs(),
        place in any::<prop::sample::Index>(),
        to in proptest::char::range('!', '~'),
    ) {
        let signature = sha1_signature(TOKEN, &signed_text(URL, &list));
        // From the host's first letter on: scheme and port have several spellings.
        let mut characters: Vec<char> = URL.chars().collect();
        let in_url = characters.len() - "https://".len();
        let in_list: usize = list.iter().map(|(key, value)| key.chars().count() + value.chars().count()).sum();
        let mut at = place.index(in_url + in_list);
        let mut sent = list;
        let changed = if at < in_url {
            std::mem::replace(&mut characters["https://".len() + at], to) != to
        } else {
            at -= in_url;
            let field = sent.iter_mut().flat_map(|(key, value)| [key, value]).find(|field| {
                let length = field.chars().count();
                let here = at < length;
                at -= if here { 0 } else { length };
                here
            });
            let field = field.unwrap();
            let before = field.clone();
            *field = before.chars().enumerate().map(|(n, c)| if n == at { to } else { c }).collect();
            *field != before
        };
        prop_assume!(changed);
        let url: String = characters.into_iter().collect();
        let params = form(&sent);
        let outcome = check(&validator(&[TOKEN]), &url, Body::Form(&params), &signature);
        prop_assert_eq!(outcome, Err(SignatureError::Wrong));
    }
}
