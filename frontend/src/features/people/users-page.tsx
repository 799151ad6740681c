import { useInfiniteQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { UserPlus, Users } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { deferred } from '@/shared/lib/deferred';
import { DataList } from '@/shared/list/data-list';
import { Infinite } from '@/shared/list/infinite';
import { ROLES } from '@/shared/lib/rights';
import { Avatar } from '@/shared/ui/avatar';
import { Button } from '@/shared/ui/button';
import { Select } from '@/shared/ui/field';
import { Page } from '@/shared/ui/page';
import { SearchField } from '@/shared/ui/search-field';
import { Segmented } from '@/shared/ui/segmented';
import { Empty } from '@/shared/ui/states';

import { userFilter, usersQuery } from './queries';
import { useUserColumns } from './columns';
import { UserActions } from './user-actions';

const route = getRouteApi('/app/admin/users');

const InviteDialog = deferred(async () => (await import('./invite-dialog')).InviteDialog);

/** The users of all businesses, for system admins. */
export function UsersPage() {
  const { t } = useTranslation();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const [inviting, setInviting] = useState(false);
  const deleted = search.deleted === 'only';
  const columns = useUserColumns({ businesses: true, deleted });
  const query = useInfiniteQuery(usersQuery(null, userFilter(search)));
  const change = (next: Partial<typeof search>) =>
    void navigate({ search: (before) => ({ ...before, ...next }), replace: true });
  return (
    <Page
      title={t('people:allTitle')}
      actions={
        <Button variant="secondary" onClick={() => setInviting(true)}>
          <UserPlus aria-hidden />
          {t('people:invite.admin')}
        </Button>
      }
    >
      <div className="flex flex-col gap-2 md:flex-row md:items-center">
        <SearchField
          value={search.q ?? ''}
          label={t('people:search')}
          onChange={(q) => change({ q: q === '' ? undefined : q })}
        />
        <Select
          aria-label={t('people:columns.role')}
          value={search.role ?? ''}
          onChange={(event) => change({ role: ROLES.find((role) => role === event.target.value) })}
          className="flex-auto"
        >
          <option value="">{t('people:allRoles')}</option>
          {ROLES.map((role) => (
            <option key={role} value={role}>
              {t(`common:roles.${role}`)}
            </option>
          ))}
        </Select>
        <Segmented
          label={t('people:show')}
          value={deleted ? 'deleted' : 'active'}
          options={[
            { value: 'active', label: t('people:active') },
            { value: 'deleted', label: t('people:deleted') },
          ]}
          onChange={(next) => change({ deleted: next === 'deleted' ? 'only' : undefined })}
          className="md:w-64"
        />
      </div>
      <Infinite
        query={query}
        empty={<Empty icon={Users} title={t(deleted ? 'people:noneDeleted' : 'people:noMatch')} />}
      >
        {(rows) => (
          <DataList
            label={t('people:allTitle')}
            columns={columns}
            rows={rows}
            rowKey={(user) => user.id}
            rowLabel={(user) => user.name}
            picture={(user) => <Avatar name={user.name} />}
            actions={(user) => <UserActions user={user} businessId={null} />}
          />
        )}
      </Infinite>
      <InviteDialog open={inviting} onClose={() => setInviting(false)} businessId={null} />
    </Page>
  );
}
