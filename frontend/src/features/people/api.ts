import { toast } from '@/shared/ui/toast';
import { t } from 'i18next';

import { client, done } from '@/shared/api/client';
import { type CommandHeaders, run } from '@/shared/api/operation';
import { invalidate } from '@/shared/api/query';
import type { Schemas } from '@/shared/api/types';

const refresh = () =>
  invalidate(
    '/api/admin/users',
    '/api/businesses/{business_id}/users',
    '/api/businesses/{business_id}/invitations',
  );

async function command(send: Parameters<typeof run>[0]): Promise<void> {
  await run(send, { onStillWorking: () => toast.info(t('common:stillWorking')) });
  await refresh();
}

/** Removes a person. Resolves once they are gone. */
export function deleteUser(businessId: string | null, userId: string): Promise<void> {
  return command((header: CommandHeaders) =>
    businessId === null
      ? client.DELETE('/api/admin/users/{user_id}', { params: { path: { user_id: userId }, header } })
      : client.DELETE('/api/businesses/{business_id}/users/{user_id}', {
          params: { path: { business_id: businessId, user_id: userId }, header },
        }),
  );
}

/** Brings a removed person back. */
export function restoreUser(businessId: string | null, userId: string): Promise<void> {
  return command((header) =>
    businessId === null
      ? client.POST('/api/admin/users/{user_id}/restore', { params: { path: { user_id: userId }, header } })
      : client.POST('/api/businesses/{business_id}/users/{user_id}/restore', {
          params: { path: { business_id: businessId, user_id: userId }, header },
        }),
  );
}

/** Changes a person's name or role. */
export function updateUser(
  businessId: string | null,
  userId: string,
  body: Schemas['UpdateUser'],
): Promise<void> {
  return command((header) =>
    businessId === null
      ? client.PATCH('/api/admin/users/{user_id}', { params: { path: { user_id: userId }, header }, body })
      : client.PATCH('/api/businesses/{business_id}/users/{user_id}', {
          params: { path: { business_id: businessId, user_id: userId }, header },
          body,
        }),
  );
}

/** Sends somebody a link to join. */
export async function invite(businessId: string | null, body: Schemas['InviteBusinessUser']): Promise<void> {
  await done(
    businessId === null
      ? client.POST('/api/admin/users/invitations', { body })
      : client.POST('/api/businesses/{business_id}/invitations', {
          params: { path: { business_id: businessId } },
          body,
        }),
  );
  await refresh();
}

/** Takes an invitation back. */
export async function withdraw(businessId: string, id: string): Promise<void> {
  await done(
    client.DELETE('/api/businesses/{business_id}/invitations/{invitation_id}', {
      params: { path: { business_id: businessId, invitation_id: id } },
    }),
  );
  await refresh();
}

/** Ends every login of a person. */
export async function endSessions(userId: string): Promise<void> {
  await done(
    client.POST('/api/admin/users/{user_id}/end-sessions', { params: { path: { user_id: userId } } }),
  );
}
