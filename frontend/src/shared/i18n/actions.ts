import { useTranslation } from 'react-i18next';

/** The words for an action of the audit; an action without words shows its own name. */
export function useActionName(): (action: string) => string {
  const { t } = useTranslation();
  const loose = t as unknown as (key: string, options: { defaultValue: string }) => string;
  return (action) => loose(`actions.${action.replaceAll('.', '_')}`, { defaultValue: action });
}
