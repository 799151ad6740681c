import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';

import { client, unwrap } from '@/shared/api/client';
import { keyOf } from '@/shared/api/query';
import type { Schemas } from '@/shared/api/types';
import { byCursor } from '@/shared/list/infinite';

import type { LeadSearch } from './search';

/** A lead, as lists hold it. */
export type Lead = Schemas['LeadItem'];
/** A lead, whole. */
export type FullLead = Schemas['Lead'];
/** How far a lead has come. */
export type LeadStatus = Schemas['LeadStatus'];
/** Where a lead came from. */
export type LeadSource = Schemas['LeadSource'];
/** What a list of leads can be sorted by. */
export type LeadSort = 'created_at' | 'updated_at' | 'name' | 'last_call';

/** What a list of leads is narrowed to. */
export interface LeadFilter {
  q?: string | undefined;
  status?: LeadStatus | undefined;
  source?: LeadSource | undefined;
  tag?: string | undefined;
  sort?: LeadSort | undefined;
  order?: 'asc' | 'desc' | undefined;
  deleted?: 'only' | undefined;
  limit?: number | undefined;
}

/** The filter that an address means. */
export function leadFilter({ q, status, source, tag, sort, order }: LeadSearch): LeadFilter {
  return { q, status, source, tag, sort, order };
}

/** What the trash holds. */
export const DELETED = { deleted: 'only' } as const satisfies LeadFilter;

/** Leads, page by page. */
export const leadsQuery = (filter: LeadFilter) =>
  infiniteQueryOptions({
    queryKey: keyOf('/api/leads', filter),
    queryFn: ({ pageParam, signal }) =>
      unwrap(
        client.GET('/api/leads', {
          params: { query: { limit: 50, ...filter, ...(pageParam === null ? {} : { cursor: pageParam }) } },
          signal,
        }),
      ),
    ...byCursor,
  });

/** The latest leads that nobody spoke with, as many as the home page shows. */
export const newLeadsQuery = () => leadsQuery({ status: 'new', limit: 6 });

/** One lead. */
export const leadQuery = (id: string) =>
  queryOptions({
    queryKey: keyOf('/api/leads/{lead_id}', { id }),
    queryFn: ({ signal }) =>
      unwrap(client.GET('/api/leads/{lead_id}', { params: { path: { lead_id: id } }, signal })),
  });

/** What happened with a lead, newest first. */
export const timelineQuery = (id: string) =>
  infiniteQueryOptions({
    queryKey: keyOf('/api/leads/{lead_id}/timeline', { id }),
    queryFn: ({ pageParam, signal }) =>
      unwrap(
        client.GET('/api/leads/{lead_id}/timeline', {
          params: { path: { lead_id: id }, query: pageParam === null ? {} : { cursor: pageParam } },
          signal,
        }),
      ),
    ...byCursor,
  });
