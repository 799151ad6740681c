import { render, screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { describe, expect, it, vi } from 'vitest';

import { screenWidth } from '../../../test/world';
import { type Column, DataList } from './data-list';

interface Row {
  id: string;
  name: string;
  phone: string;
}

const ROWS: Row[] = [
  { id: '1', name: 'דנה', phone: '054-1' },
  { id: '2', name: 'יוסי', phone: '054-2' },
];
const COLUMNS: Column<Row, 'name'>[] = [
  { id: 'name', header: 'שם', card: 'title', sort: 'name', cell: (row) => row.name },
  { id: 'phone', header: 'טלפון', card: 'line', cell: (row) => row.phone },
  { id: 'secret', header: 'טבלה בלבד', card: 'none', cell: () => 'רק בטבלה' },
];

function show(extra: Partial<Parameters<typeof DataList<Row, 'name'>>[0]> = {}) {
  return render(
    <DataList
      label="אנשים"
      columns={COLUMNS}
      rows={ROWS}
      rowKey={(row) => row.id}
      rowLabel={(row) => row.name}
      link={(row, content, className) => (
        <a href={`/people/${row.id}`} className={className}>
          {content}
        </a>
      )}
      actions={(row) => <button type="button">{`מחיקת ${row.name}`}</button>}
      {...extra}
    />,
  );
}

describe('one column definition', () => {
  it('is a table where there is room', () => {
    show();
    const table = screen.getByRole('table', { name: 'אנשים' });
    expect(within(table).getAllByRole('row')).toHaveLength(3);
    expect(within(table).getByRole('columnheader', { name: 'טלפון' })).toBeVisible();
    expect(within(table).getByRole('link', { name: 'דנה' })).toHaveAttribute('href', '/people/1');
    expect(within(table).getAllByText('רק בטבלה')).toHaveLength(2);
    expect(screen.queryByRole('list')).not.toBeInTheDocument();
  });

  it('is cards on a phone, with the same link and the same buttons', () => {
    screenWidth.current = 390;
    show();
    const list = screen.getByRole('list', { name: 'אנשים' });
    const [first] = within(list).getAllByRole('listitem');
    expect(within(first!).getByRole('link', { name: 'דנה' })).toHaveAttribute('href', '/people/1');
    expect(within(first!).getByText('054-1')).toBeVisible();
    expect(within(first!).getByRole('button', { name: 'מחיקת דנה' })).toBeVisible();
    expect(screen.queryByText('רק בטבלה')).not.toBeInTheDocument();
    expect(screen.queryByRole('table')).not.toBeInTheDocument();
  });

  it('sorts by the columns that can, and says how', async () => {
    const onSort = vi.fn();
    show({ sorting: { by: 'name', order: 'desc', onSort } });
    expect(screen.getByRole('columnheader', { name: 'שם' })).toHaveAttribute('aria-sort', 'descending');
    await userEvent.click(screen.getByRole('button', { name: 'שם' }));
    expect(onSort).toHaveBeenCalledWith('name', 'asc');
    expect(screen.queryByRole('button', { name: 'טלפון' })).not.toBeInTheDocument();
  });

  it('begins with the end that a column names', async () => {
    const onSort = vi.fn();
    const [name] = COLUMNS;
    show({
      columns: [{ ...name!, first: 'asc' }],
      sorting: { by: 'other' as 'name', order: 'desc', onSort },
    });
    await userEvent.click(screen.getByRole('button', { name: 'שם' }));
    expect(onSort).toHaveBeenCalledWith('name', 'asc');
  });

  it('ticks one row, or all that are in sight', async () => {
    const onChange = vi.fn();
    show({ selection: { selected: new Set(['1']), onChange } });
    expect(screen.getByRole('checkbox', { name: 'בחירת דנה' })).toBeChecked();
    await userEvent.click(screen.getByRole('checkbox', { name: 'בחירת יוסי' }));
    expect([...(onChange.mock.lastCall?.[0] as Set<string>)]).toEqual(['1', '2']);
    const all = screen.getByRole<HTMLInputElement>('checkbox', { name: 'בחירת הכול' });
    expect(all.indeterminate).toBe(true);
    await userEvent.click(all);
    expect([...(onChange.mock.lastCall?.[0] as Set<string>)]).toEqual(['1', '2']);
  });
});
