import { client } from '@/shared/api/client';
import { run } from '@/shared/api/operation';
import { invalidate } from '@/shared/api/query';
import { scope } from '@/shared/api/scope';

import type { Call } from './queries';

/** Notes that a missed caller was called back. */
export async function markCalledBack(callSid: string): Promise<void> {
  await run((header) =>
    client.POST('/api/calls/{call_sid}/called-back', { params: { path: { call_sid: callSid }, header } }),
  );
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
export function isLive(call: Pick<Call, 'status' | 'ended_at' | 'unknown'>): boolean {
  return call.ended_at === null && !call.unknown && call.status !== null && !OVER.has(call.status);
}
