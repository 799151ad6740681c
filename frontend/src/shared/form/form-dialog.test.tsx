import { screen, waitFor } from '@testing-library/react';
import { describe, expect, it } from 'vitest';

import { http, problem } from '#mock/http';

import { renderApp, seen, world } from '../../../test/world';

async function openForm() {
  const app = renderApp('/leads?new=true');
  const dialog = await screen.findByRole('dialog', { name: 'ליד חדש' });
  return { ...app, dialog, name: await screen.findByRole('textbox', { name: 'שם' }) };
}

describe('a form in a dialog', () => {
  it('asks before a dirty form is closed, and not before an untouched one', async () => {
    const { user, name } = await openForm();
    await user.type(name, 'דנה');
    await user.keyboard('{Escape}');
    await seen(() => screen.getByRole('alertdialog', { name: 'לסגור בלי לשמור?' }));
    await user.click(screen.getByRole('button', { name: 'ביטול' }));
    await waitFor(() => expect(screen.queryByRole('alertdialog')).not.toBeInTheDocument());
    expect(screen.getByRole('textbox', { name: 'שם' })).toHaveValue('דנה');
  });

  it('closes at once when nothing was typed', async () => {
    const { user } = await openForm();
    await user.keyboard('{Escape}');
    await waitFor(() => expect(screen.queryByRole('dialog')).not.toBeInTheDocument());
  });

  it('says what is missing beside the field', async () => {
    const { user } = await openForm();
    await user.click(screen.getByRole('button', { name: 'הוספת הליד' }));
    await seen(() => screen.getByText('נא להזין שם, טלפון או דוא״ל.'));
    expect(screen.getByRole('textbox', { name: 'שם' })).toBeInvalid();
  });

  it('keeps what was typed when the server refuses, with the reason', async () => {
    world.server.use(
      http.post('/api/leads', () =>
        problem(422, 'validation', 'No.', [
          { field: 'name', code: 'length', error: 'The name is too long.' },
        ]),
      ),
    );
    const { user, name } = await openForm();
    await user.type(name, 'דנה');
    await user.click(screen.getByRole('button', { name: 'הוספת הליד' }));
    await seen(() => screen.getByText('האורך אינו מתאים.'));
    expect(screen.getByRole('textbox', { name: 'שם' })).toHaveValue('דנה');
  });

  it('keeps a draft over a reload', async () => {
    const { user, name } = await openForm();
    await user.type(name, 'טיוטה');
    await waitFor(() => expect(sessionStorage.getItem('prosaas.draft.new-lead')).toContain('טיוטה'));
  });
});
