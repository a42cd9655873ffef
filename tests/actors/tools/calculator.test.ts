import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { runCalculator } from '../../../src/actors/tools/calculator/calculator.js';

const value = (expression: string): string => {
  const { isOk, text } = runCalculator({ expression });
  expect({ expression, isOk, text }).toMatchObject({ isOk: true });
  return text;
};
const problem = (expression: string): string => {
  const { isOk, text } = runCalculator({ expression });
  expect({ expression, isOk }).toMatchObject({ isOk: false });
  return text;
};

describe('calculator', () => {
  test.each([
    ['1+2*3', '7'],
    ['(1+2)*3', '9'],
    ['8/4/2', '1'],
    ['2-3-4', '-5'],
    ['2^3^2', '512'],
    ['2**10', '1024'],
    ['-2^2', '-4'],
    ['(-2)^2', '4'],
    ['2^-1', '0.5'],
    ['--3', '3'],
    ['2*-3', '-6'],
    ['7 // 2', '3'],
    ['-7 // 2', '-4'],
    ['17 % 5', '2'],
    ['-7 % 3', '-1'],
    ['mod(-7, 3)', '2'],
    ['3!', '6'],
    ['3!!', '720'],
    ['2*3!', '12'],
    ['1e3 + .5', '1000.5'],
    ['6 × 7 − 2 ÷ 4', '41.5'],
  ])('%s = %s', (expression, expected) => expect(value(expression)).toBe(expected));

  test.each([
    ['0.1+0.2', '0.3'],
    ['1.1*1.1', '1.21'],
    ['1/3*3', '1'],
    ['1/3', '0.333333333333333'],
    ['2/3', '0.666666666666667'],
    ['2^100', '1267650600228229401496703205376'],
    ['9007199254740993 + 2', '9007199254740995'],
    ['123456789 * 987654321', '121932631112635269'],
    ['1/1024', '0.0009765625'],
    ['-1/8', '-0.125'],
    ['0*-1', '0'],
    ['10^30/10^29', '10'],
    ['1e-7', '0.0000001'],
    ['2^0.5', '1.4142135623731'],
    ['(1/7)^40', '1.57064631394884e-34'],
  ])('%s is written %s', (expression, expected) => expect(value(expression)).toBe(expected));

  test.each([
    ['sqrt(16)', '4'],
    ['sqrt(0.25)', '0.5'],
    ['sqrt(2)', '1.4142135623731'],
    ['abs(-3.5)', '3.5'],
    ['round(2.5)', '3'],
    ['round(-2.5)', '-3'],
    ['round(10/3, 2)', '3.33'],
    ['round(1234, -2)', '1200'],
    ['floor(-1.5)', '-2'],
    ['ceil(-1.5)', '-1'],
    ['trunc(-1.5)', '-1'],
    ['min(3, 1, 2)', '1'],
    ['max(3, 1/3)', '3'],
    ['sum(1, 2, 3)', '6'],
    ['sin(pi)', '1.22464679914735e-16'],
    ['cos(0)', '1'],
    ['atan2(1, 1)*4 - π', '0'],
    ['log(e)', '1'],
    ['log(8, 2)', '3'],
    ['log10(1000)', '3'],
    ['gcd(12, 18)', '6'],
    ['factorial(20)', '2432902008176640000'],
    ['PI', '3.14159265358979'],
  ])('%s = %s', (expression, expected) => expect(value(expression)).toBe(expected));

  test.each([
    ['', /empty/],
    ['   ', /empty/],
    ['1+', /ends too early/],
    ['(1', /expected '\)'/],
    ['1)', /'\)' at position 2/],
    ['1 2', /'2' at position 3/],
    ['1/0', /Division by zero/],
    ['1 % 0', /Division by zero/],
    ['0^-1', /negative power/],
    ['sqrt(-1)', /not a real number/],
    ['exp(1000)', /too large/],
    ['foo(1)', /no function 'foo' \(position 1\)/],
    ['1 + foo', /no 'foo' \(position 5\)/],
    ['sin', /sin\(…\)/],
    ['sqrt(1, 2)', /takes 1 argument\(s\), not 2/],
    ['round(1, 0.5)', /whole number of decimals/],
    ['2000!', /factorial\(\) takes a whole number from 0 to 1000/],
    ['1 & 2', /'&' at position 3 is not understood/],
    ['process.exit(1)', /'\.' at position 8/],
    ['constructor', /no 'constructor'/],
    ['__proto__', /not understood/],
    ['('.repeat(1_000), /nested more than/],
    ['-'.repeat(1_000) + '1', /nested more than/],
    ['1+'.repeat(3_000) + '1', /longer than/],
  ])('%s is refused', (expression, expected) => {
    const { text } = runCalculator({ expression });
    expect(text).toMatch(expected);
  });

  test('towers of powers end at once', () => {
    expect(problem('9^9^9^9')).toMatch(/too large/);
    expect(value('1^9^9^9')).toBe('1');
  });

  test('agrees with JavaScript on sums and products of small integers', () => {
    const tree = fc.letrec<{ node: string }>((tie) => ({
      node: fc.oneof(
        { maxDepth: 4 },
        fc.integer({ min: 0, max: 99 }).map(String),
        fc.tuple(tie('node'), fc.constantFrom('+', '-', '*'), tie('node')).map((parts) => parts.join(' ')),
        tie('node').map((inner) => `(${inner})`),
        tie('node').map((inner) => `-(${inner})`),
      ),
    })).node;
    fc.assert(
      fc.property(tree, (expression) => {
        const expected = Number(new Function(`return ${expression}`)());
        if (Number.isSafeInteger(expected)) expect(Number(value(expression)) === expected).toBe(true);
      }),
    );
  });

  test('whatever it is given, it answers', () => {
    const pieces = fc.constantFrom(
      '1',
      '2.5',
      '(',
      ')',
      '+',
      '-',
      '*',
      '/',
      '^',
      '!',
      ',',
      'pi',
      'sqrt',
      'x',
      ' ',
      '%',
      'e',
      '.',
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 30 }), (parts) => {
        expect(runCalculator({ expression: parts.join('') }).text).not.toBe('');
      }),
    );
  });
});
