import { infiniteQueryOptions } from '@tanstack/react-query';

import { client, unwrap } from '@/shared/api/client';
import { keyOf } from '@/shared/api/query';
import type { Schemas } from '@/shared/api/types';
import { byCursor } from '@/shared/list/infinite';

import type { AuditSearch } from './search';

/** A change of state, and who made it. */
export type AuditRecord = Schemas['AuditItem'];

/** What a search is narrowed to. */
export interface AuditFilter {
  action?: string | undefined;
  actor_id?: string | undefined;
  entity_id?: string | undefined;
  from?: string | undefined;
  to?: string | undefined;
}

/** The filter that an address means: days from midnight to midnight. */
export function auditFilter({ action, actor, entity, from, to }: AuditSearch): AuditFilter {
  return {
    action,
    actor_id: actor,
    entity_id: entity,
    ...(from === undefined ? {} : { from: new Date(`${from}T00:00:00`).toISOString() }),
    ...(to === undefined ? {} : { to: new Date(`${to}T23:59:59.999`).toISOString() }),
  };
}

/** Audit records, newest first; `null` for those of all businesses. */
export const auditQuery = (businessId: string | null, filter: AuditFilter) =>
  infiniteQueryOptions({
    queryKey: keyOf(businessId === null ? '/api/admin/audit' : '/api/businesses/{business_id}/audit', {
      businessId,
      ...filter,
    }),
    queryFn: ({ pageParam, signal }): Promise<Schemas['Page_AuditItem']> => {
      const query = { ...filter, limit: 50, ...(pageParam === null ? {} : { cursor: pageParam }) };
      return businessId === null
        ? unwrap(client.GET('/api/admin/audit', { params: { query }, signal }))
        : unwrap(
            client.GET('/api/businesses/{business_id}/audit', {
              params: { path: { business_id: businessId }, query },
              signal,
            }),
          );
    },
    ...byCursor,
  });
