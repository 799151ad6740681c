-- Events that failed and will be tried again, so that operators see a fault before it is a dead letter.

CREATE TABLE prosaas.event_retries (
    consumer text NOT NULL,
    stream_sequence bigint NOT NULL,
    stream text NOT NULL,
    event_id text NOT NULL,
    event_type text NOT NULL,
    business_id uuid,
    attempts bigint NOT NULL,
    error_chain text[] NOT NULL,
    received_at timestamptz NOT NULL,
    first_failed_at timestamptz NOT NULL,
    next_attempt_at timestamptz NOT NULL,
    CONSTRAINT event_retries_pk PRIMARY KEY (consumer, stream_sequence)
);

COMMENT ON TABLE prosaas.event_retries IS 'One row for each event that waits for another try; it goes when the event is applied or given up.';
COMMENT ON COLUMN prosaas.event_retries.consumer IS 'The worker that failed.';
COMMENT ON COLUMN prosaas.event_retries.stream_sequence IS 'Its sequence in the stream.';
COMMENT ON COLUMN prosaas.event_retries.stream IS 'The stream that keeps the event.';
COMMENT ON COLUMN prosaas.event_retries.event_id IS 'The CloudEvents id.';
COMMENT ON COLUMN prosaas.event_retries.event_type IS 'The CloudEvents type.';
COMMENT ON COLUMN prosaas.event_retries.business_id IS 'The business that the event names. It need not exist.';
COMMENT ON COLUMN prosaas.event_retries.attempts IS 'Deliveries so far.';
COMMENT ON COLUMN prosaas.event_retries.error_chain IS 'Of the latest failure: the outermost error first, each cause after it.';
COMMENT ON COLUMN prosaas.event_retries.received_at IS 'When the ingress received the event.';
COMMENT ON COLUMN prosaas.event_retries.first_failed_at IS 'When it failed first.';
COMMENT ON COLUMN prosaas.event_retries.next_attempt_at IS 'When it is tried again. A day later the row is forgotten.';
