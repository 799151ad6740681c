//! Every sentence that a caller hears and no business wrote, in both languages.
//! The Hebrew speaks to callers in the plural, which fits everybody, and is spelt
//! in full where a voice would otherwise misread it ("איתכם", with you).

use prosaas_domain::{
    call_config::{
        Key,
        Language::{self, En, He},
    },
    phone::E164,
};

/// A business's name inside a sentence, which brings its own full stop.
fn bare(name: &str) -> &str {
    name.trim().trim_end_matches('.')
}

/// "You have reached …"; a plain hello for a business whose name is blank.
fn hello(language: Language, name: &str) -> String {
    match (language, bare(name)) {
        (He, "") => "שלום.".to_owned(),
        (En, "") => "Hello.".to_owned(),
        (He, name) => format!("שלום, הגעתם אל {name}."),
        (En, name) => format!("Hello, you have reached {name}."),
    }
}

/// Greeting of a business that wrote none.
pub(super) fn greeting(language: Language, name: &str) -> String {
    hello(language, name)
}

/// Before somebody is rung.
pub(super) fn connecting(language: Language, recorded: bool) -> String {
    let (hold, notice) = match language {
        He => ("אנא המתינו על הקו, מיד נעביר את השיחה.", " לידיעתכם, השיחה מוקלטת."),
        En => ("Please hold while we connect your call.", " Please note that this call is recorded."),
    };
    format!("{hold}{}", if recorded { notice } else { "" })
}

/// Before the next is rung.
pub(super) const fn still_connecting(language: Language) -> &'static str {
    match language {
        He => "אנחנו עדיין מנסים להעביר את השיחה, אנא המתינו על הקו.",
        En => "We are still trying to connect your call, please hold.",
    }
}

/// One option of a menu.
pub(super) fn option(language: Language, key: Key, label: &str) -> String {
    let (label, digit) = (bare(label), key.digit());
    match language {
        He => format!("עבור {label}, הקישו {digit}."),
        En => format!("For {label}, press {digit}."),
    }
}

/// A caller pressed what is not there.
pub(super) const fn not_there(language: Language) -> &'static str {
    match language {
        He => "הבחירה שהקשתם אינה קיימת.",
        En => "That is not one of the options.",
    }
}

/// To whoever has answered, before the caller is put through.
pub(super) fn take_this_call(language: Language, name: &str, caller: Option<&E164>) -> String {
    let digits = caller.map(spoken);
    let call = match (language, bare(name)) {
        (He, "") => "שיחה".to_owned(),
        (En, "") => "Call".to_owned(),
        (He, name) => format!("שיחה אל {name},"),
        (En, name) => format!("Call for {name},"),
    };
    match (language, digits) {
        (He, Some(digits)) => format!("{call} ממספר {digits}. לקבלת השיחה, הקישו 1."),
        (He, None) => format!("{call} ממספר חסוי. לקבלת השיחה, הקישו 1."),
        (En, Some(digits)) => format!("{call} from {digits}. To take it, press 1."),
        (En, None) => format!("{call} from a withheld number. To take it, press 1."),
    }
}

/// A number digit by digit, as it is dialled in Israel.
fn spoken(number: &E164) -> String {
    let digits = number.as_str().trim_start_matches('+');
    let local =
        digits.strip_prefix("972").map_or_else(|| digits.to_owned(), |national| format!("0{national}"));
    local.chars().map(String::from).collect::<Vec<_>>().join(" ")
}

/// What to do now: before each beep.
pub(super) const fn leave_a_message(language: Language) -> &'static str {
    match language {
        He => "נשמח שתשאירו הודעה אחרי הצפצוף, ונחזור אליכם בהקדם. בסיום ההודעה אפשר להקיש סולמית או לנתק.",
        En => {
            "Please leave a message after the beep and we will call you back soon. When you are done, \
             press the pound key or hang up."
        }
    }
}

/// Outside the hours.
pub(super) fn closed(language: Language, name: &str) -> String {
    let hello = hello(language, name);
    match language {
        He => format!("{hello} אנחנו סגורים כעת."),
        En => format!("{hello} We are currently closed."),
    }
}

