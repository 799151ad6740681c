//! Counters of commands and of calls of the WhatsApp service: they exist at zero from the start, so that an alert sees
//! the first step. Those of each worker are made by the runtime.

use metrics::counter;
use prosaas_events::{
    EventData,
    catalogue::{Visitor, visit},
    crm::CommandArgs,
};

use crate::calls::last_status::Asked;

/// Makes them.
pub fn exist() {
    for asked in Asked::ALL {
        counter!("prosaas_call_asks_total", "outcome" => asked.as_str()).increment(0);
    }
    for outcome in crate::outward::OUTCOMES {
        counter!("prosaas_outward_attempts_total", "outcome" => outcome).increment(0);
    }
    visit(&mut Commands);
    for effect in crate::whatsapp::EFFECTS {
        for outcome in ["done", "failed"] {
            counter!("prosaas_whatsapp_calls_total", "effect" => effect, "outcome" => outcome).increment(0);
        }
    }
}

struct Commands;

impl Visitor for Commands {
    fn fact<T: EventData>(&mut self) {}

    fn command<T: CommandArgs>(&mut self) {
        for outcome in ["applied", "refused"] {
            counter!("prosaas_crm_commands_total", "action" => T::ACTION, "outcome" => outcome).increment(0);
        }
    }
}

#[cfg(test)]
mod tests {
    use metrics_exporter_prometheus::PrometheusBuilder;

    #[test]
    fn what_fails_is_zero_before_it_happens() {
        let recorder = PrometheusBuilder::new().build_recorder();
        metrics::with_local_recorder(&recorder, super::exist);
        let text = recorder.handle().render();
        for line in [
            r#"prosaas_crm_commands_total{action="lead.delete",outcome="refused"} 0"#,
            r#"prosaas_whatsapp_calls_total{effect="start",outcome="failed"} 0"#,
        ] {
            assert!(text.contains(line), "{line}\n{text}");
        }
    }
}
