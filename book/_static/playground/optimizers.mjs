// Gradient descent and its relatives, rule for rule those of course_utils.nn.optimizers: each takes one step, in place,
// on one vector of weights. `update` is the rule for weight i.

class Optimizer {
  static memory = 0; // vectors of the size of the weights that the rule remembers

  constructor(lr) {
    this.lr = lr;
    this.t = 0; // steps taken
  }

  /** Change `weights` by one step, given dL/dw. */
  step(weights, gradient) {
    this.state ??= Array.from({ length: this.constructor.memory }, () => new Float64Array(weights.length));
    this.t += 1;
    for (let i = 0; i < weights.length; i++) this.update(i, weights, gradient, ...this.state);
  }
}

/** w ← w − η g */
class SGD extends Optimizer {
  update(i, w, g) {
    w[i] -= this.lr * g[i];
  }
}

/** v ← β v + g;  w ← w − η v */
class Momentum extends Optimizer {
  static memory = 1;
  beta = 0.9;

  update(i, w, g, v) {
    v[i] = this.beta * v[i] + g[i];
    w[i] -= this.lr * v[i];
  }
}

/** v ← β v + g;  w ← w − η (g + β v): the slope where the momentum is about to carry the weights */
class Nesterov extends Momentum {
  update(i, w, g, v) {
    v[i] = this.beta * v[i] + g[i];
    w[i] -= this.lr * (g[i] + this.beta * v[i]);
  }
}

/** s ← s + g²;  w ← w − η g / (√s + ε) */
class Adagrad extends Optimizer {
  static memory = 1;
  eps = 1e-10;

  update(i, w, g, s) {
    s[i] += g[i] ** 2;
    w[i] -= (this.lr * g[i]) / (Math.sqrt(s[i]) + this.eps);
  }
}

/** s ← ρ s + (1 − ρ) g²;  w ← w − η g / (√s + ε) */
class RMSprop extends Optimizer {
  static memory = 1;
  rho = 0.99;
  eps = 1e-8;

  update(i, w, g, s) {
    s[i] = this.rho * s[i] + (1 - this.rho) * g[i] ** 2;
    w[i] -= (this.lr * g[i]) / (Math.sqrt(s[i]) + this.eps);
  }
}

/** s ← ρ s + (1 − ρ) g²;  d = g √(u + ε) / √(s + ε);  u ← ρ u + (1 − ρ) d²;  w ← w − η d */
class Adadelta extends Optimizer {
  static memory = 2;
  rho = 0.9;
  eps = 1e-6;

  update(i, w, g, s, u) {
    s[i] = this.rho * s[i] + (1 - this.rho) * g[i] ** 2;
    const d = (g[i] * Math.sqrt(u[i] + this.eps)) / Math.sqrt(s[i] + this.eps);
    u[i] = this.rho * u[i] + (1 - this.rho) * d ** 2;
    w[i] -= this.lr * d;
  }
}

/**
 * m ← β₁ m + (1 − β₁) g;  s ← β₂ s + (1 − β₂) g²;  w ← w − η m̂ / (√ŝ + ε)
 *
 * with the estimates freed from their start at zero: m̂ = m / (1 − β₁ᵗ),  ŝ = s / (1 − β₂ᵗ).
 */
class Adam extends Optimizer {
  static memory = 2;
  beta1 = 0.9;
  beta2 = 0.999;
  eps = 1e-8;

  update(i, w, g, m, s) {
    m[i] = this.beta1 * m[i] + (1 - this.beta1) * g[i];
    s[i] = this.beta2 * s[i] + (1 - this.beta2) * g[i] ** 2;
    const m_hat = m[i] / (1 - this.beta1 ** this.t);
    const s_hat = s[i] / (1 - this.beta2 ** this.t);
    w[i] -= (this.lr * m_hat) / (Math.sqrt(s_hat) + this.eps);
  }
}

/** w ← (1 − η λ) w, then the step of `Adam`: weights shrink at the rate η λ, whatever their slopes */
class AdamW extends Adam {
  constructor(lr, { decay }) {
    super(lr);
    this.decay = decay; // λ
  }

  update(i, w, g, m, s) {
    w[i] *= 1 - this.lr * this.decay;
    super.update(i, w, g, m, s);
  }
}

export const OPTIMIZERS = {
  sgd: SGD,
  momentum: Momentum,
  nesterov: Nesterov,
  adagrad: Adagrad,
  rmsprop: RMSprop,
  adadelta: Adadelta,
  adam: Adam,
  adamw: AdamW,
};

/** The learning rate of epoch t, given the rate `lr` of epoch 0 and the `losses` after each epoch so far. */
export const SCHEDULES = {
  constant: ({ lr }) => lr,
  step_decay: ({ lr, factor, every }, t) => lr * factor ** Math.floor(t / every),
  exponential_decay: ({ lr, k }, t) => lr * Math.exp(-k * t),
  inverse_decay: ({ lr, k }, t) => lr / (1 + k * t),
  /** Multiplied by `factor` after more than `patience` losses in a row without a new best, 0.01 % below the old one. */
  plateau({ lr, factor, patience }, t, losses) {
    let [best, bad] = [Infinity, 0];
    for (const loss of losses) {
      [best, bad] = loss < (1 - 1e-4) * best ? [loss, 0] : [best, bad + 1];
      if (bad > patience) [lr, bad] = [factor * lr, 0];
    }
    return lr;
  },
};
