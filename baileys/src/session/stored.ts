/** A session as the database tells it, which knows more than a process that did not hold it meanwhile. */
import type { Halt, LinkedSession } from '../store/credentials.js';
import { because, readReason } from './reasons.js';
import { type SessionState, initialState } from './state.js';

/** How a session stands of which nothing else is known. */
export function storedState(linked: LinkedSession | undefined, now: number): SessionState {
  if (!linked) return initialState(now, false);
  if (linked.halted) return haltedState(linked.halted);
  return { ...initialState(now, true), phase: 'reconnecting', nextRetryAt: now, ...because('waiting') };
}

/** Whether a state says what the database says. */
export function agrees(state: SessionState, linked: LinkedSession | undefined): boolean {
  return state.linked === (linked !== undefined) && haltOf(state) === (linked?.halted?.phase ?? null);
}

/** What would stand in the database of a session in this state. */
function haltOf({ linked, phase, reasonCode }: SessionState): Halt['phase'] | null {
  if (!linked) return null;
  if (phase === 'unlinking' || phase === 'replaced') return phase;
  // A missing key stops only the process that lacks it.
  return phase === 'stopped' && reasonCode !== 'key_missing' ? phase : null;
}

function haltedState(halted: Halt): SessionState {
  return {
    ...initialState(halted.since, true),
    phase: halted.phase,
    // Whoever asks for its unlinking once more finds a try that is due.
    nextRetryAt: halted.phase === 'unlinking' ? halted.since : null,
    lastCode: halted.code,
    ...readReason(halted.reason, halted.code),
  };
}
