import { screen, waitFor, within } from '@testing-library/react';
import { describe, expect, it, vi } from 'vitest';

import { http, problem } from '#mock/http';

import { renderApp, seen, world } from '../../../test/world';

describe('a session that is over', () => {
  it('is renewed on top of the page; what was typed stays and is sent', async () => {
    const { user, router } = renderApp('/leads?new=true');
    await user.type(await screen.findByRole('textbox', { name: 'שם' }), 'נשאר כאן');
    world.db.me = null;
    world.server.use(
      http.post('/api/leads', () => problem(401, 'unauthenticated', 'Log in first.'), { once: true }),
    );
    await user.click(screen.getByRole('button', { name: 'הוספת הליד' }));

    const again = await screen.findByRole('dialog', { name: 'צריך להתחבר שוב' });
    expect(await within(again).findByRole('textbox', { name: 'דוא״ל' })).toHaveValue('owner@demo.co.il');
    const entries = vi.spyOn(History.prototype, 'pushState');
    history.back();
    await waitFor(() => expect(entries).toHaveBeenCalled());
    entries.mockRestore();
    expect(again).toBeInTheDocument();
    expect(router.state.location.pathname).toBe('/leads');
    await user.type(within(again).getByLabelText('סיסמה'), 'demo-password');
    await user.click(within(again).getByRole('button', { name: 'כניסה' }));

    await waitFor(() =>
      expect(screen.queryByRole('dialog', { name: 'צריך להתחבר שוב' })).not.toBeInTheDocument(),
    );
    await seen(() => screen.getByText('הליד נוסף'));
    expect(world.db.leads[0]!.name).toBe('נשאר כאן');
    expect(router.state.location.pathname).toBe('/leads');
  });

  it('that never was leads to the login and back to where the person wanted to go', async () => {
    const { user, router } = renderApp('/leads?q=%D7%93%D7%A0%D7%94', null);
    await user.type(await screen.findByRole('textbox', { name: 'דוא״ל' }), 'owner@demo.co.il');
    await user.type(screen.getByLabelText('סיסמה'), 'wrong');
    await user.click(screen.getByRole('button', { name: 'כניסה' }));
    await seen(() => screen.getByText('הדוא״ל או הסיסמה אינם נכונים.'));
    await user.clear(screen.getByLabelText('סיסמה'));
    await user.type(screen.getByLabelText('סיסמה'), 'demo-password');
    await user.click(screen.getByRole('button', { name: 'כניסה' }));
    await waitFor(() => expect(router.state.location.pathname).toBe('/leads'));
    expect(router.state.location.search).toMatchObject({ q: 'דנה' });
  });
});
