// Which tool a recipient means: models write `f` for `functions.f`, or glue the content type to it.

export interface ToolNames {
  readonly isDeclared: (recipient: string) => boolean;
  /** Its argument is a text, not JSON. */
  readonly isFreeform: (recipient: string) => boolean;
  /** The declared tool that a misspelt recipient can only mean; undefined if there is none or more than one. */
  readonly match: (recipient: string) => string | undefined;
}

const FUNCTIONS = 'functions.';
/** What models have been seen to glue to a tool's name. */
const GLUED = /(?:json|code|commentary|analysis|final)$/;

export const createToolNames = (tools: Iterable<string>, freeformTools: Iterable<string>): ToolNames => {
  const freeform = new Set(freeformTools);
  const declared = new Set(tools);
  const meant = new Map<string, string | null>(); // null: more than one tool could be
  for (const tool of declared) {
    const lastPart = tool.slice(tool.lastIndexOf('.') + 1);
    meant.set(lastPart, meant.has(lastPart) ? null : tool);
  }
  for (const tool of declared) if (tool.startsWith(FUNCTIONS)) meant.set(tool.slice(FUNCTIONS.length), tool);
  for (const tool of declared) meant.set(tool, tool);
  const find = (name: string): string | undefined => meant.get(name) ?? undefined;
  return {
    isDeclared: (recipient) => declared.has(recipient),
    isFreeform: (recipient) => freeform.has(recipient),
    match: (recipient) => find(recipient) ?? find(recipient.replace(GLUED, '')),
  };
};
