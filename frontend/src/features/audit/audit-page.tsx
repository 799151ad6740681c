import { useInfiniteQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { ScrollText, X } from 'lucide-react';
import { type ReactNode, useState } from 'react';
import { useTranslation } from 'react-i18next';

import { useBusinessId } from '@/shared/api/session';
import { useActionName } from '@/shared/i18n/actions';
import { words } from '@/shared/i18n/words';
import { type Column, DataList } from '@/shared/list/data-list';
import { Infinite } from '@/shared/list/infinite';
import { formatExact } from '@/shared/lib/format';
import { Button } from '@/shared/ui/button';
import { Dialog } from '@/shared/ui/dialog';
import { Facts } from '@/shared/ui/facts';
import { Field, Input, Select } from '@/shared/ui/field';
import { Page } from '@/shared/ui/page';
import { SearchField } from '@/shared/ui/search-field';
import { Empty } from '@/shared/ui/states';
import { Ltr, Typed } from '@/shared/ui/text';

import { auditFilter, type AuditRecord, auditQuery } from './queries';
import type { AuditSearch } from './search';

const all = getRouteApi('/app/admin/audit');
const own = getRouteApi('/app/audit');

const named = (verbs: Record<string, string[]>) =>
  Object.entries(verbs).flatMap(([kind, of]) => of.map((verb) => `${kind}.${verb}`));

/** What can be searched for: by kind of thing, what was done with it. */
const ACTIONS = named({
  lead: ['create', 'update', 'delete', 'restore', 'delete_many', 'restore_many', 'purge'],
  call: ['mark_called_back'],
  user: ['create', 'update', 'delete', 'restore'],
  invitation: ['create', 'accept', 'withdraw'],
  session: ['begin', 'end', 'end_all'],
  password: ['change', 'reset'],
  whatsapp: ['connected', 'unlinked', 'logged_out'],
  business: ['configure', 'create', 'set_numbers', 'set_active'],
});

/** What only operators do, and so only they find. */
const OPERATORS = named({
  dead_letter: ['reveal', 'discard'],
  replay: ['start', 'cancel'],
  worker: ['pause', 'resume'],
});

/** Audit search over all businesses. */
export function AdminAuditPage() {
  const navigate = all.useNavigate();
  return (
    <Audit
      businessId={null}
      search={all.useSearch()}
      onChange={(next) => void navigate({ search: (before) => ({ ...before, ...next }), replace: true })}
    />
  );
}

/** Audit search of the own business. */
export function BusinessAuditPage() {
  const navigate = own.useNavigate();
  const business = useBusinessId();
  const search = own.useSearch();
  if (business === null) return null;
  return (
    <Audit
      businessId={business}
      search={search}
      onChange={(next) => void navigate({ search: (before) => ({ ...before, ...next }), replace: true })}
    />
  );
}

interface AuditProps {
  businessId: string | null;
  search: AuditSearch;
  onChange: (next: Partial<AuditSearch>) => void;
}

function Audit({ businessId, search, onChange }: AuditProps) {
  const { t } = useTranslation();
  const name = useActionName();
  const [shown, setShown] = useState<AuditRecord | null>(null);
  const query = useInfiniteQuery(auditQuery(businessId, auditFilter(search)));
  const entity = useEntityName();
  const actor = useActorName();
  const filtered = search.action ?? search.actor ?? search.entity ?? search.from ?? search.to;
  // From one record to all of the same person, or of the same thing.
  const follow = (next: Partial<AuditSearch>) => {
    setShown(null);
    onChange({
      action: undefined,
      actor: undefined,
      entity: undefined,
      from: undefined,
      to: undefined,
      ...next,
    });
  };
  const columns: Column<AuditRecord>[] = [
    { id: 'action', header: t('audit:columns.action'), card: 'title', cell: (record) => name(record.action) },
    {
      id: 'actor',
      header: t('audit:columns.actor'),
      card: 'line',
      cell: (record) => <Typed>{actor(record)}</Typed>,
    },
    {
      id: 'entity',
      header: t('audit:columns.entity'),
      card: 'none',
      className: 'max-w-52 truncate',
      cell: (record) => entity(record),
    },
    {
      id: 'at',
      header: t('audit:columns.at'),
      card: 'meta',
      cell: (record) => <Ltr>{formatExact(record.at)}</Ltr>,
    },
    {
      id: 'ip',
      header: t('audit:columns.ip'),
      card: 'none',
      className: 'max-xl:hidden',
      cell: (record) => (record.ip ? <Ltr>{record.ip}</Ltr> : null),
    },
  ];
  return (
    <Page title={t('audit:title')} hint={t('audit:hint')}>
      <div className="flex flex-wrap items-end gap-2">
        <Field label={t('audit:columns.action')} className="flex-auto">
          <Select
            value={search.action ?? ''}
            onChange={(event) =>
              onChange({ action: event.target.value === '' ? undefined : event.target.value })
            }
          >
            <option value="">{t('audit:allActions')}</option>
            {[...ACTIONS, ...(businessId === null ? OPERATORS : [])].map((action) => (
              <option key={action} value={action}>
                {name(action)}
              </option>
            ))}
          </Select>
        </Field>
        <div className="flex-auto max-sm:basis-full">
          <SearchField
            value={search.entity ?? ''}
            label={t('audit:searchEntity')}
            onChange={(entity) => onChange({ entity: entity === '' ? undefined : entity })}
          />
        </div>
        <div className="flex flex-auto flex-wrap gap-2">
          <Field label={t('audit:from')} className="flex-1 basis-40">
            <Input
              type="date"
              dir="ltr"
              value={search.from ?? ''}
              onChange={(event) =>
                onChange({ from: event.target.value === '' ? undefined : event.target.value })
              }
            />
          </Field>
          <Field label={t('audit:to')} className="flex-1 basis-40">
            <Input
              type="date"
              dir="ltr"
              value={search.to ?? ''}
              onChange={(event) =>
                onChange({ to: event.target.value === '' ? undefined : event.target.value })
              }
            />
          </Field>
        </div>
      </div>
      {filtered !== undefined && (
        <Button variant="ghost" className="self-start" onClick={() => follow({})}>
          <X aria-hidden />
          {t('common:list.clearFilters')}
        </Button>
      )}
      <Infinite query={query} empty={<Empty icon={ScrollText} title={t('audit:empty')} />}>
        {(rows) => (
          <DataList
            label={t('audit:title')}
            columns={columns}
            rows={rows}
            rowKey={(record) => record.id}
            rowLabel={(record) => name(record.action)}
            actions={(record) => (
              <Button
                variant="ghost"
                size="small"
                aria-label={t('audit:showLabel', {
                  action: name(record.action),
                  when: formatExact(record.at),
                })}
                onClick={() => setShown(record)}
              >
                {t('audit:show')}
              </Button>
            )}
          />
        )}
      </Infinite>
      {shown && (
        <Dialog
          open
          onClose={() => setShown(null)}
          title={name(shown.action)}
          description={t('audit:detail', { name: actor(shown) })}
          size="large"
          footer={
            <>
              <Button variant="secondary" onClick={() => follow({ entity: shown.entity_id })}>
                {t('audit:sameThing')}
              </Button>
              {shown.actor_id !== null && (
                <Button variant="secondary" onClick={() => follow({ actor: shown.actor_id ?? undefined })}>
                  {t('audit:samePerson', { name: shown.actor_name })}
                </Button>
              )}
            </>
          }
        >
          <div className="flex flex-col gap-4">
            <Facts
              facts={[
                [t('audit:columns.at'), <Ltr key="at">{formatExact(shown.at)}</Ltr>],
                [t('audit:columns.ip'), shown.ip ? <Ltr>{shown.ip}</Ltr> : null],
                [
                  t('audit:columns.entity'),
                  <Ltr
                    key="entity"
                    className="text-xs whitespace-normal!"
                  >{`${shown.entity_type} ${shown.entity_id}`}</Ltr>,
                ],
                [
                  t('audit:request'),
                  shown.request_id ? (
                    <Ltr className="text-xs whitespace-normal!">{shown.request_id}</Ltr>
                  ) : null,
                ],
              ]}
            />
            <State title={t('audit:before')} value={shown.before} />
            <State title={t('audit:after')} value={shown.after} />
          </div>
        </Dialog>
      )}
    </Page>
  );
}

/** Who it was; parts of the system have names of their own in the record. */
function useActorName(): (record: AuditRecord) => string {
  const { t } = useTranslation();
  return ({ actor_id, actor_name }) =>
    actor_id === null ? words(t, `audit:actors.${actor_name}`, actor_name) : actor_name;
}

/** What a record is about, in words: its kind, and its name where the record holds one. */
function useEntityName(): (record: AuditRecord) => ReactNode {
  const { t } = useTranslation();
  return (record) => {
    const kind = words(t, `audit:entities.${record.entity_type}`, record.entity_type);
    const named = [record.after, record.before]
      .flatMap((state) => [state?.['name'], state?.['email']])
      .find((value) => typeof value === 'string' && value !== '');
    return (
      <>
        {kind}
        {typeof named === 'string' && (
          <>
            {': '}
            <Typed>{named}</Typed>
          </>
        )}
      </>
    );
  };
}

function State({ title, value }: { title: string; value: unknown }) {
  if (value === null || value === undefined) return null;
  return (
    <section>
      <h3 className="mb-1 text-sm font-medium">{title}</h3>
      <pre
        // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls must be reachable by keyboard
        tabIndex={0}
        role="region"
        aria-label={title}
        dir="ltr"
        className="max-h-60 overflow-auto rounded-xl bg-hover p-3 text-start text-xs"
      >
        {JSON.stringify(value, null, 2)}
      </pre>
    </section>
  );
}
