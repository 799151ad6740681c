import { infiniteQueryOptions } from '@tanstack/react-query';

import { client, unwrap } from '@/shared/api/client';
import { keyOf } from '@/shared/api/query';
import type { Schemas } from '@/shared/api/types';
import { byCursor } from '@/shared/list/infinite';

/** A tenant. */
export type Business = Schemas['Business'];

/** Every business. */
export const businessesQuery = (q: string | undefined) =>
  infiniteQueryOptions({
    queryKey: keyOf('/api/admin/businesses', { q }),
    queryFn: ({ pageParam, signal }) =>
      unwrap(
        client.GET('/api/admin/businesses', {
          params: {
            query: {
              ...(q === undefined ? {} : { q }),
              limit: 50,
              ...(pageParam === null ? {} : { cursor: pageParam }),
            },
          },
          signal,
        }),
      ),
    ...byCursor,
  });
