/**
 * What happens when the server no longer knows the session. Every request that is
 * refused with 401 waits here while the person logs in again on top of the page, and
 * is then sent once more: the page stays, and with it what was typed.
 */
import { createStore } from '@/shared/lib/store';

/** Whether the login over the page is open. */
export const loginNeeded = createStore(false);

const HINT = 'prosaas.session';
let waiting: ((loggedIn: boolean) => void)[] = [];
let armed = false;

/** Whether this browser logged in before and did not log out: no proof, only a reason to ask. */
export function mayHaveSession(): boolean {
  try {
    return localStorage.getItem(HINT) === '1';
  } catch {
    return true;
  }
}

/** Notes that a person is logged in (or no longer is). */
export function noteSession(present: boolean): void {
  armed = present;
  try {
    if (present) localStorage.setItem(HINT, '1');
    else localStorage.removeItem(HINT);
  } catch {
    // Storage is off: the next visit starts at the login.
  }
}

/** Waits for a new login; false when there is nobody to wait for, or they left. */
export function loginAgain(): Promise<boolean> {
  if (!armed) return Promise.resolve(false);
  loginNeeded.set(true);
  return new Promise((resolve) => waiting.push(resolve));
}

/** Lets the requests that wait go on, or fail. */
export function settleLogin(loggedIn: boolean): void {
  const all = waiting;
  waiting = [];
  loginNeeded.set(false);
  for (const resolve of all) resolve(loggedIn);
}
