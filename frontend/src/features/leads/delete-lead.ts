/**
 * Deleting leads: gone from sight at once, undo when done, back with the reason when
 * it failed. Slow is "still working", never "failed".
 */
import { toast } from '@/shared/ui/toast';
import { t } from 'i18next';

import { client } from '@/shared/api/client';
import { run, UnknownOutcome, type CommandHeaders, type Operation } from '@/shared/api/operation';
import { ApiError, sentence } from '@/shared/api/problem';
import { invalidate } from '@/shared/api/query';
import type { Schemas } from '@/shared/api/types';

import { hide, show } from './hidden';

/** What is deleted or restored: leads by id, or everything that matches a filter. */
export interface Target {
  ids: readonly string[];
  /** All that match, also those that were never loaded; `ids` then are those in sight. */
  filter?: Schemas['LeadFilter'];
}

const UNDO_MS = 8000;

function removal(target: Target) {
  const [first, ...rest] = target.ids;
  return (header: CommandHeaders) =>
    target.filter === undefined && first !== undefined && rest.length === 0
      ? client.DELETE('/api/leads/{lead_id}', { params: { path: { lead_id: first }, header } })
      : client.POST('/api/leads/bulk-delete', { params: { header }, body: selection(target) });
}

function restoring(target: Target) {
  const [first, ...rest] = target.ids;
  return (header: CommandHeaders) =>
    target.filter === undefined && first !== undefined && rest.length === 0
      ? client.POST('/api/leads/{lead_id}/restore', { params: { path: { lead_id: first }, header } })
      : client.POST('/api/leads/bulk-restore', { params: { header }, body: selection(target) });
}

function selection(target: Target): Schemas['ManyLeads'] {
  return target.filter === undefined ? { ids: [...target.ids] } : { filter: target.filter };
}

const refresh = () =>
  invalidate('/api/leads', '/api/leads/{lead_id}', '/api/leads/{lead_id}/timeline', '/api/summary');

/** What an operation on several leads says of itself. */
interface Moved {
  deleted?: unknown;
  restored?: unknown;
  lead_ids?: unknown;
}

/** Which leads an operation moved: what the server says, since a filter may mean more than is in sight. */
function moved({ result }: Operation, target: Target): { ids: readonly string[]; count: number } {
  const { deleted, restored, lead_ids } = (result ?? {}) as Moved;
  const count = deleted ?? restored;
  const ids = Array.isArray(lead_ids) ? (lead_ids as string[]) : target.ids;
  return { ids, count: typeof count === 'number' ? count : ids.length };
}

/** The most leads that the server takes by their ids at once. */
const MOST = 5000;

interface Move {
  target: Target;
  send: (headers: CommandHeaders) => ReturnType<ReturnType<typeof removal>>;
  working: () => string;
  succeeded: (count: number) => string;
  failed: () => string;
  undo?: (ids: readonly string[]) => void;
}

async function move({ target, send, working, succeeded, failed, undo }: Move): Promise<boolean> {
  hide(target.ids);
  let waiting: string | undefined;
  try {
    const operation = await run(send, { onStillWorking: () => (waiting = toast.loading(working())) });
    await refresh();
    const { ids, count } = moved(operation, target);
    toast.success(succeeded(count), {
      ...(waiting === undefined ? {} : { id: waiting }),
      duration: UNDO_MS,
      ...(undo && ids.length > 0 ? { action: { label: t('common:undo'), onClick: () => undo(ids) } } : {}),
    });
    return true;
  } catch (error) {
    const id = waiting === undefined ? {} : { id: waiting };
    if (error instanceof UnknownOutcome) {
      toast.info(working(), id);
      await refresh();
      return false;
    }
    // Somebody else deleted it meanwhile: it is where the person wanted it.
    const already = error instanceof ApiError && error.status === 404;
    toast.error(failed(), { ...id, description: sentence(error), duration: 10_000 });
    if (already) await refresh();
    return false;
  } finally {
    show(target.ids);
  }
}

/** Moves leads into the trash. True when they are there. */
export function deleteLeads(target: Target): Promise<boolean> {
  const count = target.ids.length;
  return move({
    target,
    send: removal(target),
    working: () => t('leads:delete.working'),
    succeeded: (done) => t('leads:delete.done', { count: done }),
    failed: () => t('leads:delete.failed', { count }),
    // What a filter meant then is undone by the ids that the server names, at most so many at once.
    undo: (ids) => {
      for (let from = 0; from < ids.length; from += MOST)
        void restoreLeads({ ids: ids.slice(from, from + MOST) });
    },
  });
}

/** Takes leads out of the trash. True when they are back. */
export function restoreLeads(target: Target): Promise<boolean> {
  return move({
    target: { ...target, ids: target.ids },
    send: restoring(target),
    working: () => t('leads:restore.working'),
    succeeded: (done) => t('leads:restore.done', { count: done }),
    failed: () => t('leads:restore.failed'),
  });
}
