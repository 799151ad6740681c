import { cleanup, createEvent, fireEvent, render, screen } from '@testing-library/react';
import { expect, it, vi } from 'vitest';

import { useDragDown } from './drag';

function Sheet({ onClose }: { onClose: () => void }) {
  const { sheet, handle } = useDragDown(onClose);
  return (
    <div ref={sheet} role="dialog">
      <div {...handle} />
    </div>
  );
}

/** Pulls the handle along these places, so many milliseconds each; the last one says how it ends. */
function pull(places: number[], ms: number, end: 'pointerUp' | 'pointerCancel' = 'pointerUp') {
  const onClose = vi.fn();
  render(<Sheet onClose={onClose} />);
  const sheet = screen.getByRole('dialog');
  const handle = sheet.firstElementChild as HTMLElement;
  const send = (kind: 'pointerDown' | 'pointerMove' | typeof end, clientY: number, timeStamp: number) => {
    const event = createEvent[kind](handle);
    // jsdom's pointer events know none of these.
    for (const [name, value] of Object.entries({ button: 0, clientY, timeStamp }))
      Object.defineProperty(event, name, { value });
    fireEvent(handle, event);
  };
  send('pointerDown', 0, 1);
  for (const [index, y] of places.entries()) send('pointerMove', y, 1 + (index + 1) * ms);
  const { translate } = sheet.style;
  send(end, places.at(-1) ?? 0, 1 + (places.length + 1) * ms);
  return { onClose, translate, after: sheet.style.translate };
}

it('follows the finger, and closes when it was pulled far', () => {
  const { onClose, translate } = pull([40, 80, 120], 500);
  expect(translate).toBe('0 120px');
  expect(onClose).toHaveBeenCalledOnce();
});

it('closes when it was pulled fast', () => {
  expect(pull([15, 40], 20).onClose).toHaveBeenCalledOnce();
});

it('slides back when it was pulled a little, upwards, or by an interrupted finger', () => {
  for (const [places, end] of [
    [[20, 40], 'pointerUp'],
    [[-40, -200], 'pointerUp'],
    [[90, 180], 'pointerCancel'],
  ] as const) {
    const { onClose, after } = pull([...places], 500, end);
    expect(onClose).not.toHaveBeenCalled();
    expect(after).toBe('');
    cleanup();
  }
});
