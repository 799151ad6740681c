import { getRouteApi, Link, useRouter } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';

import { AuthFrame } from './frame';
import { LoginForm } from './login-form';

const route = getRouteApi('/login');

/** The door. Leads back to where the person wanted to go. */
export function LoginPage() {
  const { t } = useTranslation();
  const { next } = route.useSearch();
  const router = useRouter();
  return (
    <AuthFrame title={t('auth:welcome')} hint={t('auth:welcomeHint')}>
      <div className="flex flex-col gap-4">
        <LoginForm onLogin={() => router.history.push(next ?? '/')} />
        <Link
          to="/forgot-password"
          className="inline-flex min-h-11 items-center self-center rounded-xl px-3 text-sm font-medium text-on-tint hover:underline"
        >
          {t('auth:forgot')}
        </Link>
      </div>
    </AuthFrame>
  );
}
