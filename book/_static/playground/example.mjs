// One example on its way through the network and back: a page for each layer, with the numbers on each edge.

/**
 * The stations of a trace (`Training.example`): forward through each layer, the loss, and backward.
 * Each has a `title`; at a layer also its index, the `numbers` on its edges (a Matrix, from neuron j to neuron k), and
 * `rows`, what stands below them: a name and a number for each neuron k.
 */
export function stations({ loss, layers }, label) {
  const last = layers.length;
  const forward = layers.map(({ a, W, b, z, out }, layer) => ({
    title: `Forward, layer ${layer + 1} of ${last}: on each edge a·w; z is their sum with b`,
    layer,
    numbers: W.map((w, place) => a[Math.floor(place / W.cols)] * w),
    rows: [["b", b], ["z", z], ["g(z)", out]],
  }));
  const backward = layers.map(({ delta, dW }, layer) => ({
    title: `Backward, layer ${layer + 1} of ${last}: on each edge dL/dw = a·δ, with δ = dL/dz; dL/db = δ`,
    layer,
    numbers: dW,
    rows: [["δ", delta]],
  }));
  const between = { title: `The loss of this example, of class ${label}: L = ${loss.toPrecision(4)}`, rows: [] };
  return [...forward, between, ...backward.reverse()];
}
