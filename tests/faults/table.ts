// All faults; the rows say how each is brought about, and whether a running answer may end with a coded error.

import { CHECKPOINT_FAULTS } from './rows/checkpoint.js';
import { CONNECTION_FAULTS } from './rows/connections.js';
import { HTTP_FAULTS } from './rows/http.js';
import { PROCESS_FAULTS } from './rows/processes.js';
import { RESOURCE_FAULTS } from './rows/resources.js';
import { SYSTEM_FAULTS } from './rows/system.js';
import { TOKEN_FAULTS } from './rows/tokens.js';
import { TOOL_FAULTS } from './rows/tools.js';
import type { FaultRow } from './scene.js';

/** `hasSystem`: clock and disk can be told what to do. */
export const faultsOf = (hasSystem: boolean): readonly FaultRow[] => [
  ...CONNECTION_FAULTS,
  ...HTTP_FAULTS,
  ...PROCESS_FAULTS,
  ...RESOURCE_FAULTS,
  ...CHECKPOINT_FAULTS,
  ...TOKEN_FAULTS,
  ...TOOL_FAULTS,
  ...(hasSystem ? SYSTEM_FAULTS : []),
];
