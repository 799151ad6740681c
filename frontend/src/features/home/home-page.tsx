import {
  type InfiniteData,
  useInfiniteQuery,
  type UseInfiniteQueryResult,
  useQuery,
} from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import {
  ChevronLeft,
  PartyPopper,
  PhoneCall,
  PhoneIncoming,
  PhoneMissed,
  Plus,
  UserPlus,
  Users,
} from 'lucide-react';
import { lazy, type ReactNode, Suspense, useState } from 'react';
import { useTranslation } from 'react-i18next';

import { CallBackButtons, CallerName, CallIcon, toCallBackQuery } from '@/features/calls';
import { ContactButtons } from '@/shared/ui/contact';
import {
  DeleteLeadButton,
  LeadName,
  leadName,
  leadPhone,
  NewLeadDialog,
  newLeadsQuery,
  useHiddenLeads,
} from '@/features/leads';
import { WhatsappCard } from '@/features/whatsapp';
import { useMe } from '@/shared/api/session';
import type { Schemas } from '@/shared/api/types';
import { cn } from '@/shared/lib/cn';
import { formatLongDay, formatNumber, formatTime } from '@/shared/lib/format';
import type { CursorPage } from '@/shared/list/infinite';
import { useNow } from '@/shared/lib/hooks';
import { Avatar } from '@/shared/ui/avatar';
import { Button } from '@/shared/ui/button';
import { Section } from '@/shared/ui/card';
import { Page } from '@/shared/ui/page';
import { Empty, Failed, Skeleton, SkeletonRows } from '@/shared/ui/states';
import { When } from '@/shared/ui/text';

import { summaryQuery } from './queries';

const CallsChart = lazy(async () => ({ default: (await import('./chart')).CallsChart }));

type Summary = Schemas['Summary'];

function useGreeting(now: number): string {
  const { t } = useTranslation();
  // The business's hour, as every other time on screen.
  const hour = Number(formatTime(now).slice(0, 2));
  const part =
    hour < 5 ? 'night' : hour < 12 ? 'morning' : hour < 17 ? 'noon' : hour < 21 ? 'evening' : 'night';
  return t(`home:greeting.${part}`, { name: useMe().name.split(' ')[0] ?? '' });
}

/** One glance: what happened today, and whom to call back. */
export function HomePage() {
  const { t } = useTranslation();
  const query = useQuery(summaryQuery());
  const [adding, setAdding] = useState(false);
  const now = useNow(60_000);
  const greeting = useGreeting(now);
  return (
    <Page
      title={greeting}
      hint={formatLongDay(now)}
      actions={
        <Button onClick={() => setAdding(true)}>
          <Plus aria-hidden />
          {t('leads:new.action')}
        </Button>
      }
    >
      {query.data ? (
        <Content summary={query.data} />
      ) : query.isError ? (
        <Failed error={query.error} retry={() => void query.refetch()} />
      ) : (
        <Loading />
      )}
      <NewLeadDialog open={adding} onClose={() => setAdding(false)} />
    </Page>
  );
}

/** Two beside each other on a phone, one with large letters, four at a desk. */
const TILES = 'grid grid-cols-[repeat(auto-fit,minmax(8.25rem,1fr))] gap-3 md:grid-cols-4';

function Loading() {
  return (
    <>
      <div className={TILES}>
        {[0, 1, 2, 3].map((tile) => (
          <Skeleton key={tile} className="h-24" />
        ))}
      </div>
      <SkeletonRows rows={3} />
    </>
  );
}

function Content({ summary }: { summary: Summary }) {
  const { t } = useTranslation();
  const { today } = summary;
  return (
    <>
      <ul aria-label={t('home:today')} className={TILES}>
        <Tile
          icon={<PhoneCall aria-hidden />}
          label={t('home:calls')}
          value={today.calls}
          tone="bg-tint text-on-tint"
          to="/calls"
        />
        <Tile
          icon={<PhoneIncoming aria-hidden />}
          label={t('home:answered')}
          value={today.calls - today.missed}
          tone="bg-good-tint text-good"
          to="/calls"
          show="answered"
        />
        <Tile
          icon={<PhoneMissed aria-hidden />}
          label={t('home:missed')}
          value={today.missed}
          tone="bg-bad-tint text-bad"
          to="/calls"
          show="missed"
        />
        <Tile
          icon={<UserPlus aria-hidden />}
          label={t('home:newLeads')}
          value={today.leads}
          tone="bg-warn-tint text-warn"
          to="/leads"
        />
      </ul>
      <div className="grid grid-cols-1 items-start gap-4 md:gap-5 lg:grid-cols-[minmax(0,3fr)_minmax(0,2fr)]">
        <div className="flex flex-col gap-4 md:gap-5">
          <Missed count={summary.to_call_back} />
          <Section title={t('home:chart.title')}>
            <Suspense fallback={<Skeleton className="h-44" />}>
              <CallsChart days={summary.days} />
            </Suspense>
          </Section>
        </div>
        <div className="flex flex-col gap-4 md:gap-5">
          <WhatsappCard />
          <NewLeads />
        </div>
      </div>
    </>
  );
}

