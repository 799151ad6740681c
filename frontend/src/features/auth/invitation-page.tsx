import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { LinkIcon } from 'lucide-react';
import { useTranslation } from 'react-i18next';

import { ApiError, sentence } from '@/shared/api/problem';
import type { Schemas } from '@/shared/api/types';
import { PasswordField } from '@/shared/form/password-field';
import { needed, passwordRule, useSmallForm } from '@/shared/form/small-form';
import { Button } from '@/shared/ui/button';
import { Field, Input } from '@/shared/ui/field';
import { Empty, Failed, Notice, SkeletonRows } from '@/shared/ui/states';
import { Ltr } from '@/shared/ui/text';

import { acceptInvitation } from './api';
import { invitationQuery } from './queries';
import { AuthFrame } from './frame';
import { useLinkToken } from './token';

/** Joins a business, by the link in the mail. */
export function InvitationPage() {
  const { t } = useTranslation();
  const token = useLinkToken();
  const query = useQuery(invitationQuery(token));
  const gone = token === '' || (query.error instanceof ApiError && query.error.status < 500);
  const invitation = query.data;
  const title = invitation?.business_name
    ? t('auth:invitation.titleOf', { business: invitation.business_name })
    : t('auth:invitation.title');
  return (
    <AuthFrame
      title={title}
      hint={
        invitation ? t('auth:invitation.hint', { role: t(`common:roles.${invitation.role}`) }) : undefined
      }
    >
      {invitation ? (
        <AcceptForm token={token} invitation={invitation} />
      ) : gone ? (
        <Empty
          icon={LinkIcon}
          title={t('auth:linkGone')}
          hint={t('auth:invitation.linkGoneHint')}
          className="py-4!"
          action={
            <Button asChild variant="secondary">
              <Link to="/login">{t('auth:backToLogin')}</Link>
            </Button>
          }
        />
      ) : query.isError ? (
        <Failed error={query.error} retry={() => void query.refetch()} />
      ) : (
        <SkeletonRows rows={3} />
      )}
    </AuthFrame>
  );
}

function AcceptForm({ token, invitation }: { token: string; invitation: Schemas['InvitationPreview'] }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const { form, bind, errors, failure, busy } = useSmallForm(
    { name: invitation.name ?? '', password: '' },
    {
      name: needed(() => t('common:forms.nameNeeded')),
      password: passwordRule(() => t('common:forms.tooShort')),
    },
    async ({ name, password }) => {
      await acceptInvitation(token, invitation.email, name.trim(), password);
      await navigate({ to: '/' });
    },
  );
  return (
    <form {...form} className="flex flex-col gap-4">
      {failure !== null && <Notice tone="bad">{sentence(failure, t)}</Notice>}
      <p className="text-sm text-muted">
        {t('auth:invitation.address')} <Ltr className="font-medium text-ink">{invitation.email}</Ltr>
      </p>
      <Field label={t('auth:yourName')} error={errors.name}>
        <Input autoComplete="name" maxLength={200} {...bind('name')} />
      </Field>
      <PasswordField
        label={t('auth:choosePassword')}
        hint={t('common:forms.passwordHint')}
        autoComplete="new-password"
        error={errors.password}
        {...bind('password')}
      />
      <Button type="submit" size="large" busy={busy}>
        {t('auth:invitation.submit')}
      </Button>
    </form>
  );
}
