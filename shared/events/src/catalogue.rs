//! Every event that there is, once: for the documents, and for what may be seen of one.

use super::{
    EventData,
    call::{
        CallDialedV1, CallErrorV1, CallIncomingV1, CallLegAcceptedV1, CallMenuV1, CallStatusV1, CallUnknownV1,
    },
    crm::{
        CommandArgs,
        business::{BusinessConfigureV1, BusinessCreateV1, BusinessSetActiveV1, BusinessSetNumbersV1},
        call::CallMarkCalledBackV1,
        lead::{
            LeadCreateV1, LeadDeleteManyV1, LeadDeleteV1, LeadRestoreManyV1, LeadRestoreV1, LeadUpdateV1,
        },
        user::{UserCreateV1, UserDeleteV1, UserRestoreV1, UserSetAvailabilityV1, UserUpdateV1},
    },
    domain_event::{
        DomainEventData,
        call::{CallCompletedV1, CallMissedV1, CallMissedWithdrawnV1},
        dead_letter::DeadLetterFiledV1,
        lead::{LeadCreatedV1, LeadDeletedV1, LeadRestoredV1, LeadUpdatedV1},
        recording::{RecordingFailedV1, RecordingStoredV1},
        user::UserDeletedV1,
        whatsapp::WhatsappStateChangedV1,
    },
    ops::{DeadLetterDiscardV1, ReplayCancelV1, ReplayStartV1, WorkerPauseV1, WorkerResumeV1},
    recording::{RecordingAvailableV1, RecordingStatusV1},
    whatsapp::{WhatsappDeleteV1, WhatsappFactV1, WhatsappInitV1, WhatsappLogoutV1, WhatsappPairingCodeV1},
};

/// Takes every type of event.
pub trait Visitor {
    /// One that tells what happened elsewhere.
    fn fact<T: EventData>(&mut self);

    /// One that asks for a change.
    fn command<T: CommandArgs>(&mut self);

    /// One that tells what a worker has changed.
    fn domain_event<T: DomainEventData>(&mut self) {
        self.fact::<T>();
    }
}

/// Shows it all of them.
pub fn visit(visitor: &mut impl Visitor) {
    visitor.fact::<CallIncomingV1>();
    visitor.fact::<CallStatusV1>();
    visitor.fact::<CallMenuV1>();
    visitor.fact::<CallLegAcceptedV1>();
    visitor.fact::<CallDialedV1>();
    visitor.fact::<CallUnknownV1>();
    visitor.fact::<CallErrorV1>();
    visitor.fact::<RecordingAvailableV1>();
    visitor.fact::<RecordingStatusV1>();
    visitor.fact::<WhatsappFactV1>();
    visitor.command::<BusinessConfigureV1>();
    visitor.command::<BusinessCreateV1>();
    visitor.command::<BusinessSetActiveV1>();
    visitor.command::<BusinessSetNumbersV1>();
    visitor.command::<CallMarkCalledBackV1>();
    visitor.command::<LeadCreateV1>();
    visitor.command::<LeadUpdateV1>();
    visitor.command::<LeadDeleteV1>();
    visitor.command::<LeadRestoreV1>();
    visitor.command::<LeadDeleteManyV1>();
    visitor.command::<LeadRestoreManyV1>();
    visitor.command::<UserCreateV1>();
    visitor.command::<UserUpdateV1>();
    visitor.command::<UserSetAvailabilityV1>();
    visitor.command::<UserDeleteV1>();
    visitor.command::<UserRestoreV1>();
    visitor.command::<WhatsappInitV1>();
    visitor.command::<WhatsappPairingCodeV1>();
    visitor.command::<WhatsappLogoutV1>();
    visitor.command::<WhatsappDeleteV1>();
    visitor.command::<DeadLetterDiscardV1>();
    visitor.command::<ReplayStartV1>();
    visitor.command::<ReplayCancelV1>();
    visitor.command::<WorkerPauseV1>();
    visitor.command::<WorkerResumeV1>();
    visitor.domain_event::<CallMissedV1>();
    visitor.domain_event::<CallMissedWithdrawnV1>();
    visitor.domain_event::<CallCompletedV1>();
    visitor.domain_event::<RecordingStoredV1>();
    visitor.domain_event::<RecordingFailedV1>();
    visitor.domain_event::<LeadCreatedV1>();
    visitor.domain_event::<LeadUpdatedV1>();
    visitor.domain_event::<LeadDeletedV1>();
    visitor.domain_event::<LeadRestoredV1>();
    visitor.domain_event::<WhatsappStateChangedV1>();
    visitor.domain_event::<UserDeletedV1>();
    visitor.domain_event::<DeadLetterFiledV1>();
}
