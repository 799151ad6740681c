/**
 * Back closes the topmost sheet or dialog. Each that is open owns an entry of the browser's
 * history above the entry of its page, at the same address. The router knows of pages only:
 * moves between the entries of one page are kept from it.
 *
 * A sheet that asks before it closes gets its entry anew. Chromium passes over such entries when its own Back is
 * pressed again before anything on the page was: no page may hold a person, so that second Back leaves, and what was
 * typed waits as a draft.
 */
import { useEffect, useEffectEvent } from 'react';

/** What an entry says of itself: the page it belongs to, and how many sheets are open in it. */
interface Mark {
  page: number;
  sheets: number;
}

/** An entry of the history. */
interface Entry {
  state: object;
  address: string;
}

/** How to close each sheet that is open, the topmost last. */
const open: (() => void)[] = [];
/** The page in sight, as its entries are marked; undefined while no sheet was opened in it. */
let page: number | undefined;
/** The entry in sight, as it was last written: the page's others may be older. */
let shown: Entry = { state: {}, address: '' };
/** What is to be written after a move of our own that the browser has not made yet. */
let moving: (() => void)[] | null = null;

const state = () => (history.state ?? {}) as { sheet?: Mark };
const sheets = () => state().sheet?.sheets ?? 0;
const look = () => {
  shown = { state: state(), address: location.href };
};
// The router puts its own functions over these two, to hear of every entry.
const push = (entry: unknown, address?: string | URL | null) => {
  History.prototype.pushState.call(history, entry, '', address);
  look();
};
const replace = (entry: unknown, address?: string | URL | null) => {
  History.prototype.replaceState.call(history, entry, '', address);
  look();
};

/** Gives the page as many entries as sheets are open. */
function settle(): void {
  if (moving) return;
  const surplus = sheets() - open.length;
  if (surplus > 0) {
    moving = [];
    history.go(-surplus);
    return;
  }
  if (surplus === 0) return;
  if (sheets() === 0) {
    page = Math.random();
    replace({ ...state(), sheet: { page, sheets: 0 } });
  }
  while (sheets() < open.length) push({ ...state(), sheet: { page, sheets: sheets() + 1 } });
}

/** Once what closed a sheet, and may leave its page, has been done. */
const settleSoon = () => setTimeout(settle);

function popped(event: PopStateEvent): void {
  const mark = state().sheet;
  const here = mark !== undefined && mark.page === page;
  if (here) {
    event.stopImmediatePropagation();
    // The address may have changed since this entry was left: with a sheet, or with the page below one that Back
    // closed and Forward now leads to.
    replace({ ...shown.state, sheet: mark }, shown.address);
  } else look();
  page = mark?.page;
  if (moving) {
    const late = moving;
    moving = null;
    for (const write of late) write();
    settle();
    return;
  }
  if (here && mark.sheets < open.length) open.at(-1)?.();
  settleSoon();
}

const afterMove = (write: () => void) => {
  if (moving) moving.push(write);
  else write();
};

/** Watches Back from now on. Before the router is made, which must hear of it second. */
export function startBack(): void {
  addEventListener('popstate', popped, { capture: true });
  // A page that is gone to from a sheet takes its entry: Back leads to the page below, not to a sheet that is no more.
  history.pushState = (entry, _, address) =>
    afterMove(() => {
      (sheets() > 0 ? replace : push)(entry, address);
      page = undefined;
    });
  history.replaceState = (entry: object | null, _, address) =>
    afterMove(() => replace({ ...entry, sheet: state().sheet }, address));
  page = state().sheet?.page;
  look();
  // Loaded anew: whatever was open is not.
  settle();
}

/** Back calls `close` while this is the topmost sheet. */
export function useBack(close: () => void): void {
  const closeNow = useEffectEvent(close);
  useEffect(() => {
    const sheet = () => closeNow();
    open.push(sheet);
    settle();
    return () => {
      open.splice(open.indexOf(sheet), 1);
      settleSoon();
    };
  }, []);
}
