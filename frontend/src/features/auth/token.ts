import { useEffect, useState } from 'react';

/** What stands behind `#`. */
export const linkToken = () => location.hash.slice(1).replace(/^token=/, '');

/**
 * The token of a mailed link. It stands behind `#`, which no browser sends to a server,
 * and leaves the address at once, so that it stays in no history.
 */
export function useLinkToken(): string {
  const [token] = useState(linkToken);
  useEffect(() => {
    if (location.hash !== '') history.replaceState(history.state, '', location.pathname);
  }, []);
  return token;
}
