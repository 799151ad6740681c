//! `recording.available`: the audio, from Twilio into our store.

use prosaas_events::recording::RecordingAvailableV1;
use prosaas_platform::objects::WriteError;
use tracing::Instrument as _;

use super::{
    rows::Report,
    state::Fact,
    store::{self, Kept},
    worker::RecordingsWorker,
};
use crate::{
    runtime::{Delivery, Done, Failure, Meta},
    twilio::client::FetchError,
};

/// What the store holds, and Twilio is asked for.
const CONTENT_TYPE: &str = "audio/mpeg";

/// Fetches the recording and notes it; in steps, each of which may run again.
pub(super) async fn fetch(
    worker: &RecordingsWorker,
    consumer: &str,
    delivery: &Delivery,
    meta: &Meta,
    data: &RecordingAvailableV1,
) -> Result<Done, Failure> {
    // A forged address leaves no trace in the tables: only the dead letter tells.
    worker
        .twilio
        .api
        .check(&data.url, data.account_sid.as_ref(), &data.recording_sid)
        .map_err(Failure::fail)?;
    let report = Report {
        recording: &data.recording_sid,
        call: &data.call_sid,
        fact: Fact::Available,
        failure: None,
        duration_s: data.duration_s,
        channels: data.channels,
    };
    if store::begin(&worker.pool, meta, &report).await? {
        return store::nothing_to_fetch(&worker.pool, consumer, meta).await;
    }
    let span = tracing::info_span!("recordings.download");
    match download(worker, data).instrument(span).await {
        Ok(kept) => {
            let done = store::complete(&worker.pool, consumer, meta, &report, &kept).await?;
            worker.deletions.notify_one();
            Ok(done)
        }
        Err(problem) => {
            let last = delivery.last && problem.may_pass() || problem.is_final();
            if last {
                let failure = Some(problem.to_string());
                let report = Report { fact: Fact::GivenUp, failure, ..report };
                store::give_up(&worker.pool, meta, &report).await?;
            }
            Err(problem.into())
        }
    }
}

async fn download(worker: &RecordingsWorker, data: &RecordingAvailableV1) -> Result<Kept, Problem> {
    let recording = &data.recording_sid;
    // It may be safe already, and the row not know: a worker was killed between the two, or the
    // database was restored from before.
    if let Some(stored) = worker.objects.stored(recording).await.map_err(WriteError::Store)? {
        return Ok(Kept {
            stored,
            channels: data.channels.filter(|channels| *channels == 2).unwrap_or(1),
            content_type: CONTENT_TYPE.to_owned(),
            delete_at_provider: worker.delete_at_provider,
        });
    }
    let audio = worker.twilio.audio(recording, data.channels, worker.max_bytes).await?;
    let (channels, content_type) = (audio.channels, audio.content_type.clone());
    let stored = worker.objects.write(recording, worker.max_bytes, audio.into_stream()).await?;
    Ok(Kept { stored, channels, content_type, delete_at_provider: worker.delete_at_provider })
}

/// Why there is no audio in our store.
#[derive(Debug, thiserror::Error)]
enum Problem {
    #[error(transparent)]
    Fetch(#[from] FetchError),
    #[error(transparent)]
    Write(#[from] WriteError<reqwest::Error>),
}

impl Problem {
    /// Trying again cannot help.
    fn is_final(&self) -> bool {
        matches!(
            self,
            Self::Fetch(FetchError::NotAudio(_) | FetchError::TooLarge(_) | FetchError::Redirected(_))
                | Self::Write(WriteError::TooLarge(_))
        )
    }

    /// Nobody gets a recording now: Twilio or our store is away.
    fn is_outage(&self) -> bool {
        matches!(self, Self::Fetch(FetchError::Unreachable(_)) | Self::Write(WriteError::Store(_)))
    }

    fn may_pass(&self) -> bool {
        !self.is_final() && !self.is_outage()
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        if problem.is_outage() {
            Self::Down(problem.into())
        } else if problem.is_final() {
            Self::fail(problem)
        } else {
            Self::retry(problem)
        }
    }
}
