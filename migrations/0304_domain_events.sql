-- Domain events on their way into the stream EVENTS, and the versions that they name. The rows that are here get
-- version 1; nothing is told of what happened before.

CREATE TABLE prosaas.event_outbox (
    position bigint GENERATED ALWAYS AS IDENTITY,
    event_id text NOT NULL,
    subject text NOT NULL,
    payload text NOT NULL,
    traceparent text,
    created_at timestamptz NOT NULL DEFAULT now(),
    refused text,
    CONSTRAINT event_outbox_pk PRIMARY KEY (position)
);

COMMENT ON TABLE prosaas.event_outbox IS 'Domain events that are not in the stream yet; the relay moves them and deletes them here.';
COMMENT ON COLUMN prosaas.event_outbox.position IS 'The order in which they were written; of one entity also that of its versions.';
COMMENT ON COLUMN prosaas.event_outbox.event_id IS 'CloudEvents id, and Nats-Msg-Id on every try.';
COMMENT ON COLUMN prosaas.event_outbox.subject IS 'Where it goes.';
COMMENT ON COLUMN prosaas.event_outbox.payload IS 'The CloudEvent as it will travel.';
COMMENT ON COLUMN prosaas.event_outbox.traceparent IS 'W3C trace context of the transaction that wrote it.';
COMMENT ON COLUMN prosaas.event_outbox.created_at IS 'When its transaction began.';
COMMENT ON COLUMN prosaas.event_outbox.refused IS 'Why the stream will never take it; null while it is on its way.';

ALTER TABLE prosaas.calls ADD COLUMN version bigint NOT NULL DEFAULT 1 CONSTRAINT calls_version_ck CHECK (version > 0);
COMMENT ON COLUMN prosaas.calls.version IS 'Grows with every change that events of the call made.';

ALTER TABLE prosaas.recordings ADD COLUMN version bigint NOT NULL DEFAULT 1 CONSTRAINT recordings_version_ck CHECK (version > 0);
COMMENT ON COLUMN prosaas.recordings.version IS 'Grows with every change that events of the recording made.';

ALTER TABLE prosaas.whatsapp_sessions
    ADD COLUMN version bigint NOT NULL DEFAULT 1 CONSTRAINT whatsapp_sessions_version_ck CHECK (version > 0),
    ADD COLUMN told_state text NOT NULL DEFAULT 'not_linked',
    ADD COLUMN told_linked boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN prosaas.whatsapp_sessions.version IS 'Grows with every change of state that is told.';
COMMENT ON COLUMN prosaas.whatsapp_sessions.told_state IS 'The state that the last domain event told.';
COMMENT ON COLUMN prosaas.whatsapp_sessions.told_linked IS 'Whether it told that a phone is linked.';

UPDATE prosaas.whatsapp_sessions SET told_state = state, told_linked = linked;
