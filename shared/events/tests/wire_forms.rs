//! The wire form of each event's version, frozen. A snapshot here is never
//! edited: events of that form lie in streams and dead letters. A change of
//! form is a new version with a snapshot of its own.

use chrono::{DateTime, Utc};
use prosaas_domain::{
    call_config::{CallSettings, Key, MenuPath, WeeklyHours},
    ids::BusinessId,
    phone::E164,
    rights::Role,
};
use prosaas_events::{
    CloudEvent, EventData,
    call::{
        Answer, CallDialedV1, CallErrorV1, CallIncomingV1, CallLegAcceptedV1, CallMenuV1, CallStatus,
        CallStatusV1, CallUnknownV1, MenuResult, MenuThen, Webhook,
    },
    crm::{
        Command, CommandArgs, CommandMeta,
        business::{BusinessConfigureV1, BusinessCreateV1, BusinessSetActiveV1, BusinessSetNumbersV1},
        call::CallMarkCalledBackV1,
        lead::{
            LeadChanges, LeadCreateV1, LeadDeleteManyV1, LeadDeleteV1, LeadFields, LeadRestoreManyV1,
            LeadRestoreV1, LeadSource, LeadStatus, LeadUpdateV1,
        },
        user::{UserCreateV1, UserDeleteV1, UserRestoreV1, UserSetAvailabilityV1, UserUpdateV1},
    },
    dead_letter::{DeadLetterV1, DeadReason},
    domain_event::{
        DomainEventData,
        call::{CallCompletedV1, CallMissedV1, CallMissedWithdrawnV1},
        dead_letter::DeadLetterFiledV1,
        lead::{LeadCreatedV1, LeadDeletedV1, LeadField, LeadRestoredV1, LeadUpdatedV1},
        recording::{RecordingFailedV1, RecordingStoredV1},
        user::UserDeletedV1,
        whatsapp::WhatsappStateChangedV1,
    },
    ops::{DeadLetterDiscardV1, ReplayCancelV1, ReplayStartV1, WorkerPauseV1, WorkerResumeV1},
    recording::{RecordingAvailableV1, RecordingProgress, RecordingStatusV1},
    selection::{DeadLetterFilter, Selection, State},
    subjects::{Stream, Subject},
    whatsapp::{
        Connected, Dropped, Ended, Nothing, Paired, PairingBegan, QrIssued, WhatsappDeleteV1, WhatsappFact,
        WhatsappFactV1, WhatsappInitV1, WhatsappLogoutV1, WhatsappPairingCodeV1, WhatsappState,
    },
};
use uuid::Uuid;

fn at() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + chrono::TimeDelta::days(20_000)
}

fn business() -> BusinessId {
    Uuid::from_u128(0x0192_aaaa_bbbb_7ccc_8ddd_eeee_ffff_0000).into()
}

/// Snapshots the form, and proves that what was written is read back.
#[expect(clippy::unwrap_used, reason = "a helper of tests")]
fn freeze<T: EventData + PartialEq + std::fmt::Debug>(name: &str, data: T) {
    let mut event = CloudEvent::new("id-1".parse().unwrap(), "/twilio/AC1".into(), "CA1".into(), at(), data);
    event.businessid = Some(business());
    event.traceparent = Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".into());
    let bytes = event.encode().unwrap();
    assert_eq!(CloudEvent::<T>::decode(&bytes).unwrap(), event);
    insta::assert_json_snapshot!(name, event);
}

