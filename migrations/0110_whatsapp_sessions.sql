-- WhatsApp sessions as people see them. The worker alone writes these tables: from the
-- service's facts, and from commands. Credentials are the service's own (0100).

CREATE TABLE prosaas.whatsapp_sessions (
    id uuid NOT NULL,
    business_id uuid NOT NULL,
    state text NOT NULL DEFAULT 'not_linked',
    since timestamptz NOT NULL,
    last_code integer,
    reason text,
    qr_expires_at timestamptz,
    linked boolean NOT NULL DEFAULT false,
    phone text,
    last_fact text,
    fact_sequence bigint NOT NULL DEFAULT 0,
    link_sequence bigint NOT NULL DEFAULT 0,
    generation bigint NOT NULL DEFAULT 0,
    desired text NOT NULL DEFAULT 'unlinked',
    requested_at timestamptz,
    requested_by uuid,
    effect text,
    effect_number bigint NOT NULL DEFAULT 0,
    effect_attempts integer NOT NULL DEFAULT 0,
    effect_due_at timestamptz,
    effect_claimed_until timestamptz,
    effect_error text,
    pairing_phone text,
    pairing_code text,
    pairing_code_expires_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz,
    CONSTRAINT whatsapp_sessions_pk PRIMARY KEY (id),
    CONSTRAINT whatsapp_sessions_business_fk FOREIGN KEY (business_id) REFERENCES prosaas.businesses (id),
    CONSTRAINT whatsapp_sessions_state_ck CHECK (state IN (
        'not_linked', 'requesting', 'qr_ready', 'expired', 'pairing',
        'connected', 'reconnecting', 'replaced', 'logged_out', 'stopped'
    )),
    CONSTRAINT whatsapp_sessions_desired_ck CHECK (desired IN ('linked', 'unlinked')),
    CONSTRAINT whatsapp_sessions_effect_ck CHECK (effect IN ('start', 'pairing_code', 'logout', 'delete')),
    CONSTRAINT whatsapp_sessions_effect_due_ck CHECK ((effect IS NULL) = (effect_due_at IS NULL)),
    CONSTRAINT whatsapp_sessions_pairing_phone_ck CHECK (effect IS DISTINCT FROM 'pairing_code' OR pairing_phone IS NOT NULL),
    CONSTRAINT whatsapp_sessions_pairing_code_ck CHECK ((pairing_code IS NULL) = (pairing_code_expires_at IS NULL)),
    CONSTRAINT whatsapp_sessions_reason_length_ck CHECK (char_length(reason) <= 500),
    CONSTRAINT whatsapp_sessions_effect_error_length_ck CHECK (char_length(effect_error) <= 500)
);

