// Random numbers that a seed determines, in every browser alike. They are not NumPy's.

/** A stream of random numbers: mulberry32 (32 bits of state) for uniform ones, Box–Muller for normal ones. */
export class Random {
  constructor(seed) {
    this.state = seed >>> 0;
  }

  /** A number from `low` up to, but not including, `high`. */
  uniform(low = 0, high = 1) {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let t = this.state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return low + (high - low) * (((t ^ (t >>> 14)) >>> 0) / 2 ** 32);
  }

  /** A number from the normal distribution of standard deviation `scale` about 0. */
  normal(scale = 1) {
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform())); // 1 − u is never 0
    return scale * radius * Math.cos(2 * Math.PI * this.uniform());
  }

  /** The numbers 0 … n − 1 in random order (Fisher–Yates). */
  permutation(n) {
    const order = Array.from({ length: n }, (_, i) => i);
    for (let i = n - 1; i > 0; i--) {
      const j = Math.floor(this.uniform(0, i + 1));
      [order[i], order[j]] = [order[j], order[i]];
    }
    return order;
  }
}

/** One stream for each use, so that another layer changes neither the points nor their order. */
export function streams(seed) {
  const scrambled = (use) => new Random(new Random(seed).uniform(0, 2 ** 32) + use * 0x9e3779b9);
  return { data: scrambled(0), weights: scrambled(1), order: scrambled(2), dropout: scrambled(3) };
}
