/**
 * Silences the console. libsignal prints whole sessions, private keys included, through
 * `console.info` and its sisters; our own log does not use the console. Imported first.
 */
const silent = () => undefined;
for (const method of ['log', 'info', 'warn', 'error', 'debug', 'trace', 'dir'] as const) console[method] = silent;
