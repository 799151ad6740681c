import { X } from 'lucide-react';
import { useTranslation } from 'react-i18next';

import { Button } from '@/shared/ui/button';
import { Select } from '@/shared/ui/field';
import { SearchField } from '@/shared/ui/search-field';

import { SOURCES, STATUSES } from './api';
import { type LeadSort } from './queries';
import type { LeadSearch } from './search';

interface FiltersProps {
  search: LeadSearch;
  onChange: (change: Partial<LeadSearch>) => void;
}

const SORTS: {
  value: `${LeadSort}-${'asc' | 'desc'}`;
  key: 'newest' | 'oldest' | 'name' | 'lastCall' | 'updated';
}[] = [
  { value: 'created_at-desc', key: 'newest' },
  { value: 'created_at-asc', key: 'oldest' },
  { value: 'name-asc', key: 'name' },
  { value: 'last_call-desc', key: 'lastCall' },
  { value: 'updated_at-desc', key: 'updated' },
];

/** Search, filters and sorting of the leads. */
export function LeadFilters({ search, onChange }: FiltersProps) {
  const { t } = useTranslation();
  const active = search.q ?? search.status ?? search.source ?? search.tag;
  const sort = `${search.sort ?? 'created_at'}-${search.order ?? 'desc'}`;
  return (
    <div role="search" className="flex flex-col gap-2 md:flex-row md:flex-wrap md:items-center">
      <SearchField
        value={search.q ?? ''}
        label={t('leads:search')}
        onChange={(q) => onChange({ q: q === '' ? undefined : q })}
      />
      {/* Each as wide as its longest choice: what does not fit beside the others goes below them. */}
      <div className="flex flex-wrap gap-2">
        <Select
          className="flex-auto"
          aria-label={t('leads:columns.status')}
          value={search.status ?? ''}
          onChange={(event) => onChange({ status: STATUSES.find((status) => status === event.target.value) })}
        >
          <option value="">{t('leads:allStatuses')}</option>
          {STATUSES.map((status) => (
            <option key={status} value={status}>
              {t(`leads:status.${status}`)}
            </option>
          ))}
        </Select>
        <Select
          className="flex-auto"
          aria-label={t('leads:columns.source')}
          value={search.source ?? ''}
          onChange={(event) => onChange({ source: SOURCES.find((source) => source === event.target.value) })}
        >
          <option value="">{t('leads:allSources')}</option>
          {SOURCES.map((source) => (
            <option key={source} value={source}>
              {t(`leads:source.${source}`)}
            </option>
          ))}
        </Select>
        <Select
          className="flex-auto"
          aria-label={t('common:list.sortBy')}
          value={sort}
          onChange={(event) => {
            const [by, order] = event.target.value.split('-') as [LeadSort, 'asc' | 'desc'];
            onChange(
              by === 'created_at' && order === 'desc'
                ? { sort: undefined, order: undefined }
                : { sort: by, order },
            );
          }}
        >
          {SORTS.map(({ value, key }) => (
            <option key={value} value={value}>
              {t(`leads:sorts.${key}`)}
            </option>
          ))}
          {!SORTS.some(({ value }) => value === sort) && (
            <option value={sort}>{t('leads:sorts.other')}</option>
          )}
        </Select>
      </div>
      {active !== undefined && (
        <Button
          variant="ghost"
          className="self-start"
          onClick={() => onChange({ q: undefined, status: undefined, source: undefined, tag: undefined })}
        >
          <X aria-hidden />
          {t('common:list.clearFilters')}
        </Button>
      )}
    </div>
  );
}
