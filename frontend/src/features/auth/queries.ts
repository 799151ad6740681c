import { queryOptions } from '@tanstack/react-query';

import { client, unwrap } from '@/shared/api/client';
import { keyOf } from '@/shared/api/query';

/** What an invitation says. */
export const invitationQuery = (token: string) =>
  queryOptions({
    // The token itself is no key: it would be kept as long as the cache.
    queryKey: keyOf('/api/auth/invitations/inspect'),
    queryFn: ({ signal }) =>
      unwrap(client.POST('/api/auth/invitations/inspect', { body: { token }, signal })),
    enabled: token !== '',
    staleTime: Infinity,
    // As long as the page's code may be on its way.
    gcTime: 60_000,
  });
