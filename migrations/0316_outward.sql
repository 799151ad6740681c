-- What goes out and cannot be taken back: text messages. Each attempt is a row before it is made, so that no message
-- is sent twice, whatever dies in between; what stays unknown is a task for a person.

CREATE TABLE prosaas.tasks (
    id uuid NOT NULL,
    business_id uuid NOT NULL,
    kind text NOT NULL,
    cause text NOT NULL,
    reason text NOT NULL,
    call_sid text,
    due_at timestamptz NOT NULL,
    state text NOT NULL DEFAULT 'open',
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT tasks_pk PRIMARY KEY (id),
    CONSTRAINT tasks_business_fk FOREIGN KEY (business_id) REFERENCES prosaas.businesses (id),
    CONSTRAINT tasks_cause_uq UNIQUE (business_id, cause),
    CONSTRAINT tasks_kind_ck CHECK (kind IN ('call_back', 'check_message')),
    CONSTRAINT tasks_state_ck CHECK (state IN ('open', 'done'))
);
CREATE INDEX tasks_open_ix ON prosaas.tasks (business_id, due_at) WHERE state = 'open';

COMMENT ON TABLE prosaas.tasks IS 'What a person is to do.';
COMMENT ON COLUMN prosaas.tasks.id IS 'UUID, made by the database.';
COMMENT ON COLUMN prosaas.tasks.business_id IS 'The tenant.';
COMMENT ON COLUMN prosaas.tasks.kind IS
    'call_back: nobody has told the caller anything. check_message: nobody knows whether a message went out.';
COMMENT ON COLUMN prosaas.tasks.cause IS 'What it was made for; one task for one cause.';
COMMENT ON COLUMN prosaas.tasks.reason IS 'Why it was made: a code.';
COMMENT ON COLUMN prosaas.tasks.call_sid IS 'The call that it is about, where it is about one.';
COMMENT ON COLUMN prosaas.tasks.due_at IS 'When it is to be done.';
COMMENT ON COLUMN prosaas.tasks.state IS 'open or done.';
COMMENT ON COLUMN prosaas.tasks.created_at IS 'When it was made.';
COMMENT ON COLUMN prosaas.tasks.updated_at IS 'When the row last changed.';

CREATE TABLE prosaas.outward_effects (
    id uuid NOT NULL,
    business_id uuid NOT NULL,
    kind text NOT NULL DEFAULT 'sms',
    cause text NOT NULL,
    call_sid text,
    sender text NOT NULL,
    destination text NOT NULL,
    body text NOT NULL,
    state text NOT NULL DEFAULT 'due',
    reason text,
    error_code bigint,
    provider_id text,
    attempts integer NOT NULL DEFAULT 0,
    asks integer NOT NULL DEFAULT 0,
    due_at timestamptz NOT NULL DEFAULT now(),
    claimed_until timestamptz,
    expires_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT outward_effects_pk PRIMARY KEY (id),
    CONSTRAINT outward_effects_business_fk FOREIGN KEY (business_id) REFERENCES prosaas.businesses (id),
    CONSTRAINT outward_effects_cause_uq UNIQUE (business_id, cause),
    CONSTRAINT outward_effects_kind_ck CHECK (kind = 'sms'),
    CONSTRAINT outward_effects_state_ck
        CHECK (state IN ('due', 'sending', 'asking', 'accepted', 'failed', 'unknown', 'withheld'))
);
-- Where two messages to one person are alike, Twilio's list cannot tell which is which: one at a time.
CREATE UNIQUE INDEX outward_effects_in_flight_uq ON prosaas.outward_effects (business_id, destination)
    WHERE state IN ('sending', 'asking');
CREATE INDEX outward_effects_open_ix ON prosaas.outward_effects (due_at) WHERE state IN ('due', 'sending', 'asking');
CREATE INDEX outward_effects_business_ix ON prosaas.outward_effects (business_id, created_at DESC);

COMMENT ON TABLE prosaas.outward_effects IS 'What is to go out, and what became of it; each at most once.';
COMMENT ON COLUMN prosaas.outward_effects.id IS 'UUID version 7, made by the application.';
COMMENT ON COLUMN prosaas.outward_effects.business_id IS 'The tenant in whose name it goes out.';
COMMENT ON COLUMN prosaas.outward_effects.kind IS 'sms.';
COMMENT ON COLUMN prosaas.outward_effects.cause IS 'What it is for; one effect for one cause.';
COMMENT ON COLUMN prosaas.outward_effects.call_sid IS 'The call that it answers, where it answers one.';
COMMENT ON COLUMN prosaas.outward_effects.sender IS 'A number, a name, or a Messaging Service (MG…).';
COMMENT ON COLUMN prosaas.outward_effects.destination IS 'To whom, in E.164 form.';
COMMENT ON COLUMN prosaas.outward_effects.body IS 'What it says.';
COMMENT ON COLUMN prosaas.outward_effects.state IS
    'due, sending (an attempt is under way, or died), asking (Twilio is asked whether it has it), accepted, failed (certainly not sent), unknown (nobody knows), withheld (never tried again, certainly not sent).';
