-- Replays: events that failed, or succeeded, run again by the consumer that they belong to.

CREATE TABLE prosaas.replay_jobs (
    id uuid NOT NULL,
    number bigint GENERATED ALWAYS AS IDENTITY,
    kind text NOT NULL,
    selection jsonb NOT NULL,
    reason text NOT NULL,
    rate integer NOT NULL,
    state text NOT NULL,
    total bigint NOT NULL,
    cursor bigint NOT NULL DEFAULT 0,
    requested_by uuid,
    requested_by_name text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    started_at timestamptz,
    finished_at timestamptz,
    lease_owner text,
    lease_until timestamptz,
    CONSTRAINT replay_jobs_pk PRIMARY KEY (id),
    CONSTRAINT replay_jobs_number_uq UNIQUE (number),
    CONSTRAINT replay_jobs_kind_ck CHECK (kind IN ('dead_letters', 'history')),
    CONSTRAINT replay_jobs_state_ck CHECK (state IN ('running', 'cancelled', 'finished')),
    CONSTRAINT replay_jobs_finished_ck CHECK (state <> 'finished' OR finished_at IS NOT NULL),
    CONSTRAINT replay_jobs_rate_ck CHECK (rate BETWEEN 1 AND 5000),
    CONSTRAINT replay_jobs_reason_ck CHECK (char_length(reason) BETWEEN 1 AND 500)
);
COMMENT ON TABLE prosaas.replay_jobs IS 'Replays that people asked for. The events were chosen when it was made; what dies later is not in it.';
COMMENT ON COLUMN prosaas.replay_jobs.number IS 'A short name, and part of the processed mark''s key when succeeded events run again.';
COMMENT ON COLUMN prosaas.replay_jobs.kind IS 'dead_letters, or history: events that succeeded.';
COMMENT ON COLUMN prosaas.replay_jobs.selection IS 'What was asked for.';
COMMENT ON COLUMN prosaas.replay_jobs.reason IS 'Why.';
COMMENT ON COLUMN prosaas.replay_jobs.rate IS 'Most events a second.';
COMMENT ON COLUMN prosaas.replay_jobs.state IS 'running until every event has its result; cancelled: nothing more is published.';
COMMENT ON COLUMN prosaas.replay_jobs.total IS 'How many events.';
COMMENT ON COLUMN prosaas.replay_jobs.cursor IS 'Position up to which everything is published or settled.';
COMMENT ON COLUMN prosaas.replay_jobs.requested_by IS 'The person; null for the command line.';
COMMENT ON COLUMN prosaas.replay_jobs.requested_by_name IS 'Their name at that time.';
COMMENT ON COLUMN prosaas.replay_jobs.lease_owner IS 'The process that runs it.';
COMMENT ON COLUMN prosaas.replay_jobs.lease_until IS 'By this database''s clock; then another process may.';

CREATE INDEX replay_jobs_created_ix ON prosaas.replay_jobs (created_at DESC, id DESC);
CREATE INDEX replay_jobs_open_ix ON prosaas.replay_jobs (created_at) WHERE finished_at IS NULL;

CREATE TABLE prosaas.replay_items (
    job_id uuid NOT NULL,
    position bigint NOT NULL,
    dead_letter_id uuid,
    from_state text,
    consumer text NOT NULL,
    stream text,
    stream_sequence bigint,
    processed_key text,
    attempt integer,
    result text NOT NULL,
    error text,
    published_at timestamptz,
    settled_at timestamptz,
    CONSTRAINT replay_items_pk PRIMARY KEY (job_id, position),
    CONSTRAINT replay_items_job_fk FOREIGN KEY (job_id) REFERENCES prosaas.replay_jobs (id) ON DELETE CASCADE,
    CONSTRAINT replay_items_letter_fk FOREIGN KEY (dead_letter_id)
        REFERENCES prosaas.dead_letters (id) ON DELETE SET NULL,
    CONSTRAINT replay_items_result_ck CHECK (result IN
        ('pending', 'claimed', 'in_flight', 'succeeded', 'already_applied', 'failed', 'skipped', 'cancelled'))
);
COMMENT ON TABLE prosaas.replay_items IS 'The events of a replay, in order, each with its result.';
COMMENT ON COLUMN prosaas.replay_items.position IS 'From 1.';
COMMENT ON COLUMN prosaas.replay_items.dead_letter_id IS 'The dead letter; null for history.';
COMMENT ON COLUMN prosaas.replay_items.from_state IS 'The dead letter''s state when it was chosen: it is skipped if that has changed.';
COMMENT ON COLUMN prosaas.replay_items.consumer IS 'The only consumer that runs it again.';
COMMENT ON COLUMN prosaas.replay_items.stream IS 'Where the event lies; for history.';
COMMENT ON COLUMN prosaas.replay_items.stream_sequence IS 'Its sequence there.';
COMMENT ON COLUMN prosaas.replay_items.processed_key IS 'Key of the processed mark that its success leaves.';
COMMENT ON COLUMN prosaas.replay_items.attempt IS 'Which replay of its dead letter this is, from 1; part of the message id.';
COMMENT ON COLUMN prosaas.replay_items.result IS 'pending; claimed: being published; in_flight: published; the rest are ends.';
COMMENT ON COLUMN prosaas.replay_items.error IS 'Why it failed or was skipped.';

CREATE INDEX replay_items_letter_ix ON prosaas.replay_items (dead_letter_id);
CREATE INDEX replay_items_open_ix ON prosaas.replay_items (job_id, result, position);

CREATE TABLE prosaas.worker_pauses (
    consumer text NOT NULL,
    stream text NOT NULL,
    paused boolean NOT NULL,
    paused_until timestamptz,
    reason text NOT NULL,
    changed_by text NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT now(),
    revision bigint NOT NULL DEFAULT 1,
    applied_revision bigint NOT NULL DEFAULT 0,
    CONSTRAINT worker_pauses_pk PRIMARY KEY (consumer),
    CONSTRAINT worker_pauses_until_ck CHECK (paused OR paused_until IS NULL)
);
COMMENT ON TABLE prosaas.worker_pauses IS 'Which workers people have paused. The consumer in NATS is made so.';
COMMENT ON COLUMN prosaas.worker_pauses.consumer IS 'The worker''s consumer.';
COMMENT ON COLUMN prosaas.worker_pauses.stream IS 'Its stream.';
COMMENT ON COLUMN prosaas.worker_pauses.paused IS 'What is wanted.';
COMMENT ON COLUMN prosaas.worker_pauses.paused_until IS 'When it goes on by itself; null for when somebody says so.';
COMMENT ON COLUMN prosaas.worker_pauses.reason IS 'Why.';
COMMENT ON COLUMN prosaas.worker_pauses.changed_by IS 'Who said so.';
COMMENT ON COLUMN prosaas.worker_pauses.revision IS 'Grows with each change.';
COMMENT ON COLUMN prosaas.worker_pauses.applied_revision IS 'The one that NATS has.';
