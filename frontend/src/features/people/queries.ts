import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';

import { client, unwrap } from '@/shared/api/client';
import { keyOf } from '@/shared/api/query';
import type { Schemas } from '@/shared/api/types';
import { byCursor } from '@/shared/list/infinite';
import type { Role } from '@/shared/lib/rights';

import type { UserSearch } from './search';

/** Somebody who logs in. */
export type User = Schemas['UserItem'];

/** What a list of people is narrowed to. */
export interface UserFilter {
  q?: string | undefined;
  role?: Role | undefined;
  deleted?: 'only' | undefined;
}

/** The filter that an address means. */
export function userFilter({ q, role, deleted }: UserSearch): UserFilter {
  return { q, role, deleted };
}

/** People of one business; `null` for the system admin's list of everybody. */
export const usersQuery = (businessId: string | null, filter: UserFilter) =>
  infiniteQueryOptions({
    queryKey: keyOf(businessId === null ? '/api/admin/users' : '/api/businesses/{business_id}/users', {
      businessId,
      ...filter,
    }),
    queryFn: ({ pageParam, signal }): Promise<Schemas['Page_UserItem']> => {
      const query = { ...filter, limit: 50, ...(pageParam === null ? {} : { cursor: pageParam }) };
      return businessId === null
        ? unwrap(client.GET('/api/admin/users', { params: { query }, signal }))
        : unwrap(
            client.GET('/api/businesses/{business_id}/users', {
              params: { path: { business_id: businessId }, query },
              signal,
            }),
          );
    },
    ...byCursor,
  });

/** Invitations of a business that nobody took yet. */
export const invitationsQuery = (businessId: string) =>
  queryOptions({
    queryKey: keyOf('/api/businesses/{business_id}/invitations', { businessId }),
    queryFn: ({ signal }) =>
      unwrap(
        client.GET('/api/businesses/{business_id}/invitations', {
          params: { path: { business_id: businessId } },
          signal,
        }),
      ),
  });
