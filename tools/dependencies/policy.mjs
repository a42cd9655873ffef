// What a dependency of the program may be. Development's own tools are not given to anybody and are not asked.

/** SPDX identifiers that ask for no more than their text to be kept. */
export const ALLOWED_LICENCES = [
  '0BSD',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'CC0-1.0',
  'ISC',
  'MIT',
];

/** Others, package by package, with the reason that they may stay. */
export const EXCEPTIONS = {
  elkjs: {
    licence: 'EPL-2.0',
    reason: 'lays out the graphs of the debug page; used as it is, unchanged, and its source is public',
  },
};

/** Packages with scripts that npm would run when it installs them. None runs here (`--ignore-scripts`); why none has to: */
export const INSTALL_SCRIPTS = {
  '@parcel/watcher':
    'builds from source where no prebuilt file fits; a tool of development alone wants it, and goes without',
  esbuild:
    "puts the platform's program in the place of a small script; without, that script starts the program",
  'msgpackr-extract':
    'builds from source where no prebuilt file fits; msgpackr reads the same in JavaScript without it',
};
