// What other features may use of calls.
import { deferred } from '@/shared/lib/deferred';

export { isLive } from './api';
export { type Call, callsQuery, toCallBackQuery } from './queries';
export { CallBackButtons } from './call-back';
export { CallerName, otherNumber, useCallerName } from './caller';
export { CallBadge, CallIcon, CallStatusText } from './status';

// Beside most calls there is nothing to hear.
export const RecordingPlayer = deferred(async () => (await import('./recording')).RecordingPlayer);
