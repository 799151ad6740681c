-- Calls whose last status never came: Twilio is asked how they ended.

ALTER TABLE prosaas.calls
    ADD COLUMN unknown boolean NOT NULL DEFAULT false,
    ADD COLUMN status_asks smallint NOT NULL DEFAULT 0,
    ADD COLUMN status_ask_after timestamptz;
COMMENT ON COLUMN prosaas.calls.unknown IS 'Twilio knows nothing of the call, and no last status ever came.';
COMMENT ON COLUMN prosaas.calls.status_asks IS 'How often Twilio was asked how it ended.';
COMMENT ON COLUMN prosaas.calls.status_ask_after IS 'When it may be asked again.';

CREATE INDEX calls_without_end_ix ON prosaas.calls (status_ask_after NULLS FIRST, updated_at)
    WHERE ended_at IS NULL AND NOT unknown AND NOT forwarded_leg;
