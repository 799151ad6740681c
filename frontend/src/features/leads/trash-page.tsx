import { useInfiniteQuery } from '@tanstack/react-query';
import { Trash2, Undo2 } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { useTables } from '@/shared/lib/hooks';
import { DataList } from '@/shared/list/data-list';
import { Infinite } from '@/shared/list/infinite';
import { Button, IconButton } from '@/shared/ui/button';
import { Page } from '@/shared/ui/page';
import { Empty } from '@/shared/ui/states';

import { leadName } from './api';
import { DELETED, type Lead, leadsQuery } from './queries';
import { BulkBar } from './bulk-bar';
import { useLeadColumns } from './columns';
import { restoreLeads } from './delete-lead';
import { useHidden } from './hidden';

const NOTHING: ReadonlySet<string> = new Set();

/** Deleted leads, until they are gone for good. */
export function TrashPage() {
  const { t } = useTranslation();
  const hidden = useHidden();
  const tables = useTables();
  const columns = useLeadColumns(true);
  const query = useInfiniteQuery(leadsQuery(DELETED));
  const [selected, setSelected] = useState(NOTHING);
  const name = (lead: Lead) => leadName(lead) ?? t('leads:nameless');
  return (
    <Page
      title={t('leads:trash.title')}
      hint={t('leads:trash.hint')}
      back={{ to: '/leads', label: t('leads:title') }}
    >
      <Infinite
        query={query}
        keep={(lead) => !hidden.has(lead.id)}
        empty={<Empty icon={Trash2} title={t('leads:trash.empty')} hint={t('leads:trash.emptyHint')} />}
      >
        {(rows) => (
          <>
            <DataList
              label={t('leads:trash.title')}
              columns={columns}
              rows={rows}
              rowKey={(lead) => lead.id}
              rowLabel={name}
              selection={{ selected, onChange: setSelected }}
              actions={(lead) =>
                tables ? (
                  <Button
                    variant="secondary"
                    size="small"
                    aria-label={t('leads:restore.label', { name: name(lead) })}
                    onClick={() => void restoreLeads({ ids: [lead.id] })}
                  >
                    <Undo2 aria-hidden />
                    {t('leads:restore.action')}
                  </Button>
                ) : (
                  <IconButton
                    label={t('leads:restore.label', { name: name(lead) })}
                    onClick={() => void restoreLeads({ ids: [lead.id] })}
                  >
                    <Undo2 aria-hidden />
                  </IconButton>
                )
              }
            />
            <BulkBar
              rows={rows}
              filter={DELETED}
              selected={selected}
              complete={!query.hasNextPage}
              restore
              onDone={() => setSelected(NOTHING)}
            />
          </>
        )}
      </Infinite>
    </Page>
  );
}
