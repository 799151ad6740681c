import { useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';

import { loginNeeded } from '@/shared/api/gate';
import { meQuery } from '@/shared/api/session';
import { useStore } from '@/shared/lib/store';
import { Button } from '@/shared/ui/button';
import { Dialog } from '@/shared/ui/dialog';

import { forget } from './api';
import { LoginForm } from './login-form';

const stay = () => undefined;

/**
 * The login on top of the page once the session is over: the page stays as it is, with
 * everything that was typed, and what was asked of the server is asked again.
 */
export function LoginAgain() {
  const { t } = useTranslation();
  const needed = useStore(loginNeeded);
  const cache = useQueryClient();
  const navigate = useNavigate();
  if (!needed) return null;
  const before = cache.getQueryData(meQuery.queryKey);
  const leave = () => {
    forget();
    void navigate({ to: '/login' });
  };
  return (
    <Dialog
      open
      onClose={leave}
      // It came by itself, over whatever was being typed: a gesture must not throw that away.
      onDismiss={stay}
      title={t('auth:again.title')}
      description={t('auth:again.hint')}
      focusFirst={() => document.querySelector<HTMLElement>('input[type="password"]')}
      footer={
        <Button variant="ghost" onClick={leave}>
          {t('auth:again.leave')}
        </Button>
      }
    >
      <LoginForm
        email={before?.email ?? ''}
        onLogin={(user) => {
          if (before && before.id !== user.id) void navigate({ to: '/', reloadDocument: true });
          else void cache.invalidateQueries();
        }}
      />
    </Dialog>
  );
}
