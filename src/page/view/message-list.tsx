// The Harmony messages of a request, by channel, with repairs where they happened. Token ids are shown on demand.

import type { MessageEntry, SessionEntry } from '../model/sessions.js';
import { duration } from './format.js';

interface Props {
  readonly session: SessionEntry;
  readonly hasContent: boolean;
}

export const MessageList = ({ session, hasContent }: Props) => (
  <ol class="messages">
    {session.spans
      .filter(({ phase }) => phase !== 'end')
      .map((span) => ({ at: span.from, view: <SpanView key={`${span.from} ${span.state}`} span={span} /> }))
      .concat(
        session.messages.map((message) => ({
          at: message.startedAt,
          view: <MessageView key={message.index} message={message} hasContent={hasContent} />,
        })),
        session.repairs.map((repair, index) => ({
          at: repair.at,
          view: (
            <li key={`repair ${index}`} class="repaired">
              <span class="tag warn">repaired</span> {repair.repair}
            </li>
          ),
        })),
      )
      .sort((left, right) => left.at - right.at)
      .map(({ view }) => view)}
  </ol>
);

const SpanView = ({ span }: { readonly span: SessionEntry['spans'][number] }) => (
  <li class="span">
    <i class={`phase ${span.phase}`} /> {span.phase}
    <span class="soft"> {span.to === null ? 'now' : duration(span.to - span.from)}</span>
  </li>
);

const MessageView = ({
  message,
  hasContent,
}: {
  readonly message: MessageEntry;
  readonly hasContent: boolean;
}) => {
  const { source, channel, recipient, text, tokens } = message;
  const name = source === 'prompt' ? 'prompt' : (channel ?? 'header …');
  return (
    <li class={`message ${source} ${channel ?? ''}`}>
      <p class="message-head">
        <span class="channel">{name}</span>
        {recipient !== null && <span class="tag">to {recipient}</span>}
        <span class="soft">{lengthOf(message)}</span>
      </p>
      {hasContent && text !== null && text !== '' && <pre>{text}</pre>}
      {hasContent && tokens.length > 0 && (
        <details>
          <summary>{tokens.length} token ids</summary>
          <p class="tokens">{tokens.join(' ')}</p>
        </details>
      )}
    </li>
  );
};

/** One text, which starts where it did when its figures grow. */
const lengthOf = ({ source, numTokens, startedAt, endedAt }: MessageEntry): string => {
  if (endedAt === null) return `${numTokens} tokens …`;
  return source === 'prompt'
    ? `${numTokens} tokens`
    : `${numTokens} tokens in ${duration(endedAt - startedAt)}`;
};
