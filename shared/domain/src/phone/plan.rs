//! Numbering plans: which digits can be a number that somebody has.

use phonenumber::{Type, metadata::DATABASE};

use super::{
    E164,
    number::{Number, ServiceNumber},
};

/// Israel's country code.
const ISRAEL: &str = "972";

/// How the numbers of demos and tests begin, behind the country code: Israel issues no
/// number with two zeros in front, so they reach nobody.
const DEMO: &str = "000000";

/// What calls or is called. The library knows no lengths of a country as a whole.
const CALLED: [Type; 8] = [
    Type::FixedLine,
    Type::Mobile,
    Type::TollFree,
    Type::PremiumRate,
    Type::SharedCost,
    Type::PersonalNumber,
    Type::Voip,
    Type::Uan,
];

/// Digits behind `+` or `00`.
pub(super) fn international(digits: &str) -> Option<Number> {
    match digits.strip_prefix(ISRAEL) {
        Some(national) if national.len() == 9 && national.starts_with(DEMO) => world(ISRAEL, national),
        Some(national) => israeli(national),
        None => foreign(digits),
    }
}

/// Digits without any such prefix: dialled in Israel, or with its country code as some
/// networks send callers. The lengths tell the two apart: of the numbers dialled in
/// Israel none that begins with 972 has more than ten digits.
pub(super) fn domestic(digits: &str) -> Option<Number> {
    let with_code = digits.strip_prefix(ISRAEL).filter(|_| digits.len() > 10);
    israeli(with_code.unwrap_or(digits))
}

/// By Israel's numbering plan, with the trunk zero or without it: landlines have eight
/// digits, mobile and other numbers of the ranges 5 and 7 nine, and 1-700, 1-800 and the
/// like ten, which are dialled in Israel only. The library's own check refuses Israeli
/// mobile numbers.
fn israeli(digits: &str) -> Option<Number> {
    let national = digits.strip_prefix('0').unwrap_or(digits);
    let known = match national.as_bytes() {
        [b'2' | b'3' | b'4' | b'8' | b'9', rest @ ..] => rest.len() == 7,
        [b'5' | b'7', rest @ ..] => rest.len() == 8,
        [b'1', rest @ ..] if rest.len() == 9 => return Some(Number::Service(ServiceNumber::new(national))),
        _ => false,
    };
    if known { world(ISRAEL, national) } else { None }
}

/// By the lengths that the country issues. A zero that is dialled in the country alone
/// goes; where it belongs to the number (Italy), it stays.
fn foreign(digits: &str) -> Option<Number> {
    (1..=3).find_map(|length| {
        let (code, national) = digits.split_at_checked(length)?;
        let plans = DATABASE.by_code(&code.parse::<u16>().ok()?)?;
        let plan = plans.first()?;
        let trunk = plan.national_prefix().filter(|prefix| *prefix == "0");
        let national = trunk.and_then(|zero| national.strip_prefix(zero)).unwrap_or(national);
        let length = u16::try_from(national.len()).ok()?;
        let of_kind =
            |kind| plan.descriptors().get(kind).is_some_and(|d| d.possible_length().contains(&length));
        let known = CALLED.into_iter().any(of_kind);
        if known { world(code, national) } else { None }
    })
}

fn world(code: &str, national: &str) -> Option<Number> {
    E164::parse(&format!("+{code}{national}")).ok().map(Number::E164)
}
