import { useQuery } from '@tanstack/react-query';
import { getRouteApi, useNavigate } from '@tanstack/react-router';
import { Undo2 } from 'lucide-react';
import { useTranslation } from 'react-i18next';

import { deferred } from '@/shared/lib/deferred';
import { formatDate } from '@/shared/lib/format';
import { Button } from '@/shared/ui/button';
import { Page } from '@/shared/ui/page';
import { Failed, Notice, SkeletonRows } from '@/shared/ui/states';
import { When } from '@/shared/ui/text';

import { leadName, leadPhone } from './api';
import { leadQuery } from './queries';
import { ContactButtons } from '@/shared/ui/contact';
import { DeleteLeadButton } from './delete-button';
import { restoreLeads } from './delete-lead';
import { LeadDetails } from './lead-details';
import { LeadStatusBadge } from './status';

const route = getRouteApi('/app/leads/$id');

// Below what people come for first.
const Timeline = deferred(async () => (await import('./timeline')).Timeline);

/** Everything about one lead. */
export function LeadPage() {
  const { t } = useTranslation();
  const { id } = route.useParams();
  const navigate = useNavigate();
  const query = useQuery(leadQuery(id));
  const back = { to: '/leads', label: t('leads:title') };

  if (query.data === undefined) {
    return (
      <Page title={t('leads:one')} back={back}>
        {query.isError ? (
          <Failed error={query.error} retry={() => void query.refetch()} />
        ) : (
          <SkeletonRows rows={4} />
        )}
      </Page>
    );
  }
  const lead = query.data;
  const phone = leadPhone(lead);
  const name = leadName(lead) ?? t('leads:nameless');
  const deleted = Boolean(lead.deleted_at);
  return (
    <Page
      title={name}
      back={back}
      hint={
        <span className="flex flex-wrap items-center gap-2">
          <LeadStatusBadge status={lead.status} />
          {t(`leads:source.${lead.source}`)} · <When at={lead.created_at} />
        </span>
      }
      actions={
        !deleted && (
          <>
            {phone !== null && <ContactButtons phone={phone} name={name} labelled />}
            <DeleteLeadButton
              id={lead.id}
              name={name}
              labelled
              onConfirmed={() => void navigate({ to: '/leads' })}
            />
          </>
        )
      }
    >
      {deleted && (
        <Notice
          tone="warn"
          action={
            <Button size="small" variant="secondary" onClick={() => void restoreLeads({ ids: [lead.id] })}>
              <Undo2 aria-hidden />
              {t('leads:restore.action')}
            </Button>
          }
        >
          {t('leads:inTrash')}{' '}
          {lead.purge_at ? t('leads:purgeWhen', { when: formatDate(lead.purge_at) }) : null}
        </Notice>
      )}
      <div className="grid grid-cols-1 items-start gap-4 lg:grid-cols-[minmax(0,5fr)_minmax(0,6fr)]">
        <LeadDetails key={lead.id} lead={lead} />
        <Timeline id={lead.id} />
      </div>
    </Page>
  );
}
