import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';

import { formatExact, formatNumber } from '@/shared/lib/format';
import { type Column, DataList } from '@/shared/list/data-list';
import { Section } from '@/shared/ui/card';
import { Failed, SkeletonRows } from '@/shared/ui/states';
import { Ltr } from '@/shared/ui/text';

import { type TwilioErrorGroup, twilioErrorsQuery } from './queries';

/** What Twilio could not do lately: the call page says what a code means. */
export function TwilioErrors() {
  const { t } = useTranslation();
  const query = useQuery(twilioErrorsQuery());
  const counted = (label: string, value: number) => (
    <>
      <span className="lg:hidden">{label}: </span>
      <Ltr>{formatNumber(value)}</Ltr>
    </>
  );
  const columns: Column<TwilioErrorGroup>[] = [
    {
      id: 'code',
      header: t('workers:twilioErrors.code'),
      card: 'title',
      cell: (group) => <Ltr>{String(group.code)}</Ltr>,
    },
    {
      id: 'where',
      header: t('workers:twilioErrors.where'),
      card: 'aside',
      cell: (group) => <Ltr className="font-mono text-sm">{group.webhook}</Ltr>,
    },
    {
      id: 'calls',
      header: t('workers:twilioErrors.calls'),
      card: 'meta',
      cell: (group) => counted(t('workers:twilioErrors.calls'), group.calls),
    },
    {
      id: 'businesses',
      header: t('workers:twilioErrors.businesses'),
      card: 'meta',
      cell: (group) => counted(t('workers:twilioErrors.businesses'), group.businesses),
    },
    {
      id: 'last',
      header: t('workers:twilioErrors.last'),
      card: 'line',
      cell: (group) => <Ltr>{formatExact(group.last_at)}</Ltr>,
    },
    {
      id: 'call',
      header: t('workers:twilioErrors.call'),
      card: 'line',
      cell: (group) => <Ltr className="text-xs wrap-anywhere">{group.last_call_sid}</Ltr>,
    },
  ];
  return (
    <Section title={t('workers:twilioErrors.title')} hint={t('workers:twilioErrors.hint')}>
      {query.data === undefined ? (
        query.isError ? (
          <Failed error={query.error} retry={() => void query.refetch()} />
        ) : (
          <SkeletonRows rows={2} />
        )
      ) : query.data.items.length === 0 ? (
        <p className="text-sm text-muted">{t('workers:twilioErrors.none')}</p>
      ) : (
        <DataList
          label={t('workers:twilioErrors.title')}
          columns={columns}
          rows={query.data.items}
          rowKey={(group) => `${String(group.code)} ${group.webhook}`}
          rowLabel={(group) => String(group.code)}
        />
      )}
    </Section>
  );
}
