-- What the WhatsApp service (`baileys/`) keeps. It alone writes these tables; the
-- state that people see is in `whatsapp_sessions`, which the worker keeps from facts.

CREATE SEQUENCE prosaas.whatsapp_lease_generation_seq AS bigint;
COMMENT ON SEQUENCE prosaas.whatsapp_lease_generation_seq IS 'Generations of leases. One for all sessions, so that a session deleted and started again goes on upwards.';

CREATE TABLE prosaas.whatsapp_leases (
    session_id uuid NOT NULL,
    business_id uuid NOT NULL,
    holder text,
    generation bigint NOT NULL,
    expires_at timestamptz NOT NULL,
    CONSTRAINT whatsapp_leases_pk PRIMARY KEY (session_id),
    CONSTRAINT whatsapp_leases_generation_ck CHECK (generation > 0),
    CONSTRAINT whatsapp_leases_holder_length_ck CHECK (char_length(holder) BETWEEN 1 AND 200)
);

COMMENT ON TABLE prosaas.whatsapp_leases IS 'Which process may hold a session''s socket. Every write of credentials, keys or facts locks this row and compares holder and generation.';
COMMENT ON COLUMN prosaas.whatsapp_leases.session_id IS 'The session, a UUID made by the application.';
COMMENT ON COLUMN prosaas.whatsapp_leases.business_id IS 'The business that it belongs to.';
COMMENT ON COLUMN prosaas.whatsapp_leases.holder IS 'The process that holds it; null when it was given back.';
COMMENT ON COLUMN prosaas.whatsapp_leases.generation IS 'Grows each time that the lease is taken; older generations can no longer write.';
COMMENT ON COLUMN prosaas.whatsapp_leases.expires_at IS 'By the database''s clock: from then on another process may take it.';

CREATE INDEX whatsapp_leases_business_ix ON prosaas.whatsapp_leases (business_id);

CREATE TABLE prosaas.whatsapp_credentials (
    session_id uuid NOT NULL,
    business_id uuid NOT NULL,
    ciphertext bytea NOT NULL,
    key_version integer NOT NULL,
    registered boolean NOT NULL,
    halted_phase text,
    halted_code integer,
    halted_reason text,
    halted_at timestamptz,
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT whatsapp_credentials_pk PRIMARY KEY (session_id),
    CONSTRAINT whatsapp_credentials_halted_phase_ck CHECK (halted_phase IN ('stopped', 'replaced')),
    CONSTRAINT whatsapp_credentials_halted_ck CHECK ((halted_phase IS NULL) = (halted_at IS NULL))
);

COMMENT ON TABLE prosaas.whatsapp_credentials IS 'A linked device''s credentials, sealed. A row appears when a phone has linked and goes when it is unlinked.';
COMMENT ON COLUMN prosaas.whatsapp_credentials.session_id IS 'The session.';
COMMENT ON COLUMN prosaas.whatsapp_credentials.business_id IS 'The business that it belongs to.';
COMMENT ON COLUMN prosaas.whatsapp_credentials.ciphertext IS 'AES-256-GCM; session, kind and id are authenticated with it. The layout stands in baileys/src/store/crypto.ts.';
COMMENT ON COLUMN prosaas.whatsapp_credentials.key_version IS 'Fingerprint of the key that sealed it, to tell which one is missing.';
COMMENT ON COLUMN prosaas.whatsapp_credentials.registered IS 'Whether a phone has confirmed this device: it then comes back without a scan.';
COMMENT ON COLUMN prosaas.whatsapp_credentials.halted_phase IS 'Null: resumed at start. Otherwise the state in which it waits for somebody.';
COMMENT ON COLUMN prosaas.whatsapp_credentials.halted_code IS 'WhatsApp''s code that halted it.';
COMMENT ON COLUMN prosaas.whatsapp_credentials.halted_reason IS 'Why it was halted.';
COMMENT ON COLUMN prosaas.whatsapp_credentials.halted_at IS 'When it was halted.';
COMMENT ON COLUMN prosaas.whatsapp_credentials.updated_at IS 'When the row last changed.';

