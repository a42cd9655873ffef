// Shell completion scripts, written from the commands themselves, so that they never fall behind.

import type { Command } from 'commander';

interface Completable {
  /** Words after `codexpc` that lead here, such as "models load". */
  readonly path: string;
  readonly subcommands: ReadonlyArray<{ readonly name: string; readonly summary: string }>;
  readonly options: ReadonlyArray<{
    readonly names: readonly string[];
    readonly summary: string;
    readonly choices: readonly string[];
    readonly takesValue: boolean;
  }>;
}

export const completionScript = (shell: 'bash' | 'zsh' | 'fish', program: Command): string => {
  const places = [...completables(program, '')];
  switch (shell) {
    case 'bash':
      return bash(places);
    case 'zsh':
      return zsh(places);
    case 'fish':
      return fish(places);
  }
};

function* completables(command: Command, path: string): Generator<Completable> {
  const visible = command
    .createHelp()
    .visibleCommands(command)
    .filter((sub) => sub.name() !== 'help');
  yield {
    path,
    subcommands: visible.map((sub) => ({
      name: sub.name(),
      summary: sub.summary() || firstLine(sub.description()),
    })),
    options: command
      .createHelp()
      .visibleOptions(command)
      .map(({ short, long, description, argChoices, required, optional }) => ({
        names: [short, long].filter((name) => name !== undefined),
        summary: description,
        choices: argChoices ?? [],
        takesValue: required || optional,
      })),
  };
  for (const sub of visible) yield* completables(sub, path === '' ? sub.name() : `${path} ${sub.name()}`);
}

const firstLine = (text: string): string => text.split('\n')[0] ?? '';

const bash = (places: readonly Completable[]): string => `\
# codexpc completion for bash
_codexpc() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} path= word words=
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "\${path:+$path }$word" in
      ${places
        .filter(({ path }) => path !== '')
        .map(({ path }) => `'${path}'`)
        .join('|')}) path="\${path:+$path }$word" ;;
    esac
  done
  case "$path $previous" in
${places
  .flatMap(({ path, options }) => options.map((option) => ({ path, ...option })))
  .filter(({ takesValue }) => takesValue)
  .map(({ path, names, choices }) => {
    const pattern = names.map((name) => `'${path} ${name}'`).join('|');
    return choices.length > 0
      ? `    ${pattern}) COMPREPLY=($(compgen -W '${choices.join(' ')}' -- "$current")); return ;;`
      : `    ${pattern}) COMPREPLY=($(compgen -f -- "$current")); return ;;`;
  })
  .join('\n')}
  esac
  case "$path" in
${places.map(({ path, subcommands, options }) => `    '${path}') words='${[...subcommands.map(({ name }) => name), ...options.flatMap(({ names }) => names)].join(' ')}' ;;`).join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current") $([[ $current == -* || -z $path ]] || compgen -f -- "$current"))
}
complete -o filenames -F _codexpc codexpc
`;

const zsh = (places: readonly Completable[]): string => `\
#compdef codexpc
# codexpc completion for zsh
_codexpc() {
  local path= word
  local -a words_here
  for word in "\${(@)words[2,CURRENT-1]}"; do
    case "\${path:+$path }$word" in
      ${places
        .filter(({ path }) => path !== '')
        .map(({ path }) => `'${path}'`)
        .join('|')}) path="\${path:+$path }$word" ;;
    esac
  done
  case "$path" in
${places
  .map(({ path, subcommands, options }) => {
    const entries = [
      ...subcommands.map(({ name, summary }) => described(name, summary)),
      ...options.flatMap(({ names, summary }) => names.map((name) => described(name, summary))),
    ];
    return `    '${path}') words_here=(${entries.join(' ')}) ;;`;
  })
  .join('\n')}
  esac
  _describe 'codexpc' words_here
  [[ -n $path ]] && _files
}
compdef _codexpc codexpc
`;

const described = (name: string, summary: string): string =>
  `'${name.replaceAll(':', '\\:')}:${summary.replaceAll("'", "'\\''")}'`;

const fish = (places: readonly Completable[]): string => {
  const top = places.find(({ path }) => path === '')?.subcommands.map(({ name }) => name) ?? [];
  const lines = ['# codexpc completion for fish', 'complete -c codexpc -f'];
  for (const { path, subcommands, options } of places) {
    const [first, ...rest] = path.split(' ').filter((word) => word !== '');
    const nested = subcommands.map(({ name }) => name).join(' ');
    const here =
      first === undefined
        ? `not __fish_seen_subcommand_from ${top.join(' ')}`
        : [first, ...rest].map((word) => `__fish_seen_subcommand_from ${word}`).join('; and ');
    for (const { name, summary } of subcommands) {
      const condition = first === undefined ? here : `${here}; and not __fish_seen_subcommand_from ${nested}`;
      lines.push(`complete -c codexpc -n '${condition}' -a ${name} -d ${fishQuoted(summary)}`);
    }
    for (const { names, summary, choices, takesValue } of options) {
      const flags = names
        .map((name) => (name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`))
        .join(' ');
      const value = choices.length > 0 ? ` -x -a '${choices.join(' ')}'` : takesValue ? ' -r -F' : '';
      lines.push(`complete -c codexpc -n '${here}' ${flags}${value} -d ${fishQuoted(summary)}`);
    }
  }
  return `${lines.join('\n')}\n`;
};

const fishQuoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
