// Numbers of the calculator: exact fractions as long as they stay small, else double precision.

/** numerator / denominator in lowest terms, denominator > 0. */
export interface Rational {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

/** A `number` is what was rounded on the way. */
export type Numeric = Rational | number;

/** Fractions with more bits go on as doubles: enough for 1000!, too little to keep a core busy. */
const MAX_BITS = 30_000;
/** Digits after the point up to which a terminating decimal is written in full. */
const MAX_DECIMALS = 20;
const DOUBLE_DIGITS = 15;
/** Integers are written in full up to here. */
const MAX_INTEGER_DIGITS = 400;

export const rational = (numerator: bigint, denominator: bigint): Rational => {
  const sign = denominator < 0n ? -1n : 1n;
  const divisor = gcd(abs(numerator), abs(denominator)) * sign;
  return { numerator: numerator / divisor, denominator: denominator / divisor };
};

export const integer = (value: bigint): Rational => ({ numerator: value, denominator: 1n });

/** Reads `12`, `.5`, `1e-3`; the caller has checked the form. */
export const parseDecimal = (text: string): Numeric => {
  const [mantissa, exponentText = '0'] = text.toLowerCase().split('e') as [string, string?];
  const [whole, decimals = ''] = mantissa.split('.') as [string, string?];
  const exponent = Number(exponentText) - decimals.length;
  if (Math.abs(exponent) > MAX_BITS / 4 || mantissa.length > MAX_BITS / 4) return Number(text);
  const digits = BigInt(whole + decimals);
  return exponent < 0
    ? rational(digits, 10n ** BigInt(-exponent))
    : integer(digits * 10n ** BigInt(exponent));
};

export const toDouble = (value: Numeric): number => {
  if (typeof value === 'number') return value;
  const { numerator, denominator } = value;
  const direct = Number(numerator) / Number(denominator);
  if (Number.isFinite(direct)) return direct;
  // Both are too large for a double, or one is: keep the leading 64 bits of each.
  const shiftOf = (bits: bigint): number => Math.max(0, abs(bits).toString(2).length - 64);
  const up = shiftOf(numerator);
  const down = shiftOf(denominator);
  const lead = Number(numerator >> BigInt(up)) / Number(denominator >> BigInt(down));
  return lead * 2 ** (up - down);
};

export const isInteger = (value: Numeric): boolean =>
  typeof value === 'number' ? Number.isInteger(value) : value.denominator === 1n;

export const isZero = (value: Numeric): boolean =>
  typeof value === 'number' ? value === 0 : value.numerator === 0n;

export const negate = (value: Numeric): Numeric =>
  typeof value === 'number' ? -value : { ...value, numerator: -value.numerator };

export const add = (left: Numeric, right: Numeric): Numeric =>
  exactly(
    left,
    right,
    (a, b) =>
      rational(a.numerator * b.denominator + b.numerator * a.denominator, a.denominator * b.denominator),
    (a, b) => a + b,
  );

export const multiply = (left: Numeric, right: Numeric): Numeric =>
  exactly(
    left,
    right,
    (a, b) => rational(a.numerator * b.numerator, a.denominator * b.denominator),
    (a, b) => a * b,
  );

/** The divisor is not zero. */
export const divide = (left: Numeric, right: Numeric): Numeric =>
  exactly(
    left,
    right,
    (a, b) => rational(a.numerator * b.denominator, a.denominator * b.numerator),
    (a, b) => a / b,
  );

/** With the sign of the dividend, as in C. The divisor is not zero. */
export const remainder = (left: Numeric, right: Numeric): Numeric =>
  exactly(
    left,
    right,
    (a, b) =>
      rational((a.numerator * b.denominator) % (b.numerator * a.denominator), a.denominator * b.denominator),
    (a, b) => a % b,
  );

export const power = (base: Numeric, exponent: Numeric): Numeric => {
  if (typeof base !== 'number' && base.numerator === base.denominator) return base; // also to a power that is too large
  if (typeof base !== 'number' && typeof exponent !== 'number' && exponent.denominator === 1n) {
    const times = abs(exponent.numerator);
    const bits = BigInt(Math.max(bitsOf(base.numerator), bitsOf(base.denominator)));
    if (bits * times <= MAX_BITS) {
      const top = base.numerator ** times;
      const bottom = base.denominator ** times;
      return exponent.numerator < 0n ? rational(bottom, top) : rational(top, bottom);
    }
  }
  return toDouble(base) ** toDouble(exponent);
};

/** Towards minus infinity. */
export const floor = (value: Numeric): Numeric => {
  if (typeof value === 'number') return Math.floor(value);
  const { numerator, denominator } = value;
  const quotient = numerator / denominator;
  return integer(numerator < 0n && numerator % denominator !== 0n ? quotient - 1n : quotient);
};

export const compare = (left: Numeric, right: Numeric): number => {
  if (typeof left === 'number' || typeof right === 'number') return toDouble(left) - toDouble(right);
  const difference = left.numerator * right.denominator - right.numerator * left.denominator;
  return difference === 0n ? 0 : difference < 0n ? -1 : 1;
};

/** Integers and short decimals in full, anything else to 15 digits. */
export const formatNumeric = (value: Numeric): string => {
  if (typeof value === 'number') return formatDouble(value);
  const { numerator, denominator } = value;
  if (denominator === 1n) {
    const digits = numerator.toString();
    return digits.length <= MAX_INTEGER_DIGITS ? digits : formatDouble(toDouble(value));
  }
  const decimals = decimalsOf(denominator);
  if (decimals === null || decimals > MAX_DECIMALS) return formatDouble(toDouble(value));
  const scaled = (abs(numerator) * 10n ** BigInt(decimals)) / denominator;
  const digits = scaled.toString().padStart(decimals + 1, '0');
  return `${numerator < 0n ? '-' : ''}${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`;
};

const formatDouble = (value: number): string => {
  if (Object.is(value, -0)) return '0';
  return String(Number(value.toPrecision(DOUBLE_DIGITS)));
};

/** How many decimals n/denominator has; null: they never end. */
const decimalsOf = (denominator: bigint): number | null => {
  let rest = denominator;
  let twos = 0;
  let fives = 0;
  for (; rest % 2n === 0n; rest /= 2n) twos++;
  for (; rest % 5n === 0n; rest /= 5n) fives++;
  return rest === 1n ? Math.max(twos, fives) : null;
};

const exactly = (
  left: Numeric,
  right: Numeric,
  exact: (left: Rational, right: Rational) => Rational,
  rounded: (left: number, right: number) => number,
): Numeric => {
  if (typeof left !== 'number' && typeof right !== 'number') {
    const result = exact(left, right);
    if (Math.max(bitsOf(result.numerator), bitsOf(result.denominator)) <= MAX_BITS) return result;
    return toDouble(result);
  }
  return rounded(toDouble(left), toDouble(right));
};

const bitsOf = (value: bigint): number => abs(value).toString(16).length * 4;
const abs = (value: bigint): bigint => (value < 0n ? -value : value);
const gcd = (left: bigint, right: bigint): bigint => {
  let [a, b] = [left, right];
  while (b !== 0n) [a, b] = [b, a % b];
  return a === 0n ? 1n : a;
};
