// What other features may use of settings.
export { settingsQuery } from './queries';
