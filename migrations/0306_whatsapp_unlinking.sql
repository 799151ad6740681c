-- A device that is to be removed from its phone keeps its credentials until WhatsApp has heard it, each state has one
-- meaning, and why a session stands so has a code besides its sentence.

ALTER TABLE prosaas.whatsapp_credentials
    DROP CONSTRAINT whatsapp_credentials_halted_phase_ck,
    ADD CONSTRAINT whatsapp_credentials_halted_phase_ck CHECK (halted_phase IN ('stopped', 'replaced', 'unlinking'));

COMMENT ON COLUMN prosaas.whatsapp_credentials.halted_phase IS 'Null: resumed at start. unlinking: resumed only to be unlinked. Otherwise the state in which it waits for somebody.';
