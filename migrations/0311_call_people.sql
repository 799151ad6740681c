-- People of a business who take its calls.

CREATE TABLE prosaas.call_people (
    user_id uuid NOT NULL,
    number text,
    hours jsonb,
    not_before timestamptz,
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT call_people_pk PRIMARY KEY (user_id),
    CONSTRAINT call_people_user_fk FOREIGN KEY (user_id) REFERENCES prosaas.users (id),
    CONSTRAINT call_people_number_ck CHECK (number ~ '^\+[1-9][0-9]{6,14}$')
);
COMMENT ON TABLE prosaas.call_people IS 'Where and when a person is reached when a call is put through to them.';
COMMENT ON COLUMN prosaas.call_people.user_id IS 'Who.';
COMMENT ON COLUMN prosaas.call_people.number IS 'Where, in E.164 form; a person without one is not rung.';
COMMENT ON COLUMN prosaas.call_people.hours IS 'When, by day of the week, in the business''s time zone; always, where null.';
COMMENT ON COLUMN prosaas.call_people.not_before IS 'They take no calls before then.';
COMMENT ON COLUMN prosaas.call_people.updated_at IS 'When it last changed.';
