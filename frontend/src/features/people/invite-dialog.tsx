import { useTranslation } from 'react-i18next';

import { toast } from '@/shared/ui/toast';
import { useMe } from '@/shared/api/session';
import { FormDialog } from '@/shared/form/form-dialog';
import { grantable, type Role } from '@/shared/lib/rights';
import { email, optionalText, role } from '@/shared/form/rules';
import { z } from '@/shared/lib/zod';
import { Field, Input, Select } from '@/shared/ui/field';

import { invite } from './api';

const schema = z.object({
  email,
  name: optionalText(200),
  role,
});

interface InviteDialogProps {
  open: boolean;
  onClose: () => void;
  /** Where they will work; null invites a system admin. */
  businessId: string | null;
}

/** Invites somebody by mail, to a role below one's own. */
export function InviteDialog({ open, onClose, businessId }: InviteDialogProps) {
  const { t } = useTranslation();
  const me = useMe();
  const roles: readonly Role[] = businessId === null ? ['system_admin'] : grantable(me.role);
  return (
    <FormDialog
      open={open}
      onClose={onClose}
      title={t('people:invite.title')}
      description={t('people:invite.hint')}
      submit={t('people:invite.submit')}
      schema={schema}
      defaults={{ email: '', name: '', role: roles[0] ?? 'agent' }}
      draft="invite"
      onSubmit={async (values) => {
        await invite(businessId, {
          email: values.email,
          role: values.role,
          ...(values.name === '' ? {} : { name: values.name }),
        });
        toast.success(t('people:invite.done', { email: values.email }));
      }}
    >
      {({ register, formState: { errors } }) => (
        <>
          <Field label={t('people:columns.email')} error={errors.email?.message}>
            <Input type="email" inputMode="email" autoComplete="off" dir="ltr" {...register('email')} />
          </Field>
          <Field label={t('people:columns.name')} error={errors.name?.message}>
            <Input autoComplete="off" {...register('name')} />
          </Field>
          <Field label={t('people:columns.role')} hint={t('people:invite.roleHint')}>
            <Select {...register('role')}>
              {roles.map((grade) => (
                <option key={grade} value={grade}>
                  {t(`common:roles.${grade}`)}
                </option>
              ))}
            </Select>
          </Field>
        </>
      )}
    </FormDialog>
  );
}
