import { screen, within } from '@testing-library/react';
import { describe, expect, it } from 'vitest';

import { changeLanguage } from '@/shared/i18n';

import { renderApp, screenWidth, world } from '../../../test/world';

const HOUR_MS = 3_600_000;
const from = (ms: number) => new Date(Date.now() + ms).toISOString();
const disk = () => ({
  worker: 'recordings',
  event_id: 'RE7-available',
  type: 'pro.prosaas.recording.available.v1',
  business_id: null,
  attempts: 7,
  error: 'No space left on device (os error 28)',
  received_at: from(-3 * HOUR_MS),
  first_failed_at: from(-3 * HOUR_MS - 60_000),
  next_attempt_at: from(HOUR_MS / 2 + 30_000),
});

/** What the recordings worker will try again. */
function retry(...retrying: ReturnType<typeof disk>[]): void {
  world.db.workers = world.db.workers.map((worker) =>
    worker.name === 'recordings' ? { ...worker, retrying } : { ...worker, retrying: [] },
  );
}

const events = () => screen.findByRole('list', { name: /recordings$/ });

describe('what a worker will try again', () => {
  it('shows with its cause, type, tries, age and next try: in the table', async () => {
    retry(disk());
    renderApp('/admin/workers', 'admin');
    const list = within(await events());
    expect(list.getByText('No space left on device (os error 28)')).toHaveAttribute('dir', 'ltr');
    expect(list.getByText('pro.prosaas.recording.available.v1')).toBeVisible();
    expect(list.getByText('נוסה 7 פעמים')).toBeVisible();
    expect(list.getByText('נכשל לראשונה לפני 3 שעות')).toBeVisible();
    expect(list.getByText(/^הניסיון הבא בעוד .*דקות$/)).toBeVisible();
    // The count is on the worker's own row, and on no other.
    expect(
      within(screen.getByRole('row', { name: /^recordings/ })).getByText('1 בניסיון חוזר'),
    ).toBeInTheDocument();
    expect(screen.getAllByText(/\d בניסיון חוזר$/)).toHaveLength(1);
  });

  it('shows on a card, in English too', async () => {
    screenWidth.current = 360;
    await changeLanguage('en');
    try {
      retry(disk(), { ...disk(), event_id: 'RE8-available', attempts: 1, next_attempt_at: from(-5000) });
      renderApp('/admin/workers', 'admin');
      const list = within(await screen.findByRole('list', { name: 'Events being retried: recordings' }));
      expect(list.getByText('Tried 7 times')).toBeVisible();
      expect(list.getByText('Tried once')).toBeVisible();
      expect(list.getAllByText('First failed 3 hours ago')).toHaveLength(2);
      expect(list.getByText('Next try is due')).toBeVisible();
      expect(screen.getByText('2 retrying')).toBeVisible();
    } finally {
      await changeLanguage('he');
    }
  });

  it('says that the server names no more than 20', async () => {
    retry(...Array.from({ length: 20 }, (_, n) => ({ ...disk(), event_id: `RE${n}` })));
    renderApp('/admin/workers', 'admin');
    expect(await screen.findByText('20+ בניסיון חוזר')).toBeInTheDocument();
    expect(screen.getByText('מוצגים רק 20 האירועים שנכשלים הכי הרבה זמן.')).toBeVisible();
  });

  it('is silent while nothing failed', async () => {
    retry();
    renderApp('/admin/workers', 'admin');
    await screen.findByRole('row', { name: /^recordings/ });
    expect(screen.queryByRole('list', { name: /recordings$/ })).not.toBeInTheDocument();
    expect(screen.queryByText(/\d בניסיון חוזר$/)).not.toBeInTheDocument();
  });
});
