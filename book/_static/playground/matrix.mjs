// Matrices as in the chapters: rows are examples. The numbers lie in one Float64Array, row after row, as NumPy's do.

export class Matrix {
  constructor(rows, cols, values = new Float64Array(rows * cols)) {
    Object.assign(this, { rows, cols, values });
  }

  /** A matrix of these rows, arrays of equal length. */
  static of(rows) {
    return new Matrix(rows.length, rows[0].length, Float64Array.from(rows.flat()));
  }

  at(i, j) {
    return this.values[i * this.cols + j];
  }

  row(i) {
    return this.values.subarray(i * this.cols, (i + 1) * this.cols);
  }

  column(j) {
    return Float64Array.from({ length: this.rows }, (_, i) => this.at(i, j));
  }

  /** f of each entry; `f` also gets its place in `values`. */
  map(f) {
    const mapped = new Matrix(this.rows, this.cols);
    for (let place = 0; place < mapped.values.length; place++) mapped.values[place] = f(this.values[place], place);
    return mapped;
  }

  /** These rows, in this order. */
  take(rows) {
    const taken = new Matrix(rows.length, this.cols);
    rows.forEach((i, k) => taken.row(k).set(this.row(i)));
    return taken;
  }
}

/** A B: (N, n) (n, m) = (N, m). */
export function matmul(A, B) {
  const [N, n, m] = [A.rows, A.cols, B.cols];
  const C = new Matrix(N, m);
  const [a, b, c] = [A.values, B.values, C.values];
  for (let i = 0; i < N; i++) {
    for (let j = 0; j < m; j++) {
      let sum = 0;
      for (let k = 0; k < n; k++) sum += a[i * n + k] * b[k * m + j];
      c[i * m + j] = sum;
    }
  }
  return C;
}

/** Aᵀ: (N, n) becomes (n, N). */
export function transpose(A) {
  const T = new Matrix(A.cols, A.rows);
  for (let i = 0; i < A.rows; i++) {
    for (let j = 0; j < A.cols; j++) T.values[j * A.rows + i] = A.values[i * A.cols + j];
  }
  return T;
}

/** Add b (m) to each row of A (N, m), in place. */
export function addToRows(A, b) {
  const m = A.cols;
  for (let place = 0; place < A.values.length; place++) A.values[place] += b[place % m];
}

/** The sum of the rows of A (N, m), written into `sums` (m). */
export function sumRows(A, sums) {
  const m = A.cols;
  sums.fill(0);
  for (let place = 0; place < A.values.length; place++) sums[place % m] += A.values[place];
}
