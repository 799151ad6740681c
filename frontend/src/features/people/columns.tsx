import { useTranslation } from 'react-i18next';

import type { Column } from '@/shared/list/data-list';
import { Badge } from '@/shared/ui/badge';
import { Ltr, Typed, When } from '@/shared/ui/text';

import type { User } from './queries';

/** The one definition behind every list of people. */
export function useUserColumns({ businesses = false, deleted = false } = {}): Column<User>[] {
  const { t } = useTranslation();
  return [
    {
      id: 'name',
      header: t('people:columns.name'),
      card: 'title',
      cell: (user) => <Typed>{user.name}</Typed>,
    },
    {
      id: 'role',
      header: t('people:columns.role'),
      card: 'aside',
      cell: (user) => (
        <Badge tone={user.role === 'owner' || user.role === 'system_admin' ? 'primary' : 'neutral'}>
          {t(`common:roles.${user.role}`)}
        </Badge>
      ),
    },
    {
      id: 'email',
      header: t('people:columns.email'),
      card: 'below',
      cell: (user) => <Ltr>{user.email}</Ltr>,
    },
    ...(businesses
      ? [
          {
            id: 'business',
            header: t('people:columns.business'),
            card: 'meta' as const,
            cell: (user: User) => (user.business_name ? <Typed>{user.business_name}</Typed> : null),
          },
        ]
      : []),
    deleted
      ? {
          id: 'deleted',
          header: t('people:columns.deleted'),
          card: 'meta',
          cell: (user) => (user.deleted_at ? <When at={user.deleted_at} /> : null),
        }
      : {
          id: 'seen',
          header: t('people:columns.seen'),
          card: 'meta',
          cell: (user) =>
            user.last_seen_at ? (
              <When at={user.last_seen_at} />
            ) : (
              <span className="text-muted">{t('people:neverSeen')}</span>
            ),
        },
  ];
}
