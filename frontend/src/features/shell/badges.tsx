import { useIsFetching } from '@tanstack/react-query';
import { CloudOff, RefreshCw } from 'lucide-react';
import { useTranslation } from 'react-i18next';

import { queryClient } from '@/shared/api/query';
import { useOnline } from '@/shared/lib/hooks';
import { useLiveState } from '@/shared/live/live';

/** Says when what is on screen may be old, and how to make it new. */
export function StaleBadge() {
  const { t } = useTranslation();
  const online = useOnline();
  const live = useLiveState();
  const fetching = useIsFetching() > 0;
  return (
    <div role="status" className="contents">
      {!online ? (
        <span className="inline-flex items-center gap-1.5 rounded-full bg-warn-tint px-3 py-1 text-xs font-medium text-warn">
          <CloudOff aria-hidden className="size-4" />
          {t('common:shell.offline')}
        </span>
      ) : (
        live === 'stale' && (
          <button
            type="button"
            onClick={() => void queryClient.invalidateQueries()}
            className="inline-flex min-h-11 items-center gap-1.5 rounded-full bg-warn-tint px-3 text-xs font-medium text-warn md:min-h-8"
          >
            <RefreshCw aria-hidden className={fetching ? 'size-4 animate-spin' : 'size-4'} />
            {t('common:shell.stale')}
          </button>
        )
      )}
    </div>
  );
}
