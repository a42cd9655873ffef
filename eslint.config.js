import tseslint from 'typescript-eslint';

// What each folder of src/ may import from its siblings. Arrows point one way: see src/README.md.
// `composition` lists the files that build the whole; nothing else may reach them.
const mayImport = {
  harmony: [],
  grammar: [],
  machines: [],
  ipc: [],
  inspect: ['machines', 'ipc'],
  page: ['ipc', 'inspect'],
  client: ['ipc'],
  cli: ['client', 'ipc', 'config', 'inspect'],
  config: [],
  actors: ['machines', 'ipc', 'harmony', 'grammar', 'config', 'inspect'],
};
const folders = Object.keys(mayImport);

const importDirection = folders.map((folder) => {
  const banned = folders.filter((other) => other !== folder && !mayImport[folder].includes(other));
  return {
    files: [`src/${folder}/**/*.ts`, `src/${folder}/**/*.tsx`],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              group: banned.map((other) => `**/${other}/**`),
              message: `src/${folder} may not import this folder (src/README.md).`,
            },
            { group: ['../daemon.js', '../../daemon.js'], message: 'Nothing imports the composition root.' },
          ],
        },
      ],
    },
  };
});

const zodByName = {
  selector: "ImportDeclaration[source.value='zod'] ImportSpecifier",
  message: "Write import * as z from 'zod': by its names, all of it ends up in the bundle (500 KB).",
};

// `===` takes longer the more of a guess is right. With null, undefined or a literal it compares no secret.
const named = '/(token|secret|password|authorization)$/i';
const comparedSecret = {
  selector: `BinaryExpression[operator=/^[!=]==?$/][left.type!='Literal'][right.type!='Literal']:not([right.type='Identifier'][right.name='undefined']):matches([left.name=${named}], [left.property.name=${named}], [right.name=${named}], [right.property.name=${named}])`,
  message: 'Compare secrets with isSameSecret (src/ipc/http/access.ts).',
};

export default tseslint.config(
  { ignores: ['build/**', 'coverage/**', 'node_modules/**'] },
  {
    files: ['**/*.ts', '**/*.tsx'],
    extends: [tseslint.configs.recommended],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      'no-restricted-syntax': ['error', zodByName],
    },
  },
  ...importDirection,
  {
    // Statecharts, Harmony and grammars are pure: no clock, no process, no Node modules.
    files: ['src/machines/**/*.ts', 'src/harmony/**/*.ts', 'src/grammar/**/*.ts'],
    rules: {
      'no-restricted-globals': ['error', 'process', 'setTimeout', 'setInterval', 'console', 'performance'],
      'no-restricted-properties': [
        'error',
        { object: 'Date', property: 'now' },
        { object: 'Math', property: 'random' },
      ],
    },
  },
  {
    // Where a token is a secret; elsewhere it is a piece of text.
    files: [
      'src/*.ts',
      'src/ipc/**/*.ts',
      'src/actors/http/**/*.ts',
      'src/actors/inspector-page/**/*.ts',
      'src/cli/**/*.ts',
    ],
    rules: { 'no-restricted-syntax': ['error', zodByName, comparedSecret] },
  },
  { files: ['src/**/*.ts'], ignores: ['src/cli/**'], rules: { 'no-console': 'error' } },
);
