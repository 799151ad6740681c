import { Link } from '@tanstack/react-router';
import { MailCheck } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { sentence } from '@/shared/api/problem';
import { needed, useSmallForm } from '@/shared/form/small-form';
import { Button } from '@/shared/ui/button';
import { Field, Input } from '@/shared/ui/field';
import { Empty, Notice } from '@/shared/ui/states';

import { requestReset } from './api';
import { AuthFrame } from './frame';

/** Asks for a link to choose a new password. */
export function ForgotPasswordPage() {
  const { t } = useTranslation();
  const [sent, setSent] = useState(false);
  const { form, bind, errors, failure, busy } = useSmallForm(
    { email: '' },
    { email: needed(() => t('auth:emailNeeded')) },
    async ({ email }) => {
      await requestReset(email);
      setSent(true);
    },
  );
  return (
    <AuthFrame title={t('auth:reset.title')} hint={sent ? undefined : t('auth:reset.hint')}>
      {sent ? (
        <div role="status">
          <Empty
            icon={MailCheck}
            title={t('auth:reset.sent')}
            hint={t('auth:reset.sentHint')}
            className="py-4!"
          />
        </div>
      ) : (
        <form {...form} className="flex flex-col gap-4">
          {failure !== null && <Notice tone="bad">{sentence(failure, t)}</Notice>}
          <Field label={t('auth:email')} error={errors.email}>
            <Input type="email" inputMode="email" autoComplete="username" dir="ltr" {...bind('email')} />
          </Field>
          <Button type="submit" size="large" busy={busy}>
            {t('auth:reset.submit')}
          </Button>
        </form>
      )}
      <p className="mt-4 text-center">
        <Link
          to="/login"
          className="inline-flex min-h-11 items-center rounded-xl px-3 text-sm font-medium text-on-tint hover:underline"
        >
          {t('auth:backToLogin')}
        </Link>
      </p>
    </AuthFrame>
  );
}
