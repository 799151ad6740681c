import { screen, waitFor, within } from '@testing-library/react';
import { HttpResponse } from 'msw';
import { describe, expect, it } from 'vitest';

import { http } from '#mock/http';

import { renderApp, seen, world } from '../../../test/world';

async function edit(text: string) {
  const lead = world.db.leads[0]!;
  const app = renderApp(`/leads/${lead.id}`);
  await app.user.click(await screen.findByRole('button', { name: 'עריכה: שם' }));
  const field = screen.getByRole('textbox', { name: 'שם' });
  await waitFor(() => expect(field).toHaveFocus());
  await app.user.clear(field);
  await app.user.type(field, text);
  return { ...app, lead };
}

describe('editing a field in place', () => {
  it('saves over the version that was seen', async () => {
    const { user } = await edit('שם חדש');
    await user.click(screen.getByRole('button', { name: 'שמירה' }));
    await seen(() => screen.getByRole('heading', { level: 1, name: 'שם חדש' }));
    expect(world.db.leads[0]).toMatchObject({ name: 'שם חדש', version: 2 });
  });

  it('shows both versions when somebody else was faster, and lets the person choose', async () => {
    const { user } = await edit('שלי');
    world.db.leads[0] = { ...world.db.leads[0]!, name: 'שלהם', version: 7 };
    await user.click(screen.getByRole('button', { name: 'שמירה' }));
    await seen(() => screen.getByText('מישהו עדכן את הליד בינתיים'));
    expect(screen.getAllByText('שלהם').length).toBeGreaterThan(0);
    expect(screen.getByRole('textbox', { name: 'שם' })).toHaveValue('שלי');
    await user.click(screen.getByRole('button', { name: 'לשמור את שלי' }));
    await seen(() => screen.getByRole('heading', { level: 1, name: 'שלי' }));
    expect(world.db.leads[0]).toMatchObject({ name: 'שלי', version: 8 });
  });

  it('keeps what was typed without a connection, and sends it once there is one', async () => {
    const { user } = await edit('נשמר בדרך');
    world.server.use(http.patch('/api/leads/{lead_id}', () => HttpResponse.error() as never));
    await user.click(screen.getByRole('button', { name: 'שמירה' }));
    await seen(() => screen.getByText(/^אין חיבור\. מה שהקלדת נשמר כאן/));
    expect(screen.getByRole('textbox', { name: 'שם' })).toHaveValue('נשמר בדרך');
    world.server.use(
      http.patch('/api/leads/{lead_id}', async ({ params, request, response }) => {
        world.db.leads[0] = { ...world.db.leads[0]!, ...((await request.json()) as object), version: 2 };
        return response(200).json({
          success: true,
          operation: { id: 'op', state: 'succeeded', entity_id: params.lead_id } as never,
        });
      }),
    );
    dispatchEvent(new Event('online'));
    await seen(() => screen.getByRole('heading', { level: 1, name: 'נשמר בדרך' }));
  });

  it('tries again by itself when the server was away and the line was not', async () => {
    const { user } = await edit('אחרי התקלה');
    let away = true;
    world.server.use(
      http.patch('/api/leads/{lead_id}', () => (away ? HttpResponse.error() : undefined) as never),
    );
    await user.click(screen.getByRole('button', { name: 'שמירה' }));
    await seen(() => screen.getByText(/^אין חיבור\. מה שהקלדת נשמר כאן/));
    away = false;
    await seen(() => screen.getByRole('heading', { level: 1, name: 'אחרי התקלה' }));
    expect(world.db.leads[0]).toMatchObject({ name: 'אחרי התקלה', version: 2 });
  });

  it('says what is wrong beside the field and sends nothing', async () => {
    const app = renderApp(`/leads/${world.db.leads[0]!.id}`);
    await app.user.click(await screen.findByRole('button', { name: 'עריכה: דוא״ל' }));
    const field = screen.getByRole('textbox', { name: 'דוא״ל' });
    await app.user.clear(field);
    await app.user.type(field, 'לא כתובת{Enter}');
    await seen(() => screen.getByText('זו לא נראית כמו כתובת דוא״ל.'));
    expect(field).toBeInvalid();
    expect(within(screen.getByRole('main')).getByRole('textbox', { name: 'דוא״ל' })).toHaveValue('לא כתובת');
    expect(world.db.leads[0]!.version).toBe(1);
  });
});
