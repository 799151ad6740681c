/**
 * Live updates. The server says what changed, never how: each kind names the paths
 * whose answers are out of date. Whatever was missed while the stream was down is
 * made good by refetching everything on screen once it is back.
 */
import { type ApiPath, invalidate, queryClient } from '@/shared/api/query';
import { scope } from '@/shared/api/scope';
import { createStore, useStore } from '@/shared/lib/store';

/** `live`: changes arrive by themselves. `stale`: what is on screen may be old. */
export type LiveState = 'connecting' | 'live' | 'stale';

const LEADS: ApiPath[] = [
  '/api/leads',
  '/api/leads/{lead_id}',
  '/api/leads/{lead_id}/timeline',
  '/api/summary',
];
const CALLS: ApiPath[] = [
  '/api/calls',
  '/api/calls/{call_sid}',
  '/api/leads/{lead_id}/timeline',
  '/api/summary',
  '/api/admin/calls/unowned',
];

/** By kind of what changed, the paths whose answers it makes out of date. */
export const PATHS: Partial<Record<string, ApiPath[]>> = {
  lead: LEADS,
  call: [...CALLS, '/api/leads'],
  recording: CALLS,
  user: [
    '/api/businesses/{business_id}/users',
    '/api/businesses/{business_id}/invitations',
    '/api/businesses/{business_id}/availability',
    '/api/businesses/{business_id}/users/{user_id}/availability',
    // Who takes calls is a part of them.
    '/api/businesses/{business_id}/settings',
    '/api/admin/users',
  ],
  business: ['/api/businesses/{business_id}/settings', '/api/admin/businesses', '/api/auth/me'],
  operation: [],
  whatsapp: ['/api/whatsapp/baileys/status', '/api/whatsapp/baileys/qr'],
  dead_letter: [
    '/api/admin/dead-letters',
    '/api/admin/dead-letters/groups',
    '/api/admin/dead-letters/{dead_letter_id}',
    '/api/admin/workers',
  ],
  replay: ['/api/admin/replays', '/api/admin/replays/{replay_id}', '/api/admin/replays/{replay_id}/items'],
  worker: ['/api/admin/workers'],
};

/** How long a stream may be down before the badge shows, milliseconds. */
const GRACE_MS = 6000;
/** Changes that come within this time are one refetch, milliseconds. */
const GATHER_MS = 150;
/** A heart beats every 15 seconds; a stream that is silent for longer than two of them is dead, milliseconds. */
const SILENCE_MS = 40_000;
/** A page hidden for longer is refetched when it is seen again, milliseconds. */
const HIDDEN_MS = 20_000;

const state = createStore<LiveState>('connecting');

/** Whether changes arrive by themselves, followed. */
export function useLiveState(): LiveState {
  return useStore(state);
}

/** Opens the stream and keeps it open; the function returned ends it. */
export function startLive(): () => void {
  let source: EventSource | null = null;
  let attempts = 0;
  let dropped = false;
  let hiddenSince = 0;
  let retry: ReturnType<typeof setTimeout> | undefined;
  let badge: ReturnType<typeof setTimeout> | undefined;
  let pulse: ReturnType<typeof setTimeout> | undefined;
  let gather: ReturnType<typeof setTimeout> | undefined;
  const changed = new Set<ApiPath>();

  const refetchAll = () => void queryClient.invalidateQueries();

  const note = (kind: string) => {
    const paths = PATHS[kind];
    // A newer server than this page: whatever it speaks of may be on screen.
    if (paths === undefined) {
      refetchAll();
      return;
    }
    for (const path of paths) changed.add(path);
    gather ??= setTimeout(() => {
      gather = undefined;
      const paths = [...changed];
      changed.clear();
      void invalidate(...paths);
    }, GATHER_MS);
  };

  const lost = () => {
    dropped = true;
    badge ??= setTimeout(() => state.set('stale'), GRACE_MS);
  };

  const receive = (event: MessageEvent<string>) => {
    const { kind } = JSON.parse(event.data) as { kind: string };
    note(kind);
  };

  // A connection can die without a word: one that no longer beats is opened anew.
  const alive = () => {
    clearTimeout(pulse);
    pulse = setTimeout(() => {
      lost();
      open();
    }, SILENCE_MS);
  };

  const open = () => {
    clearTimeout(retry);
    source?.close();
    const business = scope.get();
    const stream = new EventSource(business === null ? '/api/live' : `/api/live?business_id=${business}`);
    source = stream;
    stream.onopen = () => {
      attempts = 0;
      clearTimeout(badge);
      badge = undefined;
      state.set('live');
      if (dropped) refetchAll();
      dropped = false;
    };
    stream.onerror = () => {
      lost();
      // The browser retries by itself unless the server refused the stream.
      if (stream.readyState !== EventSource.CLOSED) return;
      attempts += 1;
      // A refused stream may mean that the session is over: asking for it says so.
      if (attempts === 1) refetchAll();
      retry = setTimeout(open, Math.min(30_000, 1000 * 2 ** attempts) * (0.75 + Math.random() / 2));
    };
    stream.addEventListener('update', receive);
    stream.addEventListener('reset', refetchAll);
    stream.addEventListener('heartbeat', alive);
    // The session is over: asking for anything leads to the login. The stream follows a new one.
    stream.addEventListener('end', () => {
      stream.close();
      refetchAll();
      lost();
      retry = setTimeout(open, 5000);
    });
    alive();
  };

  const seen = () => {
    if (document.visibilityState === 'hidden') {
      hiddenSince = Date.now();
      return;
    }
    if (dropped || (hiddenSince > 0 && Date.now() - hiddenSince > HIDDEN_MS)) refetchAll();
    hiddenSince = 0;
    // A browser lets the timers of a hidden page sleep: the next try of a lost stream is due now.
    if (dropped) open();
  };
  const online = () => {
    dropped = true;
    open();
  };

  open();
  document.addEventListener('visibilitychange', seen);
  addEventListener('online', online);
  addEventListener('offline', lost);
  const unfollow = scope.subscribe(open);
  return () => {
    for (const timer of [retry, badge, gather, pulse]) clearTimeout(timer);
    source?.close();
    state.set('connecting');
    document.removeEventListener('visibilitychange', seen);
    removeEventListener('online', online);
    removeEventListener('offline', lost);
    unfollow();
  };
}
