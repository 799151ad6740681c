import { screen, waitFor, within } from '@testing-library/react';
import { describe, expect, it, vi } from 'vitest';

import { http } from '#mock/http';

import { FakeEventSource, renderApp, seen, world } from '../../../test/world';

const create = () => screen.findByRole('button', { name: 'יצירת QR' });

describe('linking WhatsApp', () => {
  it('shows the QR on one press, dark on white, and "connected" the moment it is', async () => {
    const { user } = renderApp('/whatsapp');
    await user.click(await create());
    const qr = await screen.findByRole('img', { name: 'קוד QR לחיבור וואטסאפ' });
    expect(qr.querySelector('path')).toHaveAttribute('fill', '#ffffff');
    expect(screen.getByText('ממתין לסריקה')).toBeVisible();
    expect(screen.getByText('תקף עוד', { exact: false })).toBeVisible();

    world.db.whatsapp = {
      success: true,
      state: 'connected',
      since: new Date().toISOString(),
      phone: '+972541234567',
      reason: null,
      qrExpiresAt: null,
      lastCode: null,
    };
    FakeEventSource.all.at(-1)?.say('whatsapp');
    await seen(() => screen.getByText('מחובר'));
    expect(screen.queryByRole('img', { name: 'קוד QR לחיבור וואטסאפ' })).not.toBeInTheDocument();
    expect(screen.getByText('054-123-4567')).toBeVisible();
  });

  it("shows the server's own words when it refuses, and all of it in the console", async () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
    const refusal = { success: false, error: 'שירות הוואטסאפ אינו זמין. נסו שוב בעוד דקה.' };
    world.server.use(http.post('/api/whatsapp/baileys/init', ({ response }) => response(200).json(refusal)));
    const { user } = renderApp('/whatsapp');
    await user.click(await create());
    await seen(() => screen.getByText(refusal.error));
    expect(warn).toHaveBeenCalledWith(expect.stringContaining('init'), expect.objectContaining(refusal));
  });

  it.each([
    ['expired', 'הקוד פג'],
    ['replaced', 'הוחלף'],
    ['logged_out', 'נותק מהטלפון'],
    ['stopped', 'נעצר'],
  ] as const)('says %s in words and offers the next step', async (state, words) => {
    world.db.whatsapp = {
      success: true,
      state,
      since: null,
      reason: null,
      qrExpiresAt: null,
      lastCode: null,
      phone: null,
    };
    renderApp('/whatsapp');
    await seen(() => screen.getByText(words));
    expect(await create()).toBeVisible();
  });

  it('starts over once a link has ended, after asking', async () => {
    world.db.whatsapp = {
      success: true,
      state: 'stopped',
      since: null,
      reason: null,
      qrExpiresAt: null,
      lastCode: null,
      phone: null,
    };
    const { user } = renderApp('/whatsapp');
    await user.click(await screen.findByRole('button', { name: 'התחלה מחדש' }));
    const dialog = await screen.findByRole('alertdialog', { name: 'להתחיל את החיבור מחדש?' });
    await user.click(within(dialog).getByRole('button', { name: 'התחלה מחדש' }));
    await seen(() => screen.getByText('החיבור הקודם נמחק'));
    await seen(() => screen.getByText('לא מחובר'));
    expect(screen.queryByRole('button', { name: 'התחלה מחדש' })).not.toBeInTheDocument();
  });

  it('gives a pairing code to people whose only screen is the phone', async () => {
    const { user } = renderApp('/whatsapp');
    await user.click(await screen.findByRole('radio', { name: 'קוד בטלפון' }));
    const phone = await screen.findByRole('textbox', { name: 'מספר הטלפון של הוואטסאפ' });
    await user.type(phone, '12');
    await user.click(screen.getByRole('button', { name: 'קבלת קוד' }));
    await seen(() => screen.getByText('זה לא נראה כמו מספר טלפון.'));
    await user.clear(phone);
    await user.type(phone, '054-123-4567');
    await user.click(screen.getByRole('button', { name: 'קבלת קוד' }));
    await seen(() => screen.getByText('K7QX-2M4P'));
  });

  it('shows agents the state only', async () => {
    renderApp('/whatsapp', 'agent');
    await seen(() => screen.getByText('לא מחובר'));
    await waitFor(() => expect(screen.queryByRole('button', { name: 'יצירת QR' })).not.toBeInTheDocument());
  });
});
