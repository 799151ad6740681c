import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { announce, toast } from '@/shared/ui/toast';
import { MailPlus, UserPlus, Users, X } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { sentence } from '@/shared/api/problem';
import { useBusinessId, useCan } from '@/shared/api/session';
import { deferred } from '@/shared/lib/deferred';
import { DataList } from '@/shared/list/data-list';
import { Infinite } from '@/shared/list/infinite';
import { formatDate } from '@/shared/lib/format';
import { Avatar } from '@/shared/ui/avatar';
import { Button, IconButton } from '@/shared/ui/button';
import { Section } from '@/shared/ui/card';
import { Page } from '@/shared/ui/page';
import { Segmented } from '@/shared/ui/segmented';
import { Empty } from '@/shared/ui/states';
import { Ltr } from '@/shared/ui/text';

import { withdraw } from './api';
import { invitationsQuery, type User, usersQuery } from './queries';
import { useUserColumns } from './columns';
import { UserActions } from './user-actions';

const InviteDialog = deferred(async () => (await import('./invite-dialog')).InviteDialog);

/** Who works here. */
export function TeamPage() {
  const business = useBusinessId();
  return business === null ? null : <Team businessId={business} />;
}

function Team({ businessId }: { businessId: string }) {
  const { t } = useTranslation();
  const manages = useCan('manageBusiness');
  const [inviting, setInviting] = useState(false);
  const [shown, setShown] = useState<'active' | 'deleted'>('active');
  const deleted = shown === 'deleted';
  const columns = useUserColumns({ deleted });
  const query = useInfiniteQuery(usersQuery(businessId, deleted ? { deleted: 'only' } : {}));
  return (
    <Page
      title={t('people:title')}
      hint={t(manages ? 'people:hint' : 'people:hintReadOnly')}
      actions={
        manages && (
          <Button onClick={() => setInviting(true)}>
            <UserPlus aria-hidden />
            {t('people:invite.action')}
          </Button>
        )
      }
    >
      {manages && (
        <Segmented
          label={t('people:show')}
          value={shown}
          options={[
            { value: 'active', label: t('people:active') },
            { value: 'deleted', label: t('people:deleted') },
          ]}
          onChange={setShown}
          className="md:w-72"
        />
      )}
      <Infinite
        query={query}
        empty={<Empty icon={Users} title={t(deleted ? 'people:noneDeleted' : 'people:empty')} />}
      >
        {(rows) => (
          <DataList
            label={t('people:title')}
            columns={columns}
            rows={rows}
            rowKey={(user) => user.id}
            rowLabel={(user) => user.name}
            picture={(user) => <Avatar name={user.name} />}
            {...(manages
              ? { actions: (user: User) => <UserActions user={user} businessId={businessId} /> }
              : {})}
          />
        )}
      </Infinite>
      {manages && !deleted && <Invitations businessId={businessId} />}
      <InviteDialog open={inviting} onClose={() => setInviting(false)} businessId={businessId} />
    </Page>
  );
}

function Invitations({ businessId }: { businessId: string }) {
  const { t } = useTranslation();
  const query = useQuery(invitationsQuery(businessId));
  const items = query.data?.items ?? [];
  if (items.length === 0) return null;
  return (
    <Section title={t('people:invitations')} hint={t('people:invitationsHint')}>
      <ul className="-my-2 flex flex-col divide-y">
        {items.map((invitation) => (
          <li key={invitation.id} className="flex items-center gap-3 py-2">
            <MailPlus aria-hidden className="size-5 shrink-0 text-muted" />
            <div className="min-w-0 grow">
              <p className="truncate font-medium">
                <Ltr>{invitation.email}</Ltr>
              </p>
              <p className="text-sm text-muted">
                {t(`common:roles.${invitation.role}`)} ·{' '}
                {t('people:invitedUntil', { when: formatDate(invitation.expires_at) })}
              </p>
            </div>
            <IconButton
              label={t('people:withdraw', { email: invitation.email })}
              onClick={() => {
                withdraw(businessId, invitation.id).then(
                  () => announce(t('people:withdrawn')),
                  (error: unknown) =>
                    toast.error(t('people:withdrawFailed'), { description: sentence(error, t) }),
                );
              }}
            >
              <X aria-hidden />
            </IconButton>
          </li>
        ))}
      </ul>
    </Section>
  );
}