#[test]
fn call_events() {
    freeze(
        "call.incoming.v1",
        CallIncomingV1 {
            call_sid: "CA1".parse().unwrap(),
            account_sid: Some("AC1".parse().unwrap()),
            from: "+972541234567".into(),
            to: "+97233724000".into(),
            direction: Some("inbound".into()),
            status: Some(CallStatus::Ringing),
            caller_name: Some("דנה".into()),
            forwarded_from: Some("+97231111111".into()),
            parent_call_sid: Some("CA0".parse().unwrap()),
            stir_verstat: Some("TN-Validation-Passed-A".into()),
            error_code: Some("11205".into()),
            answer: Answer::UnknownNumber,
        },
    );
    freeze(
        "call.status.v1",
        CallStatusV1 {
            call_sid: "CA1".parse().unwrap(),
            account_sid: Some("AC1".parse().unwrap()),
            status: CallStatus::NoAnswer,
            sequence_number: Some(3),
            from: Some("anonymous".into()),
            to: Some("+97233724000".into()),
            direction: Some("inbound".into()),
            duration_s: Some(12),
            sip_response_code: Some(487),
            occurred_at: Some(at()),
            parent_call_sid: Some("CA0".parse().unwrap()),
        },
    );
    freeze(
        "call.dialed.v1",
        CallDialedV1 {
            call_sid: "CA1".parse().unwrap(),
            account_sid: None,
            outcome: CallStatus::Completed,
            dialed_call_sid: Some("CA2".parse().unwrap()),
            duration_s: Some(61),
            bridged: None,
            screened: false,
            user_id: None,
        },
    );
    freeze(
        "call.dialed.v1.screened",
        CallDialedV1 {
            call_sid: "CA1".parse().unwrap(),
            account_sid: None,
            outcome: CallStatus::Completed,
            dialed_call_sid: None,
            duration_s: None,
            bridged: Some(false),
            screened: true,
            user_id: None,
        },
    );
    freeze("call.unknown.v1", CallUnknownV1 { call_sid: "CA1".parse().unwrap() });
    freeze(
        "call.error.v1",
        CallErrorV1 {
            call_sid: "CA1".parse().unwrap(),
            account_sid: Some("AC1".parse().unwrap()),
            webhook: Webhook::DialResult,
            code: 13214,
            message: Some("Dial: Invalid callerId".to_owned()),
        },
    );
    freeze(
        "call.menu.v1",
        CallMenuV1 {
            call_sid: "CA1".parse().unwrap(),
            account_sid: Some("AC1".parse().unwrap()),
            at: MenuPath::parse("2").unwrap(),
            attempt: 1,
            result: MenuResult::Chosen,
            key: Some(Key::parse("0").unwrap()),
            label: Some("מכירות".to_owned()),
            then: Some(MenuThen::Forward),
        },
    );
    freeze(
        "call.leg_accepted.v1",
        CallLegAcceptedV1 {
            call_sid: "CA1".parse().unwrap(),
            account_sid: Some("AC1".parse().unwrap()),
            leg_sid: "CA2".parse().unwrap(),
            number: Some(E164::parse("+972541234567").unwrap()),
            user_id: None,
        },
    );
}

#[test]
fn recording_events() {
    freeze(
        "recording.available.v1",
        RecordingAvailableV1 {
            recording_sid: "RE1".parse().unwrap(),
            call_sid: "CA1".parse().unwrap(),
            account_sid: Some("AC1".parse().unwrap()),
            url: "https://api.twilio.com/2010-04-01/Accounts/AC1/Recordings/RE1".into(),
            duration_s: Some(9),
            channels: Some(2),
        },
    );
    freeze(
        "recording.status.v1",
        RecordingStatusV1 {
            recording_sid: "RE1".parse().unwrap(),
            call_sid: "CA1".parse().unwrap(),
            account_sid: None,
            status: RecordingProgress::Absent,
            error_code: None,
        },
    );
}

fn freeze_command<T: CommandArgs + PartialEq + std::fmt::Debug>(name: &str, args: T) {
    let meta = CommandMeta {
        operation_id: Uuid::from_u128(7).into(),
        request_id: "req-1".into(),
        ip: Some([192, 0, 2, 1].into()),
    };
    freeze(name, Command { meta, args });
}

#[test]
fn business_commands() {
    freeze_command(
        "crm.business_configure.v1",
        BusinessConfigureV1 {
            business_id: business(),
            name: Some("מאפיית השכונה".into()),
            time_zone: Some(chrono_tz::Asia::Jerusalem),
            expected_revision: Some(4),
            settings: CallSettings::default(),
        },
    );
    let numbers = vec![E164::parse("+97233724000").unwrap()];
    freeze_command(
        "crm.business_create.v1",
        BusinessCreateV1 {
            business_id: business(),
            name: "מאפיית השכונה".into(),
            time_zone: chrono_tz::Asia::Jerusalem,
            numbers: numbers.clone(),
        },
    );
    freeze_command("crm.business_set_numbers.v1", BusinessSetNumbersV1 { business_id: business(), numbers });
    freeze_command(
        "crm.business_set_active.v1",
        BusinessSetActiveV1 { business_id: business(), active: false },
    );
}

