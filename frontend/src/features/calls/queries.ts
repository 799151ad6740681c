import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';

import { client, unwrap } from '@/shared/api/client';
import { keyOf } from '@/shared/api/query';
import type { Schemas } from '@/shared/api/types';
import { toE164 } from '@/shared/lib/phone';
import { byCursor } from '@/shared/list/infinite';

import type { CallSearch } from './search';

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

/** The filter that an address means. */
export function callFilter({ show, number }: CallSearch): CallFilter {
  return {
    ...(show === undefined ? {} : show === 'missed' ? { missed: true } : { answered: true }),
    // The server looks for whole numbers; half a one would be an error.
    number: toE164(number ?? '') ?? undefined,
  };
}

/** Calls, newest first, page by page. */
export const callsQuery = (filter: CallFilter) =>
  infiniteQueryOptions({
    queryKey: keyOf('/api/calls', filter),
    queryFn: ({ pageParam, signal }) =>
      unwrap(
        client.GET('/api/calls', {
          params: { query: { limit: 50, ...filter, ...(pageParam === null ? {} : { cursor: pageParam }) } },
          signal,
        }),
      ),
    ...byCursor,
  });

/** The latest callers that nobody called back, as many as the home page shows. */
export const toCallBackQuery = () => callsQuery({ to_call_back: true, limit: 6 });

/** Calls to numbers of nobody. */
export const unownedCallsQuery = () =>
  infiniteQueryOptions({
    queryKey: keyOf('/api/admin/calls/unowned'),
    queryFn: ({ pageParam, signal }) =>
      unwrap(
        client.GET('/api/admin/calls/unowned', {
          params: { query: pageParam === null ? {} : { cursor: pageParam } },
          signal,
        }),
      ),
    ...byCursor,
  });

/** One call with its history. */
export const callQuery = (callSid: string) =>
  queryOptions({
    queryKey: keyOf('/api/calls/{call_sid}', { callSid }),
    queryFn: ({ signal }) =>
      unwrap(client.GET('/api/calls/{call_sid}', { params: { path: { call_sid: callSid } }, signal })),
  });
