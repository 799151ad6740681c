/**
 * What operators read and do. The API's shape was agreed before it existed, so nothing
 * outside this folder knows it.
 */
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';

import { client, unwrap } from '@/shared/api/client';
import { invalidate, keyOf } from '@/shared/api/query';
import type { Schemas } from '@/shared/api/types';
import { byCursor } from '@/shared/list/infinite';

export type DeadLetter = Schemas['DeadLetter'];
export type DeadLetterGroup = Schemas['DeadLetterGroup'];
export type Replay = Schemas['Replay'];
export type WorkerState = Schemas['WorkerState'];
export type DeadLetterFilter = Schemas['DeadLetterFilter'];

/** What a list of failed events is narrowed to. */
export interface FailedFilter {
  consumer?: string | undefined;
  fingerprint?: string | undefined;
  entity?: string | undefined;
  state?: string | undefined;
}

/** Failed events by worker and cause. */
export const groupsQuery = (state: string) =>
  infiniteQueryOptions({
    queryKey: keyOf('/api/admin/dead-letters/groups', { state }),
    queryFn: ({ pageParam, signal }) =>
      unwrap(client.GET('/api/admin/dead-letters/groups', { params: { query: { state, ...(pageParam === null ? {} : { cursor: pageParam }) } }, signal })),
    ...byCursor,
  });

/** Failed events one by one. */
export const deadLettersQuery = (filter: FailedFilter) =>
  infiniteQueryOptions({
    queryKey: keyOf('/api/admin/dead-letters', filter),
    queryFn: ({ pageParam, signal }) =>
      unwrap(client.GET('/api/admin/dead-letters', { params: { query: { ...filter, limit: 50, ...(pageParam === null ? {} : { cursor: pageParam }) } }, signal })),
    ...byCursor,
  });

/** One failed event. */
export const deadLetterQuery = (id: string) =>
  queryOptions({
    queryKey: keyOf('/api/admin/dead-letters/{id}', { id }),
    queryFn: ({ signal }) => unwrap(client.GET('/api/admin/dead-letters/{id}', { params: { path: { id } }, signal })),
  });

/** How many failed events a filter names. */
export const countQuery = (filter: DeadLetterFilter, enabled: boolean) =>
  queryOptions({
    queryKey: keyOf('/api/admin/dead-letters/count', filter),
    queryFn: ({ signal }) => unwrap(client.POST('/api/admin/dead-letters/count', { body: filter, signal })),
    enabled,
    staleTime: 0,
  });

/** A replay and how far it has come. */
export const replayQuery = (id: string) =>
  queryOptions({
    queryKey: keyOf('/api/admin/replays/{id}', { id }),
    queryFn: ({ signal }) => unwrap(client.GET('/api/admin/replays/{id}', { params: { path: { id } }, signal })),
    refetchInterval: ({ state }) => (state.data?.state === 'running' ? 1000 : false),
  });

/** The last replays. */
export const replaysQuery = () =>
  queryOptions({
    queryKey: keyOf('/api/admin/replays'),
    queryFn: ({ signal }) => unwrap(client.GET('/api/admin/replays', { params: { query: { limit: 10 } }, signal })),
  });

/** The workers. */
export const workersQuery = () =>
  queryOptions({
    queryKey: keyOf('/api/admin/workers'),
    queryFn: ({ signal }) => unwrap(client.GET('/api/admin/workers', { signal })),
    refetchInterval: 5000,
  });

const refresh = () => invalidate('/api/admin/dead-letters', '/api/admin/dead-letters/groups', '/api/admin/dead-letters/{id}', '/api/admin/replays', '/api/admin/workers');

/** Starts a replay of what a filter names. */
export async function startReplay(body: Schemas['ReplayRequest']): Promise<Replay> {
  const replay = await unwrap(client.POST('/api/admin/replays', { body }));
  await refresh();
  return replay;
}

/** Stops a replay; what was replayed stays replayed. */
export async function cancelReplay(id: string): Promise<void> {
  await unwrap(client.POST('/api/admin/replays/{id}/cancel', { params: { path: { id } } }));
  await invalidate('/api/admin/replays/{id}', '/api/admin/replays');
}

/** Gives up on what a filter names. The count of what was discarded. */
export async function discard(body: Schemas['DiscardRequest']): Promise<number> {
  const { count } = await unwrap(client.POST('/api/admin/dead-letters/discard', { body }));
  await refresh();
  return count;
}

/** Pauses a worker, or lets it go on. */
export async function setPaused(name: string, paused: boolean): Promise<void> {
  const params = { path: { name } };
  await unwrap(paused ? client.POST('/api/admin/workers/{name}/pause', { params }) : client.POST('/api/admin/workers/{name}/resume', { params }));
  await invalidate('/api/admin/workers');
}
