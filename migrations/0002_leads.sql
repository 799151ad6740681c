-- Leads and their phone numbers.

CREATE TABLE prosaas.leads (
    id uuid NOT NULL,
    business_id uuid NOT NULL,
    name text,
    email text,
    status text NOT NULL DEFAULT 'new',
    source text NOT NULL,
    owner_id uuid,
    tags text[] NOT NULL DEFAULT '{}'::text[],
    notes text NOT NULL DEFAULT '',
    version bigint NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    deleted_at timestamptz,
    deleted_by uuid,
    CONSTRAINT leads_pk PRIMARY KEY (id),
    CONSTRAINT leads_business_id_uq UNIQUE (business_id, id),
    CONSTRAINT leads_business_fk FOREIGN KEY (business_id) REFERENCES prosaas.businesses (id),
    CONSTRAINT leads_status_ck CHECK (status IN ('new', 'contacted', 'qualified', 'won', 'lost')),
    CONSTRAINT leads_source_ck CHECK (source IN ('call', 'whatsapp', 'manual', 'import')),
    CONSTRAINT leads_name_length_ck CHECK (char_length(name) BETWEEN 1 AND 200),
    CONSTRAINT leads_email_length_ck CHECK (char_length(email) BETWEEN 3 AND 320),
    CONSTRAINT leads_notes_length_ck CHECK (char_length(notes) <= 20000),
    CONSTRAINT leads_version_ck CHECK (version > 0)
);

COMMENT ON TABLE prosaas.leads IS 'People who may become, or are, customers of a business.';
COMMENT ON COLUMN prosaas.leads.id IS 'UUID version 7, made by the application.';
COMMENT ON COLUMN prosaas.leads.business_id IS 'Whose lead it is.';
COMMENT ON COLUMN prosaas.leads.name IS 'Null while nobody knows it.';
COMMENT ON COLUMN prosaas.leads.email IS 'As typed; null where there is none.';
COMMENT ON COLUMN prosaas.leads.status IS 'Where the lead stands in the sale.';
COMMENT ON COLUMN prosaas.leads.source IS 'How it came to be.';
COMMENT ON COLUMN prosaas.leads.owner_id IS 'The person of the business who looks after it.';
COMMENT ON COLUMN prosaas.leads.tags IS 'Labels of the business''s own.';
COMMENT ON COLUMN prosaas.leads.notes IS 'Free text.';
COMMENT ON COLUMN prosaas.leads.version IS 'Grows with every change; a command carries the one that it expects.';
COMMENT ON COLUMN prosaas.leads.created_at IS 'When the event that made it happened.';
COMMENT ON COLUMN prosaas.leads.updated_at IS 'When it last changed.';
COMMENT ON COLUMN prosaas.leads.deleted_at IS 'When it was softly deleted; null while it lives.';
COMMENT ON COLUMN prosaas.leads.deleted_by IS 'The person who deleted it.';

CREATE INDEX leads_business_created_ix
    ON prosaas.leads (business_id, created_at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX leads_business_deleted_ix
    ON prosaas.leads (business_id, deleted_at DESC, id DESC) WHERE deleted_at IS NOT NULL;

CREATE TABLE prosaas.lead_phones (
    id uuid NOT NULL,
    business_id uuid NOT NULL,
    lead_id uuid NOT NULL,
    e164 text,
    raw text NOT NULL,
    position smallint NOT NULL DEFAULT 0,
    matches_callers boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL,
    CONSTRAINT lead_phones_pk PRIMARY KEY (id),
    CONSTRAINT lead_phones_lead_fk FOREIGN KEY (business_id, lead_id) REFERENCES prosaas.leads (business_id, id),
    CONSTRAINT lead_phones_e164_ck CHECK (e164 ~ '^\+[1-9][0-9]{6,14}$'),
    CONSTRAINT lead_phones_raw_length_ck CHECK (char_length(raw) BETWEEN 1 AND 100),
    CONSTRAINT lead_phones_position_ck CHECK (position >= 0)
);

COMMENT ON TABLE prosaas.lead_phones IS 'Phone numbers of leads; a lead may have several.';
COMMENT ON COLUMN prosaas.lead_phones.id IS 'UUID version 7, made by the application.';
COMMENT ON COLUMN prosaas.lead_phones.business_id IS 'The lead''s business.';
COMMENT ON COLUMN prosaas.lead_phones.lead_id IS 'The lead.';
COMMENT ON COLUMN prosaas.lead_phones.e164 IS 'The number in E.164 form; null where the text is no such number.';
COMMENT ON COLUMN prosaas.lead_phones.raw IS 'The number as it was typed, or as the network sent it.';
COMMENT ON COLUMN prosaas.lead_phones.position IS 'Order among the lead''s numbers, the main one first.';
COMMENT ON COLUMN prosaas.lead_phones.matches_callers IS 'Of the leads that hold this number, the one that a caller is taken for. False while the lead is deleted.';
COMMENT ON COLUMN prosaas.lead_phones.created_at IS 'When the number was added.';

CREATE UNIQUE INDEX lead_phones_caller_uq
    ON prosaas.lead_phones (business_id, e164) WHERE matches_callers;
COMMENT ON INDEX prosaas.lead_phones_caller_uq IS 'A caller is one lead of a business, also when two first calls arrive at once.';
CREATE INDEX lead_phones_lead_ix ON prosaas.lead_phones (business_id, lead_id, position);
CREATE INDEX lead_phones_number_ix ON prosaas.lead_phones (business_id, e164);
