// Rows of one height in a list to which others come all the time. Each is put to its place by a transform, so that it
// is the same element wherever it goes, and keeps the focus.

import type { ComponentChildren } from 'preact';
import { moveFocus } from './roving-focus.js';

interface Props {
  readonly role: 'tree' | 'listbox';
  readonly name: string;
  readonly children: ComponentChildren;
}

export const Rows = ({ role, name, children }: Props) => (
  <div
    class="scroll rows"
    role={role}
    aria-label={name}
    onKeyDown={(event) => moveFocus(event, role === 'tree' ? 'treeitem' : 'option')}
  >
    {children}
  </div>
);

export const rowPlace = (index: number, heightPx: number) => ({
  transform: `translateY(${index * heightPx}px)`,
});
