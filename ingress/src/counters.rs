//! Counters whose first step an alert must see: they exist at zero from the start.

use metrics::counter;
use prosaas_event_log::publish::Kept;
use prosaas_events::subjects::Stream;

/// Makes them.
pub fn exist() {
    for webhook in ["incoming_call", "call_status", "handle_recording", "dial_result"] {
        for kept in [Kept::Logged, Kept::LastResort, Kept::Lost] {
            counter!("prosaas_webhook_acks_total", "webhook" => webhook, "outcome" => kept.as_str())
                .increment(0);
        }
    }
    for stream in Stream::PUMPED {
        counter!("prosaas_pump_rejected_total", "stream" => stream.name()).increment(0);
    }
    for outcome in ["refused", "succeeded"] {
        counter!("prosaas_logins_total", "outcome" => outcome).increment(0);
    }
    counter!("prosaas_logins_throttled_total").increment(0);
    counter!("prosaas_api_rate_limited_total").increment(0);
    counter!("prosaas_api_reads_refused_total").increment(0);
    counter!("prosaas_nats_events_total").increment(0);
}

#[cfg(test)]
mod tests {
    use metrics_exporter_prometheus::PrometheusBuilder;

    #[test]
    fn what_is_lost_and_refused_is_zero_before_it_happens() {
        let recorder = PrometheusBuilder::new().build_recorder();
        metrics::with_local_recorder(&recorder, super::exist);
        let text = recorder.handle().render();
        for line in [
            r#"prosaas_webhook_acks_total{webhook="incoming_call",outcome="lost"} 0"#,
            r#"prosaas_pump_rejected_total{stream="CALLS"} 0"#,
            "prosaas_logins_throttled_total 0",
        ] {
            assert!(text.contains(line), "{line}\n{text}");
        }
    }
}
