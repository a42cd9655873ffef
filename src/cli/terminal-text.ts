// Text on its way to a terminal: colours where they are wanted, and nothing that would steer the terminal.

export interface Paint {
  dim(text: string): string;
  bold(text: string): string;
  red(text: string): string;
  green(text: string): string;
  yellow(text: string): string;
}

interface ColourStream {
  readonly isTTY?: boolean | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** NO_COLOR and TERM=dumb turn colours off, FORCE_COLOR turns them on: https://no-color.org */
export const wantsColour = (stream: ColourStream, env: Environment): boolean => {
  if (env['NO_COLOR'] !== undefined && env['NO_COLOR'] !== '') return false;
  if (env['FORCE_COLOR'] !== undefined && env['FORCE_COLOR'] !== '0') return true;
  return stream.isTTY === true && env['TERM'] !== 'dumb';
};

export const paintFor = (stream: ColourStream, env: Environment): Paint => {
  const colour = wantsColour(stream, env);
  const code = (on: number, off: number) => (text: string) =>
    colour && text !== '' ? `\u001b[${on}m${text}\u001b[${off}m` : text;
  return {
    dim: code(2, 22),
    bold: code(1, 22),
    red: code(31, 39),
    green: code(32, 39),
    yellow: code(33, 39),
  };
};

/**
 * A model's text as a terminal may show it: control characters other than tab and newline become visible, so that
 * an answer can neither move the cursor nor change the title. Piped output stays as it is.
 */
export const harmless = (text: string): string =>
  text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, (character) =>
    character === '\r' ? '' : `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
