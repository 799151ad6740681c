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
      header: t('operations:workers.columns.name'),
      card: 'title',
      cell: (worker) => <Ltr>{worker.name}</Ltr>,
    },
    {
      id: 'state',
      header: t('operations:workers.columns.state'),
      card: 'aside',
      cell: (worker) => (
        <Badge tone={TONES[worker.state]}>{t(`operations:workers.state.${worker.state}`)}</Badge>
      ),
    },
    {
      id: 'retrying',
      header: t('operations:workers.columns.retrying'),
      card: 'line',
      cell: (worker) => <RetryingCount worker={worker} />,
    },
    {
      id: 'waiting',
      header: t('operations:workers.columns.pending'),
      card: 'meta',
      cell: (worker) => named(t('operations:workers.columns.pending'), worker.waiting),
    },
    {
      id: 'progress',
      header: t('operations:workers.columns.inFlight'),
      card: 'meta',
      cell: (worker) => named(t('operations:workers.columns.inFlight'), worker.in_progress),
    },
    {
      id: 'redelivered',
      header: t('operations:workers.columns.redelivered'),
      card: 'none',
      cell: (worker) => named(t('operations:workers.columns.redelivered'), worker.redelivered),
    },
    {
      id: 'dead',
      header: t('operations:workers.columns.dead'),
      card: 'meta',
      cell: (worker) => named(t('operations:workers.columns.dead'), worker.dead_letters_open),
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
    <Page title={t('operations:workers.title')} hint={t('operations:workers.hint')}>
      {query.data ? (
        <DataList
          label={t('operations:workers.title')}
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
      <Typed>{t('operations:workers.pausedBy', { by: paused.by, reason: paused.reason })}</Typed>
      {', '}
      {paused.until === null
        ? t('operations:workers.untilResumed')
        : t('operations:workers.until', { when: formatExact(paused.until) })}
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
        aria-label={t(paused ? 'operations:workers.resumeLabel' : 'operations:workers.pauseLabel', { name })}
        onClick={() => setAsking(true)}
      >
        {paused ? <Play aria-hidden /> : <Pause aria-hidden />}
        {t(paused ? 'operations:workers.resume' : 'operations:workers.pause')}
      </Button>
      <ReasonDialog
        open={asking}
        onClose={() => setAsking(false)}
        title={t(paused ? 'operations:workers.resumeTitle' : 'operations:workers.pauseTitle', { name })}
        description={t(paused ? 'operations:workers.resumeHint' : 'operations:workers.confirmHint')}
        submit={t(paused ? 'operations:workers.resume' : 'operations:workers.pause')}
        lasting={!paused}
        onSubmit={async (reason, minutes) => {
          await (paused ? resumeWorker(name, reason) : pauseWorker(name, reason, minutes));
          announce(t(paused ? 'operations:workers.resumed' : 'operations:workers.paused', { name }));
        }}
      />
    </>
  );
}
