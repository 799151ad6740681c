import type { InfiniteData, UseInfiniteQueryResult } from '@tanstack/react-query';
import { type ReactNode, useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';

import { sentence } from '@/shared/api/problem';
import { Button } from '@/shared/ui/button';
import { Failed, SkeletonRows } from '@/shared/ui/states';

/** One page of a list that is read by a cursor. */
export interface CursorPage<T> {
  items: T[];
  next_cursor?: string | null | undefined;
}

/** What `useInfiniteQuery` needs to follow cursors. */
export const byCursor = {
  initialPageParam: null as string | null,
  getNextPageParam: (page: CursorPage<unknown>) => page.next_cursor ?? null,
};

interface InfiniteProps<T> {
  query: UseInfiniteQueryResult<InfiniteData<CursorPage<T>>>;
  /** Leaves rows out that are on their way into the trash. */
  keep?: (row: T) => boolean;
  empty: ReactNode;
  children: (rows: T[]) => ReactNode;
}

/** A list that loads further pages as they come into view, with all its states. */
export function Infinite<T>({ query, keep, empty, children }: InfiniteProps<T>) {
  const { t } = useTranslation();
  if (query.isPending) return <SkeletonRows />;
  if (query.data === undefined) return <Failed error={query.error} retry={() => void query.refetch()} />;
  const all = query.data.pages.flatMap((page) => page.items);
  const rows = keep ? all.filter(keep) : all;
  return (
    <>
      {rows.length === 0 && !query.hasNextPage ? empty : children(rows)}
      {query.isFetchNextPageError && (
        <p role="alert" className="text-center text-sm text-bad">
          {sentence(query.error, t)}
        </p>
      )}
      {query.hasNextPage && (
        <More
          busy={query.isFetchingNextPage}
          paused={query.isFetchNextPageError}
          onMore={() => void query.fetchNextPage()}
        >
          {t('common:list.more')}
        </More>
      )}
    </>
  );
}

function More({
  busy,
  paused,
  onMore,
  children,
}: {
  busy: boolean;
  paused: boolean;
  onMore: () => void;
  children: string;
}) {
  const marker = useRef<HTMLDivElement>(null);
  const more = useRef(onMore);
  useEffect(() => {
    more.current = onMore;
  });
  useEffect(() => {
    const element = marker.current;
    if (!element || busy || paused) return;
    const observer = new IntersectionObserver(
      (entries) => {
        if (entries.some((entry) => entry.isIntersecting)) more.current();
      },
      { rootMargin: '400px' },
    );
    observer.observe(element);
    return () => observer.disconnect();
  }, [busy, paused]);
  return (
    <div ref={marker} className="flex justify-center py-2">
      <Button variant="secondary" busy={busy} onClick={onMore}>
        {children}
      </Button>
    </div>
  );
}
