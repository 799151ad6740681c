-- Who really answered: whoever is rung presses 1, and Twilio says whether the two were connected.

ALTER TABLE prosaas.calls
    ADD COLUMN dial_bridged boolean,
    ADD COLUMN dial_screened boolean NOT NULL DEFAULT false,
    ADD COLUMN accepted_legs jsonb NOT NULL DEFAULT '{}',
    ADD COLUMN answered_by text;
-- By the rule of CallState::answered. A column that the table fills itself is right for rows of every age, and for
-- those that a worker of the release before still writes: older calls keep their outcome.
ALTER TABLE prosaas.calls
    ADD COLUMN answered boolean NOT NULL GENERATED ALWAYS AS (
        (coalesce(dial_outcome = 'completed', false) AND coalesce(dial_bridged, NOT dial_screened)
            AND (NOT dial_screened OR accepted_legs <> '{}'))
        OR (coalesce(direction LIKE 'outbound%', false) AND coalesce(status = 'completed', false)
            AND parent_call_sid IS NULL)
    ) STORED;
COMMENT ON COLUMN prosaas.calls.dial_outcome IS
    'How forwarding ended, in Twilio''s words; completed means that somebody, or a voicemail, picked up.';
COMMENT ON COLUMN prosaas.calls.dial_bridged IS 'Whether caller and called were connected; null where Twilio did not say.';
COMMENT ON COLUMN prosaas.calls.dial_screened IS 'Whether everybody who was rung had to press 1 first.';
COMMENT ON COLUMN prosaas.calls.accepted_legs IS 'The legs on which 1 was pressed, each with the number that was rung.';
COMMENT ON COLUMN prosaas.calls.answered IS
    'Whether somebody spoke with whom they called. Of calls before screening: whether somebody or something picked up.';
COMMENT ON COLUMN prosaas.calls.answered_by IS 'The number at which a forwarded call was taken, where that is known.';

ALTER TABLE prosaas.call_events DROP CONSTRAINT call_events_kind_ck;
ALTER TABLE prosaas.call_events
    -- The rows that are there keep to the narrower one.
    ADD CONSTRAINT call_events_kind_ck
        CHECK (kind IN ('incoming', 'status', 'leg_accepted', 'dialed', 'unknown')) NOT VALID;
COMMENT ON COLUMN prosaas.call_events.kind IS 'incoming, status, leg_accepted, dialed or unknown.';
