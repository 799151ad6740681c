import { useQuery } from '@tanstack/react-query';
import { announce } from '@/shared/ui/toast';
import { Pause, Play } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { deferred } from '@/shared/lib/deferred';
import { type Column, DataList } from '@/shared/list/data-list';
import { formatExact, formatNumber } from '@/shared/lib/format';
import { Badge, type Tone } from '@/shared/ui/badge';
import { Button } from '@/shared/ui/button';
import { Page } from '@/shared/ui/page';
import { Failed, SkeletonRows } from '@/shared/ui/states';
import { Ltr, Typed } from '@/shared/ui/text';

import { RetryingCount, RetryingEvents } from './retrying';
import { pauseWorker, resumeWorker } from './api';
import { type Worker, workersQuery } from './queries';
import { TwilioErrors } from './twilio-errors';

const ReasonDialog = deferred(async () => (await import('./reason-dialog')).ReasonDialog);
const TONES: Record<Worker['state'], Tone> = {
  running: 'good',
  paused: 'warn',
  absent: 'bad',
  unknown: 'neutral',
};

/** The workers: what waits, what fails and will be tried again, and a brake. */
export function WorkersPage() {
  const { t } = useTranslation();
  const query = useQuery(workersQuery());
  const named = (label: string, value: number | null) =>
    value === null ? null : (
      <>
        <span className="lg:hidden">{label}: </span>
        <Ltr>{formatNumber(value)}</Ltr>
      </>
    );
  const columns: Column<Worker>[] = [
    {
      id: 'name',
      header: t('workers:columns.name'),
      card: 'title',
      cell: (worker) => <Ltr>{worker.name}</Ltr>,
    },
    {
      id: 'state',
      header: t('workers:columns.state'),
      card: 'aside',
      cell: (worker) => <Badge tone={TONES[worker.state]}>{t(`workers:state.${worker.state}`)}</Badge>,
    },
    {
      id: 'retrying',
      header: t('workers:columns.retrying'),
      card: 'line',
      cell: (worker) => <RetryingCount worker={worker} />,
    },
    {
      id: 'waiting',
      header: t('workers:columns.pending'),
      card: 'meta',
      cell: (worker) => named(t('workers:columns.pending'), worker.waiting),
    },
    {
      id: 'progress',
      header: t('workers:columns.inFlight'),
      card: 'meta',
      cell: (worker) => named(t('workers:columns.inFlight'), worker.in_progress),
    },
    {
      id: 'redelivered',
      header: t('workers:columns.redelivered'),
      card: 'none',
      cell: (worker) => named(t('workers:columns.redelivered'), worker.redelivered),
    },
    {
      id: 'dead',
      header: t('workers:columns.dead'),
      card: 'meta',
      cell: (worker) => named(t('workers:columns.dead'), worker.dead_letters_open),
    },
    {
      id: 'why',
      header: t('operations:failed.reason'),
      card: 'line',
      className: 'max-w-64',
      cell: (worker) => <PausedWhy worker={worker} />,
    },
  ];
  return (
    <Page title={t('workers:title')} hint={t('workers:hint')}>
      {query.data ? (
        <DataList
          label={t('workers:title')}
          columns={columns}
          rows={query.data.items}
          rowKey={(worker) => worker.name}
          rowLabel={(worker) => worker.name}
          actions={(worker) => worker.pausable && <Brake worker={worker} />}
          detail={(worker) => (worker.retrying.length === 0 ? null : <RetryingEvents worker={worker} />)}
        />
      ) : query.isError ? (
        <Failed error={query.error} retry={() => void query.refetch()} />
      ) : (
        <SkeletonRows rows={4} />
      )}
      <TwilioErrors />
    </Page>
  );
}

function PausedWhy({ worker: { paused } }: { worker: Worker }) {
  const { t } = useTranslation();
  if (paused === null) return null;
  return (
    <>
      <Typed>{t('workers:pausedBy', { by: paused.by, reason: paused.reason })}</Typed>
      {', '}
      {paused.until === null
        ? t('workers:untilResumed')
        : t('workers:until', { when: formatExact(paused.until) })}
    </>
  );
}

function Brake({ worker }: { worker: Worker }) {
  const { t } = useTranslation();
  const [asking, setAsking] = useState(false);
  const { name } = worker;
  const paused = worker.paused !== null;
  return (
    <>
      <Button
        variant="secondary"
        size="small"
        aria-label={t(paused ? 'workers:resumeLabel' : 'workers:pauseLabel', { name })}
        onClick={() => setAsking(true)}
      >
        {paused ? <Play aria-hidden /> : <Pause aria-hidden />}
        {t(paused ? 'workers:resume' : 'workers:pause')}
      </Button>
      <ReasonDialog
        open={asking}
        onClose={() => setAsking(false)}
        title={t(paused ? 'workers:resumeTitle' : 'workers:pauseTitle', { name })}
        description={t(paused ? 'workers:resumeHint' : 'workers:confirmHint')}
        submit={t(paused ? 'workers:resume' : 'workers:pause')}
        lasting={!paused}
        onSubmit={async (reason, minutes) => {
          await (paused ? resumeWorker(name, reason) : pauseWorker(name, reason, minutes));
          announce(t(paused ? 'workers:resumed' : 'workers:paused', { name }));
        }}
      />
    </>
  );
}
