/**
 * Silences the console. libsignal prints whole sessions, private keys included, through
 * `console.info` and its sisters; our own log does not use the console. Imported first.
 */
const silent = () => undefined;
/* eslint-disable no-console -- the one place that may: it takes the console away */
for (const method of ['log', 'info', 'warn', 'error', 'debug', 'trace', 'dir'] as const)
  console[method] = silent;
