import { useTranslation } from 'react-i18next';

import { words } from './words';

/** The words for an action of the audit; an action without words shows its own name. */
export function useActionName(): (action: string) => string {
  const { t } = useTranslation();
  return (action) => words(t, `actions:${action.replaceAll('.', '_')}`, action);
}
