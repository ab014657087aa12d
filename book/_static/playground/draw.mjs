// The pictures of a playground. Class 1 and positive numbers have one color, class 0 and negative ones another, and
// always a second cue: triangles and circles, solid and dashed lines.
//
// A frame never asks the page for a size: canvases get theirs by `fit`, and keep it.

import { Matrix } from "./matrix.mjs";

export const SIDE = 32; // points of a surface along each axis
const SMALL = SIDE / 2; // and of the surface of a neuron
const TILE = 32; // its size in CSS pixels
const ROW = TILE + 18; // and with the label
const PLANE = { left: 44, top: 8, bottom: 36 };
const CHART = { left: 44, right: 10, top: 24, bottom: 36 };

/** The colors of the page's theme, from playground.css. */
export function palette(element) {
  const style = getComputedStyle(element);
  const color = (name) => style.getPropertyValue(name).trim();
  const [below, above, ground, ink] = ["--class-0", "--class-1", "--ground", "--ink"].map(color);
  return { classes: [below, above], ground, ink, shades: shades(below, ground, above) };
}

/** 256 pixels, as the memory of an image has them: from one color through the ground to the other. */
function shades(...colors) {
  const [below, ground, above] = colors.map((hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16)));
  const bytes = new Uint8ClampedArray(4 * 256).fill(255);
  for (let i = 0; i < 256; i++) {
    const value = i / 127.5 - 1;
    const end = value > 0 ? above : below;
    bytes.set(ground.map((g, c) => g + 0.7 * Math.abs(value) * (end[c] - g)), 4 * i);
  }
  return new Uint32Array(bytes.buffer);
}

/** The rectangle around the points, with a margin of a tenth. */
export function boxAround(parts) {
  return [0, 1].map((j) => {
    const values = parts.flatMap(({ X }) => [...X.column(j)]);
    const [low, high] = [Math.min(...values), Math.max(...values)];
    const margin = 0.1 * (high - low || 1);
    return [low - margin, high + margin];
  });
}

/** SIDE × SIDE points (SIDE², 2) that fill the box, row by row from the top left. */
export function grid([[left, right], [bottom, top]]) {
  const at = (low, high, i) => low + ((high - low) * (i + 0.5)) / SIDE;
  const points = Array.from({ length: SIDE * SIDE }, (_, place) => {
    return [at(left, right, place % SIDE), at(top, bottom, Math.floor(place / SIDE))];
  });
  return Matrix.of(points);
}

/** `n` small pictures of surfaces side by side, each of `side` pixels. */
export class Tiles {
  constructor(n, side = SMALL) {
    this.side = side;
    this.canvas = new OffscreenCanvas(n * side, side);
    this.context = this.canvas.getContext("2d");
    this.image = this.context.createImageData(n * side, side);
    this.pixels = new Uint32Array(this.image.data.buffer);
  }

  /** Paint tile `t` with column `j` of A, on the grid: from the color of the ground at `middle` to full at `reach`. */
  paint(t, A, j, middle, reach, shades) {
    const [{ side, pixels }, width, every, { values, cols }] = [this, this.canvas.width, SIDE / this.side, A];
    const factor = 127.5 / reach;
    for (let row = 0; row < side; row++) {
      for (let col = 0; col < side; col++) {
        const value = values[every * (row * SIDE + col) * cols + j];
        const shade = Math.max(0, Math.min(255, 127.5 + factor * (value - middle)));
        pixels[row * width + t * side + col] = shades[Math.floor(shade)]; // transparent where it is no number
      }
    }
  }

  /** To be called when tiles have been painted, before they are drawn. */
  finish() {
    this.context.putImageData(this.image, 0, 0);
  }

  draw(context, t, x, y, w, h) {
    context.drawImage(this.canvas, t * this.side, 0, this.side, this.side, x, y, w, h);
  }
}

/** The largest distance of column `j` of A from `middle`, or 1e-9. */
export function reach({ values, cols }, j, middle) {
  let most = 1e-9;
  for (let place = j; place < values.length; place += cols) most = Math.max(most, Math.abs(values[place] - middle));
  return most;
}

