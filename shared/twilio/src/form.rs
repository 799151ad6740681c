//! The parameters of a webhook, decoded as the frameworks decode them in front of
//! Twilio's official validators, so that both sign the same text.
//!
//! `application/x-www-form-urlencoded` as in the WHATWG URL Standard, section 5.1:
//! `&` alone separates, `+` is a space, a percent sign that starts no escape stands for
//! itself (so do Python's `parse_qsl`, Node's `querystring` and `qs`). Blank values stay,
//! and a key that comes twice stays twice. Stricter than the standard in one thing: text
//! that is not UTF-8 is an error, where the standard would put replacement characters.

use std::{fmt, ops::Range};

use serde_json::{Map, Value};

/// The most parameters that one request may carry (Django's and Express's limit too;
/// Twilio sends about 30).
pub const MAX_PARAMS: usize = 1_000;

/// Decoded parameters in the order in which they came.
///
/// All text lies in one buffer: a webhook has some 20 pairs, and 40 small allocations
/// would cost more than the signature.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Params {
    text: String,
    pairs: Vec<(Range<usize>, Range<usize>)>,
}

/// Why parameters could not be read. It carries nothing of what was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FormError {
    /// A key or a value is not UTF-8.
    #[error("the parameters are not valid UTF-8")]
    NotUtf8,
    /// A key or a value holds U+0000, which no `text` column of Postgres can hold.
    #[error("the parameters hold a null character")]
    Null,
    /// More than [`MAX_PARAMS`] pairs.
    #[error("more than {MAX_PARAMS} parameters")]
    TooMany,
    /// The body is not one JSON object.
    #[error("the body is not a JSON object")]
    NotAJsonObject,
}

impl Params {
    /// The first value of `name`.
    pub fn get(&self, name: &str) -> Option<&str> {
        let named = |key: &Range<usize>| key.len() == name.len() && self.slice(key) == name;
        self.pairs.iter().find(|(key, _)| named(key)).map(|(_, value)| self.slice(value))
    }

    /// Every pair, in order of arrival, duplicates included.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.pairs.iter().map(|(key, value)| (self.slice(key), self.slice(value)))
    }

    /// How many pairs there are.
    pub fn len(&self) -> usize {
        self.pairs.len()
    }

    /// Whether there is no pair.
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    fn slice(&self, range: &Range<usize>) -> &str {
        self.text.get(range.clone()).unwrap_or_default()
    }

    fn push(&mut self, key: &str, value: &str) -> Result<(), FormError> {
        if self.pairs.len() == MAX_PARAMS {
            return Err(FormError::TooMany);
        }
        if key.contains('\0') || value.contains('\0') {
            return Err(FormError::Null);
        }
        let start = self.text.len();
        self.text.push_str(key);
        let middle = self.text.len();
        self.text.push_str(value);
        self.pairs.push((start..middle, middle..self.text.len()));
        Ok(())
    }
}

/// Shows the names only: values are people's numbers and names.
impl fmt::Debug for Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Params ")?;
        f.debug_list().entries(self.iter().map(|(key, _)| key)).finish()
    }
}

/// Reads the body of an `application/x-www-form-urlencoded` request.
pub fn parse_form(body: &[u8]) -> Result<Params, FormError> {
    let mut decoded = Vec::with_capacity(body.len());
    let mut pairs = Vec::with_capacity(32);
    for pair in body.split(|&byte| byte == b'&').filter(|pair| !pair.is_empty()) {
        if pairs.len() == MAX_PARAMS {
            return Err(FormError::TooMany);
        }
        let mut halves = pair.splitn(2, |&byte| byte == b'=');
        let start = decoded.len();
        decode_into(&mut decoded, halves.next().unwrap_or_default());
        let middle = decoded.len();
        decode_into(&mut decoded, halves.next().unwrap_or_default());
        pairs.push((start..middle, middle..decoded.len()));
    }
    if decoded.contains(&0) {
        return Err(FormError::Null);
    }
    let text = String::from_utf8(decoded).map_err(|_| FormError::NotUtf8)?;
    // The buffer as a whole can be UTF-8 although a character is torn between two fields.
    let whole = |range: &Range<usize>| text.is_char_boundary(range.start) && text.is_char_boundary(range.end);
    if pairs.iter().all(|(key, value)| whole(key) && whole(value)) {
        Ok(Params { text, pairs })
    } else {
        Err(FormError::NotUtf8)
    }
}

/// Reads the raw query string of a GET (without its question mark).
pub fn parse_query(query: &str) -> Result<Params, FormError> {
    parse_form(query.as_bytes())
}

/// Reads the body of an `application/json` request for looking fields up: strings,
/// numbers and booleans become text, `null` and nested values are left out. Of a name
/// that comes twice the last value counts, as in JavaScript and Python.
pub fn parse_json(body: &[u8]) -> Result<Params, FormError> {
    let text = str::from_utf8(body).map_err(|_| FormError::NotUtf8)?;
    let object: Map<String, Value> = serde_json::from_str(text).map_err(|_| FormError::NotAJsonObject)?;
    let mut params = Params::default();
    for (name, value) in &object {
        match value {
            Value::String(text) => params.push(name, text)?,
            Value::Number(number) => params.push(name, &number.to_string())?,
            Value::Bool(yes) => params.push(name, if *yes { "true" } else { "false" })?,
            Value::Null | Value::Array(_) | Value::Object(_) => {}
        }
    }
    Ok(params)
}