interface TileProps {
  icon: ReactNode;
  label: string;
  value: number;
  tone: string;
  to: '/calls' | '/leads';
  show?: 'missed' | 'answered';
}

function Tile({ icon, label, value, tone, to, show }: TileProps) {
  return (
    <li>
      <Link
        to={to}
        search={show === undefined ? {} : { show }}
        className="flex h-full items-center gap-3 rounded-2xl border bg-card p-3.5 shadow-xs transition-colors hover:bg-hover md:p-4"
      >
        <span className={cn('grid size-11 shrink-0 place-items-center rounded-xl [&_svg]:size-5.5', tone)}>
          {icon}
        </span>
        <span className="min-w-0">
          <span className="block text-2xl leading-tight font-bold tabular-nums">{formatNumber(value)}</span>
          <span className="block truncate text-sm text-muted">{label}</span>
        </span>
      </Link>
    </li>
  );
}

function More({ to, children }: { to: '/calls' | '/leads'; children: string }) {
  return (
    <Link
      to={to}
      search={to === '/calls' ? { show: 'missed' } : {}}
      className="-my-2 -me-2 inline-flex min-h-11 shrink-0 items-center gap-0.5 rounded-xl px-2 text-sm font-medium text-on-tint hover:bg-tint"
    >
      {children}
      <ChevronLeft aria-hidden className="size-4 ltr:rotate-180" />
    </Link>
  );
}

/** A row whose buttons stand below its text where they have no room beside it: a number is not cut. */
const ROW = 'relative flex flex-wrap items-center gap-x-3 gap-y-1 py-2.5';
const TEXT = 'min-w-0 flex-1 basis-32';
const NAME =
  "line-clamp-2 font-medium wrap-anywhere after:absolute after:inset-0 after:content-[''] hover:underline [&_bdi]:whitespace-normal";

function Missed({ count }: { count: number }) {
  const { t } = useTranslation();
  const query = useInfiniteQuery(toCallBackQuery());
  return (
    <Section
      title={t('home:toReturn')}
      hint={count === 0 ? undefined : t('home:toReturnHint', { count })}
      action={<More to="/calls">{t('home:all')}</More>}
    >
      <Short
        query={query}
        empty={<Empty icon={PartyPopper} title={t('home:nothingToReturn')} className="py-6!" />}
      >
        {(calls) => (
          <ul className="-my-2 flex flex-col divide-y">
            {calls.map((call) => (
              <li key={call.call_sid} className={ROW}>
                <CallIcon call={call} />
                <div className={TEXT}>
                  <Link to="/calls/$callSid" params={{ callSid: call.call_sid }} className={NAME}>
                    <CallerName call={call} />
                  </Link>
                  <When at={call.started_at} className="block text-sm text-muted" />
                </div>
                <span className="relative z-10 ms-auto">
                  <CallBackButtons call={call} compact />
                </span>
              </li>
            ))}
          </ul>
        )}
      </Short>
    </Section>
  );
}

function NewLeads() {
  const { t } = useTranslation();
  const query = useInfiniteQuery(newLeadsQuery());
  const hidden = useHiddenLeads();
  return (
    <Section title={t('home:newLeads')} action={<More to="/leads">{t('home:all')}</More>}>
      <Short
        query={query}
        keep={(lead) => !hidden.has(lead.id)}
        empty={<Empty icon={Users} title={t('home:noNewLeads')} className="py-6!" />}
      >
        {(leads) => (
          <ul className="-my-2 flex flex-col divide-y">
            {leads.map((lead) => {
              const name = leadName(lead) ?? t('leads:nameless');
              const phone = leadPhone(lead);
              return (
                <li key={lead.id} className={ROW}>
                  <Avatar name={name} />
                  <div className={TEXT}>
                    <Link to="/leads/$id" params={{ id: lead.id }} className={NAME}>
                      <LeadName lead={lead} />
                    </Link>
                    <span className="block truncate text-sm text-muted">
                      {t(`leads:source.${lead.source}`)} · <When at={lead.created_at} />
                    </span>
                  </div>
                  <span className="relative z-10 ms-auto flex items-center gap-1">
                    {phone !== null && (
                      <span className="flex gap-1.5 max-sm:[&>*:nth-child(2)]:hidden">
                        <ContactButtons phone={phone} name={name} />
                      </span>
                    )}
                    <DeleteLeadButton id={lead.id} name={name} />
                  </span>
                </li>
              );
            })}
          </ul>
        )}
      </Short>
    </Section>
  );
}

interface ShortProps<T> {
  query: UseInfiniteQueryResult<InfiniteData<CursorPage<T>>>;
  /** Leaves rows out that are on their way into the trash. */
  keep?: (row: T) => boolean;
  empty: ReactNode;
  children: (rows: T[]) => ReactNode;
}

/** The beginning of a list. */
function Short<T>({ query, keep, empty, children }: ShortProps<T>) {
  if (query.data === undefined) {
    return query.isError ? (
      <Failed error={query.error} retry={() => void query.refetch()} className="py-4!" />
    ) : (
      <SkeletonRows rows={3} />
    );
  }
  const all = query.data.pages.flatMap((page) => page.items);
  const rows = keep ? all.filter(keep) : all;
  return rows.length === 0 ? empty : children(rows);
}
