// Number formats of checkpoints, as arrays. Little-endian throughout.

export const bf16ToF32 = (bytes: Uint8Array): Float32Array => {
  const halves = new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2);
  const words = new Uint32Array(halves.length);
  for (let i = 0; i < halves.length; i += 1) words[i] = halves[i]! << 16;
  return new Float32Array(words.buffer);
};

export const f32ToBf16 = (values: Float32Array): Uint8Array => {
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const halves = new Uint16Array(values.length);
  for (let i = 0; i < halves.length; i += 1) {
    const word = words[i]!;
    halves[i] = (word + 0x7fff + ((word >>> 16) & 1)) >>> 16;
  }
  return new Uint8Array(halves.buffer);
};

const Q8_VALUES = 32;
const Q8_BYTES = 34;

/** ggml's Q8_0: of 32 values the scale in float16, then the values as bytes. Whole blocks. */
export const f32ToQ8 = (values: Float32Array): Uint8Array => {
  const bytes = new Uint8Array((values.length / Q8_VALUES) * Q8_BYTES);
  const view = new DataView(bytes.buffer);
  for (let from = 0, to = 0; from < values.length; from += Q8_VALUES, to += Q8_BYTES) {
    let largest = 0;
    for (let i = from; i < from + Q8_VALUES; i += 1) largest = Math.max(largest, Math.abs(values[i]!));
    const scale = largest / 127;
    const inverse = scale === 0 ? 0 : 1 / scale;
    view.setUint16(to, f32ToF16(scale), true);
    for (let i = 0; i < Q8_VALUES; i += 1) view.setInt8(to + 2 + i, Math.round(values[from + i]! * inverse));
  }
  return bytes;
};

const single = new Float32Array(1);
const singleBits = new Uint32Array(single.buffer);

/** Of a number that is not negative, to the nearest; ties to even. */
export const f32ToF16 = (value: number): number => {
  if (value >= 65_520) return 0x7c00;
  if (value < 2 ** -14) return roundToEven(value * 2 ** 24);
  single[0] = value;
  const word = singleBits[0]! - ((127 - 15) << 23);
  return (word + 0xfff + ((word >>> 13) & 1)) >>> 13;
};

const roundToEven = (value: number): number => {
  const whole = Math.floor(value);
  const rest = value - whole;
  return rest > 0.5 || (rest === 0.5 && whole % 2 === 1) ? whole + 1 : whole;
};
