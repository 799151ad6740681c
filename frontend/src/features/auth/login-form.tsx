import { useTranslation } from 'react-i18next';

import { ApiError, sentence } from '@/shared/api/problem';
import type { Schemas } from '@/shared/api/types';
import { PasswordField } from '@/shared/form/password-field';
import { needed, useSmallForm } from '@/shared/form/small-form';
import { Button } from '@/shared/ui/button';
import { Field, Input } from '@/shared/ui/field';
import { Notice } from '@/shared/ui/states';

import { login } from './api';

interface LoginFormProps {
  /** The address, where it is known already. */
  email?: string;
  onLogin: (user: Schemas['Me']) => void;
}

/** Address and password. */
export function LoginForm({ email = '', onLogin }: LoginFormProps) {
  const { t } = useTranslation();
  const { form, bind, errors, failure, busy } = useSmallForm(
    { email, password: '' },
    { email: needed(() => t('auth:emailNeeded')), password: needed(() => t('common:forms.passwordNeeded')) },
    async (values) => onLogin(await login(values.email, values.password)),
  );
  return (
    <form {...form} className="flex flex-col gap-4">
      {failure !== null && (
        <Notice tone="bad">
          {failure instanceof ApiError && failure.status === 401 ? t('auth:wrong') : sentence(failure, t)}
        </Notice>
      )}
      <Field label={t('auth:email')} error={errors.email}>
        <Input type="email" inputMode="email" autoComplete="username" dir="ltr" {...bind('email')} />
      </Field>
      <PasswordField
        label={t('auth:password')}
        autoComplete="current-password"
        error={errors.password}
        {...bind('password')}
      />
      <Button type="submit" size="large" busy={busy}>
        {t('auth:login')}
      </Button>
    </form>
  );
}
