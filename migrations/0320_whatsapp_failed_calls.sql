-- Why a call of the WhatsApp service failed stands beside the session's own reason: of the two the newer one counts.

ALTER TABLE prosaas.whatsapp_sessions ADD COLUMN effect_failed_at timestamptz;

COMMENT ON COLUMN prosaas.whatsapp_sessions.effect_failed_at IS 'When that call failed: a state that began later says more than effect_error.';

-- Failing was the last that happened to most of these rows; what happened since makes the error look newer, as before.
UPDATE prosaas.whatsapp_sessions SET effect_failed_at = updated_at WHERE effect_error IS NOT NULL;
