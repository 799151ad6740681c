import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { toast } from '@/shared/ui/toast';
import { t } from 'i18next';

import { client, done, unwrap } from '@/shared/api/client';
import { type CommandHeaders, run } from '@/shared/api/operation';
import { invalidate, keyOf } from '@/shared/api/query';
import type { Schemas } from '@/shared/api/types';
import { byCursor } from '@/shared/list/infinite';
import type { Role } from '@/shared/lib/rights';

/** Somebody who logs in. */
export type User = Schemas['UserItem'];

/** What a list of people is narrowed to. */
export interface UserFilter {
  q?: string | undefined;
  role?: Role | undefined;
  deleted?: 'only' | undefined;
}

/** People of one business; `null` for the system admin's list of everybody. */
export const usersQuery = (businessId: string | null, filter: UserFilter) =>
  infiniteQueryOptions({
    queryKey: keyOf(businessId === null ? '/api/admin/users' : '/api/businesses/{business_id}/users', { businessId, ...filter }),
    queryFn: ({ pageParam, signal }): Promise<Schemas['Page_UserItem']> => {
      const query = { ...filter, limit: 50, ...(pageParam === null ? {} : { cursor: pageParam }) };
      return businessId === null
        ? unwrap(client.GET('/api/admin/users', { params: { query }, signal }))
        : unwrap(client.GET('/api/businesses/{business_id}/users', { params: { path: { business_id: businessId }, query }, signal }));
    },
    ...byCursor,
  });

/** Invitations of a business that nobody took yet. */
export const invitationsQuery = (businessId: string) =>
  queryOptions({
    queryKey: keyOf('/api/businesses/{business_id}/invitations', { businessId }),
    queryFn: ({ signal }) => unwrap(client.GET('/api/businesses/{business_id}/invitations', { params: { path: { business_id: businessId } }, signal })),
  });

const refresh = () => invalidate('/api/admin/users', '/api/businesses/{business_id}/users', '/api/businesses/{business_id}/invitations');

async function command(send: Parameters<typeof run>[0]): Promise<void> {
  await run(send, { onStillWorking: () => toast.info(t('common.stillWorking')) });
  await refresh();
}

/** Removes a person. Resolves once they are gone. */
export function deleteUser(businessId: string | null, userId: string): Promise<void> {
  return command((header: CommandHeaders) =>
    businessId === null
      ? client.DELETE('/api/admin/users/{user_id}', { params: { path: { user_id: userId }, header } })
      : client.DELETE('/api/businesses/{business_id}/users/{user_id}', { params: { path: { business_id: businessId, user_id: userId }, header } }),
  );
}

/** Brings a removed person back. */
export function restoreUser(businessId: string | null, userId: string): Promise<void> {
  return command((header) =>
    businessId === null
      ? client.POST('/api/admin/users/{user_id}/restore', { params: { path: { user_id: userId }, header } })
      : client.POST('/api/businesses/{business_id}/users/{user_id}/restore', { params: { path: { business_id: businessId, user_id: userId }, header } }),
  );
}

/** Changes a person's name or role. */
export function updateUser(businessId: string | null, userId: string, body: Schemas['UpdateUser']): Promise<void> {
  return command((header) =>
    businessId === null
      ? client.PATCH('/api/admin/users/{user_id}', { params: { path: { user_id: userId }, header }, body })
      : client.PATCH('/api/businesses/{business_id}/users/{user_id}', { params: { path: { business_id: businessId, user_id: userId }, header }, body }),
  );
}

/** Sends somebody a link to join. */
export async function invite(businessId: string | null, body: Schemas['InviteBusinessUser']): Promise<void> {
  await done(
    businessId === null
      ? client.POST('/api/admin/users/invitations', { body })
      : client.POST('/api/businesses/{business_id}/invitations', { params: { path: { business_id: businessId } }, body }),
  );
  await refresh();
}

/** Takes an invitation back. */
export async function withdraw(businessId: string, id: string): Promise<void> {
  await done(client.DELETE('/api/businesses/{business_id}/invitations/{invitation_id}', { params: { path: { business_id: businessId, invitation_id: id } } }));
  await refresh();
}

/** Ends every login of a person. */
export async function endSessions(userId: string): Promise<void> {
  await done(client.POST('/api/admin/users/{user_id}/end-sessions', { params: { path: { user_id: userId } } }));
}
