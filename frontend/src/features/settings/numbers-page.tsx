import { useQuery } from '@tanstack/react-query';
import { Hash } from 'lucide-react';
import { useTranslation } from 'react-i18next';

import { useBusinessId } from '@/shared/api/session';
import { Card } from '@/shared/ui/card';
import { Page } from '@/shared/ui/page';
import { Empty, Failed, SkeletonRows } from '@/shared/ui/states';
import { Phone } from '@/shared/ui/text';

import { settingsQuery } from './queries';

/** The numbers that the business owns. */
export function NumbersPage() {
  const { t } = useTranslation();
  const businessId = useBusinessId();
  const query = useQuery({ ...settingsQuery(businessId ?? ''), enabled: businessId !== null });
  const numbers = query.data?.numbers ?? [];
  return (
    <Page
      title={t('settings:numbers.title')}
      hint={t('settings:numbers.hint')}
      back={{ to: '/settings', label: t('settings:title') }}
      width="narrow"
    >
      {query.data ? (
        numbers.length === 0 ? (
          <Empty icon={Hash} title={t('settings:numbers.empty')} />
        ) : (
          <Card>
            <ul className="divide-y">
              {numbers.map((number) => (
                <li key={number} className="flex min-h-14 items-center gap-3 px-4 text-lg font-medium">
                  <Hash aria-hidden className="size-5 text-muted" />
                  <Phone value={number} />
                </li>
              ))}
            </ul>
          </Card>
        )
      ) : query.isError ? (
        <Failed error={query.error} retry={() => void query.refetch()} />
      ) : (
        <SkeletonRows rows={1} />
      )}
    </Page>
  );
}
