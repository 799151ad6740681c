import { LogOut, Trash2, Undo2, UserCog } from 'lucide-react';
import { announce, toast } from '@/shared/ui/toast';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { sentence } from '@/shared/api/problem';
import { useMe } from '@/shared/api/session';
import { deferred } from '@/shared/lib/deferred';
import { mayManage } from '@/shared/lib/rights';
import { Button, IconButton } from '@/shared/ui/button';
import { ConfirmDialog } from '@/shared/ui/dialog';
import { Menu } from '@/shared/ui/menu';
import { Spinner } from '@/shared/ui/spinner';

import { deleteUser, endSessions, restoreUser } from './api';
import { type User } from './queries';

const EditUser = deferred(async () => (await import('./edit-user')).EditUser);

interface UserActionsProps {
  user: User;
  /** Null: as a system admin, over all businesses. */
  businessId: string | null;
}

/** What may be done with a person; nothing at all for those of equal or higher rank. */
export function UserActions({ user, businessId }: UserActionsProps) {
  const { t } = useTranslation();
  const me = useMe();
  const [asking, setAsking] = useState(false);
  const [editing, setEditing] = useState(false);
  const [busy, setBusy] = useState<'delete' | 'restore' | null>(null);
  if (me.id === user.id) return <span className="px-2 text-sm text-muted">{t('people:you')}</span>;
  if (!mayManage(me, user)) return null;

  const act = async (kind: 'delete' | 'restore') => {
    setBusy(kind);
    try {
      await (kind === 'delete' ? deleteUser(businessId, user.id) : restoreUser(businessId, user.id));
      announce(t(kind === 'delete' ? 'people:delete.done' : 'people:restore.done', { name: user.name }));
    } catch (error) {
      toast.error(
        t(kind === 'delete' ? 'people:delete.failed' : 'people:restore.failed', { name: user.name }),
        { description: sentence(error, t) },
      );
    } finally {
      setBusy(null);
    }
  };

  if (busy !== null) {
    return (
      <span role="status" className="flex min-h-11 items-center gap-2 px-2 text-sm text-muted">
        <Spinner className="size-4!" />
        {t(busy === 'delete' ? 'people:delete.working' : 'people:restore.working')}
      </span>
    );
  }
  if (user.deleted_at) {
    return (
      <Button
        variant="secondary"
        size="small"
        aria-label={t('people:restore.label', { name: user.name })}
        onClick={() => void act('restore')}
      >
        <Undo2 aria-hidden />
        {t('people:restore.action')}
      </Button>
    );
  }
  return (
    <>
      <IconButton
        label={t('people:delete.label', { name: user.name })}
        variant="quietDanger"
        onClick={() => setAsking(true)}
      >
        <Trash2 aria-hidden />
      </IconButton>
      <Menu
        label={t('people:menu', { name: user.name })}
        items={[
          { label: t('people:edit.action'), icon: <UserCog aria-hidden />, onSelect: () => setEditing(true) },
          ...(me.role === 'system_admin'
            ? [
                {
                  label: t('people:endSessions'),
                  icon: <LogOut aria-hidden />,
                  onSelect: () => {
                    endSessions(user.id).then(
                      () => toast.success(t('people:sessionsEnded', { name: user.name })),
                      (error: unknown) =>
                        toast.error(t('people:sessionsFailed'), { description: sentence(error, t) }),
                    );
                  },
                },
              ]
            : []),
        ]}
      />
      <ConfirmDialog
        open={asking}
        onClose={() => setAsking(false)}
        onConfirm={() => {
          setAsking(false);
          void act('delete');
        }}
        title={t('people:delete.confirm', { name: user.name })}
        description={t('people:delete.explain')}
        confirm={t('people:delete.action')}
        danger
      />
      <EditUser open={editing} onClose={() => setEditing(false)} user={user} businessId={businessId} />
    </>
  );
}