/** For each layer, the inputs first, the value that its tiles show in the color of the ground. */
export function middles({ act, hidden, loss }) {
  const probability = loss === "squared_error"; // of which the output layer makes one itself
  return [0, ...hidden.map(() => (["sigmoid", "step"].includes(act) ? 0.5 : 0)), probability ? 0.5 : 0];
}

/** Give the canvas the resolution of the screen, and the `height` that belongs to its width; in CSS pixels. */
export function fit(canvas, height) {
  const size = [canvas.clientWidth, height(canvas.clientWidth)];
  canvas.style.height = `${size[1]}px`;
  [canvas.width, canvas.height] = size.map((pixels) => pixels * devicePixelRatio);
}

/** The canvas wiped; drawing is in CSS pixels. */
function wiped(canvas) {
  const context = canvas.getContext("2d");
  const [width, height] = [canvas.width / devicePixelRatio, canvas.height / devicePixelRatio];
  context.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
  context.clearRect(0, 0, width, height);
  context.font = "12px sans-serif";
  return { context, width, height };
}

/** Where the plane lies on a canvas: its size, and the place of a point. */
function frame({ width, height }, [[left, right], [bottom, top]], margin) {
  const [w, h] = [width - margin.left - (margin.right ?? 0), height - margin.top - margin.bottom];
  return {
    w,
    h,
    toX: (x) => margin.left + (w * (x - left)) / (right - left || 1),
    toY: (y) => margin.top + (h * (top - y)) / (top - bottom || 1),
  };
}

export const planeHeight = (width) => Math.min(width, 420);

/** What lies over the surface: the points, hollow if to test on, the axes, and a ring if a point is `chosen`. */
export function drawPoints(canvas, { box, parts, axes, chosen }, colors) {
  const { context, width, height } = wiped(canvas);
  const { w, h, toX, toY } = frame({ width, height }, box, PLANE);
  for (const [part, { X, y }] of parts.entries()) {
    y.forEach((label, i) => point(context, toX(X.at(i, 0)), toY(X.at(i, 1)), label, part === 1, colors));
  }
  const [[left, right], [bottom, top]] = box;
  context.fillStyle = context.strokeStyle = colors.ink;
  if (chosen) {
    context.beginPath();
    context.arc(toX(chosen[0]), toY(chosen[1]), 9, 0, 2 * Math.PI);
    context.lineWidth = 3;
    context.stroke();
  }
  context.textAlign = "center";
  for (const x of ticks(left, right)) context.fillText(x, toX(x), height - 21);
  context.fillText(axes[0], PLANE.left + w / 2, height - 4);
  context.textAlign = "right";
  for (const y of ticks(bottom, top)) context.fillText(y, PLANE.left - 6, toY(y) + 4);
  context.translate(10, PLANE.top + h / 2);
  context.rotate(-Math.PI / 2);
  context.textAlign = "center";
  context.fillText(axes[1], 0, 0);
}

/** The probability `p` of class 1 on the grid, and the boundary at ½. */
export function drawSurface(canvas, tiles, p, colors) {
  const { context, width, height } = wiped(canvas);
  const [w, h] = [width - PLANE.left, height - PLANE.top - PLANE.bottom];
  tiles.paint(0, new Matrix(p.length, 1, p), 0, 0.5, 0.5, colors.shades);
  tiles.finish();
  tiles.draw(context, 0, PLANE.left, PLANE.top, w, h);

  context.beginPath();
  const lines = boundary(p);
  for (let i = 0; i < lines.length; i += 2) {
    const [x, y] = [PLANE.left + (w * (lines[i] + 0.5)) / SIDE, PLANE.top + (h * (lines[i + 1] + 0.5)) / SIDE];
    if (i % 4 === 0) context.moveTo(x, y);
    else context.lineTo(x, y);
  }
  context.lineWidth = 1.5;
  context.strokeStyle = colors.ink;
  context.stroke();
}

/**
 * The lines where `p` crosses ½, in units of the grid: where it does so on the sides of a square of four points. Four
 * numbers for each line, i0, j0, i1, j1.
 */
