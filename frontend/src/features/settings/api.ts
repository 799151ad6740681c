import { queryOptions } from '@tanstack/react-query';
import { toast } from '@/shared/ui/toast';
import { t } from 'i18next';

import { client, done, unwrap } from '@/shared/api/client';
import { run } from '@/shared/api/operation';
import { invalidate, keyOf } from '@/shared/api/query';
import type { Schemas } from '@/shared/api/types';

/** How a business answers its calls. */
export type CallSettings = Schemas['CallSettings'];
/** That, with what surrounds it. */
export type BusinessSettings = Schemas['BusinessSettings'];

/** The settings of a business. */
export const settingsQuery = (businessId: string) =>
  queryOptions({
    queryKey: keyOf('/api/businesses/{business_id}/settings', { businessId }),
    queryFn: ({ signal }) => unwrap(client.GET('/api/businesses/{business_id}/settings', { params: { path: { business_id: businessId } }, signal })),
  });

/** What a caller would hear with these settings. */
export const previewQuery = (businessId: string, settings: CallSettings) =>
  queryOptions({
    queryKey: keyOf('/api/businesses/{business_id}/settings/preview', { businessId, settings }),
    queryFn: ({ signal }) =>
      unwrap(client.POST('/api/businesses/{business_id}/settings/preview', { params: { path: { business_id: businessId } }, body: { settings }, signal })),
    retry: false,
  });

/** Saves the settings over `revision`; anything newer there is a 412. */
export async function saveSettings(businessId: string, revision: number, body: Schemas['SettingsInput']): Promise<void> {
  await run(
    (header) =>
      client.PUT('/api/businesses/{business_id}/settings', {
        params: { path: { business_id: businessId }, header: { ...header, 'if-match': `"${revision}"` } },
        body,
      }),
    { onStillWorking: () => toast.info(t('common.stillWorking')) },
  );
  await invalidate('/api/businesses/{business_id}/settings');
}

/** Where the person is logged in. */
export const sessionsQuery = queryOptions({
  queryKey: keyOf('/api/auth/sessions'),
  queryFn: ({ signal }) => unwrap(client.GET('/api/auth/sessions', { signal })),
});

/** Ends a login elsewhere. */
export async function endSession(id: string): Promise<void> {
  await done(client.DELETE('/api/auth/sessions/{session_id}', { params: { path: { session_id: id } } }));
  await invalidate('/api/auth/sessions');
}

/** Changes the own password. */
export const changePassword = (current: string, next: string) => done(client.POST('/api/auth/password', { body: { current, new: next } }));
