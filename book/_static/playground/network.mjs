// Fully connected networks, in the matrix form of the chapters and with the names of course_utils.nn.layers:
// rows are examples, Z = X W + b, A = g(Z). `forward(X)` gives a layer's output, and `backward(delta)`, called after it
// with dL/dA, sets dW and db if the layer has weights and gives dL/dX.

import { Matrix, addToRows, matmul, sumRows, transpose } from "./matrix.mjs";

const ALPHA = 0.01; // of leaky_relu
const SELU_LAMBDA = 1.0507009873554805;
const SELU_ALPHA = 1.6732632423543772;

/** Each a = g(z) of course_utils.nn.activations, and its slope dg/dz, written with a where that is shorter. */
export const ACTIVATIONS = {
  identity: { g: (z) => z, slope: () => 1 },
  step: { g: (z) => (z > 0 ? 1 : 0), slope: () => 0 },
  sigmoid: { g: (z) => (1 + Math.tanh(z / 2)) / 2, slope: (z, a) => a * (1 - a) },
  tanh: { g: Math.tanh, slope: (z, a) => 1 - a * a },
  arctan: { g: Math.atan, slope: (z) => 1 / (1 + z * z) },
  relu: { g: (z) => (z > 0 ? z : 0), slope: (z) => (z > 0 ? 1 : 0) },
  leaky_relu: { g: (z) => (z > 0 ? z : ALPHA * z), slope: (z) => (z > 0 ? 1 : ALPHA) },
  elu: { g: (z) => (z > 0 ? z : Math.expm1(z)), slope: (z) => (z > 0 ? 1 : Math.exp(z)) },
  selu: {
    g: (z) => SELU_LAMBDA * (z > 0 ? z : SELU_ALPHA * Math.expm1(z)),
    slope: (z) => SELU_LAMBDA * (z > 0 ? 1 : SELU_ALPHA * Math.exp(z)),
  },
  // log(1 + e^z) = max(z, 0) + log(1 + e^(−|z|)) never takes exp of a large number.
  softplus: {
    g: (z) => Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z))),
    slope: (z) => ACTIVATIONS.sigmoid.g(z),
  },
};

/** How the weights W (n_in, n_out) and biases b (n_out) of a layer are drawn. */
export const INITS = {
  /** Normal with variance 2 / n_in, for ReLU; biases 0. */
  he(W, b, rng) {
    fill(W.values, () => rng.normal(Math.sqrt(2 / W.rows)));
    b.fill(0);
  },
  /** Uniform with variance 2 / (n_in + n_out), for tanh and sigmoid; biases 0. */
  glorot(W, b, rng) {
    const limit = Math.sqrt(6 / (W.rows + W.cols));
    fill(W.values, () => rng.uniform(-limit, limit));
    b.fill(0);
  },
  /** Weights and biases uniform from −0.5 to 0.5, whatever the number of inputs. */
  uniform(W, b, rng) {
    fill(W.values, () => rng.uniform(-0.5, 0.5));
    fill(b, () => rng.uniform(-0.5, 0.5));
  },
};

function fill(values, draw) {
  for (let i = 0; i < values.length; i++) values[i] = draw();
}

/** `nOut` neurons, each with a weight for every one of `nIn` inputs. W, b, dW and db are views of the vectors. */
class Dense {
  constructor(nIn, nOut, weights, gradients) {
    const n = nIn * nOut;
    this.W = new Matrix(nIn, nOut, weights.subarray(0, n));
    this.dW = new Matrix(nIn, nOut, gradients.subarray(0, n));
    this.b = weights.subarray(n);
    this.db = gradients.subarray(n);
  }

  forward(X) {
    this.X = X;
    this.Z = matmul(X, this.W);
    addToRows(this.Z, this.b); // (N, n_out) + (n_out)
    return this.Z;
  }

  backward(delta) {
    this.delta = delta; // dL/dZ (N, n_out)
    this.dW.values.set(matmul(transpose(this.X), delta).values); // (n_in, N) (N, n_out)
    sumRows(delta, this.db);
    return matmul(delta, transpose(this.W)); // (N, n_out) (n_out, n_in)
  }
}

class Activation {
  constructor(name) {
    Object.assign(this, ACTIVATIONS[name]);
  }

  forward(Z) {
    this.Z = Z;
    this.A = Z.map(this.g);
    return this.A;
  }

  backward(delta) {
    const [z, a] = [this.Z.values, this.A.values];
    return delta.map((d, place) => d * this.slope(z[place], a[place])); // dL/dz = dL/da · dg/dz
  }
}

/** While the network trains, each activation is 0 with probability `rate`, else divided by 1 − rate. */
class Dropout {
  constructor(rate, rng) {
    Object.assign(this, { rate, rng });
  }

  forward(A, training) {
    this.dropping = training && this.rate > 0;
    if (!this.dropping) return A;
    this.mask = A.map(() => (this.rng.uniform() < this.rate ? 0 : 1 / (1 - this.rate)));
    return A.map((a, place) => a * this.mask.values[place]);
  }

  backward(delta) {
    return this.dropping ? delta.map((d, place) => d * this.mask.values[place]) : delta;
  }
}

/**
 * Dense layers of the given `sizes`, an activation after each, and dropout after those between.
 *
 * All weights lie in one vector, `weights`, of which each layer's W and b are views, and all gradients in another,
 * `gradients`: an optimizer updates one vector, whatever the number of layers.
 */
export class Network {
  constructor(sizes, random, { hidden = "relu", output = "identity", init = "he", dropout = 0 } = {}) {
    const pairs = sizes.slice(1).map((nOut, l) => [sizes[l], nOut]);
    const total = pairs.reduce((sum, [nIn, nOut]) => sum + (nIn + 1) * nOut, 0);
    this.sizes = sizes;
    this.weights = new Float64Array(total);
    this.gradients = new Float64Array(total);
    let start = 0;
    this.dense = pairs.map(([nIn, nOut]) => {
      const here = [start, (start += (nIn + 1) * nOut)];
      const dense = new Dense(nIn, nOut, this.weights.subarray(...here), this.gradients.subarray(...here));
      INITS[init](dense.W, dense.b, random.weights);
      return dense;
    });
    this.activations = this.dense.map((_, l) => new Activation(l < this.dense.length - 1 ? hidden : output));
    this.layers = this.dense.flatMap((dense, l) => [dense, this.activations[l], new Dropout(dropout, random.dropout)]);
    this.layers.pop(); // no dropout of the answer
  }

  /** The output (N, n_out) for `X` (N, n_in); units drop out only while `training`. */
  forward(X, training = false) {
    return this.layers.reduce((A, layer) => layer.forward(A, training), X);
  }

  /** Set the gradients from `delta` = dL/d(output), after `forward`. */
  backward(delta) {
    this.layers.reduceRight((delta, layer) => layer.backward(delta), delta);
  }

  /** For each hidden layer, which of its neurons are 0 for every row of `X`: with ReLU they can learn no more. */
  silent(X) {
    this.forward(X);
    return this.activations.slice(0, -1).map(({ A }) => {
      return Array.from({ length: A.cols }, (_, j) => A.column(j).every((a) => a === 0));
    });
  }
}
