import { queryOptions } from '@tanstack/react-query';

import { client, unwrap } from '@/shared/api/client';
import { keyOf } from '@/shared/api/query';

/** What the home page shows. */
export const summaryQuery = () =>
  queryOptions({
    queryKey: keyOf('/api/summary'),
    queryFn: ({ signal }) => unwrap(client.GET('/api/summary', { signal })),
  });
