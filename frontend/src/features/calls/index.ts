// What other features may use of calls.
export { isLive } from './api';
export { type Call, callsQuery, toCallBackQuery } from './queries';
export { CallBackButtons } from './call-back';
export { CallerName, otherNumber, useCallerName } from './caller';
export { RecordingPlayer } from './recording';
export { CallBadge, CallIcon, CallStatusText } from './status';
