-- Addresses are compared by one function, here and in the programs.

CREATE FUNCTION prosaas.fold_email(email text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN lower(btrim(email) COLLATE "C");
COMMENT ON FUNCTION prosaas.fold_email(text) IS 'An e-mail address as it is compared: no blanks around it, A to Z in lower case, all else as it is. The same as prosaas_domain::email::fold; under "C" it does not depend on the server''s locale.';

-- Folds less than lower(email) did: what was unique stays unique.
CREATE UNIQUE INDEX users_live_folded_email_uq ON prosaas.users (prosaas.fold_email(email)) WHERE deleted_at IS NULL;
DROP INDEX prosaas.users_live_email_uq;
ALTER INDEX prosaas.users_live_folded_email_uq RENAME TO users_live_email_uq;
COMMENT ON COLUMN prosaas.users.email IS 'Address that they log in with, as typed; compared by prosaas.fold_email.';
COMMENT ON COLUMN prosaas.login_attempts.key IS 'SHA-256 in hexadecimal of what is counted: account and network, account, or network. The account is its address as prosaas.fold_email has it. No personal data.';
