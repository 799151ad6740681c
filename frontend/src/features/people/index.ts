// What other features may use of people.
export { usersQuery } from './queries';
