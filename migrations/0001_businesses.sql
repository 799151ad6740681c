-- Businesses and the numbers that they own.
-- The schema itself is made by the migrator, which keeps its own table in it.

CREATE TABLE prosaas.businesses (
    id uuid NOT NULL,
    name text NOT NULL,
    time_zone text NOT NULL DEFAULT 'Asia/Jerusalem',
    active boolean NOT NULL DEFAULT true,
    call_settings jsonb NOT NULL DEFAULT '{}'::jsonb,
    call_settings_revision bigint NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz,
    deleted_by uuid,
    CONSTRAINT businesses_pk PRIMARY KEY (id),
    CONSTRAINT businesses_name_length_ck CHECK (char_length(name) BETWEEN 1 AND 200),
    CONSTRAINT businesses_call_settings_ck CHECK (jsonb_typeof(call_settings) = 'object'),
    CONSTRAINT businesses_revision_ck CHECK (call_settings_revision > 0)
);

COMMENT ON TABLE prosaas.businesses IS 'The tenants. Every other table names its business.';
COMMENT ON COLUMN prosaas.businesses.id IS 'UUID version 7, made by the application.';
COMMENT ON COLUMN prosaas.businesses.name IS 'As people read it, and as the default greeting says it.';
COMMENT ON COLUMN prosaas.businesses.time_zone IS 'IANA name; opening hours are counted in it.';
COMMENT ON COLUMN prosaas.businesses.active IS 'False: its numbers answer as numbers of nobody.';
COMMENT ON COLUMN prosaas.businesses.call_settings IS 'How calls are answered: a CallSettings document.';
COMMENT ON COLUMN prosaas.businesses.call_settings_revision IS 'Grows with every change of anything that the call configuration holds: name, time zone, numbers, settings, active.';
COMMENT ON COLUMN prosaas.businesses.created_at IS 'When the row was made.';
COMMENT ON COLUMN prosaas.businesses.updated_at IS 'When the row last changed.';
COMMENT ON COLUMN prosaas.businesses.deleted_at IS 'When it was softly deleted; null while it lives.';
COMMENT ON COLUMN prosaas.businesses.deleted_by IS 'The person who deleted it.';

CREATE TABLE prosaas.business_numbers (
    id uuid NOT NULL,
    business_id uuid NOT NULL,
    e164 text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    released_at timestamptz,
    CONSTRAINT business_numbers_pk PRIMARY KEY (id),
    CONSTRAINT business_numbers_business_fk FOREIGN KEY (business_id) REFERENCES prosaas.businesses (id),
    CONSTRAINT business_numbers_e164_ck CHECK (e164 ~ '^\+[1-9][0-9]{6,14}$')
);

COMMENT ON TABLE prosaas.business_numbers IS 'Phone numbers at Twilio that businesses own, and owned.';
COMMENT ON COLUMN prosaas.business_numbers.id IS 'UUID version 7, made by the application.';
COMMENT ON COLUMN prosaas.business_numbers.business_id IS 'The owner.';
COMMENT ON COLUMN prosaas.business_numbers.e164 IS 'The number in E.164 form.';
COMMENT ON COLUMN prosaas.business_numbers.created_at IS 'Since when it is the business''s.';
COMMENT ON COLUMN prosaas.business_numbers.released_at IS 'Until when it was; null while it still is.';

CREATE UNIQUE INDEX business_numbers_live_e164_uq
    ON prosaas.business_numbers (e164) WHERE released_at IS NULL;
COMMENT ON INDEX prosaas.business_numbers_live_e164_uq IS 'A number has one owner at a time, across all businesses.';
CREATE INDEX business_numbers_business_ix ON prosaas.business_numbers (business_id, e164);
