import { useTranslation } from 'react-i18next';

import type { Column } from '@/shared/list/data-list';
import { useTables } from '@/shared/lib/hooks';
import { formatDate } from '@/shared/lib/format';
import { Badge } from '@/shared/ui/badge';
import { Ltr, Phone, Typed, When } from '@/shared/ui/text';

import { leadPhone } from './api';
import { type Lead, type LeadSort } from './queries';
import { LeadStatusBadge } from './status';

/** What a lead is called, with a word for one that has no name. */
export function LeadName({ lead }: { lead: Pick<Lead, 'name' | 'phones' | 'email'> }) {
  const { t } = useTranslation();
  if (lead.name) return <Typed>{lead.name}</Typed>;
  const phone = leadPhone(lead);
  if (phone !== null) return <Phone value={phone} />;
  return lead.email ? <Ltr>{lead.email}</Ltr> : <>{t('leads:nameless')}</>;
}

/** The one definition behind the table of leads and their cards. */
export function useLeadColumns(trash = false): Column<Lead, LeadSort>[] {
  const { t } = useTranslation();
  const tables = useTables();
  const columns: Column<Lead, LeadSort>[] = [
    {
      id: 'name',
      header: t('leads:columns.name'),
      card: 'title',
      sort: 'name',
      first: 'asc',
      className: 'max-w-56 truncate',
      cell: (lead) => <LeadName lead={lead} />,
    },
    {
      id: 'status',
      header: t('leads:columns.status'),
      card: 'meta',
      cell: (lead) => <LeadStatusBadge status={lead.status} />,
    },
    {
      id: 'phone',
      header: t('leads:columns.phone'),
      card: 'line',
      cell: (lead) => {
        const phone = leadPhone(lead);
        // On a card the number is the title already where there is no name.
        return phone === null || (!tables && !lead.name) ? null : <Phone value={phone} />;
      },
    },
    {
      id: 'tags',
      header: t('leads:columns.tags'),
      card: 'none',
      className: 'max-xl:hidden',
      cell: (lead) => (
        <span className="flex max-w-48 flex-wrap gap-1">
          {lead.tags.slice(0, 3).map((tag) => (
            <Badge key={tag}>
              <Typed>{tag}</Typed>
            </Badge>
          ))}
        </span>
      ),
    },
    {
      id: 'source',
      header: t('leads:columns.source'),
      card: 'meta',
      cell: (lead) => t(`leads:source.${lead.source}`),
    },
  ];
  // A column says in its head what a card says beside the date.
  const when = (word: 'leads:deletedWhen' | 'leads:purgeWhen', at: string | null | undefined) =>
    at ? <span>{tables ? formatDate(at) : t(word, { when: formatDate(at) })}</span> : null;
  if (trash) {
    columns.push(
      {
        id: 'deleted',
        header: t('leads:columns.deleted'),
        card: 'meta',
        cell: (lead) => when('leads:deletedWhen', lead.deleted_at),
      },
      {
        id: 'purge',
        header: t('leads:columns.purge'),
        card: 'below',
        cell: (lead) => when('leads:purgeWhen', lead.purge_at),
      },
    );
  } else {
    columns.push(
      {
        id: 'last_call',
        header: t('leads:columns.lastCall'),
        card: 'none',
        sort: 'last_call',
        cell: (lead) => (lead.last_call_at ? <When at={lead.last_call_at} /> : null),
      },
      {
        id: 'created',
        header: t('leads:columns.created'),
        card: 'meta',
        sort: 'created_at',
        cell: (lead) => <When at={lead.created_at} />,
      },
    );
  }
  return columns;
}
