import { client, done, unwrap } from '@/shared/api/client';
import { noteSession, settleLogin } from '@/shared/api/gate';
import { follow } from '@/shared/api/operation';
import { queryClient } from '@/shared/api/query';
import { scope } from '@/shared/api/scope';
import { meQuery } from '@/shared/api/session';
import type { Schemas } from '@/shared/api/types';
import { claimDrafts, dropDrafts } from '@/shared/lib/draft';
import { setTimeZone } from '@/shared/lib/format';

/** Logs in. Another person than before finds nothing of the one before. */
export async function login(email: string, password: string): Promise<Schemas['Me']> {
  const { user } = await unwrap(client.POST('/api/auth/login', { body: { email: email.trim(), password } }));
  const before = queryClient.getQueryData(meQuery.queryKey);
  claimDrafts(user.id);
  if (before && before.id !== user.id) {
    queryClient.clear();
    scope.set(null);
  }
  noteSession(true);
  setTimeZone(user.business?.time_zone);
  queryClient.setQueryData(meQuery.queryKey, user);
  settleLogin(!before || before.id === user.id);
  return user;
}

/** Logs out, and forgets on this device whatever was seen. */
export async function logout(): Promise<void> {
  await done(client.POST('/api/auth/logout'));
  forget();
}

/** Forgets on this device whatever was seen. */
export function forget(): void {
  noteSession(false);
  settleLogin(false);
  dropDrafts();
  scope.set(null);
  queryClient.clear();
  queryClient.setQueryData(meQuery.queryKey, null);
}

/** Asks for a mail with a link. The answer is the same whether or not somebody has the address. */
export const requestReset = (email: string) =>
  done(client.POST('/api/auth/password-reset', { body: { email: email.trim() } }));

/** Sets a new password by the link's token. */
export const confirmReset = (token: string, password: string) =>
  done(client.POST('/api/auth/password-reset/confirm', { body: { token, password } }));

/** Joins, and logs in. */
export async function acceptInvitation(
  token: string,
  email: string,
  name: string,
  password: string,
): Promise<void> {
  const { operation } = await unwrap(
    client.POST('/api/auth/invitations/accept', { body: { token, name, password } }),
  );
  await follow(operation);
  await login(email, password);
}
