import { queryOptions, useSuspenseQuery } from '@tanstack/react-query';

import { claimDrafts } from '@/shared/lib/draft';
import { setTimeZone } from '@/shared/lib/format';
import { can, type Right } from '@/shared/lib/rights';

import { client, unwrap } from './client';
import { mayHaveSession, noteSession } from './gate';
import { ApiError } from './problem';
import { keyOf } from './query';
import { useScope } from './scope';
import type { Schemas } from './types';

/** The person who is logged in. */
export type CurrentUser = Schemas['Me'];

/** Who is logged in; null for nobody. A browser that never logged in does not even ask. */
export const meQuery = queryOptions({
  queryKey: keyOf('/api/auth/me'),
  staleTime: 5 * 60_000,
  queryFn: async ({ signal }): Promise<CurrentUser | null> => {
    if (!mayHaveSession()) return null;
    try {
      const { user } = await unwrap(client.GET('/api/auth/me', { signal }));
      noteSession(true);
      claimDrafts(user.id);
      setTimeZone(user.business?.time_zone);
      return user;
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 401)) throw error;
      noteSession(false);
      return null;
    }
  },
});

/** The person who is logged in. Only below the route that makes sure of it. */
export function useMe(): CurrentUser {
  const { data } = useSuspenseQuery(meQuery);
  // While a logout is on its way to the login page, the page below still shows.
  return data ?? GONE;
}

const GONE: CurrentUser = { id: '', name: '', email: '', role: 'agent', business: null };

/** Whether the person has a right. */
export function useCan(right: Right): boolean {
  return can(useMe().role, right);
}

/** The business on screen: the person's own, or the one that a system admin looks into. */
export function useBusinessId(): string | null {
  const scoped = useScope();
  return useMe().business?.id ?? scoped;
}
