// What other features may use of logging in and out.
export { logout } from './api';
