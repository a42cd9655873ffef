// Tests run as compiled JavaScript (build/js): worker threads and dynamic imports resolve as in the product.
import { availableParallelism } from 'node:os';

export default {
  rootDir: 'build/js',
  testMatch: ['<rootDir>/tests/**/*.test.js'],
  testEnvironment: 'node',
  transform: {},
  modulePathIgnorePatterns: [],
  // On two cores jest would take one: much of a test is waiting for a daemon, a tool, a time limit.
  maxWorkers: Math.max(2, availableParallelism() - 1),
};
