import { useEffect, useState } from 'react';

/**
 * The token of a mailed link. It stands behind `#`, which no browser sends to a server,
 * and leaves the address at once, so that it stays in no history.
 */
export function useLinkToken(): string {
  const [token] = useState(() => location.hash.slice(1).replace(/^token=/, ''));
  useEffect(() => {
    if (location.hash !== '') history.replaceState(history.state, '', location.pathname);
  }, []);
  return token;
}
