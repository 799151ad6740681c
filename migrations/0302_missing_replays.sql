-- A replay of what a restored database lacks: events without their processed mark.
ALTER TABLE prosaas.replay_jobs DROP CONSTRAINT replay_jobs_kind_ck;
ALTER TABLE prosaas.replay_jobs
    ADD CONSTRAINT replay_jobs_kind_ck CHECK (kind IN ('dead_letters', 'history', 'missing'));
COMMENT ON COLUMN prosaas.replay_jobs.kind IS
    'dead_letters; history: events that succeeded run again; missing: events of which a restored database has no mark.';