#[test]
fn lead_commands() {
    let lead_id = Uuid::from_u128(1).into();
    let fields = LeadFields {
        name: Some("דנה לוי".into()),
        email: Some("dana@example.com".into()),
        phones: vec!["054-123-4567".into()],
        status: Some(LeadStatus::Contacted),
        source: Some(LeadSource::Manual),
        owner_id: Some(Uuid::from_u128(2).into()),
        tags: vec!["דחוף".into()],
        notes: "לחזור מחר".into(),
    };
    freeze_command("crm.lead_create.v1", LeadCreateV1 { lead_id, fields });
    let changes = LeadChanges {
        name: Some(None),
        status: Some(LeadStatus::Won),
        phones: Some(vec![]),
        ..Default::default()
    };
    freeze_command("crm.lead_update.v1", LeadUpdateV1 { lead_id, expected_version: 3, changes });
    freeze_command("crm.lead_delete.v1", LeadDeleteV1 { lead_id });
    freeze_command("crm.lead_restore.v1", LeadRestoreV1 { lead_id });
    let (batch_id, lead_ids) = (Uuid::from_u128(9).into(), vec![lead_id]);
    freeze_command("crm.lead_delete_many.v1", LeadDeleteManyV1 { batch_id, lead_ids: lead_ids.clone() });
    freeze_command("crm.lead_restore_many.v1", LeadRestoreManyV1 { batch_id, lead_ids });
}

#[test]
fn call_commands() {
    let call_sid = "CA0123456789abcdef0123456789abcdef".parse().unwrap();
    freeze_command("crm.call_mark_called_back.v1", CallMarkCalledBackV1 { call_sid });
}

#[test]
fn user_commands() {
    let user_id = Uuid::from_u128(2).into();
    freeze_command(
        "crm.user_create.v1",
        UserCreateV1 {
            user_id, email: "noa@example.com".into(), name: "נועה".into(), role: Role::Manager
        },
    );
    freeze_command("crm.user_delete.v1", UserDeleteV1 { user_id });
    freeze_command("crm.user_restore.v1", UserRestoreV1 { user_id });
    freeze_command(
        "crm.user_set_availability.v1",
        UserSetAvailabilityV1 {
            business_id: Uuid::from_u128(1).into(),
            user_id,
            number: Some(E164::parse("+972541234567").unwrap()),
            hours: Some(WeeklyHours::default()),
            not_before: Some(DateTime::UNIX_EPOCH),
        },
    );
    freeze_command("crm.user_update.v1", UserUpdateV1 { user_id, name: None, role: Some(Role::Agent) });
}

