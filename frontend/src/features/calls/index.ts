// What other features may use of calls.
export { type Call, callsQuery, isLive } from './api';
export { CallBackButtons } from './call-back';
export { CallerName, otherNumber, useCallerName } from './caller';
export { RecordingPlayer } from './recording';
export { CallBadge, CallIcon, CallStatusText } from './status';
