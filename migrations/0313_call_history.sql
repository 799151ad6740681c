-- What a caller pressed, and what Twilio could not do, stand in the call's history.

ALTER TABLE prosaas.call_events DROP CONSTRAINT call_events_kind_ck;
ALTER TABLE prosaas.call_events
    -- The rows that are there keep to the narrower one.
    ADD CONSTRAINT call_events_kind_ck
        CHECK (kind IN ('incoming', 'menu', 'status', 'leg_accepted', 'dialed', 'unknown', 'error')) NOT VALID;
COMMENT ON COLUMN prosaas.call_events.kind IS 'incoming, menu, status, leg_accepted, dialed, unknown or error.';
-- For operators, who see errors by their code. There are few.
CREATE INDEX call_events_error_ix ON prosaas.call_events (business_id, received_at) WHERE kind = 'error';
