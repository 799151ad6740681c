/**
 * Short messages where they lie over nothing that can be pressed: on a phone's top bar, and
 * in the free part of a desk's sidebar. Dialogs lie over them. The library that shows them
 * is fetched once the page stands, or with the first message.
 */
import { type CSSProperties, lazy, Suspense, useEffect, useState } from 'react';

import { whenIdle } from '@/shared/lib/deferred';
import { useWide } from '@/shared/lib/hooks';
import { createStore, useStore } from '@/shared/lib/store';

interface Options {
  id?: string;
  description?: string;
  /** Milliseconds. */
  duration?: number;
  action?: { label: string; onClick: () => void };
}

const library = () => import('sonner');
let count = 0;

/** Shows a message, or changes the one of the same id. Returns the id. */
function show(
  kind: 'success' | 'error' | 'info' | 'loading',
  message: string,
  options: Options = {},
): string {
  const id = options.id ?? `toast-${(count += 1)}`;
  void library().then(({ toast: sonner }) =>
    sonner[kind](message, { duration: kind === 'loading' ? Infinity : 5000, ...options, id }),
  );
  return id;
}

export const toast = {
  success: (message: string, options?: Options) => show('success', message, options),
  error: (message: string, options?: Options) => show('error', message, options),
  info: (message: string, options?: Options) => show('info', message, options),
  loading: (message: string, options?: Options) => show('loading', message, options),
};

const SAID_MS = 5000;
const said = createStore('');

/** Says aloud what everybody else sees happen on the page. */
export function announce(sentence: string): void {
  said.set(sentence);
  setTimeout(() => said.set((now) => (now === sentence ? '' : now)), SAID_MS);
}

const Sonner = lazy(async () => ({ default: (await library()).Toaster }));

/** Where messages show. There before the first one, so that screen readers hear it. */
export function Toaster({ label, dir }: { label: string; dir: 'rtl' | 'ltr' }) {
  const [ready, setReady] = useState(false);
  useEffect(() => whenIdle(() => setReady(true)), []);
  return (
    <>
      <p role="status" className="sr-only">
        {useStore(said)}
      </p>
      {ready && (
        <Suspense fallback={null}>
          <Messages label={label} dir={dir} />
        </Suspense>
      )}
    </>
  );
}

/** Above the sidebar's own foot, as wide as the sidebar is inside. */
const DESK = { bottom: '6rem', left: '0.75rem', right: '0.75rem' };
const PHONE = { top: 'calc(env(safe-area-inset-top) + 0.25rem)', left: '0.5rem', right: '0.5rem' };

function Messages({ label, dir }: { label: string; dir: 'rtl' | 'ltr' }) {
  const wide = useWide();
  const offset = wide ? DESK : PHONE;
  return (
    <Sonner
      dir={dir}
      position={!wide ? 'top-center' : dir === 'rtl' ? 'bottom-right' : 'bottom-left'}
      containerAriaLabel={label}
      offset={offset}
      mobileOffset={offset}
      // Above the bars, below the shade of a dialog.
      className="z-35!"
      style={{ '--width': wide ? '14.5rem' : '24rem' } as CSSProperties}
      toastOptions={{
        unstyled: true,
        classNames: {
          // Whatever a long message reaches over can still be pressed.
          toast:
            'pointer-events-none flex w-full flex-wrap items-center gap-x-3 rounded-2xl border bg-raised px-3 py-0.5 text-sm leading-tight text-ink shadow-xl',
          title: 'font-medium',
          description: 'mt-0.5 text-muted',
          content: 'flex min-h-11 min-w-0 flex-1 basis-24 flex-col justify-center',
          success: '[&_[data-icon]]:text-good',
          error: '[&_[data-icon]]:text-bad',
          actionButton:
            'pointer-events-auto min-h-11 shrink-0 rounded-xl bg-tint px-4 font-semibold text-on-tint',
        },
      }}
    />
  );
}
