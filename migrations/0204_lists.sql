-- What the lists of leads and calls are sorted and filtered by.

ALTER TABLE prosaas.leads ADD COLUMN last_call_at timestamptz;
COMMENT ON COLUMN prosaas.leads.last_call_at IS 'When its latest call began; null where there was none. Kept by a trigger; no change of the lead itself.';

CREATE FUNCTION prosaas.refresh_last_call() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        UPDATE prosaas.leads AS l
        SET last_call_at = greatest(l.last_call_at, latest.at)
        FROM (
            SELECT n.business_id, n.lead_id, max(n.started_at) AS at
            FROM after AS n
            WHERE n.lead_id IS NOT NULL
            GROUP BY n.business_id, n.lead_id
        ) AS latest
        WHERE l.business_id = latest.business_id AND l.id = latest.lead_id
            AND l.last_call_at IS DISTINCT FROM greatest(l.last_call_at, latest.at);
    ELSE
        -- A call's beginning moves when an earlier event of it comes late, and its lead
        -- is known only with the event that names the caller.
        UPDATE prosaas.leads AS l
        SET last_call_at = latest.at
        FROM (
            SELECT touched.business_id, touched.lead_id, (
                SELECT max(c.started_at) FROM prosaas.calls AS c
                WHERE c.business_id = touched.business_id AND c.lead_id = touched.lead_id
            ) AS at
            FROM (
                (SELECT n.business_id, n.lead_id, n.started_at, n.call_sid FROM after AS n
                 EXCEPT SELECT o.business_id, o.lead_id, o.started_at, o.call_sid FROM before AS o)
                UNION
                (SELECT o.business_id, o.lead_id, o.started_at, o.call_sid FROM before AS o
                 EXCEPT SELECT n.business_id, n.lead_id, n.started_at, n.call_sid FROM after AS n)
            ) AS touched
            WHERE touched.lead_id IS NOT NULL
        ) AS latest
        WHERE l.business_id = latest.business_id AND l.id = latest.lead_id
            AND l.last_call_at IS DISTINCT FROM latest.at;
    END IF;
    RETURN NULL;
END;
$$;
COMMENT ON FUNCTION prosaas.refresh_last_call() IS 'Keeps leads.last_call_at, whoever writes calls.';

CREATE TRIGGER calls_inserted
    AFTER INSERT ON prosaas.calls REFERENCING NEW TABLE AS after
    FOR EACH STATEMENT EXECUTE FUNCTION prosaas.refresh_last_call();
CREATE TRIGGER calls_updated
    AFTER UPDATE ON prosaas.calls REFERENCING OLD TABLE AS before NEW TABLE AS after
    FOR EACH STATEMENT EXECUTE FUNCTION prosaas.refresh_last_call();

UPDATE prosaas.leads AS l
SET last_call_at = latest.at
FROM (
    SELECT c.business_id, c.lead_id, max(c.started_at) AS at
    FROM prosaas.calls AS c
    WHERE c.lead_id IS NOT NULL
    GROUP BY c.business_id, c.lead_id
) AS latest
WHERE l.business_id = latest.business_id AND l.id = latest.lead_id;

CREATE INDEX leads_business_updated_ix
    ON prosaas.leads (business_id, updated_at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX leads_business_name_ix
    ON prosaas.leads (business_id, (lower(coalesce(name, '')) COLLATE "C"), id) WHERE deleted_at IS NULL;
COMMENT ON INDEX prosaas.leads_business_name_ix IS 'By code point: Hebrew letters are in their order, Latin ones too once in lower case; the same on every server.';
CREATE INDEX leads_business_last_call_ix
    ON prosaas.leads (business_id, (coalesce(last_call_at, '-infinity'::timestamptz)) DESC, id DESC)
    WHERE deleted_at IS NULL;
CREATE INDEX leads_business_status_ix
    ON prosaas.leads (business_id, status, created_at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX leads_business_owner_ix
    ON prosaas.leads (business_id, owner_id, created_at DESC, id DESC)
    WHERE deleted_at IS NULL AND owner_id IS NOT NULL;

CREATE INDEX calls_business_missed_ix
    ON prosaas.calls (business_id, started_at DESC, call_sid DESC) WHERE missed;
CREATE INDEX calls_business_from_ix
    ON prosaas.calls (business_id, from_e164, started_at DESC) WHERE from_e164 IS NOT NULL;
CREATE INDEX calls_business_to_ix
    ON prosaas.calls (business_id, to_e164, started_at DESC) WHERE to_e164 IS NOT NULL;

CREATE INDEX businesses_created_ix
    ON prosaas.businesses (created_at DESC, id DESC) WHERE deleted_at IS NULL;
