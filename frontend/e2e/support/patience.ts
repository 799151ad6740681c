/**
 * How long a test waits for a fact, milliseconds: a page that shows, a worker that answers. Only a
 * fault takes as long; a machine that is slow or busy with something else does not.
 */
export const PATIENCE_MS = 90_000;

/** The end of a test that hangs, milliseconds: its waits for facts end before it. */
export const TEST_MS = 15 * 60_000;
