-- Searching leads by part of a name, a tag, an address or a number, in any script,
-- without an extension: a row carries the pieces of its words, and one GIN index of
-- them. The business is a piece too, so that nobody's search walks another's rows.

CREATE FUNCTION prosaas.search_words(content text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN btrim(regexp_replace(
    -- Hebrew points and cantillation marks go: nobody types them when searching.
    regexp_replace(lower(normalize(content, NFKC)), '[\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7]', '', 'g'),
    '[\s^"''`,;:()\[\]{}<>|/\\\u05f3\u05f4]+', ' ', 'g'
));
COMMENT ON FUNCTION prosaas.search_words(text) IS 'The words of a text as they are compared: lower case, no points, one blank between them.';

CREATE FUNCTION prosaas.search_pieces(business uuid, words text) RETURNS text[]
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    AS $$
-- A loop takes a third of the time of a query here, and every written row pays for it.
-- A piece that stands there twice is one in the index.
DECLARE
    pieces text[] := ARRAY[business::text];
    word text;
BEGIN
    FOREACH word IN ARRAY string_to_array(words, ' ') LOOP
        pieces := pieces || ('^' || left(word, 1)) || ('^' || left(word, 2));
        FOR at IN 1 .. char_length(word) - 2 LOOP
            pieces := pieces || substr(word, at, 3);
        END LOOP;
    END LOOP;
    RETURN pieces;
END;
$$;
COMMENT ON FUNCTION prosaas.search_pieces(uuid, text) IS 'What a row is found by: its business, every three neighbouring characters of each word, and each word''s first one and two.';

CREATE FUNCTION prosaas.search_terms(asked text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    -- Nothing but a number, however it is spelled: its digits, without 00 or +.
    WHEN asked ~ '[0-9]' AND asked ~ '^[\s0-9()+./\u2010-\u2015-]+$'
        THEN regexp_replace(regexp_replace(asked, '[^0-9]', '', 'g'), '^00', '')
    ELSE prosaas.search_words(asked)
END;
COMMENT ON FUNCTION prosaas.search_terms(text) IS 'The words that a search asks for; a phone number is one word whatever stands between its digits.';

CREATE FUNCTION prosaas.search_query(business uuid, asked text) RETURNS text[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT array_agg(DISTINCT found.piece)
    FROM (
        SELECT business::text AS piece
        UNION ALL
        SELECT CASE WHEN char_length(word) < 3 THEN '^' || word ELSE substr(word, at, 3) END
        FROM unnest(string_to_array(prosaas.search_terms(asked), ' ')) AS word,
             generate_series(1, greatest(char_length(word) - 2, 1)) AS at
        WHERE word <> ''
    ) AS found;
END;
COMMENT ON FUNCTION prosaas.search_query(uuid, text) IS 'The pieces that a row must have, for `search_pieces @> …`. Words of one or two characters match where words begin, longer ones anywhere.';

CREATE FUNCTION prosaas.search_patterns(asked text) RETURNS text[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT coalesce(
        array_agg('%' || regexp_replace(word, '([\\%_])', '\\\1', 'g') || '%')
            FILTER (WHERE char_length(word) > 2),
        '{}'::text[]
    )
    FROM unnest(string_to_array(prosaas.search_terms(asked), ' ')) AS word;
END;
COMMENT ON FUNCTION prosaas.search_patterns(text) IS 'What the pieces only suggest, for `search_text LIKE ALL (…)`: that the longer words stand there whole.';

ALTER TABLE prosaas.leads ADD COLUMN search_numbers text NOT NULL DEFAULT '';
COMMENT ON COLUMN prosaas.leads.search_numbers IS 'The digits of its phone numbers, with the country''s code and, of Israeli ones, as they are dialled at home. Kept by a trigger.';

-- array_to_string is only stable in general; of text[] it cannot change.
CREATE FUNCTION prosaas.search_content(name text, email text, tags text[], numbers text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN prosaas.search_words(concat_ws(' ', name, email, array_to_string(tags, ' '), numbers));
COMMENT ON FUNCTION prosaas.search_content(text, text, text[], text) IS 'All that a lead is found by.';

ALTER TABLE prosaas.leads
    ADD COLUMN search_text text NOT NULL
        GENERATED ALWAYS AS (prosaas.search_content(name, email, tags, search_numbers)) STORED,
    ADD COLUMN search_pieces text[] NOT NULL
        GENERATED ALWAYS AS (
            prosaas.search_pieces(business_id, prosaas.search_content(name, email, tags, search_numbers))
        ) STORED;
COMMENT ON COLUMN prosaas.leads.search_text IS 'Words that it is found by: name, e-mail, tags, numbers.';
COMMENT ON COLUMN prosaas.leads.search_pieces IS 'The pieces of those words, and the business.';

CREATE INDEX leads_search_ix ON prosaas.leads USING gin (search_pieces);

CREATE FUNCTION prosaas.number_digits(e164 text, raw text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN e164 LIKE '+972%' THEN substr(e164, 2) || ' 0' || substr(e164, 5)
    WHEN e164 IS NOT NULL THEN substr(e164, 2)
    ELSE regexp_replace(raw, '[^0-9]', '', 'g')
END;
COMMENT ON FUNCTION prosaas.number_digits(text, text) IS 'The spellings of a number that a search may ask for.';

CREATE FUNCTION prosaas.refresh_search_numbers() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    UPDATE prosaas.leads AS l
    SET search_numbers = coalesce((
        SELECT string_agg(prosaas.number_digits(p.e164, p.raw), ' ' ORDER BY p.position, p.id)
        FROM prosaas.lead_phones AS p
        WHERE p.business_id = l.business_id AND p.lead_id = l.id
    ), '')
    WHERE l.id IN (SELECT c.lead_id FROM changed AS c);
    RETURN NULL;
END;
$$;
COMMENT ON FUNCTION prosaas.refresh_search_numbers() IS 'Keeps leads.search_numbers: whoever writes numbers cannot forget it.';

CREATE TRIGGER lead_phones_inserted
    AFTER INSERT ON prosaas.lead_phones REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION prosaas.refresh_search_numbers();
CREATE TRIGGER lead_phones_deleted
    AFTER DELETE ON prosaas.lead_phones REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION prosaas.refresh_search_numbers();
-- A number's own row is never rewritten, only whether it matches callers: no trigger on UPDATE.

UPDATE prosaas.leads AS l
SET search_numbers = (
    SELECT string_agg(prosaas.number_digits(p.e164, p.raw), ' ' ORDER BY p.position, p.id)
    FROM prosaas.lead_phones AS p
    WHERE p.business_id = l.business_id AND p.lead_id = l.id
)
WHERE EXISTS (SELECT FROM prosaas.lead_phones AS p WHERE p.business_id = l.business_id AND p.lead_id = l.id);
