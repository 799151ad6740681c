//! Text as `<Say>` takes it: clean, and in pieces under Twilio's limits.

/// What one `<Say>` may weigh once URL-encoded, characters: about 750 Hebrew
/// letters (<https://www.twilio.com/docs/api/errors/13521>).
pub(super) const MAX_ENCODED: usize = 4500;
/// What one `<Say>` may weigh in UTF-8, bytes: the smallest limit of any voice's
/// maker (Polly 3,000, basic voices 4,096, Google 5,000; same page).
pub(super) const MAX_BYTES: usize = 3000;

/// The text without characters that XML 1.0 cannot carry or a voice cannot read,
/// each run of white space one space, none at the ends.
pub(super) fn clean(text: &str) -> String {
    let readable: String =
        text.chars().filter(|c| c.is_whitespace() || !(c.is_control() || is_excluded(*c))).collect();
    readable.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The two characters besides controls that XML 1.0, section 2.2, leaves out.
const fn is_excluded(c: char) -> bool {
    matches!(c, '\u{FFFE}' | '\u{FFFF}')
}

/// Splits clean text into pieces of one `<Say>` each: after a sentence, else
/// after a word, else where no letter loses its marks. Only white space between
/// two pieces is dropped.
pub(super) fn pieces(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let fits = fitting_prefix(rest);
        let at = if fits == rest.len() { fits } else { best_cut(rest, fits) };
        let (piece, tail) = rest.split_at(at);
        pieces.push(piece.trim_end());
        rest = tail.trim_start();
    }
    pieces
}

/// An upper bound of a character's URL-encoded length, whichever characters an
/// encoder leaves as they are.
fn encoded_len(c: char) -> usize {
    if c.is_ascii_alphanumeric() { 1 } else { 3 * c.len_utf8() }
}

/// Length in bytes of the longest prefix within both limits, on a character
/// boundary; never 0 for a text that is not empty.
fn fitting_prefix(text: &str) -> usize {
    let mut encoded = 0;
    text.char_indices()
        .find(|(start, c)| {
            encoded += encoded_len(*c);
            encoded > MAX_ENCODED || start + c.len_utf8() > MAX_BYTES
        })
        .map_or(text.len(), |(start, _)| start)
}

/// Where to cut `text` so that the first part is at most `fits` bytes, more than 0.
fn best_cut(text: &str, fits: usize) -> usize {
    let (mut sentence, mut word, mut letter) = (0, 0, 0);
    let mut before = Before::default();
    for (at, c) in text.char_indices().take_while(|(at, _)| *at <= fits) {
        if c.is_whitespace() {
            word = at;
            if before.ended_sentence {
                sentence = at;
            }
        }
        if !before.holds(c) {
            letter = at;
        }
        before.push(c);
    }
    // A sentence that ends early would leave a piece not worth its pause.
    if sentence * 2 >= fits {
        sentence
    } else {
        [word, letter].into_iter().find(|at| *at > 0).unwrap_or(fits)
    }
}

/// What came before a place where the text could be cut.
#[derive(Default)]
struct Before {
    last: Option<char>,
    ended_sentence: bool,
    /// Regional indicators in a row: two make one flag.
    indicators: usize,
}

impl Before {
    /// Whether `next` belongs to the character before it. The cases of UAX #29
    /// that phone greetings can hold: marks (niqqud), emoji sequences, flags.
    fn holds(&self, next: char) -> bool {
        extends(next)
            || self.last == Some('\u{200D}')
            || (is_regional_indicator(next) && self.indicators % 2 == 1)
    }

    fn push(&mut self, c: char) {
        self.ended_sentence = match c {
            '.' | '!' | '?' | '…' | '׃' => true,
            '"' | '\'' | '”' | '’' | ')' | ']' | '»' => self.ended_sentence,
            _ => false,
        };
        self.indicators = if is_regional_indicator(c) { self.indicators + 1 } else { 0 };
        self.last = Some(c);
    }
}

const fn is_regional_indicator(c: char) -> bool {
    matches!(c, '\u{1F1E6}'..='\u{1F1FF}')
}

/// Marks of Latin, Cyrillic, Hebrew and Arabic, joiners, variation selectors,
/// skin tones and tags.
const fn extends(c: char) -> bool {
    matches!(c,
        '\u{0300}'..='\u{036F}' | '\u{0483}'..='\u{0489}' | '\u{0591}'..='\u{05BD}' | '\u{05BF}'
        | '\u{05C1}'..='\u{05C2}' | '\u{05C4}'..='\u{05C5}' | '\u{05C7}' | '\u{0610}'..='\u{061A}'
        | '\u{064B}'..='\u{065F}' | '\u{0670}' | '\u{06D6}'..='\u{06DC}' | '\u{06DF}'..='\u{06E4}'
        | '\u{1AB0}'..='\u{1AFF}' | '\u{1DC0}'..='\u{1DFF}' | '\u{200C}'..='\u{200D}'
        | '\u{20D0}'..='\u{20FF}' | '\u{FE00}'..='\u{FE0F}' | '\u{FE20}'..='\u{FE2F}' | '\u{FB1E}'
        | '\u{1F3FB}'..='\u{1F3FF}' | '\u{E0020}'..='\u{E007F}' | '\u{E0100}'..='\u{E01EF}')
}

#[cfg(test)]
mod tests;
