-- Calls: one row a CallSid, and the history of what Twilio said of it.

CREATE TABLE prosaas.calls (
    call_sid text NOT NULL,
    business_id uuid,
    lead_id uuid,
    from_raw text,
    to_raw text,
    from_e164 text,
    to_e164 text,
    direction text,
    caller_name text,
    forwarded_from text,
    parent_call_sid text,
    answer text,
    details_source text,
    details_at timestamptz,
    details_event_id text,
    status text,
    status_sequence bigint,
    started_at timestamptz NOT NULL,
    ended_at timestamptz,
    duration_s bigint,
    dial_outcome text,
    dial_duration_s bigint,
    dialed_call_sid text,
    missed boolean NOT NULL DEFAULT false,
    callback_needed boolean NOT NULL DEFAULT false,
    called_back_at timestamptz,
    called_back_by uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT calls_pk PRIMARY KEY (call_sid),
    CONSTRAINT calls_business_fk FOREIGN KEY (business_id) REFERENCES prosaas.businesses (id),
    CONSTRAINT calls_lead_fk FOREIGN KEY (business_id, lead_id) REFERENCES prosaas.leads (business_id, id),
    CONSTRAINT calls_lead_needs_business_ck CHECK (lead_id IS NULL OR business_id IS NOT NULL),
    CONSTRAINT calls_status_ck CHECK (status IN ('queued', 'initiated', 'ringing', 'in-progress', 'completed', 'busy', 'failed', 'no-answer', 'canceled')),
    CONSTRAINT calls_answer_ck CHECK (answer IN ('record', 'forward', 'closed', 'unknown_number')),
    CONSTRAINT calls_details_source_ck CHECK (details_source IN ('incoming', 'status')),
    CONSTRAINT calls_details_ck CHECK (
        (details_source IS NULL) = (details_at IS NULL) AND (details_source IS NULL) = (details_event_id IS NULL)
    ),
    CONSTRAINT calls_dial_outcome_ck CHECK (dial_outcome IN ('queued', 'initiated', 'ringing', 'in-progress', 'completed', 'busy', 'failed', 'no-answer', 'canceled')),
    CONSTRAINT calls_duration_ck CHECK (duration_s >= 0 AND dial_duration_s >= 0),
    CONSTRAINT calls_callback_ck CHECK (missed OR NOT callback_needed)
);

COMMENT ON TABLE prosaas.calls IS 'One row a call leg, whatever the order in which its events arrived.';
COMMENT ON COLUMN prosaas.calls.call_sid IS 'Twilio''s id.';
COMMENT ON COLUMN prosaas.calls.business_id IS 'Whose number was called; null for a number of nobody, which only system admins see.';
COMMENT ON COLUMN prosaas.calls.lead_id IS 'The lead on the other side; null for a withheld caller or one of the business''s own numbers.';
COMMENT ON COLUMN prosaas.calls.from_raw IS 'Who called, exactly as sent.';
COMMENT ON COLUMN prosaas.calls.to_raw IS 'Who was called, exactly as sent.';
COMMENT ON COLUMN prosaas.calls.from_e164 IS 'Who called, where that is an E.164 number that was not withheld.';
COMMENT ON COLUMN prosaas.calls.to_e164 IS 'Who was called, where that is an E.164 number.';
COMMENT ON COLUMN prosaas.calls.direction IS 'In Twilio''s words: inbound, outbound-api, outbound-dial.';
COMMENT ON COLUMN prosaas.calls.caller_name IS 'The caller''s name by the network''s look-up.';
COMMENT ON COLUMN prosaas.calls.forwarded_from IS 'The number that forwarded the call to us.';
COMMENT ON COLUMN prosaas.calls.parent_call_sid IS 'The leg that started this one.';
COMMENT ON COLUMN prosaas.calls.answer IS 'What the ingress told Twilio to do; null until the incoming event is here.';
COMMENT ON COLUMN prosaas.calls.details_source IS 'The kind of event that numbers, direction and names come from: incoming wins over status.';
COMMENT ON COLUMN prosaas.calls.details_at IS 'When that event happened; of several, the earliest wins.';
COMMENT ON COLUMN prosaas.calls.details_event_id IS 'That event''s id, which settles a tie.';
COMMENT ON COLUMN prosaas.calls.status IS 'In Twilio''s words; a terminal status is never left for another kind.';
COMMENT ON COLUMN prosaas.calls.status_sequence IS 'SequenceNumber of the event that set the status; null where it had none.';
COMMENT ON COLUMN prosaas.calls.started_at IS 'The earliest moment that any of its events names.';
COMMENT ON COLUMN prosaas.calls.ended_at IS 'When the terminal status came to be; null while the call goes on.';
COMMENT ON COLUMN prosaas.calls.duration_s IS 'How long the leg lasted, seconds.';
COMMENT ON COLUMN prosaas.calls.dial_outcome IS 'How forwarding ended, in Twilio''s words; completed means that somebody answered.';
COMMENT ON COLUMN prosaas.calls.dial_duration_s IS 'How long the two spoke, seconds.';
COMMENT ON COLUMN prosaas.calls.dialed_call_sid IS 'The leg of whoever answered the forwarded call.';
COMMENT ON COLUMN prosaas.calls.missed IS 'An inbound call that ended without anybody of the business having spoken with the caller.';
COMMENT ON COLUMN prosaas.calls.callback_needed IS 'A missed call whose caller can be called back.';
COMMENT ON COLUMN prosaas.calls.called_back_at IS 'When somebody marked it as called back.';
COMMENT ON COLUMN prosaas.calls.called_back_by IS 'Who did.';
COMMENT ON COLUMN prosaas.calls.created_at IS 'When the row was made.';
COMMENT ON COLUMN prosaas.calls.updated_at IS 'When the row last changed.';

