import { createStore, useStore } from '@/shared/lib/store';

/**
 * Leads that are on their way into the trash (or out of it) and are shown no more,
 * wherever they appear. One that could not be moved comes back.
 */
const hidden = createStore<ReadonlySet<string>>(new Set());

/** Hides leads at once. */
export function hide(ids: readonly string[]): void {
  hidden.set((before) => new Set([...before, ...ids]));
}

/** Shows leads again. */
export function show(ids: readonly string[]): void {
  const shown = new Set(ids);
  hidden.set((before) => new Set([...before].filter((id) => !shown.has(id))));
}

/** The leads that are hidden, followed. */
export function useHidden(): ReadonlySet<string> {
  return useStore(hidden);
}
