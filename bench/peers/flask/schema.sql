-- What the Flask peer writes: one row for each call, before it answers.
CREATE TABLE IF NOT EXISTS calls (
    call_sid    text PRIMARY KEY,
    account_sid text NOT NULL,
    caller      text NOT NULL,
    called      text NOT NULL,
    status      text NOT NULL,
    parameters  jsonb NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now()
);
