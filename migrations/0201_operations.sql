-- What became of commands.

CREATE TABLE prosaas.operations (
    id uuid NOT NULL,
    business_id uuid,
    actor_id uuid,
    action text NOT NULL,
    entity_id uuid NOT NULL,
    state text NOT NULL,
    result jsonb,
    problem jsonb,
    finished_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT operations_pk PRIMARY KEY (id),
    CONSTRAINT operations_state_ck CHECK (state IN ('succeeded', 'failed')),
    CONSTRAINT operations_problem_ck CHECK ((state = 'failed') = (problem IS NOT NULL))
);
COMMENT ON TABLE prosaas.operations IS 'Outcomes of commands, written in the transaction that applied or refused them. A command without a row is pending.';
COMMENT ON COLUMN prosaas.operations.id IS 'Derived from the command''s message id: the same command twice is one operation.';
COMMENT ON COLUMN prosaas.operations.business_id IS 'The business that it was about; none for the system''s own.';
COMMENT ON COLUMN prosaas.operations.actor_id IS 'Who asked for it.';
COMMENT ON COLUMN prosaas.operations.action IS 'What was asked, e.g. lead.delete.';
COMMENT ON COLUMN prosaas.operations.entity_id IS 'What it was about.';
COMMENT ON COLUMN prosaas.operations.state IS 'succeeded or failed.';
COMMENT ON COLUMN prosaas.operations.result IS 'What a success brings, e.g. a new version or a count.';
COMMENT ON COLUMN prosaas.operations.problem IS 'Why it failed: status, type, title and a sentence for people (RFC 9457).';
COMMENT ON COLUMN prosaas.operations.finished_at IS 'When it was applied or refused. Rows are kept for 7 days.';

CREATE INDEX operations_finished_ix ON prosaas.operations (finished_at);

CREATE TABLE prosaas.idempotency_keys (
    actor_id uuid NOT NULL,
    key text NOT NULL,
    body_hash bytea NOT NULL,
    operation_id uuid NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT idempotency_keys_pk PRIMARY KEY (actor_id, key),
    CONSTRAINT idempotency_keys_key_length_ck CHECK (char_length(key) BETWEEN 1 AND 255),
    CONSTRAINT idempotency_keys_body_hash_ck CHECK (octet_length(body_hash) = 32)
);
COMMENT ON TABLE prosaas.idempotency_keys IS 'Idempotency-Key headers that clients sent. The ingress alone writes it.';
COMMENT ON COLUMN prosaas.idempotency_keys.actor_id IS 'Whose key: two people may choose the same.';
COMMENT ON COLUMN prosaas.idempotency_keys.key IS 'The header''s value.';
COMMENT ON COLUMN prosaas.idempotency_keys.body_hash IS 'SHA-256 of method, route and body: the same key with another body is refused.';
COMMENT ON COLUMN prosaas.idempotency_keys.operation_id IS 'The operation that the key stands for.';
COMMENT ON COLUMN prosaas.idempotency_keys.created_at IS 'When it was first used. Rows are kept for 24 hours.';

CREATE INDEX idempotency_keys_created_ix ON prosaas.idempotency_keys (created_at);
