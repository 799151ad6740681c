import type { QueryClient } from '@tanstack/react-query';

import { queryClient } from '@/shared/api/query';
import { scope } from '@/shared/api/scope';

/** What a loader is told, as far as it matters here. */
interface Loading {
  cause: 'preload' | 'enter' | 'stay';
  context: { business?: string | null };
}

/**
 * Asks for what a page shows while its code is still on the way; the page then finds the same queries under way
 * or answered. Nothing waits for the answers and nothing fails with them: waiting, failing and trying again are
 * the page's to show, as they are when it asks anew.
 */
export function begin({ cause, context }: Loading, ask: (client: QueryClient) => Promise<unknown>[]): void {
  // A page that stays asks by itself, for whatever its address says now.
  if (cause === 'stay') return;
  // Requests and keys speak of the business on screen, and a link may lead out of it, or into another.
  if ((context.business ?? null) !== scope.get()) return;
  for (const answer of ask(queryClient)) answer.catch(() => undefined);
}
