// The tools that every codexpc has. Any other name is a tool of the user's own, and has a command.

export const SHIPPED_TOOLS = [
  'clock',
  'calculator',
  'read_file',
  'list_directory',
  'search_files',
  'shell',
  'python',
  'apply_patch',
] as const;
export type ShippedTool = (typeof SHIPPED_TOOLS)[number];

export const isShippedTool = (name: string): name is ShippedTool =>
  (SHIPPED_TOOLS as readonly string[]).includes(name);
