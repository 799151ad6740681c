import { type PointerEvent, useRef } from 'react';

/** Pulled down so far, a sheet closes when it is let go; pixels. */
const FAR = 100;
/** So fast, it closes sooner; pixels a millisecond. */
const FAST = 0.5;
/** But not for a finger that rolls, or that has come to rest; pixels and milliseconds. */
const LEAST = 24;
const RESTED = 100;

/**
 * A sheet, and what its handle listens to: the sheet follows the finger down, and closes or slides
 * back into its place. How it slides, and whether, is for its own style to say.
 */
export function useDragDown(onClose: () => void) {
  const sheet = useRef<HTMLDivElement>(null);
  const pull = useRef<{ from: number; y: number; at: number; speed: number } | null>(null);
  const letGo = () => {
    pull.current = null;
    sheet.current?.style.removeProperty('transition');
    sheet.current?.style.removeProperty('translate');
  };
  const handle = {
    onPointerDown: ({ button, clientY: y, currentTarget, pointerId, timeStamp: at }: PointerEvent) => {
      if (button !== 0) return;
      currentTarget.setPointerCapture(pointerId);
      pull.current = { from: y, y, at, speed: 0 };
    },
    onPointerMove: ({ clientY: y, timeStamp: at }: PointerEvent) => {
      const before = pull.current;
      if (!before || !sheet.current) return;
      pull.current = { from: before.from, y, at, speed: (y - before.y) / Math.max(1, at - before.at) };
      sheet.current.style.transition = 'none';
      sheet.current.style.translate = `0 ${Math.max(0, y - before.from)}px`;
    },
    onPointerUp: ({ timeStamp: now }: PointerEvent) => {
      const pulled = pull.current;
      letGo();
      if (!pulled) return;
      const far = pulled.y - pulled.from;
      const flung = far > LEAST && pulled.speed > FAST && now - pulled.at < RESTED;
      if (far > FAR || flung) onClose();
    },
    onPointerCancel: letGo,
  };
  return { sheet, handle };
}
