//! Signed traffic whose handlers, or whose recordings at Twilio, fail when they are told to.

use std::time::{Duration, Instant};

use prosaas_tests::{
    fake_twilio::{Shelf, Trouble, audio},
    load::Attempt,
    random::Random,
    twilio::{CALLER, NUMBER, Twilio, call_sid, recording_sid},
};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Bytes of a recording, about.
const AUDIO: usize = 20_000;

/// Kinds of trouble in a random order, each as often as it is named, again and again.
pub struct Deck<T> {
    all: Vec<T>,
    left: Vec<T>,
    random: Random,
}

impl<T: Copy> Deck<T> {
    pub fn new(all: &[T], random: Random) -> Self {
        Self { all: all.to_vec(), left: Vec::new(), random }
    }

    pub fn next(&mut self) -> Option<T> {
        if self.left.is_empty() {
            self.left.clone_from(&self.all);
            self.random.shuffle(&mut self.left);
        }
        self.left.pop()
    }
}

/// Calls whose handlers are told to fail, one every second or so.
pub fn troubled(twilio: &Twilio, seed: u64, stop: CancellationToken) -> JoinHandle<Vec<Attempt>> {
    let twilio = twilio.clone();
    tokio::spawn(async move {
        let mut random = Random::new(seed ^ 0x5eed);
        // Each hang costs the worker twenty seconds: fewer of them.
        let kinds = ["transient", "transient", "permanent", "permanent", "panic", "hang"];
        let mut kinds = Deck::new(&kinds, random.clone());
        let mut attempts = Vec::new();
        while let (false, Some(kind)) = (stop.is_cancelled(), kinds.next()) {
            attempts.push(incoming(&twilio, format!("CA-{kind}-{}", rest(&call_sid()))).await);
            tokio::time::sleep(Duration::from_millis(random.between(400, 1600))).await;
        }
        attempts
    })
}

async fn incoming(twilio: &Twilio, call: String) -> Attempt {
    let began = Instant::now();
    let answered = twilio.incoming(&call, CALLER, NUMBER).await.and_then(|reply| reply.twiml());
    let problem = answered.err().map(|error| format!("{error:#}"));
    Attempt { call, took: began.elapsed(), problem }
}

fn rest(sid: &str) -> String {
    sid.chars().skip(2).take(24).collect()
}

/// A call with a recording.
#[derive(Debug)]
pub struct Recorded {
    pub call: Attempt,
    pub recording: String,
    /// Twilio got its answer.
    pub acknowledged: bool,
}

impl Recorded {
    /// What must lie in our store.
    pub fn audio(&self) -> Vec<u8> {
        audio(&self.recording, AUDIO)
    }
}

/// What becomes of a recording.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Sound,
    /// Twilio fails so often before it gives the audio.
    Late(Trouble, usize),
    /// It fails until it is mended.
    Broken(Trouble),
    /// Our handler is told to fail.
    Handler(&'static str),
}

const KINDS: [Kind; 16] = [
    Kind::Sound,
    Kind::Sound,
    Kind::Sound,
    Kind::Sound,
    Kind::Sound,
    Kind::Sound,
    Kind::Late(Trouble::NotReady, 1),
    Kind::Late(Trouble::NotReady, 2),
    Kind::Late(Trouble::Refused, 1),
    Kind::Late(Trouble::Refused, 2),
    Kind::Late(Trouble::Cut, 1),
    // It costs half a minute.
    Kind::Late(Trouble::Silent, 1),
    Kind::Broken(Trouble::NotAudio),
    Kind::Handler("transient"),
    Kind::Handler("permanent"),
    Kind::Handler("panic"),
];

/// Calls with a recording each, one every second or so.
pub fn recorded(
    twilio: &Twilio,
    shelf: Shelf,
    seed: u64,
    stop: CancellationToken,
) -> JoinHandle<anyhow::Result<Vec<Recorded>>> {
    let twilio = twilio.clone();
    tokio::spawn(async move {
        let mut random = Random::new(seed ^ 0x7ec0);
        let mut kinds = Deck::new(&KINDS, random.clone());
        let mut made = Vec::new();
        while let (false, Some(kind)) = (stop.is_cancelled(), kinds.next()) {
            made.push(record(&twilio, &shelf, kind).await?);
            tokio::time::sleep(Duration::from_millis(random.between(400, 1600))).await;
        }
        Ok(made)
    })
}

async fn record(twilio: &Twilio, shelf: &Shelf, kind: Kind) -> anyhow::Result<Recorded> {
    let sid = recording_sid();
    let recording = match kind {
        Kind::Handler(word) => format!("RE-{word}-{}", rest(&sid)),
        _ => sid,
    };
    let audio = audio(&recording, AUDIO);
    match kind {
        Kind::Sound | Kind::Handler(_) => shelf.hold(&recording, audio, Trouble::NotReady, 0)?,
        Kind::Late(trouble, times) => shelf.hold(&recording, audio, trouble, times)?,
        Kind::Broken(trouble) => shelf.hold_broken(&recording, audio, trouble)?,
    }
    let call = incoming(twilio, call_sid()).await;
    let answered = twilio.recording(&call.call, &recording, "completed").await;
    let acknowledged = answered.and_then(|reply| reply.twiml()).is_ok();
    // Whether that arrives is no matter: what is told of a call is compared with its row.
    let _ = twilio.status(&call.call, "completed", 3, &[("CallDuration", "9")]).await;
    Ok(Recorded { call, recording, acknowledged })
}
