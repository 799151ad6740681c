import { useInfiniteQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { ListChecks, Plus, SearchX, Trash2, Users, X } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { useTables } from '@/shared/lib/hooks';
import { DataList } from '@/shared/list/data-list';
import { Infinite } from '@/shared/list/infinite';
import { Avatar } from '@/shared/ui/avatar';
import { Button } from '@/shared/ui/button';
import { Page } from '@/shared/ui/page';
import { Empty } from '@/shared/ui/states';

import { leadName, leadPhone } from './api';
import { type Lead, leadFilter, leadsQuery } from './queries';
import { BulkBar } from './bulk-bar';
import { useLeadColumns } from './columns';
import { ContactButtons } from '@/shared/ui/contact';
import { DeleteLeadButton } from './delete-button';
import { LeadFilters } from './filters';
import { useHidden } from './hidden';
import { NewLeadDialog } from './new-lead-deferred';

const route = getRouteApi('/app/leads');
const NOTHING: ReadonlySet<string> = new Set();

/** The leads: searched, filtered, sorted, and cleared out. */
export function LeadsPage() {
  const { t } = useTranslation();
  const search = route.useSearch();
  const adding = search.new;
  const filter = leadFilter(search);
  const navigate = route.useNavigate();
  const tables = useTables();
  const hidden = useHidden();
  const columns = useLeadColumns();
  const query = useInfiniteQuery(leadsQuery(filter));
  const [selecting, setSelecting] = useState(false);
  const [selected, setSelected] = useState(NOTHING);
  const change = (next: Partial<typeof filter>) => {
    setSelected(NOTHING);
    void navigate({ search: (before) => ({ ...before, ...next }), replace: true });
  };
  const openNew = (open: boolean) =>
    void navigate({ search: (before) => ({ ...before, new: open || undefined }), replace: true });
  const filtered = filter.q ?? filter.status ?? filter.source ?? filter.tag;
  const name = (lead: Lead) => leadName(lead) ?? t('leads:nameless');

  return (
    <Page
      title={t('leads:title')}
      actions={
        <>
          {!tables && (
            <Button
              variant="ghost"
              size="icon"
              aria-label={t(selecting ? 'common:list.stopSelecting' : 'common:list.startSelecting')}
              onClick={() => {
                setSelecting(!selecting);
                setSelected(NOTHING);
              }}
            >
              {selecting ? <X aria-hidden /> : <ListChecks aria-hidden />}
            </Button>
          )}
          <Button asChild variant="ghost">
            <Link to="/leads/trash">
              <Trash2 aria-hidden />
              {t('leads:trash.link')}
            </Link>
          </Button>
          <Button onClick={() => openNew(true)} className="max-md:hidden">
            <Plus aria-hidden />
            {t('leads:new.action')}
          </Button>
        </>
      }
    >
      <LeadFilters search={filter} onChange={change} />
      <Infinite
        query={query}
        keep={(lead) => !hidden.has(lead.id)}
        empty={
          filtered === undefined ? (
            <Empty
              icon={Users}
              title={t('leads:empty')}
              hint={t('leads:emptyHint')}
              action={<Button onClick={() => openNew(true)}>{t('leads:new.action')}</Button>}
            />
          ) : (
            <Empty icon={SearchX} title={t('leads:noMatch')} hint={t('leads:noMatchHint')} />
          )
        }
      >
        {(rows) => (
          <>
            <DataList
              label={t('leads:title')}
              columns={columns}
              rows={rows}
              rowKey={(lead) => lead.id}
              rowLabel={name}
              picture={(lead) => <Avatar name={name(lead)} />}
              link={(lead, content, className) => (
                <Link to="/leads/$id" params={{ id: lead.id }} className={className}>
                  {content}
                </Link>
              )}
              actions={(lead) => {
                const phone = leadPhone(lead);
                return (
                  <>
                    {phone !== null && !selecting && <ContactButtonsOnRow phone={phone} name={name(lead)} />}
                    <DeleteLeadButton id={lead.id} name={name(lead)} />
                  </>
                );
              }}
              sorting={{
                by: filter.sort ?? 'created_at',
                order: filter.order ?? 'desc',
                onSort: (sort, order) => change({ sort, order }),
              }}
              selection={tables || selecting ? { selected, onChange: setSelected } : undefined}
            />
            <BulkBar
              rows={rows}
              filter={filter}
              selected={selected}
              complete={!query.hasNextPage}
              onDone={() => setSelected(NOTHING)}
            />
          </>
        )}
      </Infinite>
      {/* Room below the last card for the button that floats. */}
      <div aria-hidden className="h-12 md:hidden" />
      {/* On the side of the names: it must not lie over the bins of the cards below. */}
      <Button
        onClick={() => openNew(true)}
        aria-label={t('leads:new.action')}
        className="fixed start-4 bottom-[calc(5.25rem+env(safe-area-inset-bottom))] z-20 size-14! rounded-2xl! p-0! shadow-lg md:hidden"
      >
        <Plus aria-hidden className="size-7!" />
      </Button>
      <NewLeadDialog open={adding === true} onClose={() => openNew(false)} />
    </Page>
  );
}

/** A phone has room for one of the two; whatever is wider for both. */
function ContactButtonsOnRow({ phone, name }: { phone: string; name: string }) {
  return (
    <span className="flex gap-1 max-sm:[&>*:nth-child(2)]:hidden max-sm:[&>*]:bg-transparent">
      <ContactButtons phone={phone} name={name} />
    </span>
  );
}