/// Ends a call outside the hours of a business that takes no messages then.
pub(super) const fn call_in_opening_hours(language: Language) -> &'static str {
    match language {
        He => "נשמח לענות לכם בשעות הפעילות. תודה ולהתראות.",
        En => "Please call again during our opening hours. Thank you and goodbye.",
    }
}

/// Forwarding reached nobody.
pub(super) const fn nobody_available(language: Language) -> &'static str {
    match language {
        He => "לצערנו, אין כרגע מי שיענה לשיחה.",
        En => "We are sorry, nobody is available to take your call right now.",
    }
}

/// The caller said nothing after the beep.
pub(super) const fn no_message(language: Language) -> &'static str {
    match language {
        He => "לא נקלטה הודעה. אפשר להתקשר שוב בכל עת. תודה ולהתראות.",
        En => "We did not hear a message. You are welcome to call again at any time. Goodbye.",
    }
}

/// After a message.
pub(super) const fn thanks(language: Language) -> &'static str {
    match language {
        He => "תודה, קיבלנו את ההודעה וניצור איתכם קשר בהקדם. להתראות.",
        En => "Thank you, we have received your message and will get back to you soon. Goodbye.",
    }
}

/// The number belongs to no business.
pub(super) const fn unknown_number(language: Language) -> &'static str {
    match language {
        He => "שלום, המספר שחייגתם אינו פעיל כרגע. כדאי לבדוק את המספר ולחייג שוב. תודה ולהתראות.",
        En => {
            "Hello, the number you have dialed is not in service at the moment. Please check the number \
             and dial again. Thank you and goodbye."
        }
    }
}

/// Something failed on our side.
pub(super) const fn trouble(language: Language) -> &'static str {
    match language {
        He => "שלום, מצטערים, עקב תקלה זמנית לא נוכל לענות לשיחה. אנא נסו שוב בעוד כמה דקות. תודה ולהתראות.",
        En => {
            "Hello, we are sorry, we cannot take your call because of a temporary problem. Please try \
             again in a few minutes. Thank you and goodbye."
        }
    }
}

/// Whether a business's own words already tell the caller of the beep, so that
/// [`leave_a_message`] would only repeat them. Whole words: "ביפו" is a city.
pub(super) fn mentions_the_beep(text: &str) -> bool {
    const WORDS: [&str; 10] =
        ["צפצוף", "הצפצוף", "לצפצוף", "צליל", "הצליל", "לצליל", "ביפ", "הביפ", "beep", "tone"];
    text.split(|c: char| !c.is_alphabetic()).any(|word| WORDS.iter().any(|w| word.eq_ignore_ascii_case(w)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_beep_is_found_as_a_word() {
        for yes in [
            "אנא השאירו הודעה לאחר הצפצוף.",
            "השאירו הודעה אחרי הביפ",
            "Leave a message after the BEEP!",
            "wait for the tone",
        ] {
            assert!(mentions_the_beep(yes), "{yes}");
        }
        for no in ["הגעתם למספרה ביפו", "Stone & Sons", "שלום", ""] {
            assert!(!mentions_the_beep(no), "{no}");
        }
    }

    #[test]
    fn a_number_is_spoken_digit_by_digit() -> anyhow::Result<()> {
        let said = |language, number: Option<&str>| -> anyhow::Result<String> {
            Ok(take_this_call(language, "Dana.", number.map(E164::parse).transpose()?.as_ref()))
        };
        let wanted = "Call for Dana, from 0 5 4 1 2 3 4 5 6 7. To take it, press 1.";
        assert_eq!(said(En, Some("+972541234567"))?, wanted);
        assert_eq!(said(En, Some("+14155550100"))?.matches("1 4 1 5 5 5 5 0 1 0 0").count(), 1);
        assert!(said(He, None)?.contains("ממספר חסוי"));
        assert_eq!(take_this_call(En, " ", None), "Call from a withheld number. To take it, press 1.");
        Ok(())
    }

    #[test]
    fn our_own_request_mentions_the_beep() {
        assert!([He, En].into_iter().all(|language| mentions_the_beep(leave_a_message(language))));
    }

    #[test]
    fn a_name_reads_as_part_of_the_sentence() {
        assert_eq!(greeting(He, " דני שיפוצים בע\"מ. "), "שלום, הגעתם אל דני שיפוצים בע\"מ.");
        assert_eq!(greeting(En, "  "), "Hello.");
    }
}