COMMENT ON TABLE prosaas.whatsapp_sessions IS 'One device that a business links to its WhatsApp account. One that is not deleted for each business now; nothing but the commands'' own rule says so.';
COMMENT ON COLUMN prosaas.whatsapp_sessions.id IS 'Chosen by the ingress with the first command; the service knows the session by it.';
COMMENT ON COLUMN prosaas.whatsapp_sessions.business_id IS 'The business that it belongs to.';
COMMENT ON COLUMN prosaas.whatsapp_sessions.state IS 'How it stands: by the fact of the highest sequence, or requesting since a command.';
COMMENT ON COLUMN prosaas.whatsapp_sessions.since IS 'When that state began, by the clock of whoever reported it.';
COMMENT ON COLUMN prosaas.whatsapp_sessions.last_code IS 'WhatsApp''s code of the state, where it gave one.';
COMMENT ON COLUMN prosaas.whatsapp_sessions.reason IS 'Why it stands so, in words for people.';
COMMENT ON COLUMN prosaas.whatsapp_sessions.qr_expires_at IS 'Until when the QR code can be scanned, or the pairing code be typed.';
COMMENT ON COLUMN prosaas.whatsapp_sessions.linked IS 'Whether a phone has confirmed the device.';
COMMENT ON COLUMN prosaas.whatsapp_sessions.phone IS 'The linked account''s number, E.164.';
COMMENT ON COLUMN prosaas.whatsapp_sessions.last_fact IS 'Kind of the fact that made the state; null since a command.';
COMMENT ON COLUMN prosaas.whatsapp_sessions.fact_sequence IS 'Highest sequence of a fact so far: an earlier one changes the state no more.';
COMMENT ON COLUMN prosaas.whatsapp_sessions.link_sequence IS 'Sequence of the fact that linked and phone come from.';
COMMENT ON COLUMN prosaas.whatsapp_sessions.generation IS 'Lease of the service under which the last fact was written.';
COMMENT ON COLUMN prosaas.whatsapp_sessions.desired IS 'What people want: linked or unlinked.';
COMMENT ON COLUMN prosaas.whatsapp_sessions.requested_at IS 'When they last said so.';
COMMENT ON COLUMN prosaas.whatsapp_sessions.requested_by IS 'Who said so.';
COMMENT ON COLUMN prosaas.whatsapp_sessions.effect IS 'The call that the service is still to get for it; null when there is none. Each may be made twice.';
COMMENT ON COLUMN prosaas.whatsapp_sessions.effect_number IS 'Grows with each command: the outcome of an older one''s call changes nothing.';
COMMENT ON COLUMN prosaas.whatsapp_sessions.effect_attempts IS 'How often that call was made.';
COMMENT ON COLUMN prosaas.whatsapp_sessions.effect_due_at IS 'When it is made next.';
COMMENT ON COLUMN prosaas.whatsapp_sessions.effect_claimed_until IS 'A worker makes the call; until then no other does.';
COMMENT ON COLUMN prosaas.whatsapp_sessions.effect_error IS 'Why the last call failed, in words for people.';
COMMENT ON COLUMN prosaas.whatsapp_sessions.pairing_phone IS 'The phone that a pairing code is asked for; null again once there is one.';
COMMENT ON COLUMN prosaas.whatsapp_sessions.pairing_code IS 'The code to type, for the people who asked; removed when it is used or over.';
COMMENT ON COLUMN prosaas.whatsapp_sessions.pairing_code_expires_at IS 'Until when it can be typed.';
COMMENT ON COLUMN prosaas.whatsapp_sessions.created_at IS 'When the row was made.';
COMMENT ON COLUMN prosaas.whatsapp_sessions.updated_at IS 'When the row last changed.';
COMMENT ON COLUMN prosaas.whatsapp_sessions.deleted_at IS 'When somebody removed it; its facts then change nothing.';

CREATE INDEX whatsapp_sessions_business_ix ON prosaas.whatsapp_sessions (business_id, created_at) WHERE deleted_at IS NULL;
CREATE INDEX whatsapp_sessions_effect_ix ON prosaas.whatsapp_sessions (effect_due_at) WHERE effect IS NOT NULL;
CREATE INDEX whatsapp_sessions_pairing_ix ON prosaas.whatsapp_sessions (pairing_code_expires_at) WHERE pairing_code IS NOT NULL;

CREATE TABLE prosaas.whatsapp_session_events (
    event_id text NOT NULL,
    session_id uuid NOT NULL,
    business_id uuid NOT NULL,
    sequence bigint NOT NULL,
    generation bigint NOT NULL,
    kind text NOT NULL,
    code integer,
    reason text,
    occurred_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    CONSTRAINT whatsapp_session_events_pk PRIMARY KEY (event_id),
    CONSTRAINT whatsapp_session_events_session_fk FOREIGN KEY (session_id) REFERENCES prosaas.whatsapp_sessions (id),
    CONSTRAINT whatsapp_session_events_sequence_uq UNIQUE (session_id, sequence)
);

COMMENT ON TABLE prosaas.whatsapp_session_events IS 'Every fact of a session, as it happened.';
COMMENT ON COLUMN prosaas.whatsapp_session_events.event_id IS 'The CloudEvents id, which is the fact''s.';
COMMENT ON COLUMN prosaas.whatsapp_session_events.session_id IS 'The session.';
COMMENT ON COLUMN prosaas.whatsapp_session_events.business_id IS 'The business that it belongs to.';
COMMENT ON COLUMN prosaas.whatsapp_session_events.sequence IS 'The order in which the session''s facts happened.';
COMMENT ON COLUMN prosaas.whatsapp_session_events.generation IS 'Lease of the service under which it was written.';
COMMENT ON COLUMN prosaas.whatsapp_session_events.kind IS 'What happened, such as qr_issued or dropped.';
COMMENT ON COLUMN prosaas.whatsapp_session_events.code IS 'WhatsApp''s code, where it gave one.';
COMMENT ON COLUMN prosaas.whatsapp_session_events.reason IS 'Why, in words for people.';
COMMENT ON COLUMN prosaas.whatsapp_session_events.occurred_at IS 'When, by the service''s clock.';
COMMENT ON COLUMN prosaas.whatsapp_session_events.received_at IS 'When the ingress received it.';

CREATE INDEX whatsapp_session_events_business_ix ON prosaas.whatsapp_session_events (business_id, occurred_at DESC);
