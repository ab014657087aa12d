// Training on mini-batches, step by step, as course_utils.nn.training.fit does it.

import { inputs } from "./data.mjs";
import { LOSSES, accuracy, addPenalty } from "./losses.mjs";
import { Network } from "./network.mjs";
import { OPTIMIZERS, SCHEDULES } from "./optimizers.mjs";

const RUNAWAY = 100; // times the loss before training

/** The loss is no longer a number, or out of all proportion. `lr` is a rate to try instead. */
export class DivergedError extends Error {
  constructor(loss, epoch, lr) {
    const smaller = Number((lr / 10).toPrecision(2));
    super(
      `The loss became ${loss.toPrecision(3)} in epoch ${epoch + 1}: ` +
        "the steps are too long and the weights ran away. " +
        `Try lr=${smaller} instead of ${lr}.`,
    );
    this.lr = smaller;
  }
}

export class Training {
  /** A fresh network for `state`, the points to train and to test it on, and the `streams` of random numbers. */
  constructor(state, { train, test }, random) {
    const loss = LOSSES[state.loss];
    this.state = state;
    this.random = random;
    this.loss = loss;
    this.inputs = inputs(state, train);
    this.train = { X: this.inputs(train.X), y: train.y };
    this.test = { X: this.inputs(test.X), y: test.y };
    this.network = new Network([state.features.length, ...state.hidden, loss.outputs], random, {
      hidden: state.act,
      output: loss.output,
      init: state.init,
      dropout: state.dropout,
    });
    this.optimizer = new OPTIMIZERS[state.opt](state.lr, state);
    this.epoch = 0;
    this.left = []; // the rows that this epoch has not seen yet
    this.history = [this.evaluate()]; // before the first epoch, and after each
    this.gradientSizes = null; // of each layer in the last step: the root mean square of dL/dW
  }

  /** One step, on the next mini-batch; gives the loss and the number of rows of the batch *before* the step. */
  step() {
    const { state, network, optimizer } = this;
    if (this.left.length === 0) this.startEpoch();
    const rows = this.left.splice(0, state.batch === "all" ? Infinity : state.batch);
    const y = rows.map((i) => this.train.y[i]);
    const { loss, delta } = this.loss.of(network.forward(this.train.X.take(rows), true), y);
    this.requireBelow(Infinity, loss);
    network.backward(delta);
    addPenalty(network, state.l1, state.l2);
    optimizer.step(network.weights, network.gradients);
    this.gradientSizes = network.dense.map(({ dW }) => Math.hypot(...dW.values) / Math.sqrt(dW.values.length));
    if (this.left.length === 0) this.endEpoch();
    return { loss, n: rows.length };
  }

  /** The steps that are left of this epoch, or one whole epoch. */
  finishEpoch() {
    const epoch = this.epoch;
    while (this.epoch === epoch) this.step();
  }

  startEpoch() {
    const losses = this.history.slice(1).map(({ loss }) => loss); // after each epoch
    this.optimizer.lr = SCHEDULES[this.state.schedule](this.state, this.epoch, losses);
    const N = this.train.y.length;
    this.left = this.state.batch === "all" ? Array.from({ length: N }, (_, i) => i) : this.random.order.permutation(N);
  }

  endEpoch() {
    const now = this.evaluate();
    this.requireBelow(RUNAWAY * this.history[0].loss, now.loss);
    this.requireBelow(Infinity, now.testLoss);
    this.epoch += 1;
    this.history.push(now);
  }

  requireBelow(most, loss) {
    if (!(loss < most)) throw new DivergedError(loss, this.epoch, this.state.lr);
  }

  /** Loss and accuracy on all points to train on and on all to test on, without dropout and penalties. */
  evaluate() {
    const [train, test] = [this.train, this.test].map(({ X, y }) => {
      const Y_hat = this.network.forward(X);
      return { loss: this.loss.of(Y_hat, y).loss, accuracy: accuracy(this.loss.probability(Y_hat), y) };
    });
    return { loss: train.loss, accuracy: train.accuracy, testLoss: test.loss, testAccuracy: test.accuracy };
  }

  /** The probability of class 1 for each row of `X`, what `inputs` makes of points. */
  predict(X) {
    return this.loss.probability(this.network.forward(X));
  }

  /**
   * One row through the network and back, weights unchanged: the loss, and for each layer what came in (`a`), the
   * weights `W` and biases `b`, the sums `z`, the answers `out`, and the derivatives `delta` = dL/dz, `dW` and `db`.
   */
  example(x, label) {
    const { network } = this;
    const { loss, delta } = this.loss.of(network.forward(x), [label]);
    network.backward(delta);
    const layers = network.dense.map((dense, l) => ({
      a: dense.X.row(0).slice(),
      W: dense.W,
      b: dense.b,
      z: dense.Z.row(0).slice(),
      out: network.activations[l].A.row(0).slice(),
      delta: dense.delta.row(0).slice(),
      dW: dense.dW.map((d) => d),
      db: dense.db.slice(),
    }));
    return { loss, layers };
  }
}