CREATE INDEX whatsapp_credentials_business_ix ON prosaas.whatsapp_credentials (business_id);

CREATE TABLE prosaas.whatsapp_keys (
    session_id uuid NOT NULL,
    kind text NOT NULL,
    key_id text NOT NULL,
    ciphertext bytea NOT NULL,
    CONSTRAINT whatsapp_keys_pk PRIMARY KEY (session_id, kind, key_id)
);

COMMENT ON TABLE prosaas.whatsapp_keys IS 'A session''s Signal keys, sealed: pre-keys, sessions with devices, sender keys, LID mappings and so on. About 820 rows a session.';
COMMENT ON COLUMN prosaas.whatsapp_keys.session_id IS 'The session.';
COMMENT ON COLUMN prosaas.whatsapp_keys.kind IS 'The library''s name of the key type, such as pre-key.';
COMMENT ON COLUMN prosaas.whatsapp_keys.key_id IS 'The library''s name of the key within its type.';
COMMENT ON COLUMN prosaas.whatsapp_keys.ciphertext IS 'As in whatsapp_credentials; the fingerprint of the key stands in its header.';

CREATE TABLE prosaas.whatsapp_outbox (
    sequence bigint GENERATED ALWAYS AS IDENTITY,
    id uuid NOT NULL,
    session_id uuid NOT NULL,
    business_id uuid NOT NULL,
    fact jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    attempts integer NOT NULL DEFAULT 0,
    claimed_by text,
    claimed_until timestamptz,
    rejected_at timestamptz,
    last_error text,
    CONSTRAINT whatsapp_outbox_pk PRIMARY KEY (sequence),
    CONSTRAINT whatsapp_outbox_id_uq UNIQUE (id),
    CONSTRAINT whatsapp_outbox_fact_ck CHECK (jsonb_typeof(fact) = 'object'),
    CONSTRAINT whatsapp_outbox_attempts_ck CHECK (attempts >= 0)
);

COMMENT ON TABLE prosaas.whatsapp_outbox IS 'Facts on their way to the ingress, written with what they report. A delivered row is deleted; a rejected one stays for an operator.';
COMMENT ON COLUMN prosaas.whatsapp_outbox.sequence IS 'The order of delivery, and the fact''s sequence: a session''s rows are inserted under the lock on its lease.';
COMMENT ON COLUMN prosaas.whatsapp_outbox.id IS 'The event''s id, the same at each try.';
COMMENT ON COLUMN prosaas.whatsapp_outbox.session_id IS 'The session.';
COMMENT ON COLUMN prosaas.whatsapp_outbox.business_id IS 'The business that it belongs to.';
COMMENT ON COLUMN prosaas.whatsapp_outbox.fact IS 'The fact without id and sequence. Never a QR text, a pairing code, a credential or a key.';
COMMENT ON COLUMN prosaas.whatsapp_outbox.created_at IS 'When it was written.';
COMMENT ON COLUMN prosaas.whatsapp_outbox.attempts IS 'How often delivery was tried.';
COMMENT ON COLUMN prosaas.whatsapp_outbox.claimed_by IS 'The process that is delivering it.';
COMMENT ON COLUMN prosaas.whatsapp_outbox.claimed_until IS 'By the database''s clock: from then on another process may deliver it.';
COMMENT ON COLUMN prosaas.whatsapp_outbox.rejected_at IS 'When the ingress refused it for good.';
COMMENT ON COLUMN prosaas.whatsapp_outbox.last_error IS 'What the last failed try answered.';

CREATE INDEX whatsapp_outbox_pending_ix ON prosaas.whatsapp_outbox (session_id, sequence) WHERE rejected_at IS NULL;
CREATE INDEX whatsapp_outbox_business_ix ON prosaas.whatsapp_outbox (business_id, sequence);
