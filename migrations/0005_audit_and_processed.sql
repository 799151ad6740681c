-- What was done, by whom; and which events have been applied.

CREATE TABLE prosaas.audit_records (
    id uuid NOT NULL,
    business_id uuid,
    at timestamptz NOT NULL DEFAULT now(),
    actor_id uuid,
    actor_name text NOT NULL,
    ip inet,
    request_id text,
    event_id text,
    action text NOT NULL,
    entity_type text NOT NULL,
    entity_id text NOT NULL,
    before jsonb,
    after jsonb,
    CONSTRAINT audit_records_pk PRIMARY KEY (id),
    CONSTRAINT audit_records_business_fk FOREIGN KEY (business_id) REFERENCES prosaas.businesses (id),
    CONSTRAINT audit_records_event_uq UNIQUE (event_id, action, entity_type, entity_id)
);

COMMENT ON TABLE prosaas.audit_records IS 'Every change of state, written in the change''s own transaction. Append only.';
COMMENT ON COLUMN prosaas.audit_records.id IS 'UUID version 7, made by the application.';
COMMENT ON COLUMN prosaas.audit_records.business_id IS 'The business that the change belongs to; null where it belongs to none.';
COMMENT ON COLUMN prosaas.audit_records.at IS 'When the change was made.';
COMMENT ON COLUMN prosaas.audit_records.actor_id IS 'The person who asked for it; null where it was no person.';
COMMENT ON COLUMN prosaas.audit_records.actor_name IS 'Their name at that time; else the system that raised the event, such as twilio.';
COMMENT ON COLUMN prosaas.audit_records.ip IS 'Address that the request came from.';
COMMENT ON COLUMN prosaas.audit_records.request_id IS 'Id of the HTTP request.';
COMMENT ON COLUMN prosaas.audit_records.event_id IS 'Id of the event that was applied.';
COMMENT ON COLUMN prosaas.audit_records.action IS 'What was done, such as call.status.';
COMMENT ON COLUMN prosaas.audit_records.entity_type IS 'To what kind of thing.';
COMMENT ON COLUMN prosaas.audit_records.entity_id IS 'To which one.';
COMMENT ON COLUMN prosaas.audit_records.before IS 'How it stood; null where it was new.';
COMMENT ON COLUMN prosaas.audit_records.after IS 'How it stands; null where it is gone.';

CREATE INDEX audit_records_business_at_ix ON prosaas.audit_records (business_id, at DESC, id DESC);
CREATE INDEX audit_records_entity_ix ON prosaas.audit_records (business_id, entity_type, entity_id, at DESC);

CREATE FUNCTION prosaas.refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    RAISE EXCEPTION '% is append only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END;
$$;
COMMENT ON FUNCTION prosaas.refuse_change() IS 'Refuses UPDATE, DELETE and TRUNCATE on an append-only table.';

CREATE TRIGGER audit_records_append_only
    BEFORE UPDATE OR DELETE ON prosaas.audit_records
    FOR EACH ROW EXECUTE FUNCTION prosaas.refuse_change();
CREATE TRIGGER audit_records_no_truncate
    BEFORE TRUNCATE ON prosaas.audit_records
    FOR EACH STATEMENT EXECUTE FUNCTION prosaas.refuse_change();

CREATE TABLE prosaas.processed_events (
    consumer text NOT NULL,
    event_id text NOT NULL,
    processed_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT processed_events_pk PRIMARY KEY (consumer, event_id)
);

COMMENT ON TABLE prosaas.processed_events IS 'Events that a consumer has applied, marked in the same transaction. Kept 120 days: longer than streams, dead letters and the longest outage together.';
COMMENT ON COLUMN prosaas.processed_events.consumer IS 'The durable consumer.';
COMMENT ON COLUMN prosaas.processed_events.event_id IS 'The CloudEvents id.';
COMMENT ON COLUMN prosaas.processed_events.processed_at IS 'When it was applied.';

CREATE INDEX processed_events_processed_at_ix ON prosaas.processed_events (processed_at);
