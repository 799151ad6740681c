import { useTranslation } from 'react-i18next';

import { announce } from '@/shared/ui/toast';
import { useMe } from '@/shared/api/session';
import { FormDialog } from '@/shared/form/form-dialog';
import { personName, role } from '@/shared/form/rules';
import { grantable, type Role } from '@/shared/lib/rights';
import { z } from '@/shared/lib/zod';
import { Field, Input, Select } from '@/shared/ui/field';

import { updateUser } from './api';
import { type User } from './queries';

interface EditUserProps {
  user: User;
  /** Null: as a system admin, over all businesses. */
  businessId: string | null;
  open: boolean;
  onClose: () => void;
}

const schema = z.object({ name: personName, role });

/** Changes what somebody is called and what they may do. */
export function EditUser({ open, onClose, user, businessId }: EditUserProps) {
  const { t } = useTranslation();
  const me = useMe();
  const roles: readonly Role[] = user.role === 'system_admin' ? ['system_admin'] : grantable(me.role);
  return (
    <FormDialog
      open={open}
      onClose={onClose}
      title={t('people:edit.title')}
      description={t('people:edit.hint')}
      submit={t('common:save')}
      schema={schema}
      defaults={{ name: user.name, role: user.role }}
      onSubmit={async (values) => {
        await updateUser(businessId, user.id, {
          ...(values.name === user.name ? {} : { name: values.name }),
          ...(values.role === user.role ? {} : { role: values.role }),
        });
        announce(t('common:saved'));
      }}
    >
      {({ register, formState: { errors } }) => (
        <>
          <Field label={t('people:columns.name')} error={errors.name?.message}>
            <Input autoComplete="off" {...register('name')} />
          </Field>
          <Field label={t('people:columns.role')}>
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
