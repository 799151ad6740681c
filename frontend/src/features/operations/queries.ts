import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';

import { client, unwrap } from '@/shared/api/client';
import { keyOf } from '@/shared/api/query';
import type { Schemas } from '@/shared/api/types';
import { byCursor } from '@/shared/list/infinite';

import type { FailedSearch } from './search';

/** A failed event, as lists hold it. */
export type DeadLetter = Schemas['DeadLetterItem'];
/** A failed event, whole. */
export type FullDeadLetter = Schemas['DeadLetter'];
/** Failed events of one worker and cause. */
export type DeadLetterGroup = Schemas['DeadLetterGroup'];
/** Which failed events an action means. */
export type Selection = Schemas['Selection'];
export type Replay = Schemas['Replay'];
export type Worker = Schemas['WorkerItem'];
/** An error of Twilio's, and how often it came. */
export type TwilioErrorGroup = Schemas['TwilioErrorGroup'];
/** An event that failed and will be tried again. */
export type RetryingEvent = Schemas['RetryingEvent'];

/** What a list of failed events is narrowed to. */
export interface FailedFilter {
  state: DeadLetter['state'];
  worker?: string | undefined;
  fingerprint?: string | undefined;
  entity?: string | undefined;
}

/** The filter that an address means. */
export function failedFilter({ state, worker, fingerprint, entity }: FailedSearch): FailedFilter {
  return { state: state ?? 'new', worker, fingerprint, entity };
}

/** Whether an address asks for failed events one by one, or for their causes. */
export const oneByOne = ({ view, worker, fingerprint, entity }: FailedSearch) =>
  view === 'list' || worker !== undefined || fingerprint !== undefined || entity !== undefined;

/** Failed events by worker and cause, the most frequent first. */
export const groupsQuery = (state: DeadLetter['state']) =>
  queryOptions({
    queryKey: keyOf('/api/admin/dead-letters/groups', { state }),
    queryFn: ({ signal }) =>
      unwrap(client.GET('/api/admin/dead-letters/groups', { params: { query: { state } }, signal })),
  });

/** Failed events one by one, the latest first. */
export const deadLettersQuery = (filter: FailedFilter) =>
  infiniteQueryOptions({
    queryKey: keyOf('/api/admin/dead-letters', filter),
    queryFn: ({ pageParam, signal }) =>
      unwrap(
        client.GET('/api/admin/dead-letters', {
          params: { query: { ...filter, limit: 50, ...(pageParam === null ? {} : { cursor: pageParam }) } },
          signal,
        }),
      ),
    ...byCursor,
  });

/** One failed event. Revealed, it shows personal data, and the server notes who looked. */
export const deadLetterQuery = (id: string, reveal: boolean) =>
  queryOptions({
    queryKey: keyOf('/api/admin/dead-letters/{dead_letter_id}', { id, reveal }),
    queryFn: ({ signal }) =>
      unwrap(
        client.GET('/api/admin/dead-letters/{dead_letter_id}', {
          params: { path: { dead_letter_id: id }, query: reveal ? { reveal } : {} },
          signal,
        }),
      ),
    // Looking again would be noted again.
    ...(reveal ? { staleTime: Infinity, gcTime: 0 } : {}),
  });

/** How many failed events a selection means now, and what stands in the way. */
export const countQuery = (selection: Selection, enabled: boolean) =>
  queryOptions({
    queryKey: keyOf('/api/admin/dead-letters/count', selection),
    queryFn: ({ signal }) =>
      unwrap(client.POST('/api/admin/dead-letters/count', { body: { selection }, signal })),
    enabled,
    staleTime: 0,
    gcTime: 0,
  });

/** A replay and how far it has come. */
export const replayQuery = (id: string) =>
  queryOptions({
    queryKey: keyOf('/api/admin/replays/{replay_id}', { id }),
    queryFn: ({ signal }) =>
      unwrap(client.GET('/api/admin/replays/{replay_id}', { params: { path: { replay_id: id } }, signal })),
    refetchInterval: ({ state }) => (state.data?.state === 'running' ? 1000 : false),
  });

/** What failed again in a replay. */
export const failedAgainQuery = (id: string, failed: number) =>
  queryOptions({
    queryKey: keyOf('/api/admin/replays/{replay_id}/items', { id, failed }),
    queryFn: ({ signal }) =>
      unwrap(
        client.GET('/api/admin/replays/{replay_id}/items', {
          params: { path: { replay_id: id }, query: { result: 'failed', limit: 20 } },
          signal,
        }),
      ),
    enabled: failed > 0,
  });

/** The last replays. */
export const replaysQuery = () =>
  queryOptions({
    queryKey: keyOf('/api/admin/replays'),
    queryFn: ({ signal }) =>
      unwrap(client.GET('/api/admin/replays', { params: { query: { limit: 10 } }, signal })),
  });

/** The workers. */
export const workersQuery = () =>
  queryOptions({
    queryKey: keyOf('/api/admin/workers'),
    queryFn: ({ signal }) => unwrap(client.GET('/api/admin/workers', { signal })),
    refetchInterval: 5000,
  });

/** What Twilio could not do lately, the latest first. */
export const twilioErrorsQuery = () =>
  queryOptions({
    queryKey: keyOf('/api/admin/twilio-errors'),
    queryFn: ({ signal }) => unwrap(client.GET('/api/admin/twilio-errors', { signal })),
  });
