// Tests run as compiled JavaScript (build/js): worker threads and dynamic imports resolve as in the product.
export default {
  rootDir: 'build/js',
  testMatch: ['<rootDir>/tests/**/*.test.js'],
  testEnvironment: 'node',
  transform: {},
  modulePathIgnorePatterns: [],
};
