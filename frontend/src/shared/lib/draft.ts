/**
 * Drafts: what was typed and not yet saved. Kept for this tab only (session storage),
 * so that a reload or a lost connection loses nothing and another person who uses
 * the device finds nothing.
 */
import { useEffect, useState } from 'react';

const PREFIX = 'prosaas.draft.';
/** Whose drafts they are: the person's id. */
const OWNER = 'prosaas.drafts-of';

function read(key: string): unknown {
  try {
    const text = sessionStorage.getItem(PREFIX + key);
    return text === null ? null : (JSON.parse(text) as unknown);
  } catch {
    return null;
  }
}

function write(key: string, value: unknown): void {
  try {
    if (value === null) sessionStorage.removeItem(PREFIX + key);
    else sessionStorage.setItem(PREFIX + key, JSON.stringify(value));
  } catch {
    // Storage is off or full: the draft lives as long as the page.
  }
}

/** Drops every draft: at logout. */
export function dropDrafts(): void {
  try {
    for (const key of Object.keys(sessionStorage)) {
      if (key.startsWith(PREFIX)) sessionStorage.removeItem(key);
    }
  } catch {
    // Nothing was kept.
  }
}

/** Says who is here: what another person typed in this tab before is dropped. */
export function claimDrafts(userId: string): void {
  try {
    const before = sessionStorage.getItem(OWNER);
    if (before !== null && before !== userId) dropDrafts();
    sessionStorage.setItem(OWNER, userId);
  } catch {
    // Storage is off: no draft outlives its page.
  }
}

/** The draft under a key, null when there is none. */
export function useDraft<T>(key: string): [T | null, (next: T | null) => void] {
  const [draft, setDraft] = useState(() => read(key) as T | null);
  useEffect(() => write(key, draft), [key, draft]);
  return [draft, setDraft];
}
