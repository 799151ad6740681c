import { useInfiniteQuery } from '@tanstack/react-query';
import { PhoneOff } from 'lucide-react';
import { useTranslation } from 'react-i18next';

import { DataList } from '@/shared/list/data-list';
import { Infinite } from '@/shared/list/infinite';
import { Page } from '@/shared/ui/page';
import { Empty } from '@/shared/ui/states';
import { Phone } from '@/shared/ui/text';

import { unownedCallsQuery } from './queries';
import { useCallColumns } from './calls-page';
import { useCallerName } from './caller';
import { CallIcon } from './status';

/** Calls to numbers that no business owns: for system admins. */
export function UnownedCallsPage() {
  const { t } = useTranslation();
  const name = useCallerName();
  // Who called is a number here, and so the title already.
  const columns = useCallColumns().filter(({ id }) => id !== 'number');
  const query = useInfiniteQuery(unownedCallsQuery());
  return (
    <Page title={t('unowned:title')} hint={t('unowned:hint')}>
      <Infinite query={query} empty={<Empty icon={PhoneOff} title={t('unowned:empty')} />}>
        {(rows) => (
          <DataList
            label={t('unowned:title')}
            columns={[
              ...columns,
              {
                id: 'to',
                header: t('calls:to'),
                card: 'line',
                cell: (call) => (call.to ? <Phone value={call.to} /> : null),
              },
            ]}
            rows={rows}
            rowKey={(call) => call.call_sid}
            rowLabel={name}
            picture={(call) => <CallIcon call={call} />}
          />
        )}
      </Infinite>
    </Page>
  );
}
