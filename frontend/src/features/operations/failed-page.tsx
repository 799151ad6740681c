import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { PartyPopper, RotateCcw, Trash2 } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { type Column, DataList } from '@/shared/list/data-list';
import { Infinite } from '@/shared/list/infinite';
import { deferred } from '@/shared/lib/deferred';
import { formatNumber } from '@/shared/lib/format';
import { Badge } from '@/shared/ui/badge';
import { Button, IconButton } from '@/shared/ui/button';
import { Card, Section } from '@/shared/ui/card';
import { Page } from '@/shared/ui/page';
import { SearchField } from '@/shared/ui/search-field';
import { Segmented } from '@/shared/ui/segmented';
import { Empty, Failed, SkeletonRows } from '@/shared/ui/states';
import { Ltr, Typed, When } from '@/shared/ui/text';

import {
  type DeadLetter,
  type DeadLetterGroup,
  deadLettersQuery,
  failedFilter,
  type FailedFilter,
  groupsQuery,
  oneByOne,
  replaysQuery,
  type Selection,
} from './queries';
import { ReplayLine } from './replay-page';
import { DeadLetterBadge } from './state-badge';

const ActDialog = deferred(async () => (await import('./act-dialog')).ActDialog);
const route = getRouteApi('/app/admin/failed');

/** Failed events: by cause first, one by one when asked. */
export function FailedPage() {
  const { t } = useTranslation();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const filter = failedFilter(search);
  const { state } = filter;
  const single = oneByOne(search);
  const change = (next: Partial<typeof search>) =>
    void navigate({ search: (before) => ({ ...before, ...next }), replace: true });
  return (
    <Page title={t('operations:failed.title')} hint={t('operations:failed.hint')}>
      <div className="flex flex-col gap-2 md:flex-row md:items-center">
        <Segmented
          label={t('operations:failed.show')}
          value={state}
          options={[
            { value: 'new', label: t('operations:failed.state.new') },
            { value: 'replayed', label: t('operations:failed.state.replayed') },
            { value: 'discarded', label: t('operations:failed.state.discarded') },
          ]}
          onChange={(next) => change({ state: next === 'new' || next === 'replaying' ? undefined : next })}
        />
        <Segmented
          label={t('operations:failed.view')}
          value={single ? 'list' : 'groups'}
          options={[
            { value: 'groups', label: t('operations:failed.groups') },
            { value: 'list', label: t('operations:failed.list') },
          ]}
          onChange={(view) =>
            change(
              view === 'list'
                ? { view }
                : { view: undefined, worker: undefined, fingerprint: undefined, entity: undefined },
            )
          }
        />
        <SearchField
          value={search.entity ?? ''}
          label={t('operations:failed.search')}
          onChange={(entity) => change({ entity: entity === '' ? undefined : entity })}
        />
      </div>
      {single ? <Letters filter={filter} /> : <Groups state={state} />}
      {!single && <Replays />}
    </Page>
  );
}

function Groups({ state }: { state: DeadLetter['state'] }) {
  const { t } = useTranslation();
  const query = useQuery(groupsQuery(state));
  const [act, setAct] = useState<{ what: 'replay' | 'discard'; group: DeadLetterGroup } | null>(null);
  const selection: Selection = act
    ? { filter: { worker: act.group.worker, fingerprint: act.group.fingerprint, state: 'new' } }
    : { ids: [] };
  const groups = query.data?.items;
  if (groups === undefined)
    return query.isError ? (
      <Failed error={query.error} retry={() => void query.refetch()} />
    ) : (
      <SkeletonRows rows={3} />
    );
  if (groups.length === 0)
    return (
      <Empty
        icon={PartyPopper}
        title={t(state === 'new' ? 'operations:failed.empty' : 'operations:failed.noneOfState')}
        hint={state === 'new' ? t('operations:failed.emptyHint') : undefined}
      />
    );
  return (
    <>
      <ul aria-label={t('operations:failed.groups')} className="flex flex-col gap-3">
        {groups.map((group) => (
          <li key={`${group.worker}/${group.fingerprint}`}>
            <GroupCard group={group} state={state} onAct={(what) => setAct({ what, group })} />
          </li>
        ))}
      </ul>
      <ActDialog what={act?.what ?? null} selection={selection} onClose={() => setAct(null)} />
    </>
  );
}

