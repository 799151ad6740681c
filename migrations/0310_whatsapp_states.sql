-- Each state of a WhatsApp session has one meaning, and why it stands so has a stable code besides the English words.

ALTER TABLE prosaas.whatsapp_sessions
    DROP CONSTRAINT whatsapp_sessions_state_ck,
    ADD CONSTRAINT whatsapp_sessions_state_ck CHECK (state IN (
        'not_linked', 'requesting', 'qr_ready', 'expired', 'interrupted', 'code_ready', 'pairing',
        'connected', 'reconnecting', 'replaced', 'unlinking', 'unlinked', 'logged_out', 'stopped'
    )),
    ADD COLUMN reason_code text CONSTRAINT whatsapp_sessions_reason_code_length_ck CHECK (char_length(reason_code) <= 100),
    ADD COLUMN reason_until timestamptz,
    ADD COLUMN effect_code text CONSTRAINT whatsapp_sessions_effect_code_length_ck CHECK (char_length(effect_code) <= 100);

COMMENT ON COLUMN prosaas.whatsapp_sessions.reason IS 'Why it stands so, in English words for the log.';
COMMENT ON COLUMN prosaas.whatsapp_sessions.reason_code IS 'The same as a stable code, from which the web app makes its sentence.';
COMMENT ON COLUMN prosaas.whatsapp_sessions.reason_until IS 'Before when the service tries nothing, such as the end of a ban.';
COMMENT ON COLUMN prosaas.whatsapp_sessions.effect_error IS 'Why the last call failed, in English words for the log.';
COMMENT ON COLUMN prosaas.whatsapp_sessions.effect_code IS 'The same as a stable code.';
