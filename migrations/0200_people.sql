-- People, and what the ingress alone keeps of them: credentials, sessions and
-- links that work once.

CREATE TABLE prosaas.users (
    id uuid NOT NULL,
    business_id uuid,
    email text NOT NULL,
    name text NOT NULL,
    role text NOT NULL,
    version bigint NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz,
    deleted_by uuid,
    CONSTRAINT users_pk PRIMARY KEY (id),
    CONSTRAINT users_business_fk FOREIGN KEY (business_id) REFERENCES prosaas.businesses (id),
    CONSTRAINT users_role_ck CHECK (role IN ('agent', 'manager', 'owner', 'system_admin')),
    CONSTRAINT users_business_ck CHECK ((role = 'system_admin') = (business_id IS NULL)),
    CONSTRAINT users_name_length_ck CHECK (char_length(name) BETWEEN 1 AND 200),
    CONSTRAINT users_email_length_ck CHECK (char_length(email) BETWEEN 3 AND 320),
    CONSTRAINT users_version_ck CHECK (version > 0)
);
COMMENT ON TABLE prosaas.users IS 'People who log in. The workers alone change it.';
COMMENT ON COLUMN prosaas.users.id IS 'UUID version 7, chosen by the ingress.';
COMMENT ON COLUMN prosaas.users.business_id IS 'Where they work; nobody''s for a system admin.';
COMMENT ON COLUMN prosaas.users.email IS 'Address that they log in with, as typed; compared in lower case.';
COMMENT ON COLUMN prosaas.users.name IS 'What they are called.';
COMMENT ON COLUMN prosaas.users.role IS 'agent, manager, owner or system_admin.';
COMMENT ON COLUMN prosaas.users.version IS 'Grows with every change.';
COMMENT ON COLUMN prosaas.users.created_at IS 'When they were made.';
COMMENT ON COLUMN prosaas.users.updated_at IS 'When they last changed.';
COMMENT ON COLUMN prosaas.users.deleted_at IS 'When they were removed; a removed person cannot log in and appears in no list.';
COMMENT ON COLUMN prosaas.users.deleted_by IS 'Who removed them.';

-- A removed person's address is free for another.
CREATE UNIQUE INDEX users_live_email_uq ON prosaas.users (lower(email)) WHERE deleted_at IS NULL;
CREATE INDEX users_business_ix ON prosaas.users (business_id, created_at DESC, id DESC);

CREATE TABLE prosaas.user_credentials (
    user_id uuid NOT NULL,
    password_hash text NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT user_credentials_pk PRIMARY KEY (user_id)
);
COMMENT ON TABLE prosaas.user_credentials IS 'Passwords, hashed. The ingress alone writes it, and may do so before the person''s row exists.';
COMMENT ON COLUMN prosaas.user_credentials.user_id IS 'Whose.';
COMMENT ON COLUMN prosaas.user_credentials.password_hash IS 'argon2id in PHC form.';
COMMENT ON COLUMN prosaas.user_credentials.changed_at IS 'When it was last set.';

CREATE TABLE prosaas.user_sessions (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    token_hash bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    last_seen_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    ended_at timestamptz,
    ip inet,
    user_agent text,
    CONSTRAINT user_sessions_pk PRIMARY KEY (id),
    CONSTRAINT user_sessions_user_fk FOREIGN KEY (user_id) REFERENCES prosaas.users (id),
    CONSTRAINT user_sessions_token_hash_ck CHECK (octet_length(token_hash) = 32),
    CONSTRAINT user_sessions_user_agent_ck CHECK (char_length(user_agent) <= 400)
);
COMMENT ON TABLE prosaas.user_sessions IS 'Login sessions. A session counts only while its person is not deleted and their business is active.';
COMMENT ON COLUMN prosaas.user_sessions.id IS 'Shown to the person, so that they can end it.';
COMMENT ON COLUMN prosaas.user_sessions.user_id IS 'Whose.';
COMMENT ON COLUMN prosaas.user_sessions.token_hash IS 'SHA-256 of the cookie''s token of 256 random bits.';
COMMENT ON COLUMN prosaas.user_sessions.created_at IS 'Login.';
COMMENT ON COLUMN prosaas.user_sessions.last_seen_at IS 'Last request, at a grain of a minute: the idle timeout counts from here.';
COMMENT ON COLUMN prosaas.user_sessions.expires_at IS 'Absolute end.';
COMMENT ON COLUMN prosaas.user_sessions.ended_at IS 'Logout, revocation, password change or deletion.';
COMMENT ON COLUMN prosaas.user_sessions.ip IS 'Address at login.';
COMMENT ON COLUMN prosaas.user_sessions.user_agent IS 'Browser at login, cut at 400 characters.';

