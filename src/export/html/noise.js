"use strict";
// The noise of a generator: the same seed gives the same samples as `backprop generate`.

const bits64 = (number) => BigInt.asUintN(64, number);
const PHI = 0x9e3779b97f4a7c15n;

/** Two numbers hashed into one (the finalizer of SplitMix64). */
function mix(a, b) {
  let z = bits64(a + bits64((b + 1n) * PHI));
  z = bits64((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n);
  z = bits64((z ^ (z >> 27n)) * 0x94d049bb133111ebn);
  return z ^ (z >> 31n);
}

/** Random numbers of 64 bits: xoshiro256++. */
function randomBits(seed) {
  const s = [0n, 1n, 2n, 3n].map((at) => mix(seed, at));
  const rotate = (number, by) => bits64(number << by) | (number >> (64n - by));
  return () => {
    const result = bits64(rotate(bits64(s[0] + s[3]), 23n) + s[0]);
    const shifted = bits64(s[1] << 17n);
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= shifted;
    s[3] = rotate(s[3], 45n);
    return result;
  };
}

/** Numbers of the standard normal distribution for the sample at this place (Box & Muller 1958). */
function noise(seed, at, count) {
  const random = randomBits(mix(mix(BigInt(seed), 0x6a5b03n), BigInt(at)));
  const uniform = Array.from({ length: count }, () => 1 - Number(random() >> 40n) / 2 ** 24);
  const half = Math.floor(count / 2);
  const length = (radius) => Math.sqrt(-2 * Math.log(radius));
  const pair = (f) => (_, i) => length(uniform[i]) * f(2 * Math.PI * uniform[half + i]);
  const numbers = [...Array.from({ length: half }, pair(Math.cos)), ...Array.from({ length: half }, pair(Math.sin))];
  const fraction = () => Number(random() >> 11n) / 2 ** 53;
  if (count % 2 === 1) numbers.push(length(1 - fraction()) * Math.cos(2 * Math.PI * fraction()));
  return numbers;
}
