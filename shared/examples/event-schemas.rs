//! Writes the JSON Schema of every event to the folder that is named, normally
//! `docs/events`.

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
use schemars::{JsonSchema, schema_for};

fn write<T: JsonSchema>(folder: &std::path::Path, name: &str) -> anyhow::Result<()> {
    let mut text = serde_json::to_string_pretty(&schema_for!(T))?;
    text.push('\n');
    fs::write(folder.join(format!("{name}.schema.json")), text)?;
    Ok(())
}

fn event<T: EventData>(folder: &std::path::Path) -> anyhow::Result<()> {
    write::<CloudEvent<T>>(folder, T::TYPE)
}

fn command<T: CommandArgs>(folder: &std::path::Path) -> anyhow::Result<()> {
    event::<Command<T>>(folder)
}

fn main() -> anyhow::Result<()> {
    let folder = PathBuf::from(args().nth(1).unwrap_or_else(|| "docs/events".to_owned()));
    fs::create_dir_all(&folder)?;
    event::<CallIncomingV1>(&folder)?;
    event::<CallStatusV1>(&folder)?;
    event::<CallDialedV1>(&folder)?;
    event::<RecordingAvailableV1>(&folder)?;
    event::<RecordingStatusV1>(&folder)?;
    command::<BusinessConfigureV1>(&folder)?;
    command::<BusinessCreateV1>(&folder)?;
    command::<BusinessSetActiveV1>(&folder)?;
    command::<BusinessSetNumbersV1>(&folder)?;
    command::<CallMarkCalledBackV1>(&folder)?;
    command::<LeadCreateV1>(&folder)?;
    command::<LeadUpdateV1>(&folder)?;
    command::<LeadDeleteV1>(&folder)?;
    command::<LeadRestoreV1>(&folder)?;
    command::<LeadDeleteManyV1>(&folder)?;
    command::<LeadRestoreManyV1>(&folder)?;
    command::<UserCreateV1>(&folder)?;
    command::<UserUpdateV1>(&folder)?;
    command::<UserDeleteV1>(&folder)?;
    command::<UserRestoreV1>(&folder)?;
    event::<WhatsappFactV1>(&folder)?;
    command::<WhatsappInitV1>(&folder)?;
    command::<WhatsappPairingCodeV1>(&folder)?;
    command::<WhatsappLogoutV1>(&folder)?;
    command::<WhatsappDeleteV1>(&folder)?;
    command::<DeadLetterDiscardV1>(&folder)?;
    command::<ReplayStartV1>(&folder)?;
    command::<ReplayCancelV1>(&folder)?;
    command::<WorkerPauseV1>(&folder)?;
    command::<WorkerResumeV1>(&folder)?;
    write::<DeadLetterV1>(&folder, "dead_letter.v1")
}
