import { screen, waitFor, within } from '@testing-library/react';
import { describe, expect, it, vi } from 'vitest';

import { http, succeeded } from '#mock/http';

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
      code: null,
      until: null,
      qrExpiresAt: null,
      lastCode: null,
    };
    FakeEventSource.all.at(-1)?.say('whatsapp');
    await seen(() => screen.getByText('מחובר'));
    expect(screen.queryByRole('img', { name: 'קוד QR לחיבור וואטסאפ' })).not.toBeInTheDocument();
    expect(screen.getByText('054-123-4567')).toBeVisible();
  });

  it('says a refusal in the language of the screen, and all of it in the console', async () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
    const refusal = {
      success: false,
      error: 'The WhatsApp service is not answering right now.',
      code: 'service_away',
      until: null,
    };
    world.server.use(http.post('/api/whatsapp/baileys/init', ({ response }) => response(200).json(refusal)));
    const { user } = renderApp('/whatsapp');
    await user.click(await create());
    await seen(() => screen.getByText('שירות הוואטסאפ אינו עונה. הניסיון חוזר מעצמו.'));
    expect(screen.queryByText(refusal.error)).not.toBeInTheDocument();
    expect(warn).toHaveBeenCalledWith(expect.stringContaining('init'), expect.objectContaining(refusal));
  });

  it.each([
    ['expired', 'הקוד פג'],
    ['interrupted', 'הקוד בוטל'],
    ['code_ready', 'ממתין להקלדה'],
    ['replaced', 'הוחלף'],
    ['unlinked', 'נותק'],
    ['logged_out', 'נותק מהטלפון'],
    ['stopped', 'נעצר'],
  ] as const)('says %s in words and offers the next step', async (state, words) => {
    world.db.whatsapp = {
      success: true,
      state,
      since: null,
      reason: null,
      code: null,
      until: null,
      qrExpiresAt: null,
      lastCode: null,
      phone: null,
    };
    renderApp('/whatsapp');
    await seen(() => screen.getByText(words));
    expect(await create()).toBeVisible();
  });

  it('says why by its code, and until when, and no English of the server', async () => {
    world.db.whatsapp = {
      ...world.db.whatsapp,
      state: 'stopped',
      reason: 'WhatsApp has banned this account for a time, until 2030-01-01T00:00:00.000Z',
      code: 'temporarily_banned',
      until: '2030-01-01T00:00:00.000Z',
    };
    renderApp('/whatsapp');
    await seen(() => screen.getByText('וואטסאפ חסם את החשבון לזמן מוגבל.', { exact: false }));
    expect(document.querySelector('time[datetime="2030-01-01T00:00:00.000Z"]')).toBeVisible();
    expect(screen.queryByText(/banned this account/)).not.toBeInTheDocument();
  });

  it('says "unlinked" when it is, not when it is asked for', async () => {
    world.db.whatsapp = { ...world.db.whatsapp, state: 'connected', phone: '+972541234567' };
    world.server.use(
      http.post('/api/whatsapp/baileys/logout', ({ response }) => {
        world.db.whatsapp = { ...world.db.whatsapp, state: 'unlinking', code: 'unreachable' };
        return response(202).json(succeeded('whatsapp.logout', 'session'));
      }),
    );
    const { user } = renderApp('/whatsapp');
    await user.click(await screen.findByRole('button', { name: 'ניתוק' }));
    const dialog = await screen.findByRole('alertdialog', { name: 'לנתק את הוואטסאפ?' });
    await user.click(within(dialog).getByRole('button', { name: 'ניתוק' }));
    await seen(() => screen.getByText('בניתוק'));
    await seen(() => screen.getByText('אי אפשר להגיע כרגע לוואטסאפ.', { exact: false }));
    expect(screen.queryByText('הוואטסאפ נותק')).not.toBeInTheDocument();
    world.db.whatsapp = { ...world.db.whatsapp, state: 'unlinked', code: 'unlinked' };
    FakeEventSource.all.at(-1)?.say('whatsapp');
    await seen(() => screen.getByText('הוואטסאפ נותק'));
  });

  it('while it is being unlinked the link can be kept, or be forgotten now', async () => {
    world.db.whatsapp = { ...world.db.whatsapp, state: 'unlinking' };
    world.server.use(
      http.post('/api/whatsapp/baileys/init', ({ response }) => {
        world.db.whatsapp = { ...world.db.whatsapp, state: 'connected' };
        return response(200).json({ success: true, alreadyLinked: true });
      }),
    );
    const { user } = renderApp('/whatsapp');
    await user.click(await screen.findByRole('button', { name: 'ביטול הניתוק' }));
    await seen(() => screen.getByText('מחובר'));

    world.db.whatsapp = { ...world.db.whatsapp, state: 'unlinking' };
    FakeEventSource.all.at(-1)?.say('whatsapp');
    await user.click(await screen.findByRole('button', { name: 'לשכוח עכשיו' }));
    const dialog = await screen.findByRole('alertdialog', { name: 'לשכוח את החיבור עכשיו?' });
    await user.click(within(dialog).getByRole('button', { name: 'לשכוח עכשיו' }));
    await seen(() => screen.getByText('לא מחובר'));
  });

  it.each(['/whatsapp', '/'])('sees at %s within 15 s that the service died', async (path) => {
    vi.useFakeTimers({ shouldAdvanceTime: true });
    world.db.whatsapp = { ...world.db.whatsapp, state: 'connected' };
    renderApp(path);
    await seen(() => screen.getByText('מחובר'));
    world.db.whatsapp = { ...world.db.whatsapp, state: 'reconnecting', code: 'service_away' };
    await vi.advanceTimersByTimeAsync(12_000);
    await seen(() => screen.getByText('מתחבר מחדש'));
    vi.useRealTimers();
  });

  it('shows a pairing code no longer than it can be typed', async () => {
    const { user } = renderApp('/whatsapp');
    await user.click(await screen.findByRole('radio', { name: 'קוד בטלפון' }));
    await user.type(await screen.findByRole('textbox', { name: 'מספר הטלפון של הוואטסאפ' }), '054-123-4567');
    world.db.whatsapp = { ...world.db.whatsapp, state: 'code_ready' };
    await user.click(screen.getByRole('button', { name: 'קבלת קוד' }));
    await seen(() => screen.getByText('K7QX-2M4P'));
    await seen(() => screen.getByText('ממתין להקלדה'));
    world.db.whatsapp = { ...world.db.whatsapp, state: 'interrupted', code: 'pairing_withdrawn' };
    FakeEventSource.all.at(-1)?.say('whatsapp');
    await seen(() => screen.getByText('הקוד בוטל'));
    expect(screen.queryByText('K7QX-2M4P')).not.toBeInTheDocument();
  });

  it('offers to unlink what stopped but is still on the phone', async () => {
    world.db.whatsapp = { ...world.db.whatsapp, state: 'stopped', phone: '+972541234567' };
    renderApp('/whatsapp');
    expect(await screen.findByRole('button', { name: 'ניתוק' })).toBeVisible();
    expect(screen.queryByRole('button', { name: 'התחלה מחדש' })).not.toBeInTheDocument();
  });

  it('starts over once a link has ended, after asking', async () => {
    world.db.whatsapp = {
      success: true,
      state: 'stopped',
      since: null,
      reason: null,
      code: null,
      until: null,
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
