-- What failed for good, so that people can find it and have it run again.

CREATE TABLE prosaas.dead_letters (
    id uuid NOT NULL,
    consumer text NOT NULL,
    stream text,
    stream_sequence bigint,
    subject text NOT NULL,
    headers jsonb NOT NULL,
    payload bytea,
    payload_bytes bigint NOT NULL,
    event_id text,
    event_type text,
    business_id uuid,
    entity text,
    terms text[] NOT NULL,
    again bigint,
    reason text NOT NULL,
    error_chain text[] NOT NULL,
    fingerprint text NOT NULL,
    attempts bigint NOT NULL,
    process text,
    trace_id text,
    state text NOT NULL,
    replays integer NOT NULL DEFAULT 0,
    first_died_at timestamptz NOT NULL,
    died_at timestamptz NOT NULL,
    filed_at timestamptz NOT NULL DEFAULT now(),
    settled_at timestamptz,
    settled_by text,
    settled_reason text,
    CONSTRAINT dead_letters_pk PRIMARY KEY (id),
    CONSTRAINT dead_letters_state_ck CHECK (state IN ('new', 'replaying', 'replayed', 'discarded')),
    CONSTRAINT dead_letters_settled_ck CHECK ((state IN ('replayed', 'discarded')) = (settled_at IS NOT NULL)),
    CONSTRAINT dead_letters_reason_ck CHECK (reason IN
        ('permanent', 'exhausted', 'undecodable', 'rejected', 'max_deliveries', 'terminated')),
    CONSTRAINT dead_letters_fingerprint_ck CHECK (fingerprint ~ '^[0-9a-f]{16}$')
);

COMMENT ON TABLE prosaas.dead_letters IS 'One row for each event that a consumer gave up, however often it was reported or replayed.';
COMMENT ON COLUMN prosaas.dead_letters.id IS 'Derived from the consumer and the event, so that two reports of one event are one row.';
COMMENT ON COLUMN prosaas.dead_letters.consumer IS 'The worker that failed; pump, where no stream would take the event.';
COMMENT ON COLUMN prosaas.dead_letters.stream IS 'The stream that kept the event; null where none did.';
COMMENT ON COLUMN prosaas.dead_letters.stream_sequence IS 'Its sequence there, of the first failure.';
COMMENT ON COLUMN prosaas.dead_letters.subject IS 'Its own subject.';
COMMENT ON COLUMN prosaas.dead_letters.headers IS 'Its headers, as pairs in order.';
COMMENT ON COLUMN prosaas.dead_letters.payload IS 'Its bytes; null where they are gone.';
COMMENT ON COLUMN prosaas.dead_letters.payload_bytes IS 'How many bytes it had. More than payload holds where it was too large to travel.';
COMMENT ON COLUMN prosaas.dead_letters.event_id IS 'The CloudEvents id; null where the bytes cannot be read. The same for type, business and entity.';
COMMENT ON COLUMN prosaas.dead_letters.event_type IS 'The CloudEvents type.';
COMMENT ON COLUMN prosaas.dead_letters.business_id IS 'The business that the event names. It need not exist.';
COMMENT ON COLUMN prosaas.dead_letters.entity IS 'The CloudEvents subject, such as a CallSid.';
COMMENT ON COLUMN prosaas.dead_letters.terms IS 'What people search by: ids, numbers (E.164) and addresses (lower case) of envelope and data.';
COMMENT ON COLUMN prosaas.dead_letters.again IS 'Number of the replay that ran a succeeded event again and failed; its processed mark has that number in its key.';
COMMENT ON COLUMN prosaas.dead_letters.reason IS 'Of the latest failure: the worker''s verdict, or the server''s advisory.';
COMMENT ON COLUMN prosaas.dead_letters.error_chain IS 'Of the latest failure: the outermost error first, each cause after it.';
COMMENT ON COLUMN prosaas.dead_letters.fingerprint IS 'Hash of worker, type and error without what differs from one event to the next.';
COMMENT ON COLUMN prosaas.dead_letters.attempts IS 'Deliveries, those of replays included.';
COMMENT ON COLUMN prosaas.dead_letters.process IS 'Which process gave it up last; null where an advisory alone tells of it.';
COMMENT ON COLUMN prosaas.dead_letters.trace_id IS 'W3C trace id.';
COMMENT ON COLUMN prosaas.dead_letters.state IS 'new: waits for a person; replaying; replayed: applied after all; discarded.';
COMMENT ON COLUMN prosaas.dead_letters.replays IS 'How often it was replayed.';
COMMENT ON COLUMN prosaas.dead_letters.first_died_at IS 'When it was given up first.';
COMMENT ON COLUMN prosaas.dead_letters.died_at IS 'When it was given up last.';
COMMENT ON COLUMN prosaas.dead_letters.filed_at IS 'When this row was made.';
COMMENT ON COLUMN prosaas.dead_letters.settled_at IS 'When it was applied after all, or discarded. Rows are kept for 120 days from then.';
COMMENT ON COLUMN prosaas.dead_letters.settled_by IS 'By whom.';
COMMENT ON COLUMN prosaas.dead_letters.settled_reason IS 'Why.';

