/** What the transitions are made of: changes of the state, and the ways in which several of them end. */
import type { Reason } from './reasons.js';
import { FRESH, type Effect, type FactData, type SessionState, type Transition } from './state.js';

export type Change = Partial<Omit<SessionState, 'since'>>;

/** A reason that is told. */
export type Why = Reason & { readonly reason: string };
export type To = (change: Change, ...effects: Effect[]) => Transition;

export const CONNECT: readonly Effect[] = [
  { type: 'connect', refreshVersion: false },
  { type: 'arm_watchdog' },
];

/** What a fact tells of why. */
export function told(code: number | null, { reason, reasonCode, until }: Why): FactData {
  return { code, reason, reason_code: reasonCode, ...(until === null ? {} : { until: iso(until) }) };
}

/** Ends without another try: the next step is somebody's. */
export function end(
  to: To,
  phase: 'expired' | 'interrupted' | 'unlinked' | 'logged_out' | 'stopped' | 'replaced',
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
      ...(phase === 'logged_out' || phase === 'unlinked' ? { linked: false } : {}),
    },
    { type: 'disarm_watchdog' },
    { type: 'close_socket' },
    ...before,
    { type: 'fact', kind: phase, data: told(code, why) },
    { type: 'release_lease' },
  );
}

export function iso(ms: number): string {
  return new Date(ms).toISOString();
}
