import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { FakeEventSource } from '../../../test/world';
import { keyOf, queryClient } from '@/shared/api/query';

import { startLive } from './live';

const isStale = (key: readonly unknown[]) => queryClient.getQueryState(key)?.isInvalidated;

describe('live updates', () => {
  let stop: () => void;
  beforeEach(async () => {
    vi.useFakeTimers();
    for (const path of ['/api/leads', '/api/calls', '/api/summary'] as const) queryClient.setQueryData(keyOf(path), {});
    stop = startLive();
    await vi.advanceTimersByTimeAsync(1);
  });
  afterEach(() => {
    stop();
    vi.useRealTimers();
  });

  it('mark what changed as out of date, and nothing else', async () => {
    FakeEventSource.all.at(-1)?.say('lead');
    await vi.advanceTimersByTimeAsync(200);
    expect(isStale(keyOf('/api/leads'))).toBe(true);
    expect(isStale(keyOf('/api/summary'))).toBe(true);
    expect(isStale(keyOf('/api/calls'))).toBe(false);
  });

  it('refetch everything after a gap, and when the server says reset', async () => {
    FakeEventSource.all.at(-1)?.dispatchEvent(new Event('reset'));
    expect(isStale(keyOf('/api/calls'))).toBe(true);
    queryClient.setQueryData(keyOf('/api/calls'), {});
    const stream = FakeEventSource.all.at(-1)!;
    stream.readyState = FakeEventSource.CLOSED;
    stream.onerror?.();
    stream.onerror = null;
    queryClient.setQueryData(keyOf('/api/calls'), {});
    await vi.advanceTimersByTimeAsync(5000);
    expect(FakeEventSource.all.length).toBeGreaterThan(1);
    expect(isStale(keyOf('/api/calls'))).toBe(true);
  });
});