export function boundary(p) {
  const lines = [];
  for (let j = 0; j < SIDE - 1; j++) {
    for (let i = 0; i < SIDE - 1; i++) {
      const place = j * SIDE + i;
      const a = p[place] - 0.5; // the corners, clockwise from the top left
      const b = p[place + 1] - 0.5;
      const c = p[place + SIDE + 1] - 0.5;
      const d = p[place + SIDE] - 0.5;
      if (a > 0 !== b > 0) lines.push(i + a / (a - b), j);
      if (b > 0 !== c > 0) lines.push(i + 1, j + b / (b - c));
      if (c > 0 !== d > 0) lines.push(i + d / (d - c), j + 1);
      if (d > 0 !== a > 0) lines.push(i, j + a / (a - d));
    }
  }
  return lines;
}

/** Class 0 a circle, class 1 a triangle; hollow if it is for the test. */
function point(context, x, y, label, hollow, { classes, ground }) {
  context.beginPath();
  if (label === 0) context.arc(x, y, 3, 0, 2 * Math.PI);
  else {
    context.moveTo(x, y - 4.5);
    context.lineTo(x + 4, y + 3);
    context.lineTo(x - 4, y + 3);
    context.closePath();
  }
  context.lineWidth = 1;
  context.fillStyle = hollow ? ground : classes[label];
  context.strokeStyle = hollow ? classes[label] : ground;
  context.fill();
  context.stroke();
}

/** Three to seven round numbers between `low` and `high`. */
function ticks(low, high) {
  const power = 10 ** Math.floor(Math.log10((high - low) / 3));
  const step = [5, 2, 1].map((n) => n * power).find((size) => (high - low) / size >= 3);
  const [first, last] = [Math.ceil(low / step), Math.floor(high / step)];
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(6)));
}

/** The height of a picture of layers with so many neurons, and the width at which numbers fit between the layers. */
export const networkHeight = (sizes) => Math.max(...sizes) * ROW + 12;
export const networkWidth = (sizes) => 80 * sizes.length - 32;

/**
 * The network: each neuron's tile, in the order of the layers, and a line for each weight. `labels` holds those of each
 * layer, `silent` which of its neurons are dead, `weights` the W between; `numbers`, if an example is on its way,
 * { layer, values }.
 */
export function drawNetwork(canvas, tiles, { labels, silent, weights, numbers }, colors) {
  const { context, width, height } = wiped(canvas);
  const last = labels.length - 1;
  const placeX = (l) => 8 + ((width - TILE - 16) * l) / last;
  const placeY = (l, j) => height / 2 + (j - (labels[l].length - 1) / 2) * ROW - ROW / 2;
  const strokes = new Map(); // one path for all weights of a sign and a width: many strokes take long
  weights.forEach((W, l) => {
    for (let j = 0; j < W.rows; j++) {
      for (let k = 0; k < W.cols; k++) {
        const w = W.at(j, k);
        const width = Math.min(5, 0.5 + Math.round(3 * Math.abs(w)) / 2) || 0.5; // also where w is no number
        const stroke = w < 0 ? -width : width;
        if (!strokes.has(stroke)) strokes.set(stroke, new Path2D());
        const path = strokes.get(stroke);
        path.moveTo(placeX(l) + TILE, placeY(l, j) + TILE / 2);
        path.lineTo(placeX(l + 1), placeY(l + 1, k) + TILE / 2);
      }
    }
  });
  for (const [stroke, path] of strokes) {
    context.setLineDash(stroke < 0 ? DASHED : SOLID);
    context.lineWidth = Math.abs(stroke);
    context.strokeStyle = colors.classes[stroke < 0 ? 0 : 1];
    context.stroke(path);
  }
  context.setLineDash(SOLID);
  context.fillStyle = context.strokeStyle = colors.ink;
  let tile = 0;
  labels.forEach((layer, l) => {
    const x = placeX(l);
    context.textAlign = l === 0 ? "left" : l === last ? "right" : "center";
    const anchor = { left: x, center: x + TILE / 2, right: x + TILE }[context.textAlign];
    layer.forEach((label, j) => {
      const y = placeY(l, j);
      const dead = silent[l - 1]?.[j];
      tiles.draw(context, tile++, x, y, TILE, TILE);
      context.lineWidth = 1;
      context.strokeRect(x, y, TILE, TILE);
      context.fillText(dead ? `${label} dead` : label, anchor, y + TILE + 13);
      if (dead) cross(context, x, y);
    });
  });
  if (!numbers) return;
  const { layer, values } = numbers;
  const [x0, x1] = [placeX(layer) + TILE, placeX(layer + 1)];
  const edges = Array.from(values.values.keys()).map((place) => {
    const [j, k] = [Math.floor(place / values.cols), place % values.cols];
    const [y0, y1] = [placeY(layer, j) + TILE / 2, placeY(layer + 1, k) + TILE / 2];
    return { value: values.at(j, k), from: [x0, y0], to: [x1, y1] };
  });
  context.textAlign = "center";
  for (const { text, x, y, half } of written(edges, (text) => context.measureText(text).width)) {
    context.fillStyle = colors.ground;
    context.fillRect(x - half, y - 8, 2 * half, 15);
    context.fillStyle = colors.ink;
    context.fillText(text, x, y + 4);
  }
}