CREATE INDEX dead_letters_at_ix ON prosaas.dead_letters (died_at DESC, id DESC);
CREATE INDEX dead_letters_state_at_ix ON prosaas.dead_letters (state, died_at DESC, id DESC);
CREATE INDEX dead_letters_group_ix
    ON prosaas.dead_letters (consumer, fingerprint, died_at DESC, id DESC) INCLUDE (state, business_id, first_died_at);
CREATE INDEX dead_letters_business_ix ON prosaas.dead_letters (business_id, died_at DESC, id DESC);
CREATE INDEX dead_letters_type_ix ON prosaas.dead_letters (event_type text_pattern_ops, died_at DESC, id DESC);
CREATE INDEX dead_letters_terms_ix ON prosaas.dead_letters USING gin (terms);
CREATE INDEX dead_letters_settled_ix ON prosaas.dead_letters (settled_at) WHERE settled_at IS NOT NULL;
-- What was applied meanwhile by another way is looked up by the event.
CREATE INDEX dead_letters_open_event_ix ON prosaas.dead_letters (consumer, event_id) WHERE state = 'new';

CREATE TABLE prosaas.dead_letter_reports (
    key text NOT NULL,
    dead_letter_id uuid NOT NULL,
    source text NOT NULL,
    replay integer NOT NULL,
    reason text NOT NULL,
    attempts bigint NOT NULL,
    error_chain text[] NOT NULL,
    process text,
    died_at timestamptz NOT NULL,
    attempt_log jsonb NOT NULL,
    CONSTRAINT dead_letter_reports_pk PRIMARY KEY (key),
    CONSTRAINT dead_letter_reports_letter_fk FOREIGN KEY (dead_letter_id)
        REFERENCES prosaas.dead_letters (id) ON DELETE CASCADE,
    CONSTRAINT dead_letter_reports_source_ck CHECK (source IN ('verdict', 'advisory'))
);

COMMENT ON TABLE prosaas.dead_letter_reports IS 'Each failure of a dead letter: the first, and one for each replay that failed again. A worker''s verdict and the server''s advisory of the same message are one report.';
COMMENT ON COLUMN prosaas.dead_letter_reports.key IS '<stream>:<sequence>:<consumer> of the message that failed.';
COMMENT ON COLUMN prosaas.dead_letter_reports.dead_letter_id IS 'The dead letter.';
COMMENT ON COLUMN prosaas.dead_letter_reports.source IS 'Who told first-hand: the worker (verdict), else the server (advisory).';
COMMENT ON COLUMN prosaas.dead_letter_reports.replay IS 'Which replay failed; 0 for the first life.';
COMMENT ON COLUMN prosaas.dead_letter_reports.reason IS 'As in dead_letters.';
COMMENT ON COLUMN prosaas.dead_letter_reports.attempts IS 'Deliveries of that message.';
COMMENT ON COLUMN prosaas.dead_letter_reports.error_chain IS 'The last error.';
COMMENT ON COLUMN prosaas.dead_letter_reports.process IS 'Which process gave it up.';
COMMENT ON COLUMN prosaas.dead_letter_reports.died_at IS 'When.';
COMMENT ON COLUMN prosaas.dead_letter_reports.attempt_log IS 'Each attempt that is known with its number, time, process and error. Of a process that was killed only the number of its attempts is known.';

CREATE INDEX dead_letter_reports_letter_ix ON prosaas.dead_letter_reports (dead_letter_id, replay);
