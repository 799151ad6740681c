//! One pull request, watched. The client's own batch stalls on idle heartbeats
//! (it drops the waker), and its endless stream prefetches past the places.

use std::time::Duration;

use async_nats::{
    Client, StatusCode, Subject, Subscriber,
    connection::State,
    jetstream::{
        self, AckKind, Message,
        consumer::{PullConsumer, pull::BatchConfig},
    },
};
use futures_util::{FutureExt as _, StreamExt as _};
use tokio::time::{Instant, MissedTickBehavior};

use super::{Cause, Policy, Worker, shared::Shared};

/// Pause after the server could not be asked.
const PAUSE: Duration = Duration::from_secs(1);

/// How long a stop waits for messages that are on their way, to give them back.
const REST_WAIT: Duration = Duration::from_millis(500);

/// How often the connection's state is looked at while nothing arrives.
const STATE_CHECK: Duration = Duration::from_millis(250);

/// A pull that is under way.
pub(super) struct Pull {
    client: Client,
    context: jetstream::Context,
    subscriber: Subscriber,
    left: usize,
    silence: Duration,
    /// When the server was heard last.
    heard: Instant,
    /// How it ended, where that was seen while messages were looked for.
    ended: Option<Pulled>,
}

/// What a pull brings.
pub(super) enum Pulled {
    /// A message.
    Message(Box<Message>),
    /// All that was asked for, or the time is over: pull again.
    Ended,
    /// The server was not heard, or ended the pull: look at the consumer again.
    Lost(String),
}

impl Pull {
    /// Asks for up to `count` messages.
    pub async fn open(
        client: &Client,
        context: &jetstream::Context,
        consumer: &PullConsumer,
        count: usize,
        policy: &Policy,
    ) -> Result<Self, Cause> {
        let inbox = Subject::from(client.new_inbox());
        let subscriber = client.subscribe(inbox.clone()).await?;
        let request = BatchConfig {
            batch: count,
            expires: Some(policy.pull_expires),
            idle_heartbeat: policy.pull_heartbeat,
            ..BatchConfig::default()
        };
        consumer.request_batch(request, inbox).await?;
        Ok(Self {
            client: client.clone(),
            context: context.clone(),
            subscriber,
            left: count,
            silence: policy.pull_heartbeat * 2 + Duration::from_secs(1),
            heard: Instant::now(),
            ended: None,
        })
    }

    /// The next thing that happens. Cancel-safe: how long the server has been silent outlives a call.
    pub async fn next(&mut self) -> Pulled {
        if let Some(ended) = self.ended.take() {
            return ended;
        }
        if self.left == 0 {
            return Pulled::Ended;
        }
        let mut check = tokio::time::interval(STATE_CHECK);
        check.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut deadline = Box::pin(tokio::time::sleep_until(self.heard + self.silence));
        loop {
            let message = tokio::select! {
                biased;
                message = self.subscriber.next() => message,
                () = &mut deadline => return Pulled::Lost("no heartbeat".to_owned()),
                _ = check.tick() => {
                    if self.client.connection_state() == State::Connected {
                        continue;
                    }
                    return Pulled::Lost("disconnected".to_owned());
                }
            };
            let Some(message) = message else { return Pulled::Lost("subscription closed".to_owned()) };
            self.heard = Instant::now();
            match message.status {
                None | Some(StatusCode::OK) => {
                    self.left -= 1;
                    let context = self.context.clone();
                    return Pulled::Message(Box::new(Message { message, context }));
                }
                Some(StatusCode::IDLE_HEARTBEAT) => deadline.as_mut().reset(self.heard + self.silence),
                Some(StatusCode::TIMEOUT | StatusCode::NOT_FOUND) => return Pulled::Ended,
                Some(status) => {
                    let words = message.description.unwrap_or_default();
                    return Pulled::Lost(format!("{status} {words}"));
                }
            }
        }
    }

    /// A message that has arrived already.
    pub fn arrived(&mut self) -> Option<Message> {
        match self.next().now_or_never()? {
            Pulled::Message(message) => Some(*message),
            ended => {
                self.ended = Some(ended);
                None
            }
        }
    }

    /// The same for a worker; says what went wrong after a pause.
    pub async fn open_for<W: Worker>(
        shared: &Shared<W>,
        consumer: &PullConsumer,
        count: usize,
    ) -> Result<Self, String> {
        let bus = &shared.bus;
        match Self::open(&bus.client, &bus.jetstream, consumer, count, &shared.policy).await {
            Ok(pull) => Ok(pull),
            Err(error) => {
                tokio::time::sleep(PAUSE).await;
                Err(error.to_string())
            }
        }
    }

    /// For a stop: gives back what has arrived. The pull itself ends here.
    pub async fn give_back(self) {
        for message in self.into_rest(REST_WAIT).await {
            let _ = message.ack_with(AckKind::Nak(None)).await;
        }
    }

    async fn into_rest(mut self, wait: Duration) -> Vec<Message> {
        let mut rest = Vec::new();
        let drained = async {
            // Stops the pull at the server and ends the subscription after what is on its way.
            if self.subscriber.drain().await.is_err() {
                return;
            }
            while let Some(message) = self.subscriber.next().await {
                if matches!(message.status, None | Some(StatusCode::OK)) {
                    rest.push(Message { message, context: self.context.clone() });
                }
            }
        };
        let _ = tokio::time::timeout(wait, drained).await;
        rest
    }
}
