// What a fault has to work with, and what a row of the table is.

import type { Random } from './random.js';
import type { System } from './system.js';

export interface Scene {
  readonly socket: string;
  readonly pid: number;
  /** Of its HTTP front end. */
  readonly port: number;
  /** The file that it has loaded, its own copy, and where that came from. */
  readonly checkpoint: { readonly path: string; readonly original: string };
  /** Null: its clock and disk are the machine's. */
  readonly system: System | null;
  readonly random: Random;
}

export interface FaultRow {
  readonly name: string;
  /** It takes the engine down, so what runs may fail. */
  readonly hitsEngine: boolean;
  /** Meanwhile connections may be turned away. */
  readonly refusesConnections?: boolean;
  /** It takes seconds of a core: drawn less often. */
  readonly isCostly?: boolean;
  /** Throws what is wrong with an answer of its own. */
  inject(scene: Scene): Promise<void>;
}
