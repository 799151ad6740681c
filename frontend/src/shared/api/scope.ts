import { createStore, useStore } from '@/shared/lib/store';

/** The business that a system admin looks into; null for everybody else. */
export const scope = createStore<string | null>(null);

/** The same, followed. */
export function useScope(): string | null {
  return useStore(scope);
}
