import { useQuery } from '@tanstack/react-query';
import { toast } from '@/shared/ui/toast';
import { Pause, Play } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { sentence } from '@/shared/api/problem';
import { type Column, DataList } from '@/shared/list/data-list';
import { formatDuration, formatNumber } from '@/shared/lib/format';
import { Badge } from '@/shared/ui/badge';
import { Button } from '@/shared/ui/button';
import { ConfirmDialog } from '@/shared/ui/dialog';
import { Page } from '@/shared/ui/page';
import { Failed, SkeletonRows } from '@/shared/ui/states';
import { Ltr } from '@/shared/ui/text';

import { setPaused, type WorkerState, workersQuery } from './api';

/** The workers: what waits, what fails, and a brake. */
export function WorkersPage() {
  const { t } = useTranslation();
  const query = useQuery(workersQuery());
  const number = (value: number) => <Ltr>{formatNumber(value)}</Ltr>;
  const named = (label: string, value: number) => (
    <>
      <span className="md:hidden">{label}: </span>
      {number(value)}
    </>
  );
  const columns: Column<WorkerState>[] = [
    { id: 'name', header: t('workers.columns.name'), card: 'title', cell: (worker) => <Ltr>{worker.name}</Ltr> },
    { id: 'state', header: t('workers.columns.state'), card: 'aside', cell: (worker) => <Badge tone={worker.state === 'running' ? 'good' : worker.state === 'paused' ? 'warn' : 'bad'}>{t(`workers.state.${worker.state}`)}</Badge> },
    { id: 'pending', header: t('workers.columns.pending'), card: 'meta', cell: (worker) => named(t('workers.columns.pending'), worker.pending) },
    { id: 'flight', header: t('workers.columns.inFlight'), card: 'meta', cell: (worker) => named(t('workers.columns.inFlight'), worker.in_flight) },
    { id: 'redelivered', header: t('workers.columns.redelivered'), card: 'none', cell: (worker) => number(worker.redelivered) },
    { id: 'lag', header: t('workers.columns.lag'), card: 'meta', cell: (worker) => (typeof worker.lag_s === 'number' ? <span>{t('workers.lag')} <Ltr>{formatDuration(worker.lag_s)}</Ltr></span> : null) },
    { id: 'dead', header: t('workers.columns.dead'), card: 'meta', cell: (worker) => named(t('workers.columns.dead'), worker.dead_letters) },
  ];
  return (
    <Page title={t('workers.title')} hint={t('workers.hint')}>
      {query.data ? (
        <DataList label={t('workers.title')} columns={columns} rows={query.data.items} rowKey={(worker) => worker.name} rowLabel={(worker) => worker.name} actions={(worker) => <PauseButton worker={worker} />} />
      ) : query.isError ? (
        <Failed error={query.error} retry={() => void query.refetch()} />
      ) : (
        <SkeletonRows rows={4} />
      )}
    </Page>
  );
}

function PauseButton({ worker }: { worker: WorkerState }) {
  const { t } = useTranslation();
  const [asking, setAsking] = useState(false);
  const [busy, setBusy] = useState(false);
  const paused = worker.state === 'paused';
  const act = async () => {
    setAsking(false);
    setBusy(true);
    try {
      await setPaused(worker.name, !paused);
    } catch (error) {
      toast.error(t('workers.failed'), { description: sentence(error, t) });
    } finally {
      setBusy(false);
    }
  };
  return (
    <>
      <Button variant="secondary" size="small" busy={busy} aria-label={t(paused ? 'workers.resumeLabel' : 'workers.pauseLabel', { name: worker.name })} onClick={() => (paused ? void act() : setAsking(true))}>
        {!busy && (paused ? <Play aria-hidden /> : <Pause aria-hidden />)}
        {t(paused ? 'workers.resume' : 'workers.pause')}
      </Button>
      <ConfirmDialog open={asking} onClose={() => setAsking(false)} onConfirm={() => void act()} title={t('workers.confirm', { name: worker.name })} description={t('workers.confirmHint')} confirm={t('workers.pause')} />
    </>
  );
}
