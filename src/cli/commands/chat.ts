import { type DefineCommand, examples, type SharedOptions, withSharedOptions } from './invocation.js';
import { answerOptions, withAnswerOptions } from './sampling-options.js';

export const defineChat: DefineCommand = (program, { context, finish }) => {
  const command = program
    .command('chat')
    .summary('talk with the model')
    .description(
      'An interactive conversation. Ctrl-C stops the answer, a second Ctrl-C leaves. A line that ends in \\ goes on.\n' +
        'Without a terminal each line of standard input is one turn.',
    );
  withSharedOptions(withAnswerOptions(command))
    .addHelpText(
      'after',
      examples(
        ['codexpc chat', 'a conversation'],
        ['codexpc chat --instructions "Answer in French."', 'with instructions'],
        ['printf "Hi\\nWho are you?\\n" | codexpc chat', 'two turns from a script'],
      ) +
        '\nIn the conversation: /new begins again, /reasoning low|medium|high, /show toggles the analysis, /exit.\n',
    )
    .action(async (flags: SharedOptions & Parameters<typeof answerOptions>[0]) => {
      const { chat } = await import('../chat/chat.js');
      finish(
        await chat(context, {
          ...answerOptions(flags),
          config: flags.config,
          socket: flags.socket,
          transport: flags.transport,
          verbose: flags.verbose ?? false,
        }),
      );
    });
};
