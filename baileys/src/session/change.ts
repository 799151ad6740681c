/** What the transitions are made of: changes of the state, and the ways in which several of them end. */
import type { because } from './reasons.js';
import { FRESH, type Effect, type SessionState, type Transition } from './state.js';

export type Change = Partial<Omit<SessionState, 'since'>>;

/** A reason that is told. */
export type Why = ReturnType<typeof because>;
export type To = (change: Change, ...effects: Effect[]) => Transition;

export const CONNECT: readonly Effect[] = [
  { type: 'connect', refreshVersion: false },
  { type: 'arm_watchdog' },
];

/** Ends without another try: the next step is somebody's. */
export function end(
  to: To,
  phase: 'expired' | 'logged_out' | 'stopped' | 'replaced',
  code: number | null,
  why: Why,
  ...before: Effect[]
): Transition {
  return to(
    {
      ...FRESH,
      phase,
      lastCode: code,
      ...why,
      ...(phase === 'logged_out' ? { linked: false } : {}),
    },
    { type: 'disarm_watchdog' },
    { type: 'close_socket' },
    ...before,
    { type: 'fact', kind: phase, data: { code, reason: why.reason } },
    { type: 'release_lease' },
  );
}

export function iso(ms: number): string {
  return new Date(ms).toISOString();
}
