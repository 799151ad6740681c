-- One mark for each replay says how far its events are published: rows of events change once less.

ALTER TABLE prosaas.replay_jobs ADD COLUMN published bigint NOT NULL DEFAULT 0;
COMMENT ON COLUMN prosaas.replay_jobs.published IS 'Position up to which the stream has what was claimed.';
COMMENT ON COLUMN prosaas.replay_items.published_at IS 'When it was claimed, to be published.';
COMMENT ON COLUMN prosaas.replay_items.result IS
    'pending; claimed: published, or about to be; in_flight: the same, of an older release; the rest are ends.';
