/**
 * A list from one column definition: a table where there is room, cards where there is not.
 * Only one of the two is rendered, so nothing is read aloud twice.
 */
import { ArrowDown, ArrowUp, ArrowUpDown } from 'lucide-react';
import { Fragment, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';

import { cn } from '@/shared/lib/cn';
import { useTables } from '@/shared/lib/hooks';
import { Checkbox } from '@/shared/ui/checks';

/** A column, and what becomes of it on a card. */
export interface Column<T, Sort extends string = string> {
  id: string;
  header: string;
  cell: (row: T) => ReactNode;
  /**
   * On a card: `title` is its name and link, `aside` stands beside that, `line` gets a
   * line below it, beside the buttons. Under the buttons, as wide as the card, `below` gets
   * a line of its own and `meta` shares the last one. `none` shows in the table only.
   */
  card: 'title' | 'aside' | 'line' | 'below' | 'meta' | 'none';
  /** The server can sort by it. */
  sort?: Sort;
  /** Which end comes first when it is sorted by: the latest or most unless said otherwise. */
  first?: 'asc' | 'desc';
  className?: string;
}

/** How a list is sorted. */
export interface Sorting<Sort extends string> {
  by: Sort;
  order: 'asc' | 'desc';
  onSort: (by: Sort, order: 'asc' | 'desc') => void;
}

/** Which rows are ticked. */
export interface Selection {
  selected: ReadonlySet<string>;
  onChange: (next: ReadonlySet<string>) => void;
}

interface DataListProps<T, Sort extends string> {
  /** What the list holds, for screen readers. */
  label: string;
  columns: readonly Column<T, Sort>[];
  rows: readonly T[];
  rowKey: (row: T) => string;
  /** What a row is called, in the labels of its buttons. */
  rowLabel: (row: T) => string;
  /** Wraps the title in the link to the row's own page; the whole card or row follows it. */
  link?: (row: T, content: ReactNode, className: string) => ReactNode;
  /** Buttons at the end of each row. */
  actions?: (row: T) => ReactNode;
  /** What there is to say of a row at length: as wide as the list, below the row. */
  detail?: (row: T) => ReactNode;
  /** A picture at the start of a card. */
  picture?: (row: T) => ReactNode;
  sorting?: Sorting<Sort>;
  selection?: Selection | undefined;
}

const STRETCHED = 'after:absolute after:inset-0 after:content-[""]';

/** The list. */
export function DataList<T, Sort extends string = string>(props: DataListProps<T, Sort>) {
  return useTables() ? <Table {...props} /> : <Cards {...props} />;
}

function toggled(selection: Selection, key: string, on: boolean): ReadonlySet<string> {
  const next = new Set(selection.selected);
  if (on) next.add(key);
  else next.delete(key);
  return next;
}

function Table<T, Sort extends string>(props: DataListProps<T, Sort>) {
  const { label, columns, rows, rowKey, rowLabel, link, actions, detail, sorting, selection } = props;
  const { t } = useTranslation();
  const ticked = rows.filter((row) => selection?.selected.has(rowKey(row))).length;
  return (
    <div
      role="region"
      aria-label={label}
      // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls must be reachable by keyboard
      tabIndex={0}
      className="overflow-x-auto rounded-2xl border bg-card shadow-xs"
    >
      <table className="w-full border-collapse text-sm">
        <caption className="sr-only">{label}</caption>
        <thead>
          <tr className="border-b text-muted">
            {selection && (
              <th scope="col" className="w-11 ps-2">
                <Checkbox
                  label={t('common:list.selectAll')}
                  hideLabel
                  checked={ticked === 0 ? false : ticked === rows.length ? true : 'indeterminate'}
                  onChange={(on) => selection.onChange(new Set(on ? rows.map(rowKey) : []))}
                />
              </th>
            )}
            {columns.map((column) => (
              <Header key={column.id} column={column} sorting={sorting} />
            ))}
            {actions && (
              <th scope="col" className="sticky end-0 bg-card px-3">
                <span className="sr-only">{t('common:list.actions')}</span>
              </th>
            )}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => {
            const key = rowKey(row);
            const on = selection?.selected.has(key) ?? false;
            const more = detail?.(row) ?? null;
            return (
              <Fragment key={key}>
                <tr
                  className={cn(
                    'relative bg-card transition-colors hover:bg-hover',
                    more === null && 'border-b last:border-b-0',
                    on && 'bg-[color-mix(in_srgb,var(--tint)_60%,var(--card))]',
                  )}
                >
                  {selection && (
                    <td className="relative z-10 ps-2">
                      <Checkbox
                        label={t('common:list.select', { name: rowLabel(row) })}
                        hideLabel
                        checked={on}
                        onChange={(next) => selection.onChange(toggled(selection, key, next))}
                      />
                    </td>
                  )}
                  {columns.map((column) => {
                    const content = column.cell(row);
                    const title = column.card === 'title';
                    const shown = title && link ? link(row, content, cn('font-medium', STRETCHED)) : content;
                    return title ? (
                      <th
                        key={column.id}
                        scope="row"
                        className={cn('px-3 py-3 text-start font-normal', column.className)}
                      >
                        {shown}
                      </th>
                    ) : (
                      <td key={column.id} className={cn('px-3 py-3', column.className)}>
                        {shown}
                      </td>
                    );
                  })}
                  {actions && (
                    // In reach however far the table is scrolled.
                    <td className="sticky end-0 z-10 bg-inherit px-2 py-1">
                      <div className="flex w-fit items-center justify-end gap-0.5 ms-auto">
                        {actions(row)}
                      </div>
                    </td>
                  )}
                </tr>
                {more !== null && (
                  <tr className="border-b last:border-b-0">
                    <td
                      colSpan={columns.length + (selection ? 1 : 0) + (actions ? 1 : 0)}
                      className="px-3 pb-3"
                    >
                      {more}
                    </td>
                  </tr>
                )}
              </Fragment>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

function Header<T, Sort extends string>({
  column,
  sorting,
}: {
  column: Column<T, Sort>;
  sorting: Sorting<Sort> | undefined;
}) {
  const by = column.sort;
  if (!sorting || by === undefined) {
    return (
      <th scope="col" className={cn('px-3 py-3 text-start font-medium', column.className)}>
        {column.header}
      </th>
    );
  }
  const active = sorting.by === by;
  const Icon = !active ? ArrowUpDown : sorting.order === 'asc' ? ArrowUp : ArrowDown;
  const next = !active ? (column.first ?? 'desc') : sorting.order === 'desc' ? 'asc' : 'desc';
  return (
    <th
      scope="col"
      aria-sort={!active ? 'none' : sorting.order === 'asc' ? 'ascending' : 'descending'}
      className={cn('text-start font-medium', column.className)}
    >
      <button
        type="button"
        onClick={() => sorting.onSort(by, next)}
        className={cn(
          'inline-flex min-h-10 items-center gap-1.5 rounded-lg px-3 hover:text-ink',
          active && 'text-ink',
        )}
      >
        {column.header}
        <Icon aria-hidden className="size-3.5" />
      </button>
    </th>
  );
}

function Cards<T, Sort extends string>(props: DataListProps<T, Sort>) {
  const { label, columns, rows, rowKey, rowLabel, link, actions, detail, picture, selection } = props;
  const { t } = useTranslation();
  const of = (place: Column<T>['card']) => columns.filter((column) => column.card === place);
  return (
    <ul aria-label={label} className="flex flex-col gap-2.5">
      {rows.map((row) => {
        const key = rowKey(row);
        const on = selection?.selected.has(key) ?? false;
        const more = detail?.(row) ?? null;
        return (
          <li
            key={key}
            className={cn(
              'relative rounded-2xl border bg-card p-3 ps-4 shadow-xs',
              on && 'border-primary bg-tint/50',
            )}
          >
            <div className="flex min-h-11 flex-wrap items-center gap-x-3 gap-y-1">
              {selection ? (
                <span className="relative z-10">
                  <Checkbox
                    label={t('common:list.select', { name: rowLabel(row) })}
                    hideLabel
                    checked={on}
                    onChange={(next) => selection.onChange(toggled(selection, key, next))}
                  />
                </span>
              ) : (
                picture?.(row)
              )}
              {/* Where this has no room beside them, the buttons stand below it. */}
              <div className="min-w-0 flex-1 basis-32">
                <div className="flex flex-wrap items-center gap-x-2">
                  <div className="line-clamp-2 min-w-0 wrap-anywhere [&_bdi]:whitespace-normal">
                    {of('title').map((column) => (
                      <span key={column.id}>
                        {link ? (
                          link(row, column.cell(row), cn('font-semibold', STRETCHED))
                        ) : (
                          <span className="font-semibold">{column.cell(row)}</span>
                        )}
                      </span>
                    ))}
                  </div>
                  {of('aside').map((column) => (
                    <span key={column.id} className="shrink-0">
                      {column.cell(row)}
                    </span>
                  ))}
                </div>
                {of('line').map((column) => (
                  <Line key={column.id} content={column.cell(row)} />
                ))}
              </div>
              {actions && (
                <div className="relative z-10 ms-auto flex max-w-full flex-wrap items-center justify-end">
                  {actions(row)}
                </div>
              )}
            </div>
            <div className={cn('mt-1', (selection !== undefined || picture !== undefined) && 'ps-14')}>
              {of('below').map((column) => (
                <Line key={column.id} content={column.cell(row)} />
              ))}
              <div className="flex flex-wrap items-center gap-x-3 gap-y-0.5 text-xs text-muted empty:hidden">
                {of('meta').map((column) => (
                  <span key={column.id} className="empty:hidden">
                    {column.cell(row)}
                  </span>
                ))}
              </div>
            </div>
            {more !== null && <div className="mt-3 -ms-1">{more}</div>}
          </li>
        );
      })}
    </ul>
  );
}

/** A number breaks where it must, so that none of it is lost; of words the end may be. */
function Line({ content }: { content: ReactNode }) {
  return content === null || content === undefined ? null : (
    <div className="truncate text-sm text-muted [&>bdi]:block [&>bdi]:w-fit [&>bdi]:max-w-full [&>bdi]:wrap-anywhere [&>bdi[dir=ltr]]:whitespace-normal">
      {content}
    </div>
  );
}
