//! Writes the JSON Schema of every event, and the AsyncAPI 3 document of where they
//! travel, to the folder that is named, normally `docs/events`.

use std::{env::args, fs, mem::replace, path::PathBuf};

use anyhow::bail;
use prosaas_domain::ids::{CallSid, RecordingSid, WhatsappSessionId};
use prosaas_events::{
    CloudEvent, EventData,
    call::{
        CallDialedV1, CallErrorV1, CallIncomingV1, CallLegAcceptedV1, CallMenuV1, CallStatusV1, CallUnknownV1,
    },
    catalogue::{Visitor, visit},
    crm::{Command, CommandArgs},
    dead_letter::DeadLetterV1,
    domain_event::DomainEventData,
    recording::{RecordingAvailableV1, RecordingStatusV1},
    subjects::{Stream, Subject, command_address, dead, domain_event_address},
    whatsapp::WhatsappFactV1,
};
use schemars::{JsonSchema, schema_for};
use serde_json::{Map, Value, json};

/// The folder, and the AsyncAPI document of what was written into it.
struct Events {
    folder: PathBuf,
    channels: Map<String, Value>,
    operations: Map<String, Value>,
    messages: Map<String, Value>,
    /// The first failure.
    result: anyhow::Result<()>,
}

impl Events {
    /// Writes a schema, and documents where its events travel. The address's parameter
    /// stands in braces.
    fn write<T: JsonSchema>(&mut self, name: &str, address: &str, stream: Stream) -> anyhow::Result<()> {
        let schema = schema_for!(T);
        let mut text = serde_json::to_string_pretty(&schema)?;
        text.push('\n');
        let file = format!("{name}.schema.json");
        fs::write(self.folder.join(&file), text)?;
        let parameters: Map<String, Value> = address
            .split('.')
            .filter_map(|token| token.strip_prefix('{')?.strip_suffix('}'))
            .map(|token| (token.to_owned(), json!({ "description": described(token) })))
            .collect();
        self.messages.insert(
            name.to_owned(),
            json!({
                "name": name,
                "contentType": if stream == Stream::Dead { "application/json" } else { "application/cloudevents+json" },
                "payload": {
                    "schemaFormat": "application/schema+json;version=draft-2020-12",
                    "schema": { "$ref": format!("./{file}") },
                },
            }),
        );
        self.channels.insert(
            name.to_owned(),
            json!({
                "address": address,
                "title": format!("Stream {stream}"),
                "parameters": parameters,
                "messages": { name: { "$ref": format!("#/components/messages/{name}") } },
            }),
        );
        for (action, who) in [("send", "publish"), ("receive", "apply")] {
            self.operations.insert(
                format!("{who}.{name}"),
                json!({
                    "action": action,
                    "channel": { "$ref": format!("#/channels/{name}") },
                    "messages": [{ "$ref": format!("#/channels/{name}/messages/{name}") }],
                }),
            );
        }
        Ok(())
    }

    /// Writes the document.
    fn finish(self) -> anyhow::Result<()> {
        self.result?;
        let document = json!({
            "asyncapi": "3.0.0",
            "info": {
                "title": "ProSaaS: events",
                "version": "1",
                "description": "Every event, where it travels in JetStream, and its form: CloudEvents 1.0, structured JSON. A version's form never changes; `Nats-Msg-Id` is the event's id. What cannot be applied travels on behind `dead.`, what is replayed behind `replay.<consumer>.`.",
                "license": { "name": "Apache-2.0" },
            },
            "defaultContentType": "application/json",
            "channels": self.channels,
            "operations": self.operations,
            "components": { "messages": self.messages },
        });
        let mut text = serde_json::to_string_pretty(&document)?;
        text.push('\n');
        fs::write(self.folder.join("asyncapi.json"), text)?;
        Ok(())
    }
}

fn described(parameter: &str) -> &'static str {
    match parameter {
        "callSid" => "Twilio's id of the call",
        "recordingSid" => "Twilio's id of the recording",
        "sessionId" => "The WhatsApp session",
        "subject" => "The subject that the event had",
        "changedId" => "What has changed",
        _ => "What the command is about",
    }
}

/// The address of an event that tells what happened elsewhere.
fn fact_address(event_type: &str) -> anyhow::Result<(String, Stream)> {
    let call: CallSid = format!("CA{}", "0".repeat(32)).parse()?;
    let recording: RecordingSid = format!("RE{}", "0".repeat(32)).parse()?;
    let session = WhatsappSessionId(uuid::Uuid::nil());
    let of_call = |subject: Subject| subject.as_str().replace(call.as_str(), "{callSid}");
    let of_recording = |subject: Subject| subject.as_str().replace(recording.as_str(), "{recordingSid}");
    Ok(match event_type {
        CallIncomingV1::TYPE => (of_call(Subject::call_incoming(&call)), Stream::Calls),
        CallStatusV1::TYPE => (of_call(Subject::call_status(&call)), Stream::Calls),
        CallMenuV1::TYPE => (of_call(Subject::call_menu(&call)), Stream::Calls),
        CallLegAcceptedV1::TYPE => (of_call(Subject::call_leg_accepted(&call)), Stream::Calls),
        CallUnknownV1::TYPE => (of_call(Subject::call_unknown(&call)), Stream::Calls),
        CallErrorV1::TYPE => (of_call(Subject::call_error(&call)), Stream::Calls),
        CallDialedV1::TYPE => (of_call(Subject::call_dialed(&call)), Stream::Calls),
        RecordingAvailableV1::TYPE => {
            (of_recording(Subject::recording_available(&recording)), Stream::Recordings)
        }
        RecordingStatusV1::TYPE => (of_recording(Subject::recording_status(&recording)), Stream::Recordings),
        WhatsappFactV1::TYPE => {
            let subject = Subject::whatsapp_fact(session);
            (subject.as_str().replace(&session.to_string(), "{sessionId}"), Stream::Whatsapp)
        }
        _ => bail!("say in event-schemas.rs where a {event_type} travels"),
    })
}

impl Visitor for Events {
    fn fact<T: EventData>(&mut self) {
        self.result = replace(&mut self.result, Ok(())).and_then(|()| {
            let (address, stream) = fact_address(T::TYPE)?;
            self.write::<CloudEvent<T>>(T::TYPE, &address, stream)
        });
    }

    fn command<T: CommandArgs>(&mut self) {
        self.result = replace(&mut self.result, Ok(())).and_then(|()| {
            self.write::<CloudEvent<Command<T>>>(T::TYPE, &command_address::<T>("{entityId}"), T::STREAM)
        });
    }

    fn domain_event<T: DomainEventData>(&mut self) {
        self.result = replace(&mut self.result, Ok(())).and_then(|()| {
            self.write::<CloudEvent<T>>(T::TYPE, &domain_event_address::<T>("{changedId}"), Stream::Events)
        });
    }
}

fn main() -> anyhow::Result<()> {
    let folder = PathBuf::from(args().nth(1).unwrap_or_else(|| "docs/events".to_owned()));
    fs::create_dir_all(&folder)?;
    let (channels, operations, messages) = (Map::new(), Map::new(), Map::new());
    let mut events = Events { folder, channels, operations, messages, result: Ok(()) };
    visit(&mut events);
    events.write::<DeadLetterV1>("dead_letter.v1", &dead("{subject}"), Stream::Dead)?;
    events.finish()
}
