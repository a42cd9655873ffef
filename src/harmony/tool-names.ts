// Which tool a recipient means: models write `f` for `functions.f`, or glue the content type to it.

export interface ToolNames {
  readonly isDeclared: (recipient: string) => boolean;
  /** Its argument is a text, not JSON. */
  readonly isFreeform: (recipient: string) => boolean;
  /** The declared tool that a misspelt recipient can only mean; undefined if there is none or more than one. */
  readonly match: (recipient: string) => string | undefined;
}

/** What models have been seen to glue to a tool's name. */
const GLUED = /(?:json|code|commentary|analysis|final)$/;

export const createToolNames = (tools: Iterable<string>, freeformTools: Iterable<string>): ToolNames => {
  const freeform = new Set(freeformTools);
  const declared = new Set(tools);
  const byLastPart = new Map<string, string | null>(); // null: of more than one tool
  for (const tool of declared) {
    const lastPart = tool.slice(tool.lastIndexOf('.') + 1);
    byLastPart.set(lastPart, byLastPart.has(lastPart) ? null : tool);
  }
  const find = (name: string): string | undefined => {
    if (declared.has(name)) return name;
    if (declared.has(`functions.${name}`)) return `functions.${name}`;
    return byLastPart.get(name) ?? undefined;
  };
  return {
    isDeclared: (recipient) => declared.has(recipient),
    isFreeform: (recipient) => freeform.has(recipient),
    match: (recipient) => find(recipient) ?? find(recipient.replace(GLUED, '')),
  };
};
