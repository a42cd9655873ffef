// Whom a message goes to, as its header says it: well-formed, twice, misspelt, or by a tool's bare name.

import { isToolName } from './message-kinds.js';
import type { RepairName } from './repairs.js';
import type { ToolNames } from './tool-names.js';

export class HeaderRecipient {
  /** undefined: nobody so far. */
  name: string | undefined;
  /** The recipient is not what the model wrote. */
  isGuessed = false;

  constructor(
    readonly toolNames: ToolNames,
    readonly repairs: RepairName[],
  ) {}

  /** Takes what stands behind `to=`; returns what is glued to the name. */
  read(word: string): string {
    const name = nameIn(word);
    if (name === '') {
      this.repairs.push('recipient_empty');
    } else if (this.name === undefined) {
      this.name = name;
    } else {
      this.repairs.push('recipient_repeated');
      if (name !== this.name) this.isGuessed = true;
    }
    return word.slice(name.length);
  }

  /** In running text `to=` may be text too; a tool's name behind it says that it is not. */
  isMeantInText(word: string): boolean {
    const name = nameIn(word);
    return name.startsWith('functions.') || this.toolNames.match(name) !== undefined;
  }

  /** Takes a word for the tool it names; false if it names none. Short names may be any word, and count only if `mayBeShort`. */
  readBare(word: string, mayBeShort: boolean): boolean {
    const tool = mayBeShort ? this.toolNames.match(word) : this.toolNames.isDeclared(word) ? word : undefined;
    if (tool === undefined) return false;
    this.#guess(tool, 'recipient_bare');
    return true;
  }

  /** The header is over: the name is matched to the tools there are. */
  settle(channel: string | undefined): void {
    const { name, toolNames } = this;
    if (!isToolName(name) || toolNames.isDeclared(name)) return;
    const tool = toolNames.match(name);
    if (tool !== undefined) {
      this.#guess(tool, 'recipient_matched');
    } else if (channel === 'final' && !name.includes('.')) {
      this.name = undefined;
      this.repairs.push('recipient_dropped');
    }
  }

  #guess(tool: string, repair: RepairName): void {
    this.name = tool;
    this.isGuessed = true;
    this.repairs.push(repair);
  }
}

const nameIn = (word: string): string => /^[^<{[]*/.exec(word)![0];
