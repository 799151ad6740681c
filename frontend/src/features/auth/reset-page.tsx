import { toast } from '@/shared/ui/toast';
import { Link, useNavigate } from '@tanstack/react-router';
import { LinkIcon } from 'lucide-react';
import { useTranslation } from 'react-i18next';

import { ApiError, sentence } from '@/shared/api/problem';
import { PasswordField } from '@/shared/form/password-field';
import { passwordRule, useSmallForm } from '@/shared/form/small-form';
import { Button } from '@/shared/ui/button';
import { Empty, Notice } from '@/shared/ui/states';

import { confirmReset, forget } from './api';
import { AuthFrame } from './frame';
import { useLinkToken } from './token';

/** Chooses a new password, by the link in the mail. */
export function ResetPasswordPage() {
  const { t } = useTranslation();
  const token = useLinkToken();
  const navigate = useNavigate();
  const { form, bind, errors, failure, busy } = useSmallForm(
    { password: '' },
    { password: passwordRule(() => t('common:forms.tooShort')) },
    async ({ password }) => {
      await confirmReset(token, password);
      forget();
      toast.success(t('auth:reset.done'));
      await navigate({ to: '/login' });
    },
  );
  const gone = token === '' || (failure instanceof ApiError && failure.status === 410);
  return (
    <AuthFrame title={t('auth:reset.choose')}>
      {gone ? (
        <Empty
          icon={LinkIcon}
          title={t('auth:linkGone')}
          hint={t('auth:reset.linkGoneHint')}
          className="py-4!"
          action={
            <Button asChild>
              <Link to="/forgot-password">{t('auth:reset.again')}</Link>
            </Button>
          }
        />
      ) : (
        <form {...form} className="flex flex-col gap-4">
          {failure !== null && <Notice tone="bad">{sentence(failure, t)}</Notice>}
          <PasswordField
            label={t('common:forms.newPassword')}
            hint={t('common:forms.passwordHint')}
            autoComplete="new-password"
            error={errors.password}
            {...bind('password')}
          />
          <Button type="submit" size="large" busy={busy}>
            {t('auth:reset.save')}
          </Button>
        </form>
      )}
    </AuthFrame>
  );
}
