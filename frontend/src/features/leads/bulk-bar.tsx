import { Trash2, Undo2, X } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { formatNumber } from '@/shared/lib/format';
import { Button, IconButton } from '@/shared/ui/button';
import { ConfirmDialog } from '@/shared/ui/dialog';

import type { Lead, LeadFilter } from './queries';
import { deleteLeads, restoreLeads, type Target } from './delete-lead';

interface BulkBarProps {
  /** The leads in sight. */
  rows: readonly Lead[];
  filter: LeadFilter;
  selected: ReadonlySet<string>;
  /** Nothing matches beyond the leads in sight. */
  complete: boolean;
  /** In the trash: bring back rather than delete. */
  restore?: boolean;
  onDone: () => void;
}

/** What can be done with the leads that are ticked, or with all that match. */
export function BulkBar({ rows, filter, selected, complete, restore = false, onDone }: BulkBarProps) {
  const { t } = useTranslation();
  const [everything, setEverything] = useState(false);
  const [asking, setAsking] = useState(false);
  const ids = rows.map((row) => row.id).filter((id) => selected.has(id));
  if (ids.length === 0) return null;
  const all = ids.length === rows.length && !complete;
  const matching = all && everything;
  const { sort: _sort, order: _order, limit: _limit, ...narrowed } = filter;
  const target: Target = matching ? { ids, filter: narrowed } : { ids };
  const act = () => {
    setAsking(false);
    onDone();
    void (restore ? restoreLeads(target) : deleteLeads(target));
  };
  return (
    <section
      aria-label={t('common:list.bulk')}
      className="sticky bottom-[calc(4.75rem+env(safe-area-inset-bottom))] z-20 mx-auto flex w-full max-w-xl animate-rise flex-wrap items-center gap-2 rounded-2xl border bg-raised p-2 ps-4 shadow-xl md:bottom-4"
    >
      <p className="grow text-sm font-medium" role="status">
        {matching
          ? t('common:list.allMatching')
          : t('common:list.selected', { count: ids.length, formatted: formatNumber(ids.length) })}
      </p>
      {all && (
        <Button variant="ghost" size="small" onClick={() => setEverything(!everything)}>
          {t(everything ? 'common:list.onlyThese' : 'common:list.selectMatching')}
        </Button>
      )}
      {restore ? (
        <Button size="small" onClick={act}>
          <Undo2 aria-hidden />
          {t('leads:restore.action')}
        </Button>
      ) : (
        <Button variant="danger" size="small" onClick={() => setAsking(true)}>
          <Trash2 aria-hidden />
          {t('leads:delete.action')}
        </Button>
      )}
      <IconButton label={t('common:list.stopSelecting')} onClick={onDone}>
        <X aria-hidden />
      </IconButton>
      <ConfirmDialog
        open={asking}
        onClose={() => setAsking(false)}
        onConfirm={act}
        title={ids.length === 1 && !matching ? t('leads:delete.confirm') : t('leads:delete.confirmMany')}
        description={
          matching ? t('leads:delete.explainMatching') : t('leads:delete.explainMany', { count: ids.length })
        }
        confirm={t('leads:delete.action')}
        danger
      />
    </section>
  );
}
