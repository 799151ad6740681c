//! Counters whose first step an alert must see: they exist at zero from the start.

use metrics::counter;
use prosaas_event_log::publish::Kept;
use prosaas_events::{
    EventData,
    catalogue::{Visitor, visit},
    crm::CommandArgs,
    subjects::Stream,
};
use prosaas_platform::bus::publisher::Reason;

/// Makes them.
pub fn exist() {
    for webhook in ["incoming_call", "call_status", "handle_recording", "dial_result", "menu", "screen"] {
        for kept in [Kept::Logged, Kept::LastResort, Kept::Lost] {
            counter!("prosaas_webhook_acks_total", "webhook" => webhook, "outcome" => kept.as_str())
                .increment(0);
        }
        counter!("prosaas_twilio_errors_total", "webhook" => webhook, "code" => "other").increment(0);
    }
    for result in ["asked", "accepted", "declined"] {
        counter!("prosaas_call_screenings_total", "result" => result).increment(0);
    }
    for stream in Stream::PUMPED {
        counter!("prosaas_pump_rejected_total", "stream" => stream.name()).increment(0);
        counter!("prosaas_pump_published_total", "stream" => stream.name()).increment(0);
    }
    for reason in Reason::ALL.map(Reason::as_str).into_iter().chain(["blocked"]) {
        counter!("prosaas_pump_retries_total", "reason" => reason).increment(0);
    }
    for kind in ["atomic", "single"] {
        counter!("prosaas_pump_batches_total", "kind" => kind).increment(0);
    }
    for reason in REFUSALS {
        counter!("prosaas_webhook_refused_total", "reason" => reason).increment(0);
    }
    for (kind, outcome) in
        ["invitation", "password_reset"].into_iter().flat_map(|kind| [(kind, "sent"), (kind, "failed")])
    {
        counter!("prosaas_mails_total", "kind" => kind, "outcome" => outcome).increment(0);
    }
    for outcome in FACTS {
        counter!("prosaas_whatsapp_facts_total", "outcome" => outcome).increment(0);
    }
    for endpoint in ["init", "qr", "pairing-code"] {
        counter!("prosaas_whatsapp_refused_total", "endpoint" => endpoint).increment(0);
    }
    visit(&mut Commands);
    for outcome in ["refused", "succeeded"] {
        counter!("prosaas_logins_total", "outcome" => outcome).increment(0);
    }
    counter!("prosaas_logins_throttled_total").increment(0);
    counter!("prosaas_api_rate_limited_total").increment(0);
    counter!("prosaas_api_reads_refused_total").increment(0);
    counter!("prosaas_nats_events_total").increment(0);
}

/// Why a webhook refuses a request.
const REFUSALS: [&str; 9] = [
    "too_large",
    "incomplete",
    "too_slow",
    "content_type",
    "unreadable",
    "signature",
    "account",
    "parameter",
    "not_kept",
];

/// What becomes of what the WhatsApp service reports.
const FACTS: [&str; 8] = ["kept", "body", "too_slow", "busy", "signature", "form", "too_large", "not_kept"];

/// The counter of each command.
struct Commands;

impl Visitor for Commands {
    fn fact<T: EventData>(&mut self) {}

    fn command<T: CommandArgs>(&mut self) {
        for outcome in ["accepted", "refused"] {
            counter!("prosaas_commands_total", "action" => T::ACTION, "outcome" => outcome).increment(0);
        }
    }
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
            r#"prosaas_pump_retries_total{reason="timeout"} 0"#,
            r#"prosaas_webhook_refused_total{reason="signature"} 0"#,
            r#"prosaas_commands_total{action="lead.create",outcome="refused"} 0"#,
            "prosaas_logins_throttled_total 0",
        ] {
            assert!(text.contains(line), "{line}\n{text}");
        }
    }
}
