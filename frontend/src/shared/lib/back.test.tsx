import { act, render, waitFor } from '@testing-library/react';
import { expect, it, vi } from 'vitest';

import { useBack } from './back';

function Sheet({ close }: { close: () => void }) {
  useBack(close);
  return null;
}

/** How many sheets the entry in sight stands for; 0 for a page. */
const sheets = () => (history.state as { sheet?: { sheets: number } } | null)?.sheet?.sheets ?? 0;

/** Sheets over a page at an address of its own. */
function open(...close: (() => void)[]) {
  history.pushState({}, '', `/page-${Math.random()}`);
  const shown = (some: (() => void)[]) => some.map((one, index) => <Sheet key={index} close={one} />);
  const { rerender } = render(shown(close));
  return { address: location.href, show: (some: (() => void)[]) => rerender(shown(some)) };
}

const settled = (count: number) => waitFor(() => expect(sheets()).toBe(count));

it('closes the topmost sheet and nothing else, and leaves the page where it is', async () => {
  const routed = vi.fn();
  addEventListener('popstate', routed);
  const lower = vi.fn();
  const upper = vi.fn(() => act(() => show([lower])));
  const { address, show } = open(lower, upper);
  expect(sheets()).toBe(2);
  history.back();
  await waitFor(() => expect(upper).toHaveBeenCalledOnce());
  await settled(1);
  expect(lower).not.toHaveBeenCalled();
  expect(location.href).toBe(address);
  lower.mockImplementation(() => act(() => show([])));
  history.back();
  await waitFor(() => expect(lower).toHaveBeenCalledOnce());
  await settled(0);
  expect(location.href).toBe(address);
  expect(routed).not.toHaveBeenCalled();
  removeEventListener('popstate', routed);
});

it('gives a sheet that does not close its entry back', async () => {
  const asks = vi.fn();
  open(asks);
  for (const times of [1, 2]) {
    history.back();
    await waitFor(() => expect(asks).toHaveBeenCalledTimes(times));
    await settled(1);
  }
});

it('takes the entry of a sheet that closes by itself, and keeps what became of the address', async () => {
  const { show } = open(vi.fn());
  history.replaceState({}, '', '/changed');
  expect(sheets()).toBe(1);
  show([]);
  await settled(0);
  expect(location.pathname).toBe('/changed');
});

it('leaves no entry behind when a link in the sheet leads away', async () => {
  const { address, show } = open(vi.fn());
  history.pushState({}, '', '/elsewhere');
  show([]);
  expect(sheets()).toBe(0);
  history.back();
  await waitFor(() => expect(location.href).toBe(address));
  await settled(0);
});

it('passes over entries of sheets that are no more', async () => {
  const { address, show } = open(vi.fn(), vi.fn());
  history.pushState({}, '', '/elsewhere');
  show([]);
  history.back();
  await waitFor(() => expect(location.href).toBe(address));
  await settled(0);
});

it('keeps the address of the page when Forward leads to a sheet that Back closed', async () => {
  const routed = vi.fn();
  const { show } = open(vi.fn(() => act(() => show([]))));
  history.back();
  await settled(0);
  addEventListener('popstate', routed);
  history.replaceState({ of: 'the page' }, '', '/filtered');
  history.forward();
  // There and back again.
  await waitFor(() => expect(history.state).toMatchObject({ of: 'the page', sheet: { sheets: 0 } }));
  await settled(0);
  expect(location.pathname).toBe('/filtered');
  expect(routed).not.toHaveBeenCalled();
  removeEventListener('popstate', routed);
});

it('keeps the address that a sheet gave its page when Back closes it', async () => {
  const { show } = open(vi.fn(() => act(() => show([]))));
  history.replaceState({}, '', '/named-by-the-sheet');
  history.back();
  await settled(0);
  expect(location.pathname).toBe('/named-by-the-sheet');
});
