import { useInfiniteQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { PhoneOff } from 'lucide-react';
import { useTranslation } from 'react-i18next';

import { formatDuration } from '@/shared/lib/format';
import { type Column, DataList } from '@/shared/list/data-list';
import { Infinite } from '@/shared/list/infinite';
import { SearchField } from '@/shared/ui/search-field';
import { Page } from '@/shared/ui/page';
import { Segmented } from '@/shared/ui/segmented';
import { Empty, Notice } from '@/shared/ui/states';
import { Ltr, Phone, When } from '@/shared/ui/text';

import { type Call, callFilter, callsQuery } from './queries';
import { CallerName, otherNumber, useCallerName } from './caller';
import { CallBackButtons } from './call-back';
import { CallBadge, CallIcon } from './status';

const route = getRouteApi('/app/calls');

/** The one definition behind the table of calls and their cards. */
export function useCallColumns(): Column<Call>[] {
  const { t } = useTranslation();
  return [
    {
      id: 'who',
      header: t('calls:columns.who'),
      card: 'title',
      cell: (call) => <CallerName call={call} />,
    },
    { id: 'what', header: t('calls:columns.what'), card: 'meta', cell: (call) => <CallBadge call={call} /> },
    {
      id: 'number',
      header: t('calls:columns.number'),
      card: 'line',
      cell: (call) => {
        const number = otherNumber(call);
        return number === null || !(call.lead?.name ?? call.caller_name) ? null : <Phone value={number} />;
      },
    },
    {
      id: 'when',
      header: t('calls:columns.when'),
      card: 'meta',
      cell: (call) => <When at={call.started_at} />,
    },
    {
      id: 'length',
      header: t('calls:columns.length'),
      card: 'meta',
      cell: (call) =>
        typeof call.duration_s === 'number' && call.duration_s > 0 ? (
          <Ltr>{formatDuration(call.duration_s)}</Ltr>
        ) : null,
    },
    {
      id: 'recording',
      header: t('calls:columns.recording'),
      card: 'meta',
      cell: (call) =>
        call.recordings.some((recording) => recording.state === 'completed') ? t('calls:hasRecording') : null,
    },
  ];
}

/** The calls, live. */
export function CallsPage() {
  const { t } = useTranslation();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const name = useCallerName();
  const columns = useCallColumns();
  const show = search.show ?? 'all';
  const filter = callFilter(search);
  const query = useInfiniteQuery(callsQuery(filter));
  return (
    <Page title={t('calls:title')}>
      <div className="flex flex-col gap-2 md:flex-row md:items-center">
        <Segmented
          label={t('calls:show')}
          value={show}
          options={[
            { value: 'all', label: t('calls:all') },
            { value: 'missed', label: t('calls:missedOnes') },
            { value: 'answered', label: t('calls:answeredOnes') },
          ]}
          onChange={(next) =>
            void navigate({
              search: (before) => ({ ...before, show: next === 'all' ? undefined : next }),
              replace: true,
            })
          }
        />
        <SearchField
          kind="tel"
          value={search.number ?? ''}
          label={t('calls:searchNumber')}
          onChange={(typed) =>
            void navigate({
              search: (before) => ({ ...before, number: typed === '' ? undefined : typed }),
              replace: true,
            })
          }
        />
      </div>
      {search.number !== undefined && filter.number === undefined && (
        <Notice tone="info">{t('calls:wholeNumber')}</Notice>
      )}
      <Infinite
        query={query}
        empty={<Empty icon={PhoneOff} title={t('calls:empty')} hint={t('calls:emptyHint')} />}
      >
        {(rows) => (
          <DataList
            label={t('calls:title')}
            columns={columns}
            rows={rows}
            rowKey={(call) => call.call_sid}
            rowLabel={name}
            picture={(call) => <CallIcon call={call} />}
            link={(call, content, className) => (
              <Link to="/calls/$callSid" params={{ callSid: call.call_sid }} className={className}>
                {content}
              </Link>
            )}
            actions={(call) => <CallBackButtons call={call} compact />}
          />
        )}
      </Infinite>
    </Page>
  );
}
