import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { FakeEventSource } from '../../../test/world';
import { keyOf, queryClient } from '@/shared/api/query';

import { startLive } from './live';

const isStale = (key: readonly unknown[]) => queryClient.getQueryState(key)?.isInvalidated;

describe('live updates', () => {
  let stop: () => void;
  beforeEach(async () => {
    vi.useFakeTimers();
    for (const path of ['/api/leads', '/api/calls', '/api/summary'] as const)
      queryClient.setQueryData(keyOf(path), {});
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

  it('refetch everything when the server speaks of what this page does not know', async () => {
    FakeEventSource.all.at(-1)?.say('invoice');
    await vi.advanceTimersByTimeAsync(200);
    expect(isStale(keyOf('/api/leads'))).toBe(true);
    expect(isStale(keyOf('/api/calls'))).toBe(true);
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

  it('refetch when the page is seen again after a while, not after a glance elsewhere', async () => {
    const visibility = vi.spyOn(document, 'visibilityState', 'get');
    const hideFor = async (milliseconds: number) => {
      FakeEventSource.all.at(-1)?.onopen?.();
      queryClient.setQueryData(keyOf('/api/calls'), {});
      visibility.mockReturnValue('hidden');
      document.dispatchEvent(new Event('visibilitychange'));
      await vi.advanceTimersByTimeAsync(milliseconds);
      visibility.mockReturnValue('visible');
      document.dispatchEvent(new Event('visibilitychange'));
      return isStale(keyOf('/api/calls'));
    };
    expect(await hideFor(5000)).toBe(false);
    expect(await hideFor(25_000)).toBe(true);
  });

  it('do not wait for the next try when the page is seen again without a stream', () => {
    const stream = FakeEventSource.all.at(-1)!;
    stream.readyState = FakeEventSource.CLOSED;
    stream.onerror?.();
    queryClient.setQueryData(keyOf('/api/calls'), {});
    const before = FakeEventSource.all.length;
    document.dispatchEvent(new Event('visibilitychange'));
    expect(isStale(keyOf('/api/calls'))).toBe(true);
    expect(FakeEventSource.all.length).toBe(before + 1);
  });
});
