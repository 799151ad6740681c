/** Who is asked to press 1 before a caller is put through. */

import { toE164 } from '@/shared/lib/phone';

import type { CallSettings } from './queries';

type Screening = NonNullable<CallSettings['screening']>;

/** Whether two spellings are one number. */
function same(one: string, other: string): boolean {
  return one === other || (toE164(one) !== null && toE164(one) === toE164(other));
}

/** Whether whoever answers there is asked; the default is the server's (`CallSettings::asks`). */
export function asks(settings: CallSettings, number: string): boolean {
  const chosen = settings.screening?.find((entry) => same(entry.number, number));
  return chosen?.ask ?? /^\+(?!972(?!5))/.test(toE164(number) ?? '');
}

/** The settings' choices with that one. */
export function withChoice(settings: CallSettings, number: string, ask: boolean): Screening {
  return [...(settings.screening ?? []).filter((entry) => !same(entry.number, number)), { number, ask }];
}

/** The choices for the numbers that are left; that of a number which is being corrected goes with it. */
export function following(
  settings: CallSettings,
  before: readonly string[],
  after: readonly string[],
): Screening {
  return (settings.screening ?? []).flatMap((entry) => {
    const kept = after.find((number) => same(entry.number, number));
    if (kept !== undefined) return [entry];
    const corrected =
      after.length === before.length ? after[before.findIndex((n) => same(entry.number, n))] : undefined;
    return corrected === undefined || corrected.trim() === '' ? [] : [{ number: corrected, ask: entry.ask }];
  });
}
