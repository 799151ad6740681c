import { screen, within } from '@testing-library/react';
import { HttpResponse } from 'msw';
import { describe, expect, it } from 'vitest';

import { http } from '#mock/http';

import { renderApp, world } from '../../../test/world';

async function edit(text: string) {
  const lead = world.db.leads[0]!;
  const app = renderApp(`/leads/${lead.id}`);
  await app.user.click(await screen.findByRole('button', { name: 'עריכה: שם' }));
  const field = screen.getByRole('textbox', { name: 'שם' });
  expect(field).toHaveFocus();
  await app.user.clear(field);
  await app.user.type(field, text);
  return { ...app, lead };
}

describe('editing a field in place', () => {
  it('saves over the version that was seen', async () => {
    const { user } = await edit('שם חדש');
    await user.click(screen.getByRole('button', { name: 'שמירה' }));
    expect(await screen.findByRole('heading', { level: 1, name: 'שם חדש' })).toBeVisible();
    expect(world.db.leads[0]).toMatchObject({ name: 'שם חדש', version: 2 });
  });

  it('shows both versions when somebody else was faster, and lets the person choose', async () => {
    const { user } = await edit('שלי');
    world.db.leads[0] = { ...world.db.leads[0]!, name: 'שלהם', version: 7 };
    await user.click(screen.getByRole('button', { name: 'שמירה' }));
    expect(await screen.findByText('מישהו עדכן את הליד בינתיים')).toBeVisible();
    expect(screen.getAllByText('שלהם').length).toBeGreaterThan(0);
    expect(screen.getByRole('textbox', { name: 'שם' })).toHaveValue('שלי');
    await user.click(screen.getByRole('button', { name: 'לשמור את שלי' }));
    expect(await screen.findByRole('heading', { level: 1, name: 'שלי' })).toBeVisible();
    expect(world.db.leads[0]).toMatchObject({ name: 'שלי', version: 8 });
  });

  it('keeps what was typed without a connection, and sends it once there is one', async () => {
    const { user } = await edit('נשמר בדרך');
    world.server.use(http.patch('/api/leads/{lead_id}', () => HttpResponse.error() as never));
    await user.click(screen.getByRole('button', { name: 'שמירה' }));
    expect(await screen.findByText(/^אין חיבור\. מה שהקלדת נשמר כאן/, undefined, { timeout: 8000 })).toBeVisible();
    expect(screen.getByRole('textbox', { name: 'שם' })).toHaveValue('נשמר בדרך');
    world.server.use(
      http.patch('/api/leads/{lead_id}', async ({ params, request, response }) => {
        world.db.leads[0] = { ...world.db.leads[0]!, ...((await request.json()) as object), version: 2 };
        return response(200).json({ success: true, operation: { id: 'op', state: 'succeeded', entity_id: params.lead_id } as never });
      }),
    );
    dispatchEvent(new Event('online'));
    expect(await screen.findByRole('heading', { level: 1, name: 'נשמר בדרך' })).toBeVisible();
  });

  it('says what is wrong beside the field and sends nothing', async () => {
    const app = renderApp(`/leads/${world.db.leads[0]!.id}`);
    await app.user.click(await screen.findByRole('button', { name: 'עריכה: דוא״ל' }));
    const field = screen.getByRole('textbox', { name: 'דוא״ל' });
    await app.user.clear(field);
    await app.user.type(field, 'לא כתובת{Enter}');
    expect(await screen.findByText('זו לא נראית כמו כתובת דוא״ל.')).toBeVisible();
    expect(field).toBeInvalid();
    expect(within(screen.getByRole('main')).getByRole('textbox', { name: 'דוא״ל' })).toHaveValue('לא כתובת');
    expect(world.db.leads[0]!.version).toBe(1);
  });
});
