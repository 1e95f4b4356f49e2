import js from '@eslint/js';
import stylistic from '@stylistic/eslint-plugin';
import { defineConfig } from 'eslint/config';
import node from 'eslint-plugin-n';
import ts from 'typescript';
import typescript from 'typescript-eslint';
import { imports, oneWay } from './eslint.imports.mjs';

/** Names that pages may use without `window.` in front. */
const IN_IE_9 = [
  'console', 'document', 'window', 'location', 'navigator', 'history', 'screen',
  'setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'alert', 'confirm', 'prompt',
  'localStorage', 'sessionStorage', 'XMLHttpRequest', 'DOMParser', 'Image', 'Option', 'Event',
  'getComputedStyle', 'getSelection', 'postMessage', 'performance',
];
/** Properties of elements that pages in ES5 may not use. */
const NOT_IN_IE_9 = [
  'classList', 'dataset', 'append', 'remove', 'closest', 'matches', 'prepend',
];
/** The syntax of the pages. To change it, change `target` in src/browser/tsconfig.json. */
const { config: pages } = ts.readConfigFile('src/browser/tsconfig.json', ts.sys.readFile);
const isES5 = pages.compilerOptions.target.toUpperCase() === 'ES5';

/** The rules of the linter. `npm run lint` reports faults, and `npm run format` mends some. */
export default defineConfig(
  { ignores: ['dist/', 'build/', 'iisnode/'] },
  js.configs.recommended,
  stylistic.configs.customize({ arrowParens: false, braceStyle: '1tbs', semi: true }),
  {
    rules: {
      '@stylistic/arrow-parens': ['error', 'as-needed'],
      '@stylistic/max-len': ['error', {
        code: 140, ignoreUrls: true, ignoreStrings: true, ignoreTemplateLiterals: true,
      }],
      '@stylistic/max-statements-per-line': 'off',
      '@stylistic/operator-linebreak': 'off',
      '@stylistic/quote-props': ['error', 'as-needed'],
      '@stylistic/quotes': ['error', 'single', {
        avoidEscape: true, allowTemplateLiterals: 'always',
      }],
      eqeqeq: 'error',
      'no-var': 'error',
      'prefer-const': 'error',
    },
  },
  {
    files: ['**/*.ts'],
    extends: [typescript.configs.recommendedTypeChecked],
    languageOptions: {
      parserOptions: {
        project: ['.', 'tools', 'test', 'src/browser'].map(folder => `${folder}/tsconfig.json`),
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      '@typescript-eslint/no-explicit-any': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      // node:test's test() and describe() return promises that the runner waits for.
      '@typescript-eslint/no-floating-promises': ['error', {
        allowForKnownSafeCalls: [
          { from: 'package', package: 'node:test', name: ['test', 'describe', 'it'] },
        ],
      }],
      '@typescript-eslint/no-empty-object-type': 'off',
    },
  },
  {
    // The Windows of IIS 7.5 runs only old versions of node, so the server uses nothing newer than
    // node 10.
    files: ['src/**/*.ts'],
    plugins: { n: node, imports },
    rules: {
      'n/no-unsupported-features/node-builtins': ['error', { version: '>=10.24.0' }],
      'n/no-unsupported-features/es-builtins': ['error', { version: '>=10.24.0' }],
      'imports/no-circle': 'error',
    },
  },
  ...oneWay,
  {
    // People read these files beside a browser.
    files: ['src/**/*.ts', 'tools/**/*.ts', 'public/**/*.js', 'deploy/*.js', '**/*.mjs'],
    rules: {
      '@stylistic/max-len': ['error', { code: 100, ignoreUrls: true }],
    },
  },
  {
    // These files are the application of the tests, already built. They use nothing newer than
    // node 10.
    files: ['test/support/application/*.js'],
    languageOptions: {
      ecmaVersion: 2018,
      sourceType: 'commonjs',
      globals: {
        require: 'readonly',
        exports: 'writable',
        process: 'readonly',
        __dirname: 'readonly',
      },
    },
  },
  {
    files: ['test/support/application/public/*.js', 'test/support/echo/*.js'],
    languageOptions: {
      ecmaVersion: 5,
      sourceType: 'script',
      globals: { document: 'readonly', window: 'readonly', Realtime: 'readonly' },
    },
    rules: { 'no-var': 'off' },
  },
  {
    // The pages of the recipes run down to Internet Explorer 9.
    files: ['test/recipes/*/*.js'],
    languageOptions: {
      ecmaVersion: 5,
      sourceType: 'script',
      globals: {
        document: 'readonly', location: 'readonly',
        Realtime: 'readonly', XMLHttpRequest: 'readonly',
      },
    },
    rules: { '@stylistic/comma-dangle': ['error', 'never'], 'no-var': 'off' },
  },
  {
    // These applications are written as people wrote for 0.9.
    files: ['test/from-0.9/applications/*/*.js'],
    languageOptions: {
      ecmaVersion: 5,
      sourceType: 'script',
      globals: {
        require: 'readonly', process: 'readonly', setTimeout: 'readonly',
        io: 'readonly', show: 'readonly', on: 'readonly',
      },
    },
    rules: {
      '@stylistic/comma-dangle': ['error', 'never'],
      'no-redeclare': 'off',
      'no-unused-vars': ['error', { args: 'none' }],
      'no-var': 'off',
    },
  },
  {
    // These applications are written as people wrote for 0.9, and have types.
    files: ['test/from-0.9/applications/*/*.ts'],
    rules: {
      'no-var': 'off',
      'prefer-const': 'off',
      'prefer-rest-params': 'off',
      'prefer-spread': 'off',
      '@stylistic/comma-dangle': 'off',
    },
  },
  {
    // These scripts run on the server without a build: with node 10, and without packages.
    files: ['deploy/*.js'],
    plugins: { n: node },
    languageOptions: {
      ecmaVersion: 2018,
      sourceType: 'commonjs',
      globals: {
        __dirname: 'readonly',
        Buffer: 'readonly',
        console: 'readonly',
        module: 'writable',
        process: 'readonly',
        require: 'readonly',
        setTimeout: 'readonly',
      },
    },
    rules: {
      'n/no-unsupported-features/node-builtins': ['error', { version: '>=10.24.0' }],
      'n/no-unsupported-features/es-builtins': ['error', { version: '>=10.24.0' }],
      'no-unused-vars': ['error', { caughtErrors: 'none' }], // ES2018 has no catch without a name
    },
  },
  {
    // Every node has to read this file, so that an old node can say that it is too old.
    files: ['deploy/main.js'],
    languageOptions: { ecmaVersion: 5 },
    rules: { 'no-var': 'off', 'prefer-const': 'off' },
  },
  {
    files: ['public/**/*.js'],
    languageOptions: {
      ecmaVersion: isES5 ? 5 : 'latest',
      sourceType: 'script',
      globals: {
        ...Object.fromEntries(IN_IE_9.map(name => [name, 'readonly'])),
        module: 'writable',
        Realtime: 'readonly',
      },
    },
    rules: {
      '@stylistic/comma-dangle': ['error', 'never'],
      'no-restricted-properties': ['error', ...isES5
        ? NOT_IN_IE_9.map(property => ({
            property, message: 'Internet Explorer 9 does not have it.',
          }))
        : []],
      'no-unused-vars': ['error', { caughtErrors: 'none' }], // ES5 has no catch without a name
      'no-var': 'off',
      'prefer-const': 'off',
    },
  },
);
