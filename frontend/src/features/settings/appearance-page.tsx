import { useTranslation } from 'react-i18next';

import { changeLanguage } from '@/shared/i18n';
import { language, LANGUAGES } from '@/shared/i18n/language';
import { THEMES, useTheme } from '@/shared/lib/theme';
import { Section } from '@/shared/ui/card';
import { Page } from '@/shared/ui/page';
import { Segmented } from '@/shared/ui/segmented';

/** Language and theme, on this device. */
export function AppearancePage() {
  const { t } = useTranslation();
  const [theme, setTheme] = useTheme();
  return (
    <Page
      title={t('settings:appearance.title')}
      back={{ to: '/settings', label: t('settings:title') }}
      width="narrow"
    >
      <Section title={t('settings:appearance.language')}>
        <Segmented
          label={t('settings:appearance.language')}
          value={language()}
          options={LANGUAGES.map((value) => ({ value, label: t(`common:languages.${value}`) }))}
          onChange={(next) => void changeLanguage(next)}
        />
      </Section>
      <Section title={t('settings:appearance.theme')}>
        <Segmented
          label={t('settings:appearance.theme')}
          value={theme}
          options={THEMES.map((value) => ({ value, label: t(`settings:appearance.themes.${value}`) }))}
          onChange={setTheme}
        />
      </Section>
    </Page>
  );
}