COMMENT ON COLUMN prosaas.outward_effects.reason IS 'Why it stands so, where something went wrong: a code.';
COMMENT ON COLUMN prosaas.outward_effects.error_code IS 'Twilio''s, of a refusal.';
COMMENT ON COLUMN prosaas.outward_effects.provider_id IS 'Twilio''s id of the message.';
COMMENT ON COLUMN prosaas.outward_effects.attempts IS 'How often it was tried.';
COMMENT ON COLUMN prosaas.outward_effects.asks IS 'How often Twilio was asked about the last attempt.';
COMMENT ON COLUMN prosaas.outward_effects.due_at IS 'When it is tried, or asked after, next.';
COMMENT ON COLUMN prosaas.outward_effects.claimed_until IS 'Until then one process has it; after that an attempt has died.';
COMMENT ON COLUMN prosaas.outward_effects.expires_at IS 'No attempt begins after that.';
COMMENT ON COLUMN prosaas.outward_effects.created_at IS 'When it was wanted.';
COMMENT ON COLUMN prosaas.outward_effects.updated_at IS 'When the row last changed.';

CREATE TABLE prosaas.outward_attempts (
    id uuid NOT NULL,
    effect_id uuid NOT NULL,
    business_id uuid NOT NULL,
    started_at timestamptz NOT NULL DEFAULT now(),
    ended_at timestamptz,
    outcome text,
    http_status integer,
    error_code bigint,
    provider_id text,
    CONSTRAINT outward_attempts_pk PRIMARY KEY (id),
    CONSTRAINT outward_attempts_effect_fk FOREIGN KEY (effect_id) REFERENCES prosaas.outward_effects (id),
    CONSTRAINT outward_attempts_business_fk FOREIGN KEY (business_id) REFERENCES prosaas.businesses (id),
    CONSTRAINT outward_attempts_provider_uq UNIQUE (provider_id),
    CONSTRAINT outward_attempts_outcome_ck CHECK (outcome IN ('accepted', 'refused', 'not_sent', 'unknown'))
);
CREATE INDEX outward_attempts_effect_ix ON prosaas.outward_attempts (effect_id, started_at DESC);

COMMENT ON TABLE prosaas.outward_attempts IS 'Attempts of effects, each written before it is made.';
COMMENT ON COLUMN prosaas.outward_attempts.id IS 'UUID, made by the database; the address of its status callbacks carries it.';
COMMENT ON COLUMN prosaas.outward_attempts.effect_id IS 'What was tried.';
COMMENT ON COLUMN prosaas.outward_attempts.business_id IS 'The tenant.';
COMMENT ON COLUMN prosaas.outward_attempts.started_at IS 'When it was written; the request left after that.';
COMMENT ON COLUMN prosaas.outward_attempts.ended_at IS 'When its outcome was written.';
COMMENT ON COLUMN prosaas.outward_attempts.outcome IS
    'accepted, refused, not_sent (certainly, so that it may be tried again), unknown; null while it is under way or after its process died.';
COMMENT ON COLUMN prosaas.outward_attempts.http_status IS 'What Twilio answered.';
COMMENT ON COLUMN prosaas.outward_attempts.error_code IS 'Twilio''s, of a refusal.';
COMMENT ON COLUMN prosaas.outward_attempts.provider_id IS 'Twilio''s id of the message; no two attempts have the same.';

CREATE TABLE prosaas.outward_stops (
    id uuid NOT NULL,
    business_id uuid,
    reason text NOT NULL,
    stopped_by text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT outward_stops_pk PRIMARY KEY (id),
    CONSTRAINT outward_stops_business_fk FOREIGN KEY (business_id) REFERENCES prosaas.businesses (id),
    CONSTRAINT outward_stops_business_uq UNIQUE NULLS NOT DISTINCT (business_id)
);

COMMENT ON TABLE prosaas.outward_stops IS 'While a row is here no attempt begins: the switch.';
COMMENT ON COLUMN prosaas.outward_stops.id IS 'UUID, made by the database.';
COMMENT ON COLUMN prosaas.outward_stops.business_id IS 'The business that it stops; null stops all.';
COMMENT ON COLUMN prosaas.outward_stops.reason IS 'Why, in the operator''s words.';
COMMENT ON COLUMN prosaas.outward_stops.stopped_by IS 'Who did it.';
COMMENT ON COLUMN prosaas.outward_stops.created_at IS 'When.';
