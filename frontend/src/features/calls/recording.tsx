import { lazy, Suspense } from 'react';
import { useTranslation } from 'react-i18next';

import { cn } from '@/shared/lib/cn';
import { Badge } from '@/shared/ui/badge';
import { Spinner } from '@/shared/ui/spinner';
import { Skeleton } from '@/shared/ui/states';

import type { Recording } from './queries';

// Fetched where there is something to hear: most pages have nothing.
const Player = lazy(async () => ({ default: (await import('./player')).Player }));

/** A recording in whatever state it is. */
export function RecordingPlayer({ recording, className }: { recording: Recording; className?: string }) {
  const { t } = useTranslation();
  switch (recording.state) {
    case 'completed':
      return (
        <Suspense fallback={<Skeleton className={cn('h-26', className)} />}>
          <Player recording={recording} {...(className === undefined ? {} : { className })} />
        </Suspense>
      );
    case 'processing':
      return (
        <p role="status" className={cn('flex items-center gap-2 text-sm text-muted', className)}>
          <Spinner className="size-4!" />
          {t('calls:recording.processing')}
        </p>
      );
    case 'failed':
      return (
        <p className={cn('text-sm', className)}>
          <Badge tone="bad">{t('calls:recording.failed')}</Badge>
        </p>
      );
    case 'absent':
      return <p className={cn('text-sm text-muted', className)}>{t('calls:recording.absent')}</p>;
  }
}
