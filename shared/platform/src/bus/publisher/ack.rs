//! What the server's answer to a publish means for the messages that it was for.

use async_nats::{
    client::{PublishErrorKind, RequestError, RequestErrorKind},
    jetstream::{ErrorCode, publish::PublishAck, response::Response},
};
use prosaas_events::subjects::Stream;

/// Why messages have to be sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// No answer came at all.
    Timeout,
    /// The answer could not be read.
    Unreadable,
    /// The server is not connected.
    Disconnected,
    /// A batch lacks members; the server also says so when it refused one.
    Incomplete,
    /// A batch holds a message that the stream already has.
    Duplicate,
    /// A batch is larger than the server takes.
    TooMany,
    /// The server counted other messages than were sent.
    Count,
    /// A member of a batch is refused, and only alone says which.
    Refused,
    /// The same id is being stored at this moment.
    Conflict,
    /// The server has too much to do.
    Overloaded,
    /// Trouble of the server's own.
    Server,
    /// An error that we do not know.
    Unknown,
}

impl Reason {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Timeout,
        Self::Unreadable,
        Self::Disconnected,
        Self::Incomplete,
        Self::Duplicate,
        Self::TooMany,
        Self::Count,
        Self::Refused,
        Self::Conflict,
        Self::Overloaded,
        Self::Server,
        Self::Unknown,
    ];

    /// Its name in metrics and in the log.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Timeout => "timeout",
            Self::Unreadable => "unreadable",
            Self::Disconnected => "disconnected",
            Self::Incomplete => "incomplete",
            Self::Duplicate => "duplicate",
            Self::TooMany => "too_many",
            Self::Count => "count",
            Self::Refused => "refused",
            Self::Conflict => "conflict",
            Self::Overloaded => "overloaded",
            Self::Server => "server",
            Self::Unknown => "unknown",
        }
    }
}

/// What to do with the messages that were sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// They are in the stream: delete them.
    Stored,
    /// As a batch they do not pass, one by one they may.
    Singly(Reason),
    /// This message will never pass.
    Refused(String),
    /// Nobody knows whether this message can ever pass.
    Unknown(String),
    /// Try again soon.
    Retry(Reason),
    /// The stream is missing or set up wrongly: nothing passes until that is put right.
    Blocked(String),
}

/// Reads the ack of a commit, which must count what was sent, or of a single
/// message. An ack that carries an error, comes from another stream or counts
/// something else deletes nothing.
pub(super) fn read(payload: &[u8], stream: Stream, sent: Sent) -> Verdict {
    match serde_json::from_slice::<Response<PublishAck>>(payload) {
        Ok(Response::Ok(ack)) if ack.stream != stream.name() => {
            Verdict::Blocked(format!("the subject belongs to stream {}, not to {stream}", ack.stream))
        }
        Ok(Response::Ok(ack)) => match sent {
            Sent::Single => Verdict::Stored,
            Sent::Batch(rows) if ack.batch_size == u64::try_from(rows).ok() => Verdict::Stored,
            Sent::Batch(_) => Verdict::Singly(Reason::Count),
        },
        Ok(Response::Err { error }) => refusal(error.error_code(), error.code(), error.to_string()),
        Err(_) => Verdict::Retry(Reason::Unreadable),
    }
}

/// What an ack is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sent {
    /// One message.
    Single,
    /// An atomic batch of so many.
    Batch(usize),
}

