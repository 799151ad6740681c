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

const refresh = () => invalidate('/api/leads', '/api/leads/{lead_id}', '/api/leads/{lead_id}/timeline', '/api/summary');

/** How many leads an operation touched: the server's own count where it says one. */
function counted(operation: Operation, target: Target): number {
  const result = operation.result as { count?: unknown; lead_ids?: unknown } | null | undefined;
  return typeof result?.count === 'number' ? result.count : target.ids.length;
}

interface Move {
  target: Target;
  send: (headers: CommandHeaders) => ReturnType<ReturnType<typeof removal>>;
  working: () => string;
  succeeded: (count: number) => string;
  failed: () => string;
  undo?: () => void;
}

async function move({ target, send, working, succeeded, failed, undo }: Move): Promise<boolean> {
  hide(target.ids);
  let waiting: string | undefined;
  try {
    const operation = await run(send, { onStillWorking: () => (waiting = toast.loading(working())) });
    await refresh();
    toast.success(succeeded(counted(operation, target)), {
      ...(waiting === undefined ? {} : { id: waiting }),
      duration: UNDO_MS,
      ...(undo ? { action: { label: t('common.undo'), onClick: undo } } : {}),
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
    working: () => t('leads.delete.working'),
    succeeded: (done) => t('leads.delete.done', { count: done }),
    failed: () => t('leads.delete.failed', { count }),
    // What a filter froze on the server is undone by hand, from the trash.
    ...(target.filter === undefined ? { undo: () => void restoreLeads(target) } : {}),
  });
}

/** Takes leads out of the trash. True when they are back. */
export function restoreLeads(target: Target): Promise<boolean> {
  return move({
    target: { ...target, ids: target.ids },
    send: restoring(target),
    working: () => t('leads.restore.working'),
    succeeded: (done) => t('leads.restore.done', { count: done }),
    failed: () => t('leads.restore.failed'),
  });
}
