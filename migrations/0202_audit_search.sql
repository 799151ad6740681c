-- Searching the audit records of all businesses at once.

CREATE INDEX audit_records_at_ix ON prosaas.audit_records (at DESC, id DESC);
COMMENT ON INDEX prosaas.audit_records_at_ix IS 'The search of system admins; owners'' searches have audit_records_business_at_ix.';
