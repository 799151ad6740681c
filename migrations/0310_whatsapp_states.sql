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

-- The rows that are there have the sentence alone; what was unlinked here on request stood as logged out on the phone.
UPDATE prosaas.whatsapp_sessions AS s
SET reason_code = (
        SELECT known.code FROM (VALUES
            ('connection_lost', 'The connection to WhatsApp broke'),
            ('unreachable', 'WhatsApp cannot be reached'),
            ('unanswered', 'WhatsApp did not answer in time'),
            ('connection_closed', 'WhatsApp closed the connection'),
            ('too_many_connections', 'WhatsApp asks for fewer connections'),
            ('server_error', 'WhatsApp reported an error'),
            ('server_unavailable', 'WhatsApp is unavailable'),
            ('restart_asked', 'WhatsApp asked for a new connection'),
            ('version_refused', 'WhatsApp refuses this version of the client'),
            ('device_removed', 'The device was removed on the phone'),
            ('unlinked', 'Unlinked on request'),
            ('unlinked_here_only', 'Unlinked here only: remove the device on the phone, too'),
            ('temporarily_banned', 'WhatsApp has banned this account for a time'),
            ('account_refused', 'WhatsApp refuses this account'),
            ('account_banned', 'WhatsApp has banned this account'),
            ('login_refused', 'WhatsApp refuses the login'),
            ('phone_outdated', 'The phone must be updated before it can link devices'),
            ('replaced', 'Another client uses this connection'),
            ('qr_expired', 'The QR code was not scanned in time'),
            ('pairing_phone_refused', 'WhatsApp does not give a pairing code for this number'),
            ('pairing_too_often', 'WhatsApp gives no more pairing codes for now'),
            ('pairing_refused', 'WhatsApp refuses to give a pairing code'),
            ('pairing_unanswered', 'WhatsApp did not answer the request for a pairing code'),
            ('pairing_withdrawn', 'The pairing code cannot be used any more: its connection ended'),
            ('pairing_expired', 'The pairing code was not typed in time'),
            ('passkey_required', 'WhatsApp wants this link confirmed with a passkey, which is not possible here'),
            ('held_elsewhere', 'Another process holds this session'),
            ('service_restarted', 'The WhatsApp service was restarted'),
            ('waiting', 'Waiting for its turn'),
            ('credentials_unreadable', 'The stored credentials cannot be read')
        ) AS known (code, sentence)
        WHERE starts_with(s.reason, known.sentence)
        ORDER BY length(known.sentence) DESC LIMIT 1
    )
WHERE s.reason IS NOT NULL;
UPDATE prosaas.whatsapp_sessions SET state = 'unlinked'
WHERE state = 'logged_out' AND reason_code IN ('unlinked', 'unlinked_here_only');
