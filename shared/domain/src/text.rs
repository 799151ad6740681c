//! Rules about text that hold wherever people write.

mod fold;
mod ignored;

use unicode_properties::{GeneralCategory, UnicodeGeneralCategory as _};

pub use self::fold::{fold, search_words};

/// Whether a character takes no place and says nothing: marks of direction, joiners,
/// zero-width blanks, tags (Unicode's category Cf).
pub fn is_invisible(c: char) -> bool {
    c.general_category() == GeneralCategory::Format
}
