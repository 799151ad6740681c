/**
 * Short messages at the foot of the page. The library that shows them is fetched once
 * the page stands, or with the first message.
 */
import { lazy, Suspense, useEffect, useState } from 'react';

import { whenIdle } from '@/shared/lib/deferred';

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

const Sonner = lazy(async () => ({ default: (await library()).Toaster }));

/** Where messages show. There before the first one, so that screen readers hear it. */
export function Toaster({ label, dir }: { label: string; dir: 'rtl' | 'ltr' }) {
  const [ready, setReady] = useState(false);
  useEffect(() => whenIdle(() => setReady(true)), []);
  if (!ready) return null;
  return (
    <Suspense fallback={null}>
      <Sonner
        dir={dir}
        position="bottom-center"
        containerAriaLabel={label}
        mobileOffset={{ bottom: '5.75rem' }}
        toastOptions={{
          unstyled: true,
          classNames: {
            toast:
              'flex w-full items-center gap-3 rounded-2xl border bg-raised px-4 py-3 text-sm text-ink shadow-xl',
            title: 'font-medium',
            description: 'mt-0.5 text-muted',
            content: 'min-w-0 grow',
            success: '[&_[data-icon]]:text-good',
            error: '[&_[data-icon]]:text-bad',
            actionButton: 'min-h-11 shrink-0 rounded-xl bg-tint px-4 font-semibold text-on-tint',
          },
        }}
      />
    </Suspense>
  );
}
