import { useQuery } from '@tanstack/react-query';
import { toast } from '@/shared/ui/toast';
import { Link, Outlet, useNavigate, useRouterState } from '@tanstack/react-router';
import { ArrowRight, Ellipsis, LogOut } from 'lucide-react';
import { type ReactNode, useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';

import { logout } from '@/features/auth';
import { settingsQuery } from '@/features/settings';
import { loginNeeded } from '@/shared/api/gate';
import { loadWords } from '@/shared/i18n';
import { deferred } from '@/shared/lib/deferred';
import { useStore } from '@/shared/lib/store';
import { sentence } from '@/shared/api/problem';
import { useScope } from '@/shared/api/scope';
import { useBusinessId, useMe } from '@/shared/api/session';
import { cn } from '@/shared/lib/cn';
import { useWide } from '@/shared/lib/hooks';
import { startLive } from '@/shared/live/live';
import { Avatar } from '@/shared/ui/avatar';
import { Button, IconButton } from '@/shared/ui/button';
import { Dialog } from '@/shared/ui/dialog';
import { Logo } from '@/shared/ui/logo';
import { Typed } from '@/shared/ui/text';

import { StaleBadge } from './badges';
import { type Place, places } from './nav';

const LoginAgain = deferred(async () => {
  const [{ LoginAgain: Loaded }] = await Promise.all([
    import('@/features/auth/login-again'),
    loadWords('auth'),
  ]);
  return Loaded;
});

/** Everything around a page: where to go, whether it is fresh, who is logged in. */
export function Shell() {
  const { t } = useTranslation();
  const wide = useWide();
  const needsLogin = useStore(loginNeeded);
  const scope = useScope();
  const main = useRef<HTMLElement>(null);
  const path = useRouterState({ select: (state) => state.location.pathname });
  useEffect(() => startLive(), []);

  // A new page starts where reading starts, for eyes and screen readers.
  const first = useRef(true);
  useEffect(() => {
    if (!first.current) main.current?.focus({ preventScroll: true });
    first.current = false;
  }, [path]);

  return (
    <div className="md:flex">
      <a
        href="#main"
        className="fixed start-2 top-2 z-50 -translate-y-20 rounded-xl bg-primary px-4 py-3 font-medium text-on-primary focus:translate-y-0"
      >
        {t('common:shell.skip')}
      </a>
      {wide ? <Sidebar /> : <TopBar />}
      <div className="flex min-w-0 grow flex-col max-md:pb-[calc(5rem+env(safe-area-inset-bottom))]">
        <ScopeBanner />
        <main id="main" ref={main} tabIndex={-1} className="grow outline-none">
          <Outlet key={scope ?? 'own'} />
        </main>
      </div>
      {!wide && <TabBar />}
      {needsLogin && <LoginAgain />}
    </div>
  );
}

function usePlaces() {
  return places(useMe().role, useBusinessId());
}

function useLogout(): () => void {
  const { t } = useTranslation();
  const navigate = useNavigate();
  return () => {
    logout().then(
      () => void navigate({ to: '/login' }),
      (error: unknown) => toast.error(t('common:shell.logoutFailed'), { description: sentence(error, t) }),
    );
  };
}

function PlaceLink({
  place,
  className,
  children,
  onClick,
}: {
  place: Place;
  className: string;
  children: ReactNode;
  onClick?: () => void;
}) {
  return (
    <Link
      to={place.to}
      activeOptions={{ exact: place.to === '/', includeSearch: false }}
      className={className}
      {...(onClick ? { onClick } : {})}
    >
      {children}
    </Link>
  );
}

function Sidebar() {
  const { t } = useTranslation();
  const me = useMe();
  const { main, more } = usePlaces();
  const leave = useLogout();
  return (
    <aside className="sticky top-0 flex h-dvh w-64 shrink-0 flex-col gap-4 border-e bg-card px-3 py-5">
      <div className="flex items-center gap-2.5 px-3">
        <Logo className="size-9" />
        <span className="text-lg font-bold">{t('common:product')}</span>
      </div>
      <StaleBadge />
      {/* The room below it is where messages show. */}
      <nav aria-label={t('common:shell.nav')} className="mb-26 flex grow flex-col gap-1 overflow-y-auto">
        {[...main, ...more].map((place, index) => (
          <PlaceLink
            key={place.to}
            place={place}
            className={cn(
              'flex min-h-11 items-center gap-3 rounded-xl px-3 text-sm font-medium text-muted transition-colors hover:bg-hover hover:text-ink aria-[current=page]:bg-tint aria-[current=page]:text-on-tint',
              index === main.length && 'mt-3',
            )}
          >
            <place.icon aria-hidden className="size-5" />
            {t(`common:nav.${place.label}`)}
          </PlaceLink>
        ))}
      </nav>
      <div className="flex items-center gap-2 border-t pt-4">
        <Avatar name={me.name} className="size-10!" />
        <div className="min-w-0 grow">
          <p className="truncate text-sm font-medium">
            <Typed>{me.name}</Typed>
          </p>
          <p className="truncate text-xs text-muted">
            {me.business ? <Typed>{me.business.name}</Typed> : t(`common:roles.${me.role}`)}
          </p>
        </div>
        <IconButton label={t('common:shell.logout')} onClick={leave}>
          <LogOut aria-hidden />
        </IconButton>
      </div>
    </aside>
  );
}

function TopBar() {
  const { t } = useTranslation();
  const me = useMe();
  return (
    <header className="sticky top-0 z-30 flex min-h-14 items-center gap-2.5 border-b bg-card/95 px-4 pt-[env(safe-area-inset-top)] backdrop-blur">
      <Logo className="size-8" />
      <span className="min-w-0 grow truncate font-semibold">
        {me.business ? <Typed>{me.business.name}</Typed> : t('common:product')}
      </span>
      <StaleBadge />
    </header>
  );
}

const TAB =
  'flex min-h-16 flex-1 flex-col items-center justify-center gap-1 text-xs font-medium text-muted transition-colors aria-[current=page]:text-on-tint [&>svg]:size-6 [&>span]:max-w-full [&>span]:truncate aria-[current=page]:[&>svg]:stroke-[2.4]';

function TabBar() {
  const { t } = useTranslation();
  const { main, more } = usePlaces();
  const [open, setOpen] = useState(false);
  const path = useRouterState({ select: (state) => state.location.pathname });
  const leave = useLogout();
  const me = useMe();
  const inMore = more.some((place) => path.startsWith(place.to));
  return (
    <>
      <nav
        aria-label={t('common:shell.nav')}
        className="fixed inset-x-0 bottom-0 z-30 flex border-t bg-card/95 pb-[env(safe-area-inset-bottom)] backdrop-blur"
      >
        {main.map((place) => (
          <PlaceLink key={place.to} place={place} className={TAB}>
            <place.icon aria-hidden />
            <span>{t(`common:nav.${place.label}`)}</span>
          </PlaceLink>
        ))}
        <button
          type="button"
          onClick={() => setOpen(true)}
          aria-haspopup="dialog"
          aria-expanded={open}
          className={cn(TAB, inMore && 'text-on-tint')}
        >
          <Ellipsis aria-hidden />
          <span>{t('common:nav.more')}</span>
        </button>
      </nav>
      <Dialog
        open={open}
        onClose={() => setOpen(false)}
        title={me.name}
        description={
          me.business ? `${t(`common:roles.${me.role}`)} · ${me.business.name}` : t(`common:roles.${me.role}`)
        }
      >
        <ul className="flex flex-col gap-1 pb-3">
          {more.map((place) => (
            <li key={place.to}>
              <PlaceLink
                place={place}
                onClick={() => setOpen(false)}
                className="flex min-h-13 items-center gap-4 rounded-xl px-3 font-medium hover:bg-hover aria-[current=page]:bg-tint aria-[current=page]:text-on-tint"
              >
                <place.icon aria-hidden className="size-5.5" />
                {t(`common:nav.${place.label}`)}
              </PlaceLink>
            </li>
          ))}
          <li className="mt-1 border-t pt-1">
            <Button
              variant="ghost"
              className="min-h-13! w-full justify-start! gap-4! px-3! text-base!"
              onClick={() => {
                setOpen(false);
                leave();
              }}
            >
              <LogOut aria-hidden />
              {t('common:shell.logout')}
            </Button>
          </li>
        </ul>
      </Dialog>
    </>
  );
}

/** Reminds a system admin whose business is on screen. */
function ScopeBanner() {
  const { t } = useTranslation();
  const scope = useScope();
  const me = useMe();
  const business = me.role === 'system_admin' ? scope : null;
  const query = useQuery({ ...settingsQuery(business ?? ''), enabled: business !== null });
  if (business === null) return null;
  return (
    <div
      role="status"
      className="flex flex-wrap items-center gap-x-3 gap-y-1 bg-warn-tint px-4 py-1.5 text-sm text-warn md:px-8"
    >
      <p className="grow">
        {t('common:shell.viewing')} <strong>{query.data ? <Typed>{query.data.name}</Typed> : '…'}</strong>
      </p>
      <Button asChild variant="ghost" size="small" className="text-warn! hover:bg-warn/10!">
        <Link to="/admin/businesses" search={{ business: undefined }}>
          <ArrowRight aria-hidden className="ltr:rotate-180" />
          {t('common:shell.leaveBusiness')}
        </Link>
      </Button>
    </div>
  );
}
