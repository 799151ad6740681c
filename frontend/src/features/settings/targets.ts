/** Whom calls are put through to. */

import { toE164 } from '@/shared/lib/phone';

import type { CallSettings } from './queries';

/** Somebody to ring. */
export type Target = NonNullable<CallSettings['targets']>[number];

/** A person of the business, as far as calls need them. */
export interface Callee {
  id: string;
  name: string;
  call_number: string | null;
  calls_not_before: string | null;
}

/** Most targets of one list. */
export const MAX_TARGETS = 10;

/** Whom a business rings. Settings of before there were targets name numbers alone. */
export function targetsOf(settings: CallSettings): Target[] {
  if (settings.targets !== undefined && settings.targets.length > 0) return settings.targets;
  return (settings.forward_to ?? []).map((number) => {
    const chosen = settings.screening?.find((entry) => entry.number === number);
    return { who: { number }, ...(chosen === undefined ? {} : { ask: chosen.ask }) };
  });
}

/** The change that makes these the targets; the older form is given up with it. */
export function withTargets(targets: Target[]): Partial<CallSettings> {
  return { targets, forward_to: [], screening: [] };
}

/** The number that a target is rung at; null of a person who takes no calls. */
export function numberOf(target: Target, people: readonly Callee[]): string | null {
  if ('number' in target.who) return target.who.number;
  const { member } = target.who;
  return people.find((person) => person.id === member)?.call_number ?? null;
}

/** Whether whoever answers there is asked; the default is the server's (`Target::asks`). */
export function asks(target: Target, people: readonly Callee[]): boolean {
  const number = toE164(numberOf(target, people) ?? '') ?? '';
  return target.ask ?? /^\+(?!972(?!5))/.test(number);
}

/** The list with one of it a place further up or down. */
export function moved<T>(list: readonly T[], from: number, by: -1 | 1): T[] {
  const next = [...list];
  const [one] = next.splice(from, 1);
  if (one !== undefined) next.splice(from + by, 0, one);
  return next;
}

/** How long targets ring one after the other, seconds. */
export function total(targets: readonly Target[], usual: number): number {
  return targets.reduce((sum, target) => sum + (target.timeout_s ?? usual), 0);
}
