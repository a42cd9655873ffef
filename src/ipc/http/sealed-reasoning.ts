// The model's analysis as clients carry it that may not look into it: OpenAI's SDKs keep a reasoning item's
// `encrypted_content` and drop its `content`. It is neither secret nor signed: it is the client's own conversation, in
// which it may write what it likes in any case.

const MARK = 'codexpc1.';

export const sealReasoning = (text: string): string => MARK + Buffer.from(text, 'utf8').toString('base64url');

/** Null for what is not ours: another server's means nothing here. */
export const openReasoning = (sealed: string): string | null =>
  sealed.startsWith(MARK) ? Buffer.from(sealed.slice(MARK.length), 'base64url').toString('utf8') : null;
