//! Times of the pump.

use std::time::Duration;

/// Times of the pump.
#[derive(Debug, Clone, Copy)]
pub struct PumpOptions {
    /// How long to wait for the server's ack. Default 5 s.
    pub ack_wait: Duration,
    /// How long to wait, after the first of few rows, for more. Default 3 ms.
    pub linger: Duration,
    /// How long to wait after a batch that could have been larger. Default 10 ms.
    pub gather: Duration,
    /// The longest time between two looks at a quiet lane. Default 1 s.
    pub tick: Duration,
    /// How long shutdown waits for acks of what is in flight. Default 3 s.
    pub stop_within: Duration,
}

impl Default for PumpOptions {
    fn default() -> Self {
        Self {
            ack_wait: Duration::from_secs(5),
            linger: Duration::from_millis(3),
            gather: Duration::from_millis(10),
            tick: Duration::from_secs(1),
            stop_within: Duration::from_secs(3),
        }
    }
}
