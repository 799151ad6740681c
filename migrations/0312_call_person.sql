-- Who took a call.

ALTER TABLE prosaas.calls
    ADD COLUMN leg_people jsonb NOT NULL DEFAULT '{}',
    ADD COLUMN answered_by_user uuid;
COMMENT ON COLUMN prosaas.calls.leg_people IS 'The legs on which a person of the business was rung, each with who it was.';
COMMENT ON COLUMN prosaas.calls.answered_by_user IS
    'The person of the business who took a forwarded call, where that is known. Without a foreign key: Twilio brings the id back from an address of ours, and who reads it joins it with the business.';
-- A person's calls, in the order of the list.
CREATE INDEX calls_person_ix ON prosaas.calls (business_id, answered_by_user, started_at DESC, call_sid DESC)
    WHERE answered_by_user IS NOT NULL;
