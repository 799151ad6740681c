import { toast } from '@/shared/ui/toast';
import { t } from 'i18next';

import { client, done } from '@/shared/api/client';
import { run } from '@/shared/api/operation';
import { invalidate } from '@/shared/api/query';
import type { Schemas } from '@/shared/api/types';

/** Saves the settings over `revision`; anything newer there is a 412. */
export async function saveSettings(
  businessId: string,
  revision: number,
  body: Schemas['SettingsInput'],
): Promise<void> {
  await run(
    (header) =>
      client.PUT('/api/businesses/{business_id}/settings', {
        params: { path: { business_id: businessId }, header: { ...header, 'if-match': `"${revision}"` } },
        body,
      }),
    { onStillWorking: () => toast.info(t('common:stillWorking')) },
  );
  await invalidate('/api/businesses/{business_id}/settings');
}

/** Changes where and when I take calls. */
export async function saveAvailability(businessId: string, body: Schemas['SetAvailability']): Promise<void> {
  await run(
    (header) =>
      client.PUT('/api/businesses/{business_id}/availability', {
        params: { path: { business_id: businessId }, header },
        body,
      }),
    { onStillWorking: () => toast.info(t('common:stillWorking')) },
  );
  await invalidate('/api/businesses/{business_id}/availability');
}

/** Ends a login elsewhere. */
export async function endSession(id: string): Promise<void> {
  await done(client.DELETE('/api/auth/sessions/{session_id}', { params: { path: { session_id: id } } }));
  await invalidate('/api/auth/sessions');
}

/** Changes the own password. */
export const changePassword = (current: string, next: string) =>
  done(client.POST('/api/auth/password', { body: { current, new: next } }));
