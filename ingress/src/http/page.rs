//! Pages by keyset: a cursor holds the sort key of the last row, so that a page costs
//! the same wherever it lies and no row is shown twice.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use utoipa::ToSchema;

use super::keys::{Key, TAG_LEN};
use crate::http::problem::Problem;

/// Rows of a page when nothing is said.
pub const DEFAULT_LIMIT: u32 = 50;

/// Most rows of a page.
pub const MAX_LIMIT: u32 = 200;

/// One page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// Where the next page begins; null after the last.
    #[schema(required = true)]
    pub next_cursor: Option<String>,
}

impl<T> Page<T> {
    /// Makes a page of rows that were asked for with [`Limit::probe`].
    pub fn new(
        mut rows: Vec<T>,
        limit: Limit,
        cursor: impl FnOnce(&T) -> Result<String, Problem>,
    ) -> Result<Self, Problem> {
        let more = rows.len() > limit.rows();
        rows.truncate(limit.rows());
        let next_cursor = rows.last().filter(|_| more).map(cursor).transpose()?;
        Ok(Self { items: rows, next_cursor })
    }

    /// Changes each row.
    pub fn map<U>(self, change: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(change).collect(), next_cursor: self.next_cursor }
    }
}

/// How many rows a page has, 1 to [`MAX_LIMIT`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit(u32);

impl Limit {
    /// Reads `?limit=`.
    pub fn new(limit: Option<u32>) -> Result<Self, Problem> {
        match limit.unwrap_or(DEFAULT_LIMIT) {
            limit @ 1..=MAX_LIMIT => Ok(Self(limit)),
            _ => Err(Problem {
                status: 400,
                ..Problem::invalid("limit", "range", format!("limit must be 1 to {MAX_LIMIT}."))
            }),
        }
    }

    /// One row more than the page has, for SQL's LIMIT: it tells whether there is a next page.
    pub fn probe(self) -> i64 {
        i64::from(self.0) + 1
    }

    fn rows(self) -> usize {
        self.0 as usize
    }
}

/// Writes and reads cursors. A cursor counts only in the list, with the filters and
/// the sort that made it, and only as it was written.
#[derive(Debug, Clone)]
pub struct Cursors(Key);

impl Cursors {
    /// Cursors under this key.
    pub fn new(key: Key) -> Self {
        Self(key)
    }

    /// The cursor after a row. `list` names the list; `filters` is everything that
    /// decides which rows are in it and in which order.
    pub fn encode(
        &self,
        list: &str,
        filters: &impl Serialize,
        last: &impl Serialize,
    ) -> Result<String, Problem> {
        let (filters, last) = (bytes(filters)?, bytes(last)?);
        let mut cursor = self.0.tag(&[list.as_bytes(), &filters, &last]).to_vec();
        cursor.extend_from_slice(&last);
        Ok(URL_SAFE_NO_PAD.encode(cursor))
    }

    /// The sort key in a cursor.
    ///
    /// # Errors
    /// 400 when it was not made for this list.
    pub fn decode<T: DeserializeOwned>(
        &self,
        list: &str,
        filters: &impl Serialize,
        cursor: Option<&str>,
    ) -> Result<Option<T>, Problem> {
        let Some(cursor) = cursor else { return Ok(None) };
        let filters = bytes(filters)?;
        let opened = URL_SAFE_NO_PAD.decode(cursor).ok().and_then(|bytes| {
            let (tag, last) = bytes.split_at_checked(TAG_LEN)?;
            let sound = self.0.verify(&[list.as_bytes(), &filters, last], tag);
            serde_json::from_slice(last).ok().filter(|_| sound)
        });
        opened.map(Some).ok_or_else(|| Problem {
            status: 400,
            ..Problem::invalid(
                "cursor",
                "cursor",
                "The cursor does not belong to this list; begin again without it.",
            )
        })
    }
}

fn bytes(value: &impl Serialize) -> Result<Vec<u8>, Problem> {
    serde_json::to_vec(value).map_err(|_| Problem::internal())
}

/// Later than every time that a row holds: where a list of the latest first begins.
/// The last second of the year 9999, which Postgres and RFC 3339 both can write.
pub const END_OF_TIME: chrono::DateTime<chrono::Utc> =
    match chrono::DateTime::from_timestamp(253_402_300_799, 0) {
        Some(end) => end,
        None => chrono::DateTime::UNIX_EPOCH,
    };

/// The commonest sort key: a time and an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AtAndId {
    /// When.
    pub at: chrono::DateTime<chrono::Utc>,
    /// Which.
    pub id: uuid::Uuid,
}

#[cfg(test)]
mod tests {
    use secrecy::SecretString;

    use super::*;

    #[test]
    fn a_cursor_belongs_to_its_list_and_filters() -> Result<(), Problem> {
        let cursors = Cursors::new(Key::derive(&SecretString::from("secret"), "cursors"));
        let cursor = cursors.encode("leads", &("new", 1), &42)?;
        let read = |list, filters: (&str, u8), cursor: &str| {
            cursors.decode::<i32>(list, &filters, Some(cursor)).map_err(|problem| problem.status)
        };
        assert_eq!(read("leads", ("new", 1), &cursor), Ok(Some(42)));
        assert_eq!(read("leads", ("old", 1), &cursor), Err(400));
        assert_eq!(read("calls", ("new", 1), &cursor), Err(400));
        for at in 0..cursor.len() {
            let mut tampered = cursor.clone().into_bytes();
            tampered[at] = if tampered[at] == b'A' { b'B' } else { b'A' };
            let tampered = String::from_utf8(tampered).unwrap();
            assert_eq!(read("leads", ("new", 1), &tampered), Err(400), "{at}");
        }
        assert_eq!(read("leads", ("new", 1), ""), Err(400));
        assert_eq!(cursors.decode::<i32>("leads", &(), None), Ok(None));
        Ok(())
    }

    #[test]
    fn a_page_knows_whether_another_follows() -> Result<(), Problem> {
        let limit = Limit::new(Some(2))?;
        let page = Page::new(vec![1, 2, 3], limit, |last| Ok(last.to_string()))?;
        assert_eq!((page.items, page.next_cursor.as_deref()), (vec![1, 2], Some("2")));
        let page = Page::new(vec![1, 2], limit, |last| Ok(last.to_string()))?;
        assert_eq!((page.items, page.next_cursor), (vec![1, 2], None));
        assert!(Limit::new(Some(0)).is_err() && Limit::new(Some(201)).is_err());
        Ok(())
    }
}
