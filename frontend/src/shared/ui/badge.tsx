import type { ReactNode } from 'react';

import { cn } from '@/shared/lib/cn';

/** What a badge's colour says. The words always say it too. */
export type Tone = 'neutral' | 'primary' | 'good' | 'bad' | 'warn';

const TONES: Record<Tone, string> = {
  neutral: 'bg-hover text-ink',
  primary: 'bg-tint text-on-tint',
  good: 'bg-good-tint text-good',
  bad: 'bg-bad-tint text-bad',
  warn: 'bg-warn-tint text-warn',
};

/** A short fact. */
export function Badge({
  tone = 'neutral',
  className,
  children,
}: {
  tone?: Tone;
  className?: string;
  children: ReactNode;
}) {
  return (
    <span
      className={cn(
        'inline-flex items-center gap-1.5 rounded-full px-2.5 py-0.5 text-xs font-medium whitespace-nowrap [&_svg]:size-3.5',
        TONES[tone],
        className,
      )}
    >
      {children}
    </span>
  );
}
