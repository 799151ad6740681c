-- Recordings of calls, from Twilio's first word to the object in our store.

CREATE TABLE prosaas.recordings (
    recording_sid text NOT NULL,
    call_sid text NOT NULL,
    business_id uuid,
    state text NOT NULL,
    failure text,
    duration_s bigint,
    channels smallint,
    attempts bigint NOT NULL DEFAULT 0,
    object_key text,
    bytes bigint,
    content_type text,
    sha256 bytea,
    stored_at timestamptz,
    provider_delete_wanted boolean NOT NULL DEFAULT false,
    provider_delete_after timestamptz,
    provider_deleted_at timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT recordings_pk PRIMARY KEY (recording_sid),
    CONSTRAINT recordings_business_fk FOREIGN KEY (business_id) REFERENCES prosaas.businesses (id),
    CONSTRAINT recordings_state_ck CHECK (state IN ('processing', 'completed', 'absent', 'failed')),
    CONSTRAINT recordings_channels_ck CHECK (channels IN (1, 2)),
    CONSTRAINT recordings_numbers_ck CHECK (duration_s >= 0 AND bytes >= 0 AND attempts >= 0),
    CONSTRAINT recordings_sha256_ck CHECK (octet_length(sha256) = 32),
    CONSTRAINT recordings_completed_ck CHECK (
        state <> 'completed'
        OR (object_key IS NOT NULL AND bytes IS NOT NULL AND content_type IS NOT NULL
            AND sha256 IS NOT NULL AND stored_at IS NOT NULL)
    ),
    CONSTRAINT recordings_provider_delete_ck CHECK (NOT provider_delete_wanted OR state = 'completed')
);

COMMENT ON TABLE prosaas.recordings IS 'Recordings of calls. The call''s own row may come later, so no foreign key binds it.';
COMMENT ON COLUMN prosaas.recordings.recording_sid IS 'Twilio''s id.';
COMMENT ON COLUMN prosaas.recordings.call_sid IS 'The call that was recorded.';
COMMENT ON COLUMN prosaas.recordings.business_id IS 'The call''s business; null until the call is known, or where its number is nobody''s.';
COMMENT ON COLUMN prosaas.recordings.state IS 'processing: Twilio has it or makes it; completed: the audio is safe here; absent: nothing was recorded; failed: it could not be had.';
COMMENT ON COLUMN prosaas.recordings.failure IS 'Why it failed, for people.';
COMMENT ON COLUMN prosaas.recordings.duration_s IS 'Length, seconds, as Twilio says.';
COMMENT ON COLUMN prosaas.recordings.channels IS 'Channels of the stored audio; before that, as Twilio says.';
COMMENT ON COLUMN prosaas.recordings.attempts IS 'How often the worker set out to fetch it.';
COMMENT ON COLUMN prosaas.recordings.object_key IS 'Path in the object store.';
COMMENT ON COLUMN prosaas.recordings.bytes IS 'Size of the object.';
COMMENT ON COLUMN prosaas.recordings.content_type IS 'Media type of the object.';
COMMENT ON COLUMN prosaas.recordings.sha256 IS 'SHA-256 of the object''s bytes.';
COMMENT ON COLUMN prosaas.recordings.stored_at IS 'When the object was complete in the store.';
COMMENT ON COLUMN prosaas.recordings.provider_delete_wanted IS 'Twilio''s copy shall go; a job carries it out until it has.';
COMMENT ON COLUMN prosaas.recordings.provider_delete_after IS 'Not to be tried again before; null: at once.';
COMMENT ON COLUMN prosaas.recordings.provider_deleted_at IS 'When Twilio''s copy was gone.';
COMMENT ON COLUMN prosaas.recordings.created_at IS 'When we first heard of it.';
COMMENT ON COLUMN prosaas.recordings.updated_at IS 'When the row last changed.';

CREATE INDEX recordings_business_ix ON prosaas.recordings (business_id, created_at DESC, recording_sid DESC);
CREATE INDEX recordings_call_ix ON prosaas.recordings (call_sid);
CREATE INDEX recordings_provider_delete_ix
    ON prosaas.recordings (provider_delete_after NULLS FIRST)
    WHERE provider_delete_wanted AND provider_deleted_at IS NULL;
