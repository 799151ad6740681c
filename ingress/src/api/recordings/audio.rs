//! `GET` and `HEAD /api/recordings/{recording_sid}/audio`.

use axum::{
    body::Body,
    extract::State,
    response::{IntoResponse as _, Response},
};
use futures_util::StreamExt as _;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use prosaas_domain::{
    ids::{BusinessId, RecordingSid},
    rights::Right,
};
use prosaas_platform::objects::ReadError;
use serde::Deserialize;
use sqlx::PgPool;

use super::range::{self, Wanted};
use crate::{
    http::{
        extract::{ApiPath, ApiQuery},
        problem::Problem,
    },
    request::scope::BusinessScope,
    state::App,
};

/// How the sound is delivered.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct AudioQuery {
    /// 1: as a file to keep instead of sound to play.
    #[param(minimum = 0, maximum = 1)]
    download: Option<u8>,
    /// Which business: required of system admins; others may name only their own.
    #[expect(dead_code, reason = "read by `BusinessScope`")]
    business_id: Option<BusinessId>,
}

/// A recording that can be heard.
struct Audio {
    key: String,
    size: u64,
    content_type: HeaderValue,
    /// The hash of its bytes, in quotes.
    etag: String,
    file_name: String,
}

/// The sound of a recording, or a part of it: it is streamed as the client takes it.
#[utoipa::path(
    get,
    path = "/api/recordings/{recording_sid}/audio",
    operation_id = "get_recording_audio",
    tag = "calls",
    params(
        ("recording_sid" = RecordingSid, Path),
        AudioQuery,
        ("range" = Option<String>, Header, description = "One range of bytes, such as `bytes=0-1023`", max_length = 200),
        ("if-range" = Option<String>, Header, description = "`ETag` of the version that the range is of", max_length = 200),
    ),
    responses(
        (status = 200, description = "All of it", content_type = "audio/mpeg", body = Vec<u8>,
            headers(("etag" = String), ("accept-ranges" = String), ("content-disposition" = String))),
        (status = 206, description = "The part that `Range` names", content_type = "audio/mpeg", body = Vec<u8>,
            headers(("etag" = String), ("accept-ranges" = String), ("content-range" = String))),
        (status = 409, description = "It cannot be heard yet"),
        (status = 416, description = "It has no such part", headers(("content-range" = String))),
    ),
)]
pub async fn audio(
    State(app): State<App>,
    scope: BusinessScope,
    ApiPath(recording): ApiPath<RecordingSid>,
    ApiQuery(query): ApiQuery<AudioQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let audio = allowed(&app, &scope, &recording).await?;
    let (status, start, end) = match range::wanted(&headers, audio.size, &audio.etag) {
        Wanted::Whole => (StatusCode::OK, 0, audio.size),
        Wanted::Part { start, end } => (StatusCode::PARTIAL_CONTENT, start, end),
        Wanted::Nothing => return Ok(no_such_part(&audio)),
    };
    let pieces = app.api.recordings.read(&audio.key, start..end).await.map_err(|error| match error {
        ReadError::Missing => {
            tracing::error!(event = "recording.object_missing", %recording);
            Problem::internal()
        }
        ReadError::Store(error) => {
            tracing::error!(event = "recording.store_failed", %recording, %error);
            Problem::unavailable()
        }
    })?;
    let pieces = pieces.inspect(move |piece| {
        if let Err(error) = piece {
            tracing::error!(event = "recording.stream_broken", %recording, %error);
        }
    });
    let mut response = (status, Body::from_stream(pieces)).into_response();
    dress(&mut response, &audio, query.download == Some(1), end - start)?;
    if status == StatusCode::PARTIAL_CONTENT {
        let part = format!("bytes {start}-{}/{}", end - 1, audio.size);
        insert(&mut response, header::CONTENT_RANGE, &part)?;
    }
    Ok(response)
}

/// What a request for the sound would answer, without the sound. A range counts for
/// GET alone (RFC 9110, section 14.2).
#[utoipa::path(
    head,
    path = "/api/recordings/{recording_sid}/audio",
    operation_id = "head_recording_audio",
    tag = "calls",
    params(("recording_sid" = RecordingSid, Path), AudioQuery),
    responses(
        (status = 200, description = "It can be heard",
            headers(("etag" = String), ("accept-ranges" = String), ("content-length" = u64))),
        (status = 409, description = "It cannot be heard yet"),
    ),
)]
pub async fn audio_head(
    State(app): State<App>,
    scope: BusinessScope,
    ApiPath(recording): ApiPath<RecordingSid>,
    ApiQuery(query): ApiQuery<AudioQuery>,
) -> Result<Response, Problem> {
    let audio = allowed(&app, &scope, &recording).await?;
    let mut response = StatusCode::OK.into_response();
    dress(&mut response, &audio, query.download == Some(1), audio.size)?;
    Ok(response)
}

async fn allowed(app: &App, scope: &BusinessScope, recording: &RecordingSid) -> Result<Audio, Problem> {
    scope.require(Right::ReadCrm)?;
    find(&app.api.database, scope.business_id, recording).await
}

async fn find(database: &PgPool, business: BusinessId, recording: &RecordingSid) -> Result<Audio, Problem> {
    let row = sqlx::query!(
        "SELECT state, object_key, bytes, content_type, sha256 FROM prosaas.recordings
         WHERE business_id = $1 AND recording_sid = $2",
        business.0,
        recording.as_str()
    )
    .fetch_optional(database)
    .await?
    .ok_or_else(Problem::not_found)?;
    if row.state == "processing" {
        return Err(Problem::conflict(
            "/problems/recording-not-ready",
            "This recording cannot be heard yet. Please try again shortly.",
        ));
    }
    let (Some(key), Some(bytes), Some(content_type), Some(sha256)) =
        (row.object_key, row.bytes, row.content_type, row.sha256)
    else {
        return Err(Problem::not_found());
    };
    Ok(Audio {
        key,
        size: u64::try_from(bytes).map_err(|_| Problem::internal())?,
        content_type: HeaderValue::from_str(&content_type).map_err(|_| Problem::internal())?,
        etag: format!("\"{}\"", hex::encode(sha256)),
        file_name: format!("{recording}.mp3"),
    })
}

fn dress(response: &mut Response, audio: &Audio, download: bool, length: u64) -> Result<(), Problem> {
    let how = if download { "attachment" } else { "inline" };
    insert(response, header::CONTENT_DISPOSITION, &format!("{how}; filename=\"{}\"", audio.file_name))?;
    insert(response, header::ETAG, &audio.etag)?;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, audio.content_type.clone());
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    Ok(())
}

fn insert(response: &mut Response, name: HeaderName, value: &str) -> Result<(), Problem> {
    let value = HeaderValue::from_str(value).map_err(|_| Problem::internal())?;
    response.headers_mut().insert(name, value);
    Ok(())
}

fn no_such_part(audio: &Audio) -> Response {
    let problem = Problem::new(
        StatusCode::RANGE_NOT_SATISFIABLE,
        "/problems/no-such-range",
        "No such range",
        "The recording has no such part.",
    );
    let mut response = problem.into_response();
    let size = HeaderValue::from_str(&format!("bytes */{}", audio.size));
    if let Ok(size) = size {
        response.headers_mut().insert(header::CONTENT_RANGE, size);
    }
    response
}