/** Places on the edges for their numbers, none over another: the largest first, and those without a place left out. */
export function written(edges, widthOf) {
  const texts = [];
  for (const { value, from, to } of [...edges].sort((a, b) => Math.abs(b.value) - Math.abs(a.value))) {
    const text = short(value);
    const half = widthOf(text) / 2 + 2;
    for (const t of [0.5, 0.35, 0.65, 0.2, 0.8]) {
      const [x, y] = [0, 1].map((i) => from[i] + t * (to[i] - from[i]));
      const free = texts.every((other) => Math.abs(other.x - x) > other.half + half || Math.abs(other.y - y) > 15);
      if (free) {
        texts.push({ text, x, y, half });
        break;
      }
    }
  }
  return texts;
}

const SOLID = [];
const DASHED = [5, 4];

function cross(context, x, y) {
  context.lineWidth = 2;
  context.beginPath();
  context.moveTo(x, y);
  context.lineTo(x + TILE, y + TILE);
  context.moveTo(x + TILE, y);
  context.lineTo(x, y + TILE);
  context.stroke();
}

/** A number in a few characters. */
export function short(value) {
  if (value === 0) return "0";
  if (Math.abs(value) < 0.001 || Math.abs(value) >= 1000) return value.toExponential(1).replaceAll("-", "−");
  return value.toFixed(Math.abs(value) < 0.1 ? 3 : 2).replace("-", "−");
}

/** A chart of `curves`, with the numbers `x` and `y` of their points, in a `box`; all but the first are dashed. */
export function drawChart(canvas, { curves, box, labels: [xLabel, yLabel] }, colors) {
  const { context, width, height } = wiped(canvas);
  const { w, h, toX, toY } = frame({ width, height }, box, CHART);
  context.fillStyle = context.strokeStyle = colors.ink;
  context.lineWidth = 1;
  context.beginPath();
  context.moveTo(CHART.left, CHART.top);
  context.lineTo(CHART.left, CHART.top + h);
  context.lineTo(CHART.left + w, CHART.top + h);
  context.stroke();
  context.lineWidth = 2;
  curves.forEach(({ x, y }, n) => {
    context.setLineDash(n === 0 ? SOLID : DASHED);
    context.beginPath();
    const every = Math.max(1, Math.floor(x.length / w)); // no more points than pixels
    for (let i = 0; i < x.length; i += every) context.lineTo(toX(x[i]), toY(y[i]));
    context.lineTo(toX(x.at(-1)), toY(y.at(-1)));
    context.stroke();
  });
  context.setLineDash(SOLID);
  const [[left, right], [bottom, top]] = box;
  context.textAlign = "center";
  for (const tick of ticks(left, right)) context.fillText(tick, toX(tick), height - 20);
  context.textAlign = "right";
  for (const tick of ticks(bottom, top)) context.fillText(tick, CHART.left - 4, toY(tick) + 4);
  context.fillText(xLabel, width - CHART.right, height - 5);
  context.textAlign = "left";
  context.fillText(yLabel, 4, 12);
}
