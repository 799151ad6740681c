import { screen, waitFor, within } from '@testing-library/react';
import { describe, expect, it } from 'vitest';

import { http, problem, succeeded } from '#mock/http';

import { gate, renderApp, screenWidth, seen, world } from '../../../test/world';

const CONFIRM = 'אתה בטוח שאתה רוצה למחוק את הליד?';
const trashOf = (name: string) => screen.findByRole('button', { name: `מחיקת הליד ${name}` });
const rowOf = (name: string) => screen.queryByRole('button', { name: `מחיקת הליד ${name}` });

/** A name that only one lead has. */
function rename(): { id: string; name: string } {
  const lead = world.db.leads[1]!;
  lead.name = 'זהבית יחידה';
  lead.status = 'new';
  return { id: lead.id, name: lead.name };
}

describe('deleting a lead', () => {
  it.each([
    ['in the table', '/leads', 1280],
    ['on a card', '/leads', 390],
    ['on the home page', '/', 390],
  ])('asks in the exact words, hides it at once and offers undo: %s', async (_where, path, width) => {
    screenWidth.current = width;
    const { id, name } = rename();
    const answer = gate();
    world.server.use(
      http.delete('/api/leads/{lead_id}', async ({ response }) => {
        await answer.opened;
        world.db.leads = world.db.leads.map((lead) =>
          lead.id === id ? { ...lead, deleted_at: new Date().toISOString() } : lead,
        );
        return response(200).json(succeeded('lead.delete', id));
      }),
    );
    const { user } = renderApp(path);
    await user.click(await trashOf(name));
    const dialog = await screen.findByRole('alertdialog', { name: CONFIRM });
    // The safe button has the focus: a stray Enter deletes nothing.
    await waitFor(() => expect(within(dialog).getByRole('button', { name: 'ביטול' })).toHaveFocus());
    await user.click(within(dialog).getByRole('button', { name: 'מחיקה' }));

    await waitFor(() => expect(rowOf(name)).not.toBeInTheDocument());
    expect(screen.queryByText('הליד נמחק')).not.toBeInTheDocument();
    answer.open();
    await seen(() => screen.getByText('הליד נמחק'));
    expect(rowOf(name)).not.toBeInTheDocument();

    await user.click(screen.getByRole('button', { name: 'ביטול הפעולה' }));
    await seen(() => screen.getByText('הליד שוחזר'));
    expect(await trashOf(name)).toBeVisible();
  });

  it('brings it back with the reason when it failed', async () => {
    const { name } = rename();
    const answer = gate();
    world.server.use(
      http.delete('/api/leads/{lead_id}', async () => {
        await answer.opened;
        return problem(403, 'forbidden', 'No.');
      }),
    );
    const { user } = renderApp('/leads');
    await user.click(await trashOf(name));
    await user.click(within(await screen.findByRole('alertdialog')).getByRole('button', { name: 'מחיקה' }));
    await waitFor(() => expect(rowOf(name)).not.toBeInTheDocument());
    answer.open();
    await seen(() => screen.getByText('הליד לא נמחק'));
    expect(screen.getByText('אין לך הרשאה לפעולה הזאת.')).toBeVisible();
    expect(await trashOf(name)).toBeVisible();
  });

  it('does nothing when the person thinks better of it, and gives the focus back', async () => {
    const { name } = rename();
    const { user } = renderApp('/leads');
    await user.click(await trashOf(name));
    await screen.findByRole('alertdialog');
    await user.keyboard('{Escape}');
    await waitFor(() => expect(screen.queryByRole('alertdialog')).not.toBeInTheDocument());
    await waitFor(() => expect(rowOf(name)).toHaveFocus());
  });

  it('deletes from the lead page and leads back to the list', async () => {
    const { id, name } = rename();
    const { user, router } = renderApp(`/leads/${id}`);
    await screen.findByRole('heading', { level: 1, name });
    await user.click(screen.getByRole('button', { name: 'מחיקה' }));
    await user.click(
      within(await screen.findByRole('alertdialog', { name: CONFIRM })).getByRole('button', {
        name: 'מחיקה',
      }),
    );
    await waitFor(() => expect(router.state.location.pathname).toBe('/leads'));
    await seen(() => screen.getByText('הליד נמחק'));
    expect(rowOf(name)).not.toBeInTheDocument();
  });

  it('deletes several at once', async () => {
    const { name } = rename();
    const { user } = renderApp('/leads');
    await user.click(await screen.findByRole('checkbox', { name: `בחירת ${name}` }));
    await user.click(screen.getAllByRole('checkbox', { name: /^בחירת [^ה]/ })[0]!);
    await user.click(
      within(screen.getByRole('region', { name: 'פעולה על הנבחרים' })).getByRole('button', { name: 'מחיקה' }),
    );
    await user.click(
      within(
        await screen.findByRole('alertdialog', { name: 'אתה בטוח שאתה רוצה למחוק את הלידים?' }),
      ).getByRole('button', { name: 'מחיקה' }),
    );
    await seen(() => screen.getByText('שני לידים נמחקו'));
    expect(rowOf(name)).not.toBeInTheDocument();
  });

  it('deletes all that match, says how many those were, and undoes exactly them', async () => {
    const [pattern] = world.db.leads;
    const others = world.db.leads.map((lead) => ({ ...lead, deleted_at: null }));
    world.db.leads = [
      ...others,
      ...Array.from({ length: 60 }, (_, index) => ({
        ...pattern!,
        id: `match-${index}`,
        name: `תואם ${index}`,
        deleted_at: null,
      })),
    ];
    // In the trash from before: the undo leaves it there.
    world.db.leads.push({
      ...pattern!,
      id: 'before',
      name: 'תואם מזמן',
      deleted_at: new Date().toISOString(),
    });
    const { user } = renderApp('/leads?q=' + encodeURIComponent('תואם'));
    await user.click(await screen.findByRole('checkbox', { name: 'בחירת הכול' }));
    const bar = screen.getByRole('region', { name: 'פעולה על הנבחרים' });
    expect(bar).toHaveTextContent('נבחרו 50');
    await user.click(within(bar).getByRole('button', { name: 'לבחור את כל מה שמתאים' }));
    expect(bar).toHaveTextContent('נבחר כל מה שמתאים');
    await user.click(within(bar).getByRole('button', { name: 'מחיקה' }));
    const dialog = await screen.findByRole('alertdialog', { name: 'אתה בטוח שאתה רוצה למחוק את הלידים?' });
    await user.click(within(dialog).getByRole('button', { name: 'מחיקה' }));
    await seen(() => screen.getByText('60 לידים נמחקו'));
    const alive = () => world.db.leads.filter((lead) => !lead.deleted_at).length;
    expect(alive()).toBe(others.length);
    await user.click(screen.getByRole('button', { name: 'ביטול הפעולה' }));
    await seen(() => screen.getByText('60 לידים שוחזרו'));
    expect(alive()).toBe(others.length + 60);
    expect(world.db.leads.find((lead) => lead.id === 'before')?.deleted_at).not.toBeNull();
  });
});
