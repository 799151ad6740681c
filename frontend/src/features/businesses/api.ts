import { toast } from '@/shared/ui/toast';
import { t } from 'i18next';

import { client } from '@/shared/api/client';
import { run } from '@/shared/api/operation';
import { invalidate } from '@/shared/api/query';
import type { Schemas } from '@/shared/api/types';

async function command(send: Parameters<typeof run>[0]): Promise<void> {
  await run(send, { onStillWorking: () => toast.info(t('common:stillWorking')) });
  await invalidate('/api/admin/businesses');
}

/** Takes a business in. */
export const createBusiness = (body: Schemas['NewBusiness']) =>
  command((header) => client.POST('/api/admin/businesses', { params: { header }, body }));

/** Puts a business to rest, or takes it up again. */
export const setActive = (id: string, active: boolean) =>
  command((header) =>
    active
      ? client.POST('/api/admin/businesses/{business_id}/activate', {
          params: { path: { business_id: id }, header },
        })
      : client.POST('/api/admin/businesses/{business_id}/deactivate', {
          params: { path: { business_id: id }, header },
        }),
  );

/** Says which numbers a business owns, all of them. */
export const setNumbers = (id: string, numbers: string[]) =>
  command((header) =>
    client.PUT('/api/admin/businesses/{business_id}/numbers', {
      params: { path: { business_id: id }, header },
      body: { numbers },
    }),
  );
