import { LogOut, Trash2, Undo2, UserCog } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { toast } from 'sonner';

import { sentence } from '@/shared/api/problem';
import { useMe } from '@/shared/api/session';
import { FormDialog } from '@/shared/form/form-dialog';
import { grantable, mayManage, type Role } from '@/shared/lib/rights';
import { z } from '@/shared/lib/zod';
import { Button, IconButton } from '@/shared/ui/button';
import { ConfirmDialog } from '@/shared/ui/dialog';
import { Field, Input, Select } from '@/shared/ui/field';
import { Menu } from '@/shared/ui/menu';
import { Spinner } from '@/shared/ui/spinner';

import { deleteUser, endSessions, restoreUser, updateUser, type User } from './api';

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
  if (me.id === user.id) return <span className="px-2 text-sm text-muted">{t('people.you')}</span>;
  if (!mayManage(me, user)) return null;

  const act = async (kind: 'delete' | 'restore') => {
    setBusy(kind);
    try {
      await (kind === 'delete' ? deleteUser(businessId, user.id) : restoreUser(businessId, user.id));
      toast.success(t(kind === 'delete' ? 'people.delete.done' : 'people.restore.done', { name: user.name }));
    } catch (error) {
      toast.error(t(kind === 'delete' ? 'people.delete.failed' : 'people.restore.failed', { name: user.name }), { description: sentence(error, t) });
    } finally {
      setBusy(null);
    }
  };

  if (busy !== null) {
    return (
      <span role="status" className="flex min-h-11 items-center gap-2 px-2 text-sm text-muted">
        <Spinner className="size-4" />
        {t(busy === 'delete' ? 'people.delete.working' : 'people.restore.working')}
      </span>
    );
  }
  if (user.deleted_at) {
    return (
      <Button variant="secondary" size="small" aria-label={t('people.restore.label', { name: user.name })} onClick={() => void act('restore')}>
        <Undo2 aria-hidden />
        {t('people.restore.action')}
      </Button>
    );
  }
  return (
    <>
      <IconButton label={t('people.delete.label', { name: user.name })} variant="quietDanger" onClick={() => setAsking(true)}>
        <Trash2 aria-hidden />
      </IconButton>
      <Menu
        label={t('people.menu', { name: user.name })}
        items={[
          { label: t('people.edit.action'), icon: <UserCog aria-hidden />, onSelect: () => setEditing(true) },
          ...(me.role === 'system_admin'
            ? [
                {
                  label: t('people.endSessions'),
                  icon: <LogOut aria-hidden />,
                  onSelect: () => {
                    endSessions(user.id).then(
                      () => toast.success(t('people.sessionsEnded', { name: user.name })),
                      (error: unknown) => toast.error(t('people.sessionsFailed'), { description: sentence(error, t) }),
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
        title={t('people.delete.confirm', { name: user.name })}
        description={t('people.delete.explain')}
        confirm={t('people.delete.action')}
        danger
      />
      <EditUser open={editing} onClose={() => setEditing(false)} user={user} businessId={businessId} />
    </>
  );
}

const schema = z.object({ name: z.string().trim().min(1).max(200), role: z.enum(['agent', 'manager', 'owner', 'system_admin']) });

function EditUser({ open, onClose, user, businessId }: UserActionsProps & { open: boolean; onClose: () => void }) {
  const { t } = useTranslation();
  const me = useMe();
  const roles: readonly Role[] = user.role === 'system_admin' ? ['system_admin'] : grantable(me.role);
  return (
    <FormDialog
      open={open}
      onClose={onClose}
      title={t('people.edit.title')}
      description={t('people.edit.hint')}
      submit={t('common.save')}
      schema={schema}
      defaults={{ name: user.name, role: user.role }}
      onSubmit={async (values) => {
        await updateUser(businessId, user.id, { ...(values.name === user.name ? {} : { name: values.name }), ...(values.role === user.role ? {} : { role: values.role }) });
        toast.success(t('common.saved'));
      }}
    >
      {({ register, formState: { errors } }) => (
        <>
          <Field label={t('people.columns.name')} error={errors.name && t('forms.nameNeeded')}>
            <Input autoComplete="off" {...register('name')} />
          </Field>
          <Field label={t('people.columns.role')}>
            <Select {...register('role')}>
              {roles.map((role) => (
                <option key={role} value={role}>
                  {t(`roles.${role}`)}
                </option>
              ))}
            </Select>
          </Field>
        </>
      )}
    </FormDialog>
  );
}
