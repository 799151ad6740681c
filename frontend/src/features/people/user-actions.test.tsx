import { screen, within } from '@testing-library/react';
import { describe, expect, it } from 'vitest';

import { http, problem, succeeded } from '#mock/http';

import { gate, renderApp, seen, world } from '../../../test/world';

describe('people of a business', () => {
  it('are deleted by owners, lower ranks only, and shown as deleted only when they are', async () => {
    const answer = gate();
    world.server.use(
      http.delete('/api/businesses/{business_id}/users/{user_id}', async ({ params, response }) => {
        await answer.opened;
        world.db.users = world.db.users.map((user) =>
          user.id === params.user_id ? { ...user, deleted_at: new Date().toISOString() } : user,
        );
        return response(200).json(succeeded('user.delete', params.user_id));
      }),
    );
    const { user } = renderApp('/team');
    await user.click(await screen.findByRole('button', { name: 'מחיקת אבי מזרחי' }));
    // Neither oneself nor another owner.
    expect(screen.queryByRole('button', { name: 'מחיקת דנה לוי' })).not.toBeInTheDocument();
    expect(screen.queryByRole('button', { name: 'מחיקת רון שפירא' })).not.toBeInTheDocument();
    await user.click(
      within(await screen.findByRole('alertdialog', { name: 'למחוק את אבי מזרחי?' })).getByRole('button', {
        name: 'מחיקה',
      }),
    );
    await seen(() => screen.getByText('מוחק…'));
    expect(screen.getByRole('rowheader', { name: 'אבי מזרחי' })).toBeVisible();
    answer.open();
    await seen(() => screen.getByText('אבי מזרחי נמחק'));
    expect(screen.queryByRole('rowheader', { name: 'אבי מזרחי' })).not.toBeInTheDocument();
  });

  it('stay, with the reason, when deleting fails', async () => {
    world.server.use(
      http.delete('/api/businesses/{business_id}/users/{user_id}', () => problem(403, 'rank', 'No.')),
    );
    const { user } = renderApp('/team');
    await user.click(await screen.findByRole('button', { name: 'מחיקת אבי מזרחי' }));
    await user.click(within(await screen.findByRole('alertdialog')).getByRole('button', { name: 'מחיקה' }));
    await seen(() => screen.getByText('אבי מזרחי לא נמחק'));
    expect(screen.getByText('אפשר לנהל רק מי שבדרגה נמוכה משלך.')).toBeVisible();
    expect(screen.getByRole('button', { name: 'מחיקת אבי מזרחי' })).toBeVisible();
  });

  it('are only read by managers, and not at all by agents', async () => {
    const { router } = renderApp('/team', 'manager');
    await seen(() => screen.getByRole('rowheader', { name: 'אבי מזרחי' }));
    expect(screen.queryByRole('button', { name: /^מחיקת/ })).not.toBeInTheDocument();
    expect(screen.queryByRole('button', { name: 'הזמנה' })).not.toBeInTheDocument();
    expect(router.state.location.pathname).toBe('/team');
  });

  it('do not even reach the page as agents', async () => {
    const { router } = renderApp('/team', 'agent');
    await screen.findByRole('heading', { level: 1 });
    expect(router.state.location.pathname).toBe('/');
  });
});