#[test]
fn whatsapp_events() {
    let session_id = Uuid::from_u128(5).into();
    let phone = || E164::parse("+972541234567").unwrap();
    let ended = || Ended {
        code: Some(401),
        reason: "The device was removed on the phone".into(),
        reason_code: None,
        until: None,
    };
    let facts = [
        WhatsappFact::Requesting(Nothing {}),
        WhatsappFact::QrIssued(QrIssued { expires_at: at(), index: 1 }),
        WhatsappFact::Pairing(PairingBegan { method: "code".into(), expires_at: at() }),
        WhatsappFact::Paired(Paired { phone: phone() }),
        WhatsappFact::Connected(Connected { phone: phone(), push_name: Some("דנה".into()) }),
        WhatsappFact::Dropped(Dropped {
            code: None,
            reason: "WhatsApp cannot be reached".into(),
            reason_code: None,
            attempt: 2,
            retry_at: at(),
        }),
        WhatsappFact::Expired(Ended {
            code: None,
            reason: "The QR code was not scanned in time".into(),
            reason_code: None,
            until: None,
        }),
        WhatsappFact::Replaced(ended()),
        WhatsappFact::LoggedOut(ended()),
        WhatsappFact::Stopped(ended()),
    ];
    let told = |fact| WhatsappFactV1 { session_id, sequence: 12, generation: 3, occurred_at: at(), fact };
    for fact in facts {
        freeze(&format!("whatsapp.fact.v1.{}", fact.kind()), told(fact));
    }
    // Since why has a code besides its words.
    let coded = |code: &str, until| Ended {
        code: None,
        reason: "In words".into(),
        reason_code: Some(code.into()),
        until,
    };
    for fact in [
        WhatsappFact::Interrupted(coded("service_restarted", None)),
        WhatsappFact::Unlinking(coded("temporarily_banned", Some(at()))),
        WhatsappFact::Unlinked(coded("unlinked", None)),
    ] {
        freeze(&format!("whatsapp.fact.v1.{}", fact.kind()), told(fact));
    }
    freeze(
        "whatsapp.fact.v1.dropped.coded",
        told(WhatsappFact::Dropped(Dropped {
            code: Some(503),
            reason: "WhatsApp is unavailable".into(),
            reason_code: Some("server_unavailable".into()),
            attempt: 2,
            retry_at: at(),
        })),
    );
    freeze_command("whatsapp.init.v1", WhatsappInitV1 { business_id: business(), session_id });
    let (business_id, phone) = (business(), phone());
    freeze_command("whatsapp.pairing_code.v1", WhatsappPairingCodeV1 { business_id, session_id, phone });
    freeze_command("whatsapp.logout.v1", WhatsappLogoutV1 { business_id });
    freeze_command("whatsapp.delete.v1", WhatsappDeleteV1 { business_id });
    let subject = |subject: Subject| (subject.stream(), subject.into_string());
    let wanted = (Stream::Whatsapp, format!("whatsapp.init.{business_id}"));
    assert_eq!(subject(Subject::command(&WhatsappInitV1 { business_id, session_id })), wanted);
    assert_eq!(
        subject(Subject::whatsapp_fact(session_id)),
        (Stream::Whatsapp, format!("whatsapp.fact.{session_id}"))
    );
}

#[test]
fn dead_letters() {
    let letter = DeadLetterV1 {
        id: "CALLS:7:calls".into(),
        stream: Some("CALLS".into()),
        stream_sequence: Some(7),
        subject: "call.incoming.CA1".into(),
        headers: vec![("Nats-Msg-Id".into(), "id-1".into())],
        payload_base64: "e30=".into(),
        payload_bytes: 2,
        consumer: "calls".into(),
        worker: "host-1".into(),
        attempts: 1,
        error_chain: vec!["the event is not readable".into(), "missing field `type`".into()],
        reason: DeadReason::Undecodable,
        trace_id: Some("4bf92f3577b34da6a3ce929d0e0e4736".into()),
        died_at: at(),
        earlier_attempts: Vec::new(),
    };
    let text = serde_json::to_string(&letter).unwrap();
    assert_eq!(serde_json::from_str::<DeadLetterV1>(&text).unwrap(), letter);
    insta::assert_json_snapshot!("dead_letter.v1", letter);
}

#[test]
fn an_event_of_another_type_is_not_read() {
    let bytes = br#"{"specversion":"1.0","id":"1","source":"/x","type":"pro.prosaas.other.v1","subject":"s","time":"2024-01-01T00:00:00Z","datacontenttype":"application/json","data":{}}"#;
    let error = CloudEvent::<CallDialedV1>::decode(bytes).unwrap_err().to_string();
    assert!(error.contains("pro.prosaas.other.v1"), "{error}");
    assert!(CloudEvent::<CallDialedV1>::decode(b"{half").is_err());
}

