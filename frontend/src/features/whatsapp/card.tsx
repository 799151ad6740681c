import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { ChevronLeft, MessageCircle } from 'lucide-react';
import { useTranslation } from 'react-i18next';

import { Skeleton } from '@/shared/ui/states';

import { statusQuery } from './queries';
import { WhatsappBadge } from './state';

/** WhatsApp's state at a glance, on the home page. */
export function WhatsappCard() {
  const { t } = useTranslation();
  const query = useQuery(statusQuery());
  if (query.isPending) return <Skeleton className="h-20" />;
  return (
    <Link
      to="/whatsapp"
      className="flex items-center gap-3 rounded-2xl border bg-card p-4 shadow-xs transition-colors hover:bg-hover"
    >
      <span className="grid size-11 shrink-0 place-items-center rounded-xl bg-good-tint text-good">
        <MessageCircle aria-hidden className="size-5.5" />
      </span>
      <span className="min-w-0 grow">
        <span className="block font-semibold">{t('whatsapp:title')}</span>
        <span className="block text-sm text-muted">
          {query.data ? t(`whatsapp:state.${query.data.state}.short`) : t('whatsapp:unknown')}
        </span>
      </span>
      {query.data && <WhatsappBadge state={query.data.state} />}
      <ChevronLeft aria-hidden className="size-4.5 shrink-0 text-muted ltr:rotate-180" />
    </Link>
  );
}
