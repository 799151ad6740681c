-- What a caller pressed stands in the call's history.

ALTER TABLE prosaas.call_events DROP CONSTRAINT call_events_kind_ck;
ALTER TABLE prosaas.call_events
    -- The rows that are there keep to the narrower one.
    ADD CONSTRAINT call_events_kind_ck
        CHECK (kind IN ('incoming', 'menu', 'status', 'leg_accepted', 'dialed', 'unknown')) NOT VALID;
COMMENT ON COLUMN prosaas.call_events.kind IS 'incoming, menu, status, leg_accepted, dialed or unknown.';