fn refusal(code: ErrorCode, status: usize, text: String) -> Verdict {
    match code {
        ErrorCode::ATOMIC_PUBLISH_CONTAINS_DUPLICATE_MESSAGE => Verdict::Singly(Reason::Duplicate),
        ErrorCode::ATOMIC_PUBLISH_TOO_LARGE_BATCH => Verdict::Singly(Reason::TooMany),
        ErrorCode::STREAM_MESSAGE_EXCEEDS_MAXIMUM | ErrorCode::STREAM_HEADER_EXCEEDS_MAXIMUM => {
            Verdict::Refused(text)
        }
        ErrorCode::ATOMIC_PUBLISH_INCOMPLETE_BATCH => Verdict::Retry(Reason::Incomplete),
        ErrorCode::ATOMIC_PUBLISH_TOO_MANY_INFLIGHT | ErrorCode::STREAM_TOO_MANY_REQUESTS => {
            Verdict::Retry(Reason::Overloaded)
        }
        // The same id is being stored at this moment.
        ErrorCode::STREAM_DUPLICATE_MESSAGE_CONFLICT => Verdict::Retry(Reason::Conflict),
        ErrorCode::ATOMIC_PUBLISH_DISABLED
        | ErrorCode::STREAM_NOT_FOUND
        | ErrorCode::STREAM_SEALED
        | ErrorCode::JETSTREAM_NOT_ENABLED
        | ErrorCode::JETSTREAM_NOT_ENABLED_FOR_ACCOUNT
        // The stream or the disk under it is full: the operators' to put right.
        | ErrorCode::STREAM_STORE_FAILED
        | ErrorCode::INSUFFICIENT_RESOURCES
        | ErrorCode::ACCOUNT_RESOURCES_EXCEEDED
        | ErrorCode::STORAGE_RESOURCES_EXCEEDED => Verdict::Blocked(text),
        // 400: the request is wrong. Anything else is the server's own trouble.
        _ if status == 400 => Verdict::Unknown(text),
        _ => Verdict::Retry(Reason::Server),
    }
}

/// A request that got no ack.
pub(super) fn no_ack(error: &RequestError) -> Verdict {
    match error.kind() {
        RequestErrorKind::TimedOut => Verdict::Retry(Reason::Timeout),
        RequestErrorKind::NoResponders => Verdict::Blocked("no stream takes the subject".to_owned()),
        RequestErrorKind::InvalidSubject | RequestErrorKind::MaxPayloadExceeded => {
            Verdict::Refused(error.to_string())
        }
        RequestErrorKind::Other => Verdict::Retry(Reason::Disconnected),
    }
}

/// A member of a batch that the client did not send.
pub(super) fn not_sent(kind: PublishErrorKind) -> Verdict {
    match kind {
        PublishErrorKind::MaxPayloadExceeded | PublishErrorKind::InvalidSubject => {
            Verdict::Singly(Reason::Refused)
        }
        PublishErrorKind::Send => Verdict::Retry(Reason::Disconnected),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(code: u64, status: usize) -> String {
        format!(
            r#"{{"error":{{"code":{status},"err_code":{code},"description":"d"}},"stream":"CALLS","seq":0}}"#
        )
    }

    #[test]
    fn an_ack_deletes_only_what_it_counts_in_the_right_stream() {
        let batch = br#"{"stream":"CALLS","seq":9,"batch":"b","count":3}"#;
        assert_eq!(read(batch, Stream::Calls, Sent::Batch(3)), Verdict::Stored);
        assert_eq!(read(batch, Stream::Calls, Sent::Batch(4)), Verdict::Singly(Reason::Count));
        let single = br#"{"stream":"CALLS","seq":9,"duplicate":true}"#;
        assert_eq!(read(single, Stream::Calls, Sent::Single), Verdict::Stored);
        assert_eq!(read(single, Stream::Calls, Sent::Batch(1)), Verdict::Singly(Reason::Count));
        assert!(matches!(read(single, Stream::Crm, Sent::Single), Verdict::Blocked(_)));
        assert_eq!(read(b"", Stream::Calls, Sent::Single), Verdict::Retry(Reason::Unreadable));
    }

    #[test]
    fn an_error_beside_a_stream_name_is_still_an_error() {
        for (code, status, expected) in [
            (10201, 400, Verdict::Singly(Reason::Duplicate)),
            (10199, 400, Verdict::Singly(Reason::TooMany)),
            (10176, 400, Verdict::Retry(Reason::Incomplete)),
            (10211, 429, Verdict::Retry(Reason::Server)),
        ] {
            assert_eq!(
                read(error(code, status).as_bytes(), Stream::Calls, Sent::Batch(3)),
                expected,
                "{code}"
            );
        }
        for (code, blocked, refused, unknown) in [
            (10174, true, false, false),
            (10077, true, false, false),
            (10054, false, true, false),
            (19999, false, false, true),
        ] {
            let verdict = read(error(code, 400).as_bytes(), Stream::Calls, Sent::Single);
            assert_eq!(matches!(verdict, Verdict::Blocked(_)), blocked, "{code}");
            assert_eq!(matches!(verdict, Verdict::Refused(_)), refused, "{code}");
            assert_eq!(matches!(verdict, Verdict::Unknown(_)), unknown, "{code}");
        }
    }
}