#[test]
fn operators_commands() {
    let (replay_id, reason) = (Uuid::from_u128(8).into(), || "the disk was full".to_owned());
    let filter = DeadLetterFilter {
        worker: Some("calls".into()),
        event_type: Some("pro.prosaas.call.".into()),
        state: Some(State::New),
        filed_before: Some(at()),
        ..DeadLetterFilter::default()
    };
    freeze_command(
        "ops.dead_letter_discard.v1",
        DeadLetterDiscardV1 {
            batch_id: Uuid::from_u128(9).into(),
            selection: Selection::Ids(vec![Uuid::from_u128(10)]),
            expected_count: 1,
            reason: reason(),
        },
    );
    let selection = Selection::Filter(filter);
    let start = ReplayStartV1 { replay_id, selection, expected_count: 12, reason: reason(), rate: 50 };
    assert_eq!(Subject::command(&start).into_string(), format!("ops.replay.start.{replay_id}"));
    freeze_command("ops.replay_start.v1", start);
    freeze_command("ops.replay_cancel.v1", ReplayCancelV1 { replay_id, reason: reason() });
    let worker = || "calls".to_owned();
    freeze_command(
        "ops.worker_pause.v1",
        WorkerPauseV1 { worker: worker(), minutes: Some(30), reason: reason() },
    );
    freeze_command("ops.worker_resume.v1", WorkerResumeV1 { worker: worker(), reason: reason() });
}

fn freeze_domain_event<T: DomainEventData + PartialEq + std::fmt::Debug>(data: T) {
    let subject = Subject::domain_event(&data);
    assert_eq!(subject.stream(), Stream::Events);
    assert_eq!(subject.as_str(), format!("event.{}.{}", T::NAME, data.entity()));
    assert_eq!(T::TYPE, format!("pro.prosaas.{}.v1", T::NAME));
    freeze(&format!("{}.v1", T::NAME), data);
}

#[test]
fn domain_events_of_calls_and_recordings() {
    let lead_id = Some(Uuid::from_u128(7).into());
    freeze_domain_event(CallCompletedV1 {
        call_sid: "CA1".parse().unwrap(),
        version: 3,
        lead_id,
        outbound: true,
        parent_call_sid: Some("CA0".parse().unwrap()),
        answer: Some(Answer::Forward),
        status: CallStatus::NoAnswer,
        started_at: Some(at()),
        ended_at: Some(at()),
        duration_s: Some(12),
        dial_outcome: Some(CallStatus::Busy),
        missed: true,
    });
    freeze_domain_event(CallMissedV1 {
        call_sid: "CA1".parse().unwrap(),
        version: 3,
        lead_id,
        can_be_called_back: true,
        started_at: Some(at()),
        ended_at: Some(at()),
    });
    freeze_domain_event(CallMissedWithdrawnV1 { call_sid: "CA1".parse().unwrap(), version: 4, lead_id });
    freeze_domain_event(RecordingStoredV1 {
        recording_sid: "RE1".parse().unwrap(),
        call_sid: "CA1".parse().unwrap(),
        version: 2,
        duration_s: Some(9),
        channels: 2,
        bytes: 4096,
    });
    freeze_domain_event(RecordingFailedV1 {
        recording_sid: "RE1".parse().unwrap(),
        call_sid: "CA1".parse().unwrap(),
        version: 2,
    });
}

#[test]
fn domain_events_of_leads_people_links_and_failures() {
    let lead_id = Uuid::from_u128(7).into();
    freeze_domain_event(LeadCreatedV1 {
        lead_id,
        version: 1,
        source: LeadSource::Call,
        call_sid: Some("CA1".parse().unwrap()),
    });
    freeze_domain_event(LeadUpdatedV1 {
        lead_id,
        version: 2,
        changed: vec![LeadField::Name, LeadField::Owner],
    });
    freeze_domain_event(LeadDeletedV1 { lead_id, version: 3 });
    freeze_domain_event(LeadRestoredV1 { lead_id, version: 4 });
    freeze_domain_event(WhatsappStateChangedV1 {
        session_id: Uuid::from_u128(8).into(),
        version: 5,
        state: WhatsappState::LoggedOut,
        linked: false,
        code: Some(401),
    });
    freeze_domain_event(UserDeletedV1 { user_id: Uuid::from_u128(9).into(), version: 2, role: Role::Agent });
    freeze_domain_event(DeadLetterFiledV1 {
        dead_letter_id: Uuid::from_u128(10),
        consumer: "calls".into(),
        event_type: Some("pro.prosaas.call.status.v1".into()),
        reason: "permanent".into(),
        replays: 1,
    });
}
