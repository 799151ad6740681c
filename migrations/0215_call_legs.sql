-- The leg that we dial to forward a call is reported like a call of its own. It is the business's whose call was
-- forwarded, and no call in a list: the call that it belongs to is there.

ALTER TABLE prosaas.calls
    ADD COLUMN forwarded_leg boolean NOT NULL
        GENERATED ALWAYS AS (parent_call_sid IS NOT NULL AND coalesce(direction LIKE 'outbound%', false)) STORED;
COMMENT ON COLUMN prosaas.calls.forwarded_leg IS 'Dialled to forward the call parent_call_sid, whose business is this one''s too.';

CREATE INDEX calls_orphaned_leg_ix
    ON prosaas.calls (parent_call_sid) WHERE forwarded_leg AND business_id IS NULL;
COMMENT ON INDEX prosaas.calls_orphaned_leg_ix IS 'Legs that came before their call.';

UPDATE prosaas.calls AS leg
SET business_id = whole.business_id
FROM prosaas.calls AS whole
WHERE leg.forwarded_leg AND leg.business_id IS NULL
    AND whole.call_sid = leg.parent_call_sid AND whole.business_id IS NOT NULL;