function GroupCard({
  group,
  state,
  onAct,
}: {
  group: DeadLetterGroup;
  state: DeadLetter['state'];
  onAct: (what: 'replay' | 'discard') => void;
}) {
  const { t } = useTranslation();
  return (
    <Card className="flex flex-wrap items-center gap-x-4 gap-y-3 p-4">
      <span className="grid h-14 min-w-14 place-items-center rounded-2xl bg-bad-tint px-3 text-xl font-bold text-bad tabular-nums">
        {formatNumber(group.count)}
      </span>
      <div className="min-w-0 flex-1 basis-60">
        <Link
          to="/admin/failed"
          search={{
            worker: group.worker,
            fingerprint: group.fingerprint,
            ...(state === 'new' ? {} : { state }),
          }}
          className="font-medium wrap-anywhere hover:underline"
        >
          <Typed>{group.error}</Typed>
        </Link>
        <p className="mt-1 flex flex-wrap items-center gap-x-3 gap-y-1 text-sm text-muted">
          <Badge>
            <Ltr>{group.worker}</Ltr>
          </Badge>
          {group.businesses > 0 && (
            <span>
              {t('operations:failed.businesses', {
                count: group.businesses,
                formatted: formatNumber(group.businesses),
              })}
            </span>
          )}
          <span>
            {t('operations:failed.first')} <When at={group.first_died_at} />
          </span>
          <span>
            {t('operations:failed.last')} <When at={group.last_died_at} />
          </span>
        </p>
      </div>
      {state === 'new' && (
        <div className="flex gap-1 max-sm:w-full">
          <Button size="small" onClick={() => onAct('replay')} className="max-sm:grow">
            <RotateCcw aria-hidden />
            {t('operations:failed.replay.action')}
          </Button>
          <IconButton
            label={t('operations:failed.discard.label', { error: group.error })}
            variant="quietDanger"
            onClick={() => onAct('discard')}
          >
            <Trash2 aria-hidden />
          </IconButton>
        </div>
      )}
    </Card>
  );
}

function Letters({ filter }: { filter: FailedFilter }) {
  const { t } = useTranslation();
  const query = useInfiniteQuery(deadLettersQuery(filter));
  const [act, setAct] = useState<'replay' | 'discard' | null>(null);
  const named = Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined));
  const columns: Column<DeadLetter>[] = [
    {
      id: 'error',
      header: t('operations:failed.columns.error'),
      card: 'title',
      className: 'max-w-md wrap-anywhere',
      cell: (letter) => <span dir="auto">{letter.error}</span>,
    },
    {
      id: 'state',
      header: t('operations:failed.columns.state'),
      card: 'aside',
      cell: (letter) => <DeadLetterBadge state={letter.state} />,
    },
    {
      id: 'type',
      header: t('operations:failed.columns.type'),
      card: 'line',
      className: 'max-w-60',
      cell: (letter) =>
        letter.type === null ? null : <Ltr className="block w-fit max-w-full truncate">{letter.type}</Ltr>,
    },
    {
      id: 'business',
      header: t('operations:failed.business'),
      card: 'meta',
      className: 'whitespace-nowrap',
      cell: (letter) => (letter.business_name === null ? null : <Typed>{letter.business_name}</Typed>),
    },
    {
      id: 'worker',
      header: t('operations:failed.columns.worker'),
      card: 'meta',
      cell: (letter) => <Ltr>{letter.worker}</Ltr>,
    },
    {
      id: 'at',
      header: t('operations:failed.columns.when'),
      card: 'meta',
      cell: (letter) => <When at={letter.died_at} />,
    },
  ];
  return (
    <>
      <Infinite query={query} empty={<Empty icon={PartyPopper} title={t('operations:failed.noneOfState')} />}>
        {(rows) => (
          <>
            {filter.state === 'new' && (
              <div className="flex flex-wrap items-center gap-2">
                <Button size="small" onClick={() => setAct('replay')}>
                  <RotateCcw aria-hidden />
                  {t('operations:failed.replay.all')}
                </Button>
                <Button size="small" variant="quietDanger" onClick={() => setAct('discard')}>
                  <Trash2 aria-hidden />
                  {t('operations:failed.discard.all')}
                </Button>
              </div>
            )}
            <DataList
              label={t('operations:failed.title')}
              columns={columns}
              rows={rows}
              rowKey={(letter) => letter.id}
              rowLabel={(letter) => letter.error}
              link={(letter, content, className) => (
                <Link to="/admin/failed/$id" params={{ id: letter.id }} className={className}>
                  {content}
                </Link>
              )}
            />
          </>
        )}
      </Infinite>
      <ActDialog what={act} selection={{ filter: named }} onClose={() => setAct(null)} />
    </>
  );
}

function Replays() {
  const { t } = useTranslation();
  const query = useQuery(replaysQuery());
  const items = query.data?.items ?? [];
  if (items.length === 0) return null;
  return (
    <Section title={t('operations:failed.replays')}>
      <ul className="-my-2 flex flex-col divide-y">
        {items.map((replay) => (
          <li key={replay.id} className="relative py-3">
            <ReplayLine replay={replay} linked />
          </li>
        ))}
      </ul>
    </Section>
  );
}