CREATE INDEX calls_business_started_ix ON prosaas.calls (business_id, started_at DESC, call_sid DESC);
CREATE INDEX calls_business_lead_ix ON prosaas.calls (business_id, lead_id, started_at DESC, call_sid DESC);
CREATE INDEX calls_business_callback_ix
    ON prosaas.calls (business_id, started_at DESC, call_sid DESC)
    WHERE callback_needed AND called_back_at IS NULL;

CREATE TABLE prosaas.call_events (
    event_id text NOT NULL,
    call_sid text NOT NULL,
    business_id uuid,
    kind text NOT NULL,
    status text,
    sequence_number bigint,
    occurred_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    data jsonb NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT call_events_pk PRIMARY KEY (event_id),
    CONSTRAINT call_events_call_fk FOREIGN KEY (call_sid) REFERENCES prosaas.calls (call_sid),
    CONSTRAINT call_events_business_fk FOREIGN KEY (business_id) REFERENCES prosaas.businesses (id),
    CONSTRAINT call_events_kind_ck CHECK (kind IN ('incoming', 'status', 'dialed')),
    CONSTRAINT call_events_status_ck CHECK (status IN ('queued', 'initiated', 'ringing', 'in-progress', 'completed', 'busy', 'failed', 'no-answer', 'canceled'))
);

COMMENT ON TABLE prosaas.call_events IS 'The history of a call: every event, once.';
COMMENT ON COLUMN prosaas.call_events.event_id IS 'The CloudEvents id.';
COMMENT ON COLUMN prosaas.call_events.call_sid IS 'The call.';
COMMENT ON COLUMN prosaas.call_events.business_id IS 'The call''s business, where it was known then.';
COMMENT ON COLUMN prosaas.call_events.kind IS 'incoming, status or dialed.';
COMMENT ON COLUMN prosaas.call_events.status IS 'The status that the event reports, in Twilio''s words.';
COMMENT ON COLUMN prosaas.call_events.sequence_number IS 'Twilio''s SequenceNumber, where it sent one.';
COMMENT ON COLUMN prosaas.call_events.occurred_at IS 'By Twilio''s clock, else when the ingress received it.';
COMMENT ON COLUMN prosaas.call_events.received_at IS 'When the ingress received it.';
COMMENT ON COLUMN prosaas.call_events.data IS 'The event''s data, as it travelled.';
COMMENT ON COLUMN prosaas.call_events.applied_at IS 'When the worker applied it.';

CREATE INDEX call_events_call_ix ON prosaas.call_events (call_sid, occurred_at);
CREATE INDEX call_events_business_ix ON prosaas.call_events (business_id, occurred_at DESC);
