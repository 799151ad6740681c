import { useInfiniteQuery } from '@tanstack/react-query';
import { announce, toast } from '@/shared/ui/toast';
import { getRouteApi, useNavigate } from '@tanstack/react-router';
import { Building2, Eye, Hash, Plus, Power } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { sentence } from '@/shared/api/problem';
import { deferred } from '@/shared/lib/deferred';
import { type Column, DataList } from '@/shared/list/data-list';
import { Infinite } from '@/shared/list/infinite';
import { formatDate } from '@/shared/lib/format';
import { Avatar } from '@/shared/ui/avatar';
import { Badge } from '@/shared/ui/badge';
import { Button, IconButton } from '@/shared/ui/button';
import { ConfirmDialog } from '@/shared/ui/dialog';
import { Menu } from '@/shared/ui/menu';
import { Page } from '@/shared/ui/page';
import { SearchField } from '@/shared/ui/search-field';
import { Empty } from '@/shared/ui/states';
import { Ltr, Phone, Typed } from '@/shared/ui/text';

import { setActive } from './api';
import { type Business, businessesQuery } from './queries';

const NewBusinessDialog = deferred(async () => (await import('./new-business')).NewBusinessDialog);
const NumbersDialog = deferred(async () => (await import('./numbers-dialog')).NumbersDialog);
const route = getRouteApi('/app/admin/businesses');

/** Every business of the system. */
export function BusinessesPage() {
  const { t } = useTranslation();
  const { q } = route.useSearch();
  const navigate = route.useNavigate();
  const [adding, setAdding] = useState(false);
  const query = useInfiniteQuery(businessesQuery(q));
  const columns: Column<Business>[] = [
    {
      id: 'name',
      header: t('businesses:columns.name'),
      card: 'title',
      cell: (business) => <Typed>{business.name}</Typed>,
    },
    {
      id: 'active',
      header: t('businesses:columns.state'),
      card: 'aside',
      cell: (business) => (
        <Badge tone={business.active ? 'good' : 'warn'}>
          {t(business.active ? 'businesses:active' : 'businesses:resting')}
        </Badge>
      ),
    },
    {
      id: 'numbers',
      header: t('businesses:columns.numbers'),
      card: 'line',
      cell: (business) => (
        <span className="flex flex-wrap gap-x-3">
          {business.numbers.map((number) => (
            <Phone key={number} value={number} />
          ))}
        </span>
      ),
    },
    {
      id: 'zone',
      header: t('businesses:columns.zone'),
      card: 'meta',
      cell: (business) => <Ltr>{business.time_zone}</Ltr>,
    },
    {
      id: 'created',
      header: t('businesses:columns.created'),
      card: 'meta',
      cell: (business) => formatDate(business.created_at),
    },
  ];
  return (
    <Page
      title={t('businesses:title')}
      actions={
        <Button onClick={() => setAdding(true)}>
          <Plus aria-hidden />
          {t('businesses:new.action')}
        </Button>
      }
    >
      <SearchField
        value={q ?? ''}
        label={t('businesses:search')}
        onChange={(typed) =>
          void navigate({
            search: (before) => ({ ...before, q: typed === '' ? undefined : typed }),
            replace: true,
          })
        }
      />
      <Infinite query={query} empty={<Empty icon={Building2} title={t('businesses:empty')} />}>
        {(rows) => (
          <DataList
            label={t('businesses:title')}
            columns={columns}
            rows={rows}
            rowKey={(business) => business.id}
            rowLabel={(business) => business.name}
            picture={(business) => <Avatar name={business.name} />}
            actions={(business) => <BusinessActions business={business} />}
          />
        )}
      </Infinite>
      <NewBusinessDialog open={adding} onClose={() => setAdding(false)} />
    </Page>
  );
}

function BusinessActions({ business }: { business: Business }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const [asking, setAsking] = useState(false);
  const [numbers, setNumbersOpen] = useState(false);
  const switchTo = async (active: boolean) => {
    try {
      await setActive(business.id, active);
      announce(t(active ? 'businesses:activated' : 'businesses:deactivated', { name: business.name }));
    } catch (error) {
      toast.error(t('businesses:failed'), { description: sentence(error, t) });
    }
  };
  return (
    <>
      <IconButton
        label={t('businesses:enter', { name: business.name })}
        onClick={() => void navigate({ to: '/', search: { business: business.id } })}
      >
        <Eye aria-hidden />
      </IconButton>
      <Menu
        label={t('businesses:menu', { name: business.name })}
        items={[
          {
            label: t('businesses:setNumbers'),
            icon: <Hash aria-hidden />,
            onSelect: () => setNumbersOpen(true),
          },
          business.active
            ? {
                label: t('businesses:deactivate'),
                icon: <Power aria-hidden />,
                onSelect: () => setAsking(true),
                danger: true,
              }
            : {
                label: t('businesses:activate'),
                icon: <Power aria-hidden />,
                onSelect: () => void switchTo(true),
              },
        ]}
      />
      <ConfirmDialog
        open={asking}
        onClose={() => setAsking(false)}
        onConfirm={() => {
          setAsking(false);
          void switchTo(false);
        }}
        title={t('businesses:confirm', { name: business.name })}
        description={t('businesses:confirmHint')}
        confirm={t('businesses:deactivate')}
        danger
      />
      <NumbersDialog open={numbers} onClose={() => setNumbersOpen(false)} business={business} />
    </>
  );
}
