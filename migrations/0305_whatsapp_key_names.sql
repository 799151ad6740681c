-- Rows of WhatsApp keys say by which key they are sealed and when they were last used. Their names become
-- hashes, which SQL cannot compute: the service renames a session's rows when it next opens it.

ALTER TABLE prosaas.whatsapp_keys
    ADD COLUMN key_version integer NOT NULL GENERATED ALWAYS AS (
        (get_byte(ciphertext, 1) << 24) | (get_byte(ciphertext, 2) << 16)
        | (get_byte(ciphertext, 3) << 8) | get_byte(ciphertext, 4)
    ) STORED,
    ADD COLUMN touched_on date NOT NULL DEFAULT CURRENT_DATE;

COMMENT ON COLUMN prosaas.whatsapp_keys.key_id IS 'HMAC-SHA256 of the library''s name, which may hold a telephone number; that name itself until the service has opened the session once.';
COMMENT ON COLUMN prosaas.whatsapp_keys.key_version IS 'Fingerprint of the key that sealed it, as it stands in the ciphertext''s header.';
COMMENT ON COLUMN prosaas.whatsapp_keys.touched_on IS 'The last day on which it was read or written; what is kept of contacts goes when it is old.';
