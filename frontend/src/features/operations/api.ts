/** What operators read and do: failed events, replays, workers. */
import { client } from '@/shared/api/client';
import { run } from '@/shared/api/operation';
import { invalidate } from '@/shared/api/query';
import type { Schemas } from '@/shared/api/types';

const refresh = () =>
  invalidate(
    '/api/admin/dead-letters',
    '/api/admin/dead-letters/groups',
    '/api/admin/dead-letters/{dead_letter_id}',
    '/api/admin/replays',
    '/api/admin/replays/{replay_id}',
    '/api/admin/workers',
  );

/** Starts a replay of what was counted; its id, where the server says it. */
export async function startReplay(body: Schemas['StartReplay']): Promise<string | null> {
  const operation = await run((header) => client.POST('/api/admin/replays', { params: { header }, body }));
  await refresh();
  return operation.entity_id ?? null;
}

/** Stops a replay: how many events will not be replayed. */
export async function cancelReplay(id: string, reason: string): Promise<number> {
  const operation = await run((header) =>
    client.POST('/api/admin/replays/{replay_id}/cancel', {
      params: { path: { replay_id: id }, header },
      body: { reason },
    }),
  );
  await refresh();
  return counted(operation.result, 'cancelled');
}

/** Gives up on what was counted: how many were discarded. */
export async function discard(body: Schemas['DiscardDeadLetters']): Promise<number> {
  const operation = await run((header) =>
    client.POST('/api/admin/dead-letters/discard', { params: { header }, body }),
  );
  await refresh();
  return counted(operation.result, 'discarded');
}

/** Pauses a worker, for some minutes or until somebody resumes it. */
export async function pauseWorker(name: string, reason: string, minutes: number | null): Promise<void> {
  const body = { reason, ...(minutes === null ? {} : { minutes }) };
  await run((header) =>
    client.POST('/api/admin/workers/{name}/pause', { params: { path: { name }, header }, body }),
  );
  await invalidate('/api/admin/workers');
}

/** Lets a worker go on. */
export async function resumeWorker(name: string, reason: string): Promise<void> {
  await run((header) =>
    client.POST('/api/admin/workers/{name}/resume', { params: { path: { name }, header }, body: { reason } }),
  );
  await invalidate('/api/admin/workers');
}

function counted(result: unknown, field: string): number {
  const value = (result as Record<string, unknown> | null | undefined)?.[field];
  return typeof value === 'number' ? value : 0;
}
