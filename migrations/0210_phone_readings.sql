-- Numbers are read by one reader, in the application. A row notes which version of it
-- read it and keeps what a search compares; `prosaas-ops setup` reads again what an
-- older release, or an older version, has read.

ALTER TABLE prosaas.lead_phones
    ADD COLUMN search_digits text NOT NULL DEFAULT '',
    ADD COLUMN reader smallint NOT NULL DEFAULT 0,
    ADD CONSTRAINT lead_phones_reader_ck CHECK (reader >= 0);
COMMENT ON COLUMN prosaas.lead_phones.search_digits IS 'What a search compares: the digits of each number that the text holds, in every spelling that is asked for.';
COMMENT ON COLUMN prosaas.lead_phones.reader IS 'Version of the reader that read it; 0: a release that had none.';
CREATE INDEX lead_phones_reader_ix ON prosaas.lead_phones (reader, id);
COMMENT ON INDEX prosaas.lead_phones_reader_ix IS 'What is to be read again.';

CREATE FUNCTION prosaas.spelled_numbers(business uuid, lead uuid) RETURNS text
    LANGUAGE sql STABLE
BEGIN ATOMIC
    -- The release before writes no search_digits.
    SELECT coalesce(
        string_agg(
            CASE WHEN p.reader > 0 THEN p.search_digits ELSE prosaas.number_digits(p.e164, p.raw) END,
            ' ' ORDER BY p.position, p.id
        ),
        ''
    )
    FROM prosaas.lead_phones AS p
    WHERE p.business_id = business AND p.lead_id = lead;
END;
COMMENT ON FUNCTION prosaas.spelled_numbers(uuid, uuid) IS 'The digits of a lead''s numbers, for leads.search_numbers.';

CREATE OR REPLACE FUNCTION prosaas.refresh_search_numbers() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    UPDATE prosaas.leads AS l
    SET search_numbers = prosaas.spelled_numbers(l.business_id, l.id)
    WHERE l.id IN (SELECT c.lead_id FROM changed AS c);
    RETURN NULL;
END;
$$;

CREATE FUNCTION prosaas.refresh_reread_numbers() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    UPDATE prosaas.leads AS l
    SET search_numbers = prosaas.spelled_numbers(NEW.business_id, NEW.lead_id)
    WHERE l.business_id = NEW.business_id AND l.id = NEW.lead_id;
    RETURN NULL;
END;
$$;
COMMENT ON FUNCTION prosaas.refresh_reread_numbers() IS 'Keeps leads.search_numbers where a number is read otherwise than before.';
CREATE TRIGGER lead_phones_reread
    AFTER UPDATE OF search_digits, reader ON prosaas.lead_phones
    FOR EACH ROW WHEN ((OLD.search_digits, OLD.reader) IS DISTINCT FROM (NEW.search_digits, NEW.reader))
    EXECUTE FUNCTION prosaas.refresh_reread_numbers();

-- Callers whom an older release could not read, or took as they were sent.
CREATE INDEX calls_unread_ix ON prosaas.calls (call_sid)
    WHERE from_raw IS NOT NULL AND (from_e164 IS NULL OR from_e164 LIKE '+9720%');
COMMENT ON INDEX prosaas.calls_unread_ix IS 'Calls whose caller is no number, for the setup that reads them again.';
