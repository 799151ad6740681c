-- A CRM of the size that the benchmark and the tests of query plans look at: one
-- business with `volume.leads` leads (200,000 when not set) and `volume.calls` calls
-- (1,000,000) over two years, among 100 businesses, of which each other one has a
-- thousandth of that. For a migrated database without these businesses:
--
--   psql "$DATABASE_URL" -c "SET volume.leads = 20000; SET volume.calls = 100000" -f bench/sql/crm_volume.sql
--
-- The large business is 00000000-0000-7000-8000-000000000001. What it holds is the same
-- at every run, but for its times, which end at the moment of the run.

-- The role may have a timeout; this takes minutes at full size.
SET statement_timeout = 0;

BEGIN;

CREATE TEMP TABLE volume ON COMMIT DROP AS
SELECT n,
       ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid AS business_id,
       CASE WHEN n = 1 THEN leads ELSE leads / 1000 END AS leads,
       CASE WHEN n = 1 THEN calls ELSE calls / 1000 END AS calls
FROM generate_series(1, 100) AS n,
     (SELECT coalesce(nullif(current_setting('volume.leads', true), ''), '200000')::bigint AS leads,
             coalesce(nullif(current_setting('volume.calls', true), ''), '1000000')::bigint AS calls) AS size;

INSERT INTO prosaas.businesses (id, name, created_at)
SELECT business_id, 'עסק ' || n, now() - n * interval '1 day' FROM volume;

-- What the triggers keep is written with the rows: statement by statement it would take
-- a second pass over everything.
ALTER TABLE prosaas.lead_phones DISABLE TRIGGER USER;
ALTER TABLE prosaas.calls DISABLE TRIGGER USER;

-- The k-th lead of business n; its number, its age and its name follow from k.
CREATE TEMP TABLE volume_leads ON COMMIT DROP AS
SELECT v.n, k, v.business_id,
       (lpad(to_hex(v.n), 8, '0') || '-0000-7000-8000-' || lpad(to_hex(k), 12, '0'))::uuid AS lead_id,
       '+9725' || lpad((k % 100000000)::text, 8, '0') AS e164,
       now() - (v.leads - k) * (interval '730 days' / greatest(v.leads, 1)) AS created_at
FROM volume AS v, generate_series(1, v.leads) AS k;
ANALYZE volume_leads;

INSERT INTO prosaas.leads
    (id, business_id, name, email, status, source, tags, created_at, updated_at, deleted_at, search_numbers,
     last_call_at)
SELECT lead_id, business_id,
       CASE WHEN k % 20 <> 0 THEN
           (ARRAY['דנה', 'יוסי', 'נועה', 'אבי', 'רות', 'משה', 'מיכל', 'דוד', 'Dana', 'Yossi', 'תמר', 'איתי'])[1 + k % 12]
           || ' ' ||
           (ARRAY['כהן', 'לוי', 'מזרחי', 'פרץ', 'ביטון', 'אברהם', 'פרידמן', 'Cohen', 'Levi', 'שפירא', 'אזולאי'])[1 + k % 11]
           || ' ' || k
       END,
       CASE WHEN k % 3 = 0 THEN 'lead' || k || '@example.com' END,
       (ARRAY['new', 'contacted', 'qualified', 'won', 'lost'])[1 + (k * 7) % 5],
       (ARRAY['call', 'call', 'manual', 'whatsapp', 'import'])[1 + k % 5],
       CASE WHEN k % 10 = 0 THEN ARRAY['vip'] ELSE '{}' END,
       created_at, created_at + interval '1 hour',
       -- In the trash for less than the 30 days after which it is emptied.
       CASE WHEN k % 50 = 0 THEN greatest(created_at, now() - k % 20 * interval '1 day' - k * interval '1 second') END,
       prosaas.number_digits(e164, e164),
       CASE WHEN k % 4 <> 0 THEN created_at + interval '30 minutes' END
FROM volume_leads;

INSERT INTO prosaas.lead_phones (id, business_id, lead_id, e164, raw, matches_callers, created_at)
SELECT gen_random_uuid(), business_id, lead_id, e164, '0' || substr(e164, 5), k % 50 <> 0, created_at
FROM volume_leads;

-- The k-th call of business n, from one of its leads; three in ten are missed.
CREATE TEMP TABLE volume_calls ON COMMIT DROP AS
SELECT v.n, k.k, v.business_id, l.lead_id, l.e164,
       'CA' || lpad(to_hex(v.n), 8, '0') || lpad(to_hex(k.k), 24, '0') AS call_sid,
       now() - (v.calls - k.k) * (interval '730 days' / greatest(v.calls, 1)) AS started_at,
       k.k % 10 < 3 AS missed
FROM volume AS v
CROSS JOIN generate_series(1, v.calls) AS k (k)
JOIN volume_leads AS l ON l.n = v.n AND l.k = 1 + (k.k * 7919) % greatest(v.leads, 1);

INSERT INTO prosaas.calls
    (call_sid, business_id, lead_id, from_raw, from_e164, to_raw, to_e164, direction, answer, status, started_at,
     ended_at, duration_s, missed, callback_needed, called_back_at, dial_outcome)
SELECT call_sid, business_id, lead_id, e164, e164, '+97233724000', '+97233724000', 'inbound', 'forward', 'completed',
       started_at, started_at + interval '2 minutes', 120, missed, missed,
       -- Who was missed more than a day ago has been called back.
       CASE WHEN missed AND started_at < now() - interval '1 day' THEN started_at + interval '1 hour' END,
       CASE WHEN missed THEN 'no-answer' ELSE 'completed' END
FROM volume_calls;

INSERT INTO prosaas.call_events
    (event_id, call_sid, business_id, kind, status, sequence_number, occurred_at, received_at, data)
SELECT call_sid || ':' || at, call_sid, business_id, CASE WHEN at = 0 THEN 'incoming' ELSE 'status' END,
       CASE WHEN at = 0 THEN 'ringing' ELSE 'completed' END, at, started_at + at * interval '1 minute',
       started_at + at * interval '1 minute', '{}'
FROM volume_calls, generate_series(0, 1) AS at
WHERE k % 10 = 0;

INSERT INTO prosaas.recordings
    (recording_sid, call_sid, business_id, state, duration_s, object_key, bytes, content_type, sha256, stored_at,
     created_at, updated_at)
SELECT 'RE' || substr(call_sid, 3), call_sid, business_id, 'completed', 60, 'volume.mp3', 480000, 'audio/mpeg',
       sha256('volume'), started_at, started_at, started_at
FROM volume_calls
WHERE k % 10 < 3;

INSERT INTO prosaas.audit_records (id, business_id, at, actor_name, action, entity_type, entity_id, after)
SELECT gen_random_uuid(), business_id, created_at, 'volume', 'lead.create', 'lead', lead_id::text, '{}'
FROM volume_leads;

ALTER TABLE prosaas.lead_phones ENABLE TRIGGER USER;
ALTER TABLE prosaas.calls ENABLE TRIGGER USER;

COMMIT;

-- Postgres chooses its plans by these figures, and searches pending entries one by one.
VACUUM (ANALYZE) prosaas.leads, prosaas.lead_phones, prosaas.calls, prosaas.call_events, prosaas.recordings,
    prosaas.audit_records, prosaas.businesses;
