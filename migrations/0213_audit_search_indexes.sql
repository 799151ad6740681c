-- Each filter of the audit's search that means few records has an index; without one it
-- walked all records of the business, or of everybody.

CREATE INDEX audit_records_actor_ix ON prosaas.audit_records (actor_id, at DESC, id DESC) WHERE actor_id IS NOT NULL;
COMMENT ON INDEX prosaas.audit_records_actor_ix IS 'What a person did; they work in one business.';

CREATE INDEX audit_records_thing_ix ON prosaas.audit_records (entity_id, at DESC, id DESC);
COMMENT ON INDEX prosaas.audit_records_thing_ix IS 'What happened to a thing; ids are unique over kinds and businesses.';

CREATE INDEX audit_records_action_ix ON prosaas.audit_records (action text_pattern_ops, at DESC, id DESC);
COMMENT ON INDEX prosaas.audit_records_action_ix IS 'An action, or all of a kind by its beginning; for actions that are rare.';

-- The timeline of a lead reads the new one.
DROP INDEX prosaas.audit_records_entity_ix;
