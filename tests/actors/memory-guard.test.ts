import { describe, expect, jest, test } from '@jest/globals';
import {
  availableMemory,
  defaultMemoryBudget,
  guardAdmission,
  guardContext,
  guardWeights,
} from '../../src/actors/memory-guard.js';

const USE = { weightsBytes: 1000, kvBytes: 400, kvBytesPerToken: 10, windowBytes: 50, scratchBytes: 100 };

describe('memory guard', () => {
  test('allows what just fits and refuses one byte more, with figures', () => {
    expect(guardContext('m', USE, 4, 1502)).toBe(0);
    expect(guardContext('m', USE, 4, 1502 + 128e6)).toBe(2); // caches leave what grammars may take
    expect(() => guardContext('m', USE, 4, 1499)).toThrow(
      expect.objectContaining({
        code: 'insufficient_memory',
        details: { weights: 1000, 'KV cache': 400, scratch: 100, totalBytes: 1500, budgetBytes: 1499 },
      }),
    );
  });

  test('refuses a file that is too large before it is opened', () => {
    guardWeights('m', 10, 10);
    expect(() => guardWeights('m', 11, 10)).toThrow(/smaller checkpoint.*engine\.memory_budget/);
  });

  test('refuses a request whose KV pages are not there', () => {
    guardAdmission(100, 10, 1000);
    expect(() => guardAdmission(101, 10, 1000)).toThrow(
      expect.objectContaining({ code: 'insufficient_memory' }),
    );
  });

  test('the budget is a share of what the process may use', () => {
    expect(defaultMemoryBudget()).toBeGreaterThan(2 ** 28);
    expect(Number.isSafeInteger(defaultMemoryBudget())).toBe(true);
    expect(availableMemory()).toBeGreaterThan(0);
  });

  test('refuses nobody where the system does not tell', () => {
    const asked = jest.spyOn(process, 'availableMemory').mockReturnValue(0);
    expect(() => guardAdmission(100, 10, availableMemory())).not.toThrow();
    asked.mockRestore();
  });
});
