//! Writes the JSON Schema of every event, and the AsyncAPI 3 document of where they
//! travel, to the folder that is named, normally `docs/events`.

use std::{env::args, fs, path::PathBuf};

use prosaas_shared::events::{
    CloudEvent, EventData,
    call::{CallDialedV1, CallIncomingV1, CallStatusV1},
    crm::{
        Command, CommandArgs,
        business::{BusinessConfigureV1, BusinessCreateV1, BusinessSetActiveV1, BusinessSetNumbersV1},
        call::CallMarkCalledBackV1,
        lead::{
            LeadCreateV1, LeadDeleteManyV1, LeadDeleteV1, LeadRestoreManyV1, LeadRestoreV1, LeadUpdateV1,
        },
        user::{UserCreateV1, UserDeleteV1, UserRestoreV1, UserUpdateV1},
    },
    dead_letter::DeadLetterV1,
    ops::{DeadLetterDiscardV1, ReplayCancelV1, ReplayStartV1, WorkerPauseV1, WorkerResumeV1},
    recording::{RecordingAvailableV1, RecordingStatusV1},
    whatsapp::{WhatsappDeleteV1, WhatsappFactV1, WhatsappInitV1, WhatsappLogoutV1, WhatsappPairingCodeV1},
};
use prosaas_shared::{
    ids::{CallSid, RecordingSid, WhatsappSessionId},
    subjects::{Stream, Subject, command_address, dead},
};
use schemars::{JsonSchema, schema_for};
use serde_json::{Map, Value, json};

/// The folder, and the AsyncAPI document of what was written into it.
struct Events {
    folder: PathBuf,
    channels: Map<String, Value>,
    operations: Map<String, Value>,
    messages: Map<String, Value>,
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

    fn event<T: EventData>(&mut self, address: &str, stream: Stream) -> anyhow::Result<()> {
        self.write::<CloudEvent<T>>(T::TYPE, address, stream)
    }

    fn command<T: CommandArgs>(&mut self) -> anyhow::Result<()> {
        self.event::<Command<T>>(&command_address::<T>("{entityId}"), T::STREAM)
    }

    /// Writes the document.
    fn finish(self) -> anyhow::Result<()> {
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
        _ => "What the command is about",
    }
}

/// What Twilio, and the WhatsApp service, tell us.
fn facts(events: &mut Events) -> anyhow::Result<()> {
    let call: CallSid = format!("CA{}", "0".repeat(32)).parse()?;
    let recording: RecordingSid = format!("RE{}", "0".repeat(32)).parse()?;
    let session = WhatsappSessionId(uuid::Uuid::nil());
    let of_call = |subject: Subject| subject.as_str().replace(call.as_str(), "{callSid}");
    let of_recording = |subject: Subject| subject.as_str().replace(recording.as_str(), "{recordingSid}");
    events.event::<CallIncomingV1>(&of_call(Subject::call_incoming(&call)), Stream::Calls)?;
    events.event::<CallStatusV1>(&of_call(Subject::call_status(&call)), Stream::Calls)?;
    events.event::<CallDialedV1>(&of_call(Subject::call_dialed(&call)), Stream::Calls)?;
    let available = of_recording(Subject::recording_available(&recording));
    events.event::<RecordingAvailableV1>(&available, Stream::Recordings)?;
    let status = of_recording(Subject::recording_status(&recording));
    events.event::<RecordingStatusV1>(&status, Stream::Recordings)?;
    let fact = Subject::whatsapp_fact(session).as_str().replace(&session.to_string(), "{sessionId}");
    events.event::<WhatsappFactV1>(&fact, Stream::Whatsapp)
}

/// What people ask for.
fn commands(events: &mut Events) -> anyhow::Result<()> {
    events.command::<BusinessConfigureV1>()?;
    events.command::<BusinessCreateV1>()?;
    events.command::<BusinessSetActiveV1>()?;
    events.command::<BusinessSetNumbersV1>()?;
    events.command::<CallMarkCalledBackV1>()?;
    events.command::<LeadCreateV1>()?;
    events.command::<LeadUpdateV1>()?;
    events.command::<LeadDeleteV1>()?;
    events.command::<LeadRestoreV1>()?;
    events.command::<LeadDeleteManyV1>()?;
    events.command::<LeadRestoreManyV1>()?;
    events.command::<UserCreateV1>()?;
    events.command::<UserUpdateV1>()?;
    events.command::<UserDeleteV1>()?;
    events.command::<UserRestoreV1>()?;
    events.command::<WhatsappInitV1>()?;
    events.command::<WhatsappPairingCodeV1>()?;
    events.command::<WhatsappLogoutV1>()?;
    events.command::<WhatsappDeleteV1>()?;
    events.command::<DeadLetterDiscardV1>()?;
    events.command::<ReplayStartV1>()?;
    events.command::<ReplayCancelV1>()?;
    events.command::<WorkerPauseV1>()?;
    events.command::<WorkerResumeV1>()
}

fn main() -> anyhow::Result<()> {
    let folder = PathBuf::from(args().nth(1).unwrap_or_else(|| "docs/events".to_owned()));
    fs::create_dir_all(&folder)?;
    let (channels, operations, messages) = (Map::new(), Map::new(), Map::new());
    let mut events = Events { folder, channels, operations, messages };
    facts(&mut events)?;
    commands(&mut events)?;
    events.write::<DeadLetterV1>("dead_letter.v1", &dead("{subject}"), Stream::Dead)?;
    events.finish()
}
