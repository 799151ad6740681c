import { QueryClient, type QueryKey } from '@tanstack/react-query';

import { ApiError } from './problem';
import { scope } from './scope';
import type { Paths } from './types';

/** A path of the API, as the OpenAPI document writes it. */
export type ApiPath = keyof Paths;

/**
 * The key of what a GET of a path answers: path, business looked into, parameters.
 * Keys are made here and nowhere else, so that `invalidate` can name a path.
 */
export function keyOf(path: ApiPath, parameters: object = {}): QueryKey {
  return [path, scope.get(), parameters];
}

/** The cache of what the server said. */
export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 15_000,
      networkMode: 'offlineFirst',
      retry: (count, error) => count < 2 && !(error instanceof ApiError && error.status < 500),
      retryDelay: (attempt) => 400 * 2 ** attempt,
      // `startLive` refetches when the page is seen again: it knows what may have been missed.
      refetchOnWindowFocus: false,
    },
    mutations: { networkMode: 'always' },
  },
});

/** Marks what came from these paths as out of date, and refetches what is on screen. */
export async function invalidate(...paths: ApiPath[]): Promise<void> {
  await queryClient.invalidateQueries({ predicate: (query) => paths.includes(query.queryKey[0] as ApiPath) });
}
