import { useQuery } from '@tanstack/react-query';
import { announce, toast } from '@/shared/ui/toast';
import { Monitor, Smartphone } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { sentence } from '@/shared/api/problem';
import { useMe } from '@/shared/api/session';
import type { Schemas } from '@/shared/api/types';
import { deferred } from '@/shared/lib/deferred';
import { Badge } from '@/shared/ui/badge';
import { Button } from '@/shared/ui/button';
import { Section } from '@/shared/ui/card';
import { Facts } from '@/shared/ui/facts';
import { Page } from '@/shared/ui/page';
import { Failed, SkeletonRows } from '@/shared/ui/states';
import { Ltr, Typed, When } from '@/shared/ui/text';

import { endSession } from './api';
import { MyCalls } from './my-calls';
import { sessionsQuery } from './queries';

const PasswordForm = deferred(async () => (await import('./password-form')).PasswordForm);

/** Who I am here, my password, and where I am logged in. */
export function AccountPage() {
  const { t } = useTranslation();
  const me = useMe();
  return (
    <Page
      title={t('settings:account.title')}
      back={{ to: '/settings', label: t('settings:title') }}
      width="narrow"
    >
      <Section title={t('settings:account.me')}>
        <Facts
          facts={[
            [t('people:columns.name'), <Typed key="name">{me.name}</Typed>],
            [t('people:columns.email'), <Ltr key="email">{me.email}</Ltr>],
            [t('people:columns.role'), t(`common:roles.${me.role}`)],
            [t('people:columns.business'), me.business ? <Typed>{me.business.name}</Typed> : null],
          ]}
        />
      </Section>
      <MyCalls />
      <PasswordForm />
      <Sessions />
    </Page>
  );
}

/** The browser and system that a session's user agent names, in words that people know. */
export function deviceName(agent: string | null | undefined): string {
  if (!agent) return '';
  const browser = agent.includes('Edg/')
    ? 'Edge'
    : agent.includes('Firefox/')
      ? 'Firefox'
      : /Chrome\/|CriOS\//.test(agent)
        ? 'Chrome'
        : agent.includes('Safari/')
          ? 'Safari'
          : '';
  const system = /iPhone|iPad/.test(agent)
    ? 'iPhone'
    : agent.includes('Android')
      ? 'Android'
      : agent.includes('Windows')
        ? 'Windows'
        : agent.includes('Mac OS X')
          ? 'Mac'
          : agent.includes('Linux')
            ? 'Linux'
            : '';
  return [browser, system].filter((part) => part !== '').join(' · ');
}

function Sessions() {
  const { t } = useTranslation();
  const query = useQuery(sessionsQuery);
  return (
    <Section title={t('settings:sessions.title')} hint={t('settings:sessions.hint')}>
      {query.data ? (
        <ul className="-my-2 flex flex-col divide-y">
          {query.data.items.map((session) => (
            <SessionRow key={session.id} session={session} />
          ))}
        </ul>
      ) : query.isError ? (
        <Failed error={query.error} retry={() => void query.refetch()} />
      ) : (
        <SkeletonRows rows={2} />
      )}
    </Section>
  );
}

function SessionRow({ session }: { session: Schemas['SessionItem'] }) {
  const { t } = useTranslation();
  const [busy, setBusy] = useState(false);
  const name = deviceName(session.user_agent);
  const shown = name === '' ? t('settings:sessions.unknown') : name;
  const Icon = /iPhone|Android/.test(name) ? Smartphone : Monitor;
  const end = async () => {
    setBusy(true);
    try {
      await endSession(session.id);
      announce(t('settings:sessions.ended'));
    } catch (error) {
      toast.error(t('settings:sessions.failed'), { description: sentence(error, t) });
    } finally {
      setBusy(false);
    }
  };
  return (
    <li className="flex items-center gap-3 py-3">
      <Icon aria-hidden className="size-5 shrink-0 text-muted" />
      <div className="min-w-0 grow">
        <p className="font-medium">{name === '' ? shown : <Ltr>{name}</Ltr>}</p>
        <p className="text-sm text-muted">
          {t('settings:sessions.seen')} <When at={session.last_seen_at} />
          {session.ip && (
            <>
              {' · '}
              <Ltr>{session.ip}</Ltr>
            </>
          )}
        </p>
      </div>
      {session.current ? (
        <Badge tone="good">{t('settings:sessions.current')}</Badge>
      ) : (
        <Button
          variant="quietDanger"
          size="small"
          busy={busy}
          aria-label={t('settings:sessions.endLabel', { name: shown })}
          onClick={() => void end()}
        >
          {t('settings:sessions.end')}
        </Button>
      )}
    </li>
  );
}
