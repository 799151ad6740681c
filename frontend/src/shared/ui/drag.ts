import { type PointerEvent, useRef } from 'react';

/** Pulled down so far, a sheet closes when it is let go; pixels. */
const FAR = 100;
/** So fast, it closes wherever it is let go; pixels a millisecond. */
const FAST = 0.5;

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
    onPointerUp: () => {
      const pulled = pull.current;
      letGo();
      if (pulled && (pulled.y - pulled.from > FAR || pulled.speed > FAST)) onClose();
    },
    onPointerCancel: letGo,
  };
  return { sheet, handle };
}
