import { createRootRoute, Link, Outlet, redirect, useRouter } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { Compass } from 'lucide-react';

import { queryClient } from '@/shared/api/query';
import { meQuery } from '@/shared/api/session';
import { language } from '@/shared/i18n/language';
import { Button } from '@/shared/ui/button';
import { Toaster } from '@/shared/ui/toast';
import { Empty, Failed } from '@/shared/ui/states';

function Root() {
  const { t } = useTranslation();
  return (
    <>
      <Outlet />
      <Toaster label={t('common:shell.notifications')} dir={language() === 'he' ? 'rtl' : 'ltr'} />
    </>
  );
}

/** A page that could not be shown at all: without a line, say. Trying again loads it anew. */
function Broken({ error }: { error: unknown }) {
  const { t } = useTranslation();
  const router = useRouter();
  return (
    <main className="grid min-h-[70dvh] place-items-center">
      <h1 className="sr-only">{t('common:product')}</h1>
      <Failed error={error} retry={() => void router.invalidate()} />
    </main>
  );
}

function NotFound() {
  const { t } = useTranslation();
  return (
    <main className="grid min-h-[70dvh] place-items-center">
      <div>
        <h1 className="sr-only">{t('common:notFound.title')}</h1>
        <Empty
          icon={Compass}
          title={t('common:notFound.title')}
          hint={t('common:notFound.hint')}
          action={
            <Button asChild>
              <Link to="/">{t('common:notFound.home')}</Link>
            </Button>
          }
        />
      </div>
    </main>
  );
}

/** The root of every page. */
export const rootRoute = createRootRoute({
  component: Root,
  notFoundComponent: NotFound,
  // The skeleton of index.html is still there.
  pendingComponent: () => null,
  errorComponent: Broken,
});

/** Sends those who are logged in already to where they wanted to go. */
export async function onlyGuests(next: string | undefined): Promise<void> {
  const me = await queryClient.query({ ...meQuery, staleTime: 'static' });
  if (me) throw redirect({ href: next ?? '/' });
}
