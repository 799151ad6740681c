import js from '@eslint/js';
import jsxA11y from 'eslint-plugin-jsx-a11y';
import reactHooks from 'eslint-plugin-react-hooks';
import globals from 'globals';
import tseslint from 'typescript-eslint';

/** Tailwind classes that name a side of the screen: right to left needs the logical ones. */
const PHYSICAL =
  '(^|[\\s:"\'`!-])(-?(ml|mr|pl|pr|scroll-ml|scroll-mr|scroll-pl|scroll-pr)-[\\w\\[]|-?(left|right)-[\\d\\[a]|-?(left|right)-px|text-(left|right)(\\s|$)|float-(left|right)|clear-(left|right)|border-[lr](-|\\s|$)|rounded-(l|r|tl|tr|bl|br)(-|\\s|$)|space-x-)';
const physical = {
  message:
    'Use a logical utility (ms-, me-, ps-, pe-, start-, end-, text-start, text-end, border-s, rounded-s …).',
};

const logicalOnly = [
  { selector: `Literal[value=/${PHYSICAL}/]`, ...physical },
  { selector: `TemplateElement[value.raw=/${PHYSICAL}/]`, ...physical },
];

/** Words that people read belong in the catalogues. */
const catalogued = [
  {
    selector:
      'Literal[value=/[\\u0590-\\u05FF]/], JSXText[value=/[\\u0590-\\u05FF]/], TemplateElement[value.raw=/[\\u0590-\\u05FF]/]',
    message: 'Hebrew belongs in src/shared/i18n/he.',
  },
  {
    selector: 'JSXText[value=/[A-Za-z]{2}/]',
    message: 'Text belongs in the message catalogues.',
  },
];

const layer = (...patterns) => ({
  'no-restricted-imports': [
    'error',
    {
      paths: [
        { name: 'zod', message: 'Use @/shared/lib/zod, which keeps zod from trying eval.' },
        { name: 'zod/mini', message: 'Use @/shared/lib/zod.' },
      ],
      patterns: [{ group: patterns, message: 'shared -> features -> routes, never back.' }],
    },
  ],
});

export default tseslint.config(
  { ignores: ['dist', 'screenshots', 'src/shared/api/schema.d.ts'] },
  js.configs.recommended,
  {
    files: ['**/*.{ts,tsx}'],
    extends: [
      ...tseslint.configs.strictTypeChecked,
      ...tseslint.configs.stylisticTypeChecked,
      jsxA11y.flatConfigs.strict,
    ],
    plugins: { 'react-hooks': reactHooks },
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
      globals: globals.browser,
    },
    rules: {
      ...reactHooks.configs['recommended-latest'].rules,
      'no-console': ['error', { allow: ['warn'] }],
      'no-restricted-syntax': ['error', ...logicalOnly, ...catalogued],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-confusing-void-expression': [
        'error',
        { ignoreArrowShorthand: true, ignoreVoidOperator: true },
      ],
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: { attributes: false } }],
      '@typescript-eslint/consistent-type-definitions': ['error', 'interface'],
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', destructuredArrayIgnorePattern: '^_' },
      ],
      '@typescript-eslint/no-misused-spread': 'off',
      '@typescript-eslint/dot-notation': 'off',
      // Routes are redirected to by throwing, as TanStack Router asks.
      '@typescript-eslint/only-throw-error': [
        'error',
        { allow: [{ from: 'package', package: '@tanstack/router-core', name: 'Redirect' }] },
      ],
    },
  },
  {
    files: ['src/shared/**'],
    ignores: ['**/*.test.*'],
    rules: layer('@/features/*', '@/routes/*', '**/features/**', '**/routes/**', '#mock/*'),
  },
  {
    files: ['src/features/**'],
    ignores: ['**/*.test.*'],
    rules: layer('@/routes/*', '**/routes/**', '#mock/*', '../../*'),
  },
  { files: ['src/shared/lib/zod.ts'], rules: { 'no-restricted-imports': 'off' } },
  {
    files: ['mock/**', 'test/**', 'e2e/**', '**/*.test.*'],
    rules: {
      'no-restricted-syntax': ['error', ...logicalOnly],
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unsafe-type-assertion': 'off',
      'jsx-a11y/no-autofocus': 'off',
    },
  },
  {
    files: ['scripts/**', '*.js'],
    languageOptions: { globals: { ...globals.node, ...globals.browser } },
    rules: { 'no-console': 'off' },
  },
  {
    files: ['public/**'],
    languageOptions: { globals: { ...globals.browser, ...globals.serviceworker }, sourceType: 'script' },
    rules: { 'no-unused-vars': ['error', { caughtErrors: 'none' }] },
  },
);
