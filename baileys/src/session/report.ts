/** What the log and the metrics learn of a transition. */
import type { Fields } from '../log.js';
import type { Metrics } from '../metrics.js';
import type { SessionEvent, SessionState } from './state.js';

export function report(
  { metrics, log }: { readonly metrics: Metrics; readonly log: (fields: Fields) => void },
  before: SessionState,
  after: SessionState,
  event: SessionEvent,
): void {
  const { phase, lastCode: code, reasonCode, reason, attempt } = after;
  if (event.type === 'closed') metrics.closed(event.code);
  const isNews = before.phase !== phase || before.attempt !== attempt || event.type === 'resume';
  if (!isNews) return;
  if (event.type === 'unreadable') metrics.unreadable(event.reasonCode);
  log({ event: event.type, phase, code, reason: reasonCode ?? reason, attempt });
}