/// Decodes one key or value to the end of `out`.
fn decode_into(out: &mut Vec<u8>, mut raw: &[u8]) {
    // What stands for itself is copied in one piece.
    while let Some((plain, [sign, rest @ ..])) =
        raw.iter().position(|byte| matches!(byte, b'+' | b'%')).and_then(|at| raw.split_at_checked(at))
    {
        let (byte, after) = match (sign, escaped(rest)) {
            (b'+', _) => (b' ', rest),
            (_, Some(value)) => (value, rest.get(2..).unwrap_or_default()),
            (_, None) => (b'%', rest),
        };
        out.extend_from_slice(plain);
        out.push(byte);
        raw = after;
    }
    out.extend_from_slice(raw);
}

/// The byte that the two hexadecimal digits at the start of `digits` stand for.
fn escaped(digits: &[u8]) -> Option<u8> {
    let digit = |at: usize| digits.get(at).and_then(|&byte| char::from(byte).to_digit(16));
    u8::try_from(digit(0)? * 16 + digit(1)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(params: &Params) -> Vec<(&str, &str)> {
        params.iter().collect()
    }

    #[test]
    fn a_form_is_decoded_and_keeps_order_blanks_and_duplicates() {
        let form = parse_form(b"To=%2B972001&Digits=&Digits=12&flag&Digits=12&&=x&a=b=c").unwrap();
        let expected = [
            ("To", "+972001"),
            ("Digits", ""),
            ("Digits", "12"),
            ("flag", ""),
            ("Digits", "12"),
            ("", "x"),
            ("a", "b=c"),
        ];
        assert_eq!(pairs(&form), expected);
        assert_eq!(form.get("Digits"), Some(""));
        assert_eq!(form.get("digits"), None);
        assert_eq!(form.len(), 7);
    }

    #[test]
    fn an_unescaped_plus_is_a_space_that_is_not_trimmed() {
        let form = parse_form(b"CallSid=TEST&From=+972000&To=+972001").unwrap();
        assert_eq!(form.get("From"), Some(" 972000"));
    }

    #[test]
    fn a_percent_sign_that_starts_no_escape_stands_for_itself() {
        let form = parse_form(b"a=100%&b=%zz&c=%4&d=%+1&e=%%41&%4b=%c3%A9").unwrap();
        let expected = [("a", "100%"), ("b", "%zz"), ("c", "%4"), ("d", "% 1"), ("e", "%A"), ("K", "\u{e9}")];
        assert_eq!(pairs(&form), expected);
    }

    #[test]
    fn hebrew_arrives_escaped_or_raw() {
        let form = parse_form("name=%D7%A9%D7%9C%D7%95%D7%9D&שם=שלום".as_bytes()).unwrap();
        assert_eq!(pairs(&form), [("name", "שלום"), ("שם", "שלום")]);
        assert_eq!(parse_query("x=%D7%A9&x=1").unwrap().get("x"), Some("ש"));
    }

    #[test]
    fn what_is_not_utf8_is_refused_even_when_two_fields_together_would_be() {
        for body in [&b"a=%ff"[..], b"a=\xff", b"%D7=1", b"a=%D7&%A9=1", b"a%D7=%A9", b"a=%ED%A0%80"] {
            assert_eq!(parse_form(body), Err(FormError::NotUtf8), "{body:?}");
        }
        assert_eq!(parse_json(b"{\"a\":[\"\xff\"]}"), Err(FormError::NotUtf8));
    }

    #[test]
    fn a_null_character_is_refused() {
        assert_eq!(parse_form(b"a=%00"), Err(FormError::Null));
        assert_eq!(parse_json(br#"{"a":"\u0000"}"#), Err(FormError::Null));
    }

    #[test]
    fn the_number_of_parameters_is_bounded() {
        let full = "a=1&".repeat(MAX_PARAMS);
        assert_eq!(parse_form(full.as_bytes()).unwrap().len(), MAX_PARAMS);
        assert_eq!(parse_form(format!("{full}b=1").as_bytes()), Err(FormError::TooMany));
        let members: Vec<_> = (0..=MAX_PARAMS).map(|n| format!("\"k{n}\":1")).collect();
        assert_eq!(parse_json(format!("{{{}}}", members.join(",")).as_bytes()), Err(FormError::TooMany));
    }

    #[test]
    fn json_members_are_read_as_text_and_nested_ones_left_out() {
        let body =
            r#"{"CallSid":"CA1","Duration":7,"Ok":true,"None":null,"List":[1],"Inner":{"a":1},"שם":"דנה"}"#;
        let params = parse_json(body.as_bytes()).unwrap();
        let expected = [("CallSid", "CA1"), ("Duration", "7"), ("Ok", "true"), ("שם", "דנה")];
        assert_eq!(pairs(&params), expected);
    }

    #[test]
    fn only_one_json_object_will_do() {
        let deep = format!("{{\"a\":{}", "[".repeat(60_000));
        for body in ["", "[]", "\"a\"", "{", "{}{}", "{\"a\":1}x", deep.as_str()] {
            assert_eq!(parse_json(body.as_bytes()), Err(FormError::NotAJsonObject));
        }
        assert!(parse_json(b" {} ").unwrap().is_empty());
    }

    #[test]
    fn values_stay_out_of_debug_output() {
        let form = parse_form(b"From=%2B972501234567").unwrap();
        assert_eq!(format!("{form:?}"), "Params [\"From\"]");
    }
}
