import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';

import { client, unwrap } from '@/shared/api/client';
import { run } from '@/shared/api/operation';
import { invalidate, keyOf } from '@/shared/api/query';
import { scope } from '@/shared/api/scope';
import type { Schemas } from '@/shared/api/types';
import { byCursor } from '@/shared/list/infinite';

/** A call. */
export type Call = Schemas['Call'];
/** A recording of a call. */
export type Recording = Schemas['Recording'];

/** What a list of calls is narrowed to. */
export interface CallFilter {
  missed?: boolean | undefined;
  answered?: boolean | undefined;
  to_call_back?: boolean | undefined;
  number?: string | undefined;
  limit?: number | undefined;
}

/** Calls, newest first, page by page. */
export const callsQuery = (filter: CallFilter) =>
  infiniteQueryOptions({
    queryKey: keyOf('/api/calls', filter),
    queryFn: ({ pageParam, signal }) =>
      unwrap(client.GET('/api/calls', { params: { query: { limit: 50, ...filter, ...(pageParam === null ? {} : { cursor: pageParam }) } }, signal })),
    ...byCursor,
  });

/** Calls to numbers of nobody. */
export const unownedCallsQuery = () =>
  infiniteQueryOptions({
    queryKey: keyOf('/api/admin/calls/unowned'),
    queryFn: ({ pageParam, signal }) =>
      unwrap(client.GET('/api/admin/calls/unowned', { params: { query: pageParam === null ? {} : { cursor: pageParam } }, signal })),
    ...byCursor,
  });

/** One call with its history. */
export const callQuery = (callSid: string) =>
  queryOptions({
    queryKey: keyOf('/api/calls/{call_sid}', { callSid }),
    queryFn: ({ signal }) => unwrap(client.GET('/api/calls/{call_sid}', { params: { path: { call_sid: callSid } }, signal })),
  });

/** Notes that a missed caller was called back. */
export async function markCalledBack(callSid: string): Promise<void> {
  await run((header) => client.POST('/api/calls/{call_sid}/called-back', { params: { path: { call_sid: callSid }, header } }));
  await invalidate('/api/calls', '/api/calls/{call_sid}', '/api/summary');
}

/** Where a recording's audio is, for players and downloads. */
export function audioUrl(recordingSid: string, download = false): string {
  const query = new URLSearchParams();
  const business = scope.get();
  if (business !== null) query.set('business_id', business);
  if (download) query.set('download', '1');
  const text = query.toString();
  return `/api/recordings/${encodeURIComponent(recordingSid)}/audio${text === '' ? '' : `?${text}`}`;
}

const OVER = new Set(['completed', 'busy', 'failed', 'no-answer', 'canceled']);

/** Whether a call is going on. */
export function isLive(call: Pick<Call, 'status' | 'ended_at'>): boolean {
  return call.ended_at === null && call.status !== null && !OVER.has(call.status);
}
