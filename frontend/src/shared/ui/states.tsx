import { CloudOff, type LucideIcon, RotateCw, TriangleAlert } from 'lucide-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';

import { NetworkError, requestId, sentence } from '@/shared/api/problem';
import { cn } from '@/shared/lib/cn';

import { Button } from './button';
import { Ltr } from './text';

/** The shape of what is coming. */
export function Skeleton({ className }: { className?: string }) {
  return <div aria-hidden className={cn('animate-pulse rounded-xl bg-hover', className)} />;
}

/** Rows that are coming. */
export function SkeletonRows({ rows = 5 }: { rows?: number }) {
  const { t } = useTranslation();
  return (
    <div role="status" className="flex flex-col gap-2.5">
      <span className="sr-only">{t('common:loading')}</span>
      {Array.from({ length: rows }, (_, row) => (
        <Skeleton key={row} className="h-18" />
      ))}
    </div>
  );
}

interface EmptyProps {
  icon: LucideIcon;
  title: string;
  hint?: string;
  action?: ReactNode;
  className?: string;
}

/** There is nothing here, and what to do about it. */
export function Empty({ icon: Icon, title, hint, action, className }: EmptyProps) {
  return (
    <div className={cn('flex flex-col items-center gap-2 px-6 py-12 text-center', className)}>
      <span className="mb-1 grid size-14 place-items-center rounded-2xl bg-tint text-on-tint">
        <Icon aria-hidden className="size-7" />
      </span>
      <p className="font-semibold">{title}</p>
      {hint !== undefined && <p className="max-w-sm text-sm text-muted">{hint}</p>}
      {action !== undefined && <div className="mt-3">{action}</div>}
    </div>
  );
}

/** It could not be loaded: why, and how to try again. */
export function Failed({
  error,
  retry,
  className,
}: {
  error: unknown;
  retry?: () => void;
  className?: string;
}) {
  const { t } = useTranslation();
  const Icon = error instanceof NetworkError ? CloudOff : TriangleAlert;
  const id = requestId(error);
  return (
    <div role="alert" className={cn('flex flex-col items-center gap-2 px-6 py-12 text-center', className)}>
      <span className="mb-1 grid size-14 place-items-center rounded-2xl bg-bad-tint text-bad">
        <Icon aria-hidden className="size-7" />
      </span>
      <p className="font-semibold">{sentence(error, t)}</p>
      {id !== null && (
        <p className="text-xs text-muted">
          {t('common:requestId')} <Ltr>{id}</Ltr>
        </p>
      )}
      {retry !== undefined && (
        <Button variant="secondary" className="mt-3" onClick={retry}>
          <RotateCw aria-hidden />
          {t('common:retry')}
        </Button>
      )}
    </div>
  );
}

/** A sentence that stands out. */
export function Notice({
  tone,
  icon: Icon,
  children,
  action,
}: {
  tone: 'info' | 'warn' | 'bad' | 'good';
  icon?: LucideIcon;
  children: ReactNode;
  action?: ReactNode;
}) {
  const tones = {
    info: 'bg-tint text-on-tint',
    warn: 'bg-warn-tint text-warn',
    bad: 'bg-bad-tint text-bad',
    good: 'bg-good-tint text-good',
  };
  return (
    <div
      role={tone === 'bad' ? 'alert' : 'status'}
      className={cn('flex flex-wrap items-center gap-3 rounded-2xl px-4 py-3 text-sm', tones[tone])}
    >
      {Icon && <Icon aria-hidden className="size-5 shrink-0" />}
      <div className="min-w-0 flex-1 basis-48">{children}</div>
      {action}
    </div>
  );
}