CREATE UNIQUE INDEX user_sessions_token_uq ON prosaas.user_sessions (token_hash);
CREATE INDEX user_sessions_user_ix ON prosaas.user_sessions (user_id, created_at DESC) WHERE ended_at IS NULL;

CREATE TABLE prosaas.single_use_tokens (
    id uuid NOT NULL,
    kind text NOT NULL,
    token_hash bytea NOT NULL,
    business_id uuid,
    user_id uuid NOT NULL,
    email text NOT NULL,
    name text,
    role text,
    created_by uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    CONSTRAINT single_use_tokens_pk PRIMARY KEY (id),
    CONSTRAINT single_use_tokens_business_fk FOREIGN KEY (business_id) REFERENCES prosaas.businesses (id),
    CONSTRAINT single_use_tokens_kind_ck CHECK (kind IN ('invitation', 'password_reset')),
    CONSTRAINT single_use_tokens_token_hash_ck CHECK (octet_length(token_hash) = 32),
    CONSTRAINT single_use_tokens_role_ck CHECK (role IN ('agent', 'manager', 'owner', 'system_admin')),
    CONSTRAINT single_use_tokens_invitation_ck CHECK (kind <> 'invitation' OR role IS NOT NULL)
);
COMMENT ON TABLE prosaas.single_use_tokens IS 'Links in mails: invitations and password resets. Each works once and expires.';
COMMENT ON COLUMN prosaas.single_use_tokens.id IS 'UUID version 7.';
COMMENT ON COLUMN prosaas.single_use_tokens.kind IS 'invitation or password_reset.';
COMMENT ON COLUMN prosaas.single_use_tokens.token_hash IS 'SHA-256 of the link''s token of 256 random bits.';
COMMENT ON COLUMN prosaas.single_use_tokens.business_id IS 'Where an invited person will work; none for a system admin.';
COMMENT ON COLUMN prosaas.single_use_tokens.user_id IS 'Whom it is for; of an invitation the id that the person will have.';
COMMENT ON COLUMN prosaas.single_use_tokens.email IS 'Where the mail went.';
COMMENT ON COLUMN prosaas.single_use_tokens.name IS 'An invited person''s name, as the inviter wrote it.';
COMMENT ON COLUMN prosaas.single_use_tokens.role IS 'An invited person''s role.';
COMMENT ON COLUMN prosaas.single_use_tokens.created_by IS 'Who invited; none for a reset that somebody asked for.';
COMMENT ON COLUMN prosaas.single_use_tokens.created_at IS 'When it was made.';
COMMENT ON COLUMN prosaas.single_use_tokens.expires_at IS 'Until when it works.';
COMMENT ON COLUMN prosaas.single_use_tokens.used_at IS 'When it was used or withdrawn.';

CREATE UNIQUE INDEX single_use_tokens_token_uq ON prosaas.single_use_tokens (token_hash);
CREATE INDEX single_use_tokens_business_ix
    ON prosaas.single_use_tokens (business_id, created_at DESC) WHERE used_at IS NULL;
CREATE INDEX single_use_tokens_user_ix ON prosaas.single_use_tokens (user_id);

CREATE TABLE prosaas.login_attempts (
    key text NOT NULL,
    failures integer NOT NULL,
    last_failure_at timestamptz NOT NULL,
    CONSTRAINT login_attempts_pk PRIMARY KEY (key),
    CONSTRAINT login_attempts_failures_ck CHECK (failures >= 0)
);
COMMENT ON TABLE prosaas.login_attempts IS 'Failed logins by account and by address, so that guessing is slow on every ingress.';
COMMENT ON COLUMN prosaas.login_attempts.key IS 'SHA-256 in hexadecimal of `account:<address in lower case>` or `ip:<network>`: no personal data.';
COMMENT ON COLUMN prosaas.login_attempts.failures IS 'Failures since the last success or the last quiet period.';
COMMENT ON COLUMN prosaas.login_attempts.last_failure_at IS 'When the last one was.';
