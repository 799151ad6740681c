import type { QueryClient } from '@tanstack/react-query';
import { toast } from '@/shared/ui/toast';
import { t } from 'i18next';

import { client } from '@/shared/api/client';
import { run } from '@/shared/api/operation';
import { invalidate } from '@/shared/api/query';
import type { Schemas } from '@/shared/api/types';

import { type FullLead, leadQuery } from './queries';

/** What changes. */
export type LeadChanges = Schemas['LeadPatch'];

/** Changes a lead that is still at `version`; anything newer there is a 412. */
export async function updateLead(
  cache: QueryClient,
  id: string,
  version: number,
  changes: LeadChanges,
): Promise<void> {
  await run(
    (header) =>
      client.PATCH('/api/leads/{lead_id}', {
        params: { path: { lead_id: id }, header: { ...header, 'if-match': `"${version}"` } },
        body: changes,
      }),
    { onStillWorking: () => toast.info(t('common:stillWorking')) },
  );
  await cache.invalidateQueries({ queryKey: leadQuery(id).queryKey });
  void invalidate('/api/leads', '/api/leads/{lead_id}/timeline', '/api/summary');
}

/** The lead as it stands now, past every cache. */
export function freshLead(cache: QueryClient, id: string): Promise<FullLead> {
  return cache.query({ ...leadQuery(id), staleTime: 0 });
}
