//! What a transaction that changed a call tells of it: judged on the state before and after, so that what came and
//! went between them is not told.

use prosaas_domain::ids::CallSid;
use prosaas_events::{
    call,
    domain_event::call::{CallCompletedV1, CallMissedV1, CallMissedWithdrawnV1},
};

use super::{change::Change, store::StoredCall};
use crate::domain_events::Pending;

/// The domain events of one change.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// It has ended, or what was told of its end reads otherwise now.
    pub completed: Option<CallCompletedV1>,
    /// It was missed.
    pub missed: Option<CallMissedV1>,
    /// It was not missed after all.
    pub withdrawn: Option<CallMissedWithdrawnV1>,
}

/// What is told of a call that stood like `before` and stands like `after`, whose version is the new one.
pub fn told(call: &CallSid, before: Option<&StoredCall>, after: &StoredCall) -> Told {
    let was_missed = before.is_some_and(|before| before.state.missed());
    let is_missed = after.state.missed();
    let completed = completed(call, after);
    let same = before.is_some_and(|before| {
        before.business == after.business
            && self::completed(call, &StoredCall { version: after.version, ..before.clone() }) == completed
    });
    Told {
        completed: completed.filter(|_| !same),
        missed: (is_missed && !was_missed).then(|| CallMissedV1 {
            call_sid: call.clone(),
            version: after.version,
            lead_id: after.lead,
            can_be_called_back: after.state.caller().is_some(),
            started_at: after.state.started_at,
            ended_at: after.state.ended_at,
        }),
        withdrawn: (was_missed && !is_missed).then(|| CallMissedWithdrawnV1 {
            call_sid: call.clone(),
            version: after.version,
            lead_id: after.lead,
        }),
    }
}

/// Puts what is told of the change to what the transaction raises.
pub fn tell(pending: &mut Pending, change: &Change<'_>) -> Result<(), sqlx::Error> {
    let Change { call, before, after, origin, .. } = change;
    let Told { completed, missed, withdrawn } = told(call, before.as_ref(), after);
    let (trigger, business) = (&origin.trigger, after.business);
    completed.map_or(Ok(()), |event| pending.raise(trigger, business, event))?;
    missed.map_or(Ok(()), |event| pending.raise(trigger, business, event))?;
    withdrawn.map_or(Ok(()), |event| pending.raise(trigger, business, event))
}

/// The call as it is told of once it has ended.
fn completed(call: &CallSid, stored: &StoredCall) -> Option<CallCompletedV1> {
    let state = &stored.state;
    let status = state.status.map(|mark| mark.status).filter(|status| status.is_terminal())?;
    let parties = state.parties();
    Some(CallCompletedV1 {
        call_sid: call.clone(),
        version: stored.version,
        lead_id: stored.lead,
        outbound: call::is_outbound(parties.direction.as_deref()),
        parent_call_sid: parties.parent_call_sid,
        answer: state.answer(),
        status,
        started_at: state.started_at,
        ended_at: state.ended_at,
        duration_s: state.duration_s,
        dial_outcome: state.dial.as_ref().map(|dial| dial.outcome),
        missed: state.missed(),
    })
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};
    use prosaas_events::call::CallStatus;

    use super::*;
    use crate::calls::{
        fact::{CallFact, Dial, Parties, What},
        fold::apply,
    };

    fn fact(what: What) -> CallFact {
        CallFact { event_id: "e".to_owned(), at: DateTime::<Utc>::UNIX_EPOCH, what }
    }

    fn status(status: CallStatus) -> CallFact {
        fact(What::Status { parties: Parties::default(), status, sequence: None, duration_s: Some(5) })
    }

    /// Somebody answered the forwarded call.
    fn put_through() -> CallFact {
        fact(What::Dialed(
            Dial {
                outcome: CallStatus::Completed,
                bridged: Some(true),
                screened: false,
                duration_s: Some(3),
                dialed_call_sid: None,
            },
            None,
        ))
    }

    fn after(stored: &StoredCall, what: CallFact) -> StoredCall {
        StoredCall { state: apply(stored.state.clone(), what), version: stored.version + 1, ..stored.clone() }
    }

    #[test]
    fn an_end_is_told_once_and_again_where_it_reads_otherwise() -> anyhow::Result<()> {
        let call: CallSid = "CA1".parse()?;
        let ringing = after(&StoredCall::default(), status(CallStatus::Ringing));
        assert_eq!(told(&call, None, &ringing), Told::default());
        let ended = after(&ringing, status(CallStatus::Completed));
        let first = told(&call, Some(&ringing), &ended);
        assert_eq!(first.completed.map(|event| (event.version, event.missed)), Some((2, true)));
        assert_eq!(first.missed.map(|event| (event.version, event.can_be_called_back)), Some((2, false)));
        assert_eq!(first.withdrawn, None);
        // The same again says nothing new.
        let repeated = after(&ended, status(CallStatus::Completed));
        assert_eq!(told(&call, Some(&ended), &repeated), Told::default());
        // Somebody had answered the forwarded call.
        let answered = after(&ended, put_through());
        let second = told(&call, Some(&ended), &answered);
        assert_eq!(second.completed.map(|event| (event.version, event.missed)), Some((3, false)));
        assert_eq!((second.missed, second.withdrawn.map(|event| event.version)), (None, Some(3)));
        Ok(())
    }

    #[test]
    fn what_came_and_went_in_one_transaction_is_not_told() -> anyhow::Result<()> {
        let call: CallSid = "CA1".parse()?;
        let ended = after(&StoredCall::default(), status(CallStatus::Completed));
        let answered = after(&ended, put_through());
        let at_once = told(&call, None, &answered);
        assert!(at_once.completed.is_some_and(|event| !event.missed));
        assert_eq!((at_once.missed, at_once.withdrawn), (None, None));
        Ok(())
    }
}
