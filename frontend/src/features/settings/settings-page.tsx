import { Link } from '@tanstack/react-router';
import {
  Accessibility,
  ChevronLeft,
  Clock,
  Hash,
  type LucideIcon,
  Palette,
  PhoneCall,
  UserRound,
} from 'lucide-react';
import { useTranslation } from 'react-i18next';

import { useBusinessId, useCan } from '@/shared/api/session';
import { Page } from '@/shared/ui/page';

interface Entry {
  to:
    | '/settings/answering'
    | '/settings/hours'
    | '/settings/numbers'
    | '/settings/account'
    | '/settings/appearance'
    | '/accessibility';
  icon: LucideIcon;
  title: string;
  hint: string;
}

/** What can be set, in large letters. */
export function SettingsPage() {
  const { t } = useTranslation();
  const reads = useCan('readPeople');
  const business = useBusinessId();
  const entries: Entry[] = [
    ...(reads && business !== null
      ? ([
          {
            to: '/settings/answering',
            icon: PhoneCall,
            title: t('settings:answering.title'),
            hint: t('settings:answering.hint'),
          },
          {
            to: '/settings/hours',
            icon: Clock,
            title: t('settings:hours.title'),
            hint: t('settings:hours.hint'),
          },
          {
            to: '/settings/numbers',
            icon: Hash,
            title: t('settings:numbers.title'),
            hint: t('settings:numbers.hint'),
          },
        ] as const)
      : []),
    {
      to: '/settings/account',
      icon: UserRound,
      title: t('settings:account.title'),
      hint: t('settings:account.hint'),
    },
    {
      to: '/settings/appearance',
      icon: Palette,
      title: t('settings:appearance.title'),
      hint: t('settings:appearance.hint'),
    },
    {
      to: '/accessibility',
      icon: Accessibility,
      title: t('accessibility:title'),
      hint: t('accessibility:hint'),
    },
  ];
  return (
    <Page title={t('settings:title')} width="narrow">
      <ul className="flex flex-col gap-3">
        {entries.map(({ to, icon: Icon, title, hint }) => (
          <li key={to}>
            <Link
              to={to}
              className="flex items-center gap-4 rounded-2xl border bg-card p-4 shadow-xs transition-colors hover:bg-hover"
            >
              <span className="grid size-11 shrink-0 place-items-center rounded-xl bg-tint text-on-tint">
                <Icon aria-hidden className="size-5.5" />
              </span>
              <span className="min-w-0 grow">
                <span className="block font-semibold">{title}</span>
                <span className="block text-sm text-muted">{hint}</span>
              </span>
              <ChevronLeft aria-hidden className="size-5 shrink-0 text-muted ltr:rotate-180" />
            </Link>
          </li>
        ))}
      </ul>
    </Page>
  );
}
