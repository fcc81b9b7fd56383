"use strict";
// The network: one function for each operation, on arrays in row-major order, images [height, width, channels]. A node has
// the shape that it reads (`from`), the shape that it makes (`to`), its settings and its arrays of weights, each with its
// sizes (`dims`) and numbers (`values`). Sums are in double precision; what is passed on is rounded to single precision, as
// the weights are.

const functions = {
  relu: (x) => (x < 0 ? 0 : x),
  leaky_relu: (x) => (x < 0 ? 0.01 * x : x),
  elu: (x) => (x < 0 ? Math.expm1(x) : x),
  gelu: (x) => x * normalDistribution(x),
  silu: (x) => x * sigmoid(x),
  sigmoid: (x) => sigmoid(x),
  tanh: (x) => Math.tanh(x),
  linear: (x) => x,
};

function sigmoid(x) {
  return 1 / (1 + Math.exp(-x));
}

/** The share of the standard normal distribution below x (Abramowitz & Stegun 7.1.26). */
function normalDistribution(x) {
  const t = 1 / (1 + 0.3275911 * Math.SQRT1_2 * Math.abs(x));
  const p = ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t;
  const tail = 0.5 * p * Math.exp(-0.5 * x * x);
  return x < 0 ? tail : 1 - tail;
}

const last = (list) => list[list.length - 1];
const product = (dims) => dims.reduce((a, b) => a * b, 1);

/** Rows and columns of an image; a sequence is one of a single row. */
const rowsOf = (shape) => (shape.length === 3 ? [shape[0], shape[1]] : [1, shape.length === 2 ? shape[0] : 1]);

/** sums += x·W for `count` numbers of x from a place on. */
function addProduct(sums, x, from, count, kernel) {
  const units = sums.length;
  for (let i = 0; i < count; i++) {
    const factor = x[from + i];
    if (factor === 0) continue;
    for (let unit = 0, at = i * units; unit < units; unit++, at++) sums[unit] += factor * kernel[at];
  }
}

/** Applies f(row, place) to every stretch of the last axis, which is changed in place. */
function byRow(x, shape, f) {
  const width = last(shape);
  const y = Float64Array.from(x);
  for (let at = 0; at < y.length; at += width) f(y.subarray(at, at + width));
  return Float32Array.from(y);
}

function softmax(row) {
  const largest = row.reduce((a, b) => Math.max(a, b), -Infinity);
  let sum = 0;
  for (let i = 0; i < row.length; i++) sum += row[i] = Math.exp(row[i] - largest);
  for (let i = 0; i < row.length; i++) row[i] /= sum;
}

/** f(numbers of the window) for each window of so many rows and columns and each channel. */
function pool(x, { from, to, size }, f) {
  const [, width] = rowsOf(from);
  const channels = last(from);
  const [rows, columns] = rowsOf(to);
  const y = new Float32Array(rows * columns * channels);
  const window = new Float64Array(size[0] * size[1]);
  for (let row = 0, at = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      for (let channel = 0; channel < channels; channel++, at++) {
        for (let i = 0, k = 0; i < size[0]; i++) {
          for (let j = 0; j < size[1]; j++, k++) {
            window[k] = x[((row * size[0] + i) * width + column * size[1] + j) * channels + channel];
          }
        }
        y[at] = f(window);
      }
    }
  }
  return y;
}

/** Carries a state from step to step. cell(state, sums, recurrent) changes the state; sums are x·W + b of the step. */
function recur(x, { from, directions, returns }, cell) {
  const [steps, features] = from;
  const width = directions.reduce((sum, { recurrent }) => sum + recurrent.dims[0], 0);
  const y = new Float32Array(returns === "all_steps" ? steps * width : width);
  let place = 0;
  directions.forEach(({ kernel, recurrent, bias }, direction) => {
    const units = recurrent.dims[0];
    const state = { output: new Float32Array(units), kept: new Float32Array(units) };
    const sums = new Float64Array(kernel.dims[1]);
    for (let i = 0; i < steps; i++) {
      const step = direction === 1 ? steps - 1 - i : i;
      sums.set(bias.values.subarray(0, sums.length));
      addProduct(sums, x, step * features, features, kernel.values);
      cell(state, sums, recurrent.values, bias.values);
      if (returns === "all_steps") y.set(state.output, step * width + place);
    }
    if (returns !== "all_steps") y.set(state.output, place);
    place += units;
  });
  return y;
}

/** Turns the numbers i and i + width / 2 of every head at step t by the angle t · 10000^(-2i / width), in place. */
function rotate(x, heads, width) {
  for (let at = 0; at * width < x.length; at++) {
    for (let i = 0; i < width / 2; i++) {
      const angle = Math.floor(at / heads) * 10000 ** ((-2 * i) / width);
      const [cos, sin] = [Math.cos(angle), Math.sin(angle)].map(Math.fround);
      const [first, second] = [at * width + i, at * width + i + width / 2];
      const [a, b] = [x[first], x[second]];
      x[first] = a * cos - b * sin;
      x[second] = b * cos + a * sin;
    }
  }
}

const operations = {
  /** y = x·W + b over the last axis. */
  dense(x, { kernel, bias }) {
    const [inputs, units] = kernel.dims;
    const y = new Float32Array((x.length / inputs) * units);
    const sums = new Float64Array(units);
    for (let row = 0; row * inputs < x.length; row++) {
      sums.set(bias.values);
      addProduct(sums, x, row * inputs, inputs, kernel.values);
      y.set(sums, row * units);
    }
    return y;
  },

  /** y = x·Wᵀ + b over the last axis, where W is the table of the embedding, of the first node. */
  tied(x, { from, bias }, values, nodes) {
    const [{ table }, inputs] = [nodes[0], last(from)];
    return Float32Array.from({ length: (x.length / inputs) * bias.values.length }, (_, at) => {
      const [row, unit] = [Math.floor(at / bias.values.length), at % bias.values.length];
      let sum = bias.values[unit];
      for (let i = 0; i < inputs; i++) sum += x[row * inputs + i] * table.values[unit * inputs + i];
      return sum;
    });
  },

  /** y[p] = Σₖ x[s·p + d·k - before]·W[k] + b; what lies outside of the image is 0. */
  convolution(x, { from, to, kernel, bias, stride, dilation, groups, before }) {
    const [height, width] = rowsOf(from);
    const channels = last(from);
    const [rows, columns] = rowsOf(to);
    const [tapRows, tapColumns, depth, filters] = kernel.dims;
    const [weights, perGroup] = [kernel.values, filters / groups];
    const y = new Float32Array(rows * columns * filters);
    const sums = new Float64Array(filters);
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        bias ? sums.set(bias.values) : sums.fill(0);
        for (let i = 0; i < tapRows; i++) {
          const fromRow = row * stride + i * dilation - before[0];
          if (fromRow < 0 || fromRow >= height) continue;
          for (let j = 0; j < tapColumns; j++) {
            const fromColumn = column * stride + j * dilation - before[1];
            if (fromColumn < 0 || fromColumn >= width) continue;
            const pixel = (fromRow * width + fromColumn) * channels;
            const tap = (i * tapColumns + j) * depth * filters;
            for (let channel = 0; channel < channels; channel++) {
              const factor = x[pixel + channel];
              if (factor === 0) continue;
              const first = Math.floor(channel / depth) * perGroup;
              const offset = tap + (channel % depth) * filters;
              for (let filter = first; filter < first + perGroup; filter++) {
                sums[filter] += factor * weights[offset + filter];
              }
            }
          }
        }
        y.set(sums, (row * columns + column) * filters);
      }
    }
    return y;
  },

  /** y[s·p + k - before] += x[p]·W[k], plus the bias; what falls outside of the output is left out. */
  convolution_transpose(x, { from, to, kernel, bias, stride, before }) {
    const [height, width] = rowsOf(from);
    const [rows, columns] = rowsOf(to);
    const [tapRows, tapColumns, filters, channels] = kernel.dims;
    const weights = kernel.values;
    const y = new Float64Array(rows * columns * filters);
    for (let at = 0; at < y.length; at++) y[at] = bias.values[at % filters];
    for (let row = 0; row < height; row++) {
      for (let column = 0; column < width; column++) {
        const pixel = (row * width + column) * channels;
        for (let i = 0; i < tapRows; i++) {
          const toRow = row * stride + i - before[0];
          if (toRow < 0 || toRow >= rows) continue;
          for (let j = 0; j < tapColumns; j++) {
            const toColumn = column * stride + j - before[1];
            if (toColumn < 0 || toColumn >= columns) continue;
            const place = (toRow * columns + toColumn) * filters;
            let weight = (i * tapColumns + j) * filters * channels;
            for (let filter = 0; filter < filters; filter++) {
              let sum = 0;
              for (let channel = 0; channel < channels; channel++, weight++)
                sum += x[pixel + channel] * weights[weight];
              y[place + filter] += sum;
            }
          }
        }
      }
    }
    return Float32Array.from(y);
  },

  /** The largest number of each window. */
  max_pool(x, node) {
    return pool(x, node, (window) => {
      let largest = window[0];
      for (const number of window) if (number > largest) largest = number;
      return largest;
    });
  },

  /** The mean of each window. */
  average_pool(x, node) {
    return pool(x, node, (window) => {
      let sum = 0;
      for (const number of window) sum += number;
      return sum / window.length;
    });
  },

  /** Every pixel `size` times in both directions. */
  up_sample(x, { from, size }) {
    const [height, width] = rowsOf(from);
    const channels = last(from);
    const y = new Float32Array(x.length * size * size);
    for (let row = 0, at = 0; row < height * size; row++) {
      for (let column = 0; column < width * size; column++, at += channels) {
        const pixel = (Math.floor(row / size) * width + Math.floor(column / size)) * channels;
        y.set(x.subarray(pixel, pixel + channels), at);
      }
    }
    return y;
  },

  /** The mean over all axes but the last. */
  mean(x, { from }) {
    const channels = last(from);
    const sums = new Float64Array(channels);
    x.forEach((number, at) => (sums[at % channels] += number));
    return Float32Array.from(sums, (sum) => sum / (x.length / channels));
  },

  /** The mean over the steps whose token is not padding, and over all where all are; the tokens are the first value. */
  mean_of_tokens(x, { from: [steps, channels] }, [tokens]) {
    const counted = Array.from(tokens, (token, step) => step).filter((step) => tokens[step] >= 1);
    const rows = counted.length > 0 ? counted : Array.from(tokens, (token, step) => step);
    const sums = new Float64Array(channels);
    for (const step of rows) for (let at = 0; at < channels; at++) sums[at] += x[step * channels + at];
    return Float32Array.from(sums, (sum) => sum / rows.length);
  },

  /** y[t] = x[t] + P[t] */
  positions: (x, { table }) => x.map((number, at) => number + table.values[at]),

  /** [c₁ … c_heads]·W_o + b_o with c = softmax(q·kᵀ / √width)·v; q, k, v = x·W + b. */
  attention(x, { from: [steps, features], projections, heads, causal, rotary, padding }, [tokens]) {
    const width = features / heads;
    const project = (x, projection) => operations.dense(x, projection);
    const [queries, keys, values] = projections.slice(0, 3).map((projection) => project(x, projection));
    if (rotary) for (const turned of [queries, keys]) rotate(turned, heads, width);
    const context = new Float32Array(x.length);
    const weights = new Float64Array(steps);
    for (let head = 0; head < heads; head++) {
      for (let step = 0; step < steps; step++) {
        const query = step * features + head * width;
        const seen = causal ? step + 1 : steps;
        let largest = -Infinity;
        for (let at = 0; at < seen; at++) {
          let score = 0;
          for (let i = 0; i < width; i++) score += queries[query + i] * keys[at * features + head * width + i];
          weights[at] = padding && !(tokens[at] >= 1) ? -Infinity : score / Math.sqrt(width);
          largest = Math.max(largest, weights[at]);
        }
        if (largest === -Infinity) continue;
        let sum = 0;
        for (let at = 0; at < seen; at++) sum += weights[at] = Math.exp(weights[at] - largest);
        for (let i = 0; i < width; i++) {
          let mean = 0;
          for (let at = 0; at < seen; at++) mean += weights[at] * values[at * features + head * width + i];
          context[query + i] = mean / sum;
        }
      }
    }
    return project(context, projections[3]);
  },

  /** The same numbers in another shape. */
  reshape: (x) => x,

  /** The first `numbers` as they are, and then a row of the table for each that follows. */
  embedding(x, { table, numbers }) {
    const [words, units] = table.dims;
    const y = new Float32Array(numbers + (x.length - numbers) * units);
    y.set(x.subarray(0, numbers));
    x.subarray(numbers).forEach((number, at) => {
      const word = Math.min(Math.max(Math.trunc(number), 0), words - 1);
      y.set(table.values.subarray(word * units, (word + 1) * units), numbers + at * units);
    });
    return y;
  },

  /** For each of the first numbers itself and then cos(ω·x + φ)·W + b; then the others as they are. */
  numeric_embedding(x, { frequencies, phases, weights, bias }) {
    const [[numbers, waves], units] = [frequencies.dims, bias.dims[1]];
    const y = [];
    const cosines = new Float64Array(waves);
    const sums = new Float64Array(units);
    for (let at = 0; at < numbers; at++) {
      for (let wave = 0; wave < waves; wave++) {
        const place = at * waves + wave;
        cosines[wave] = Math.cos(Math.fround(Math.fround(frequencies.values[place] * x[at]) + phases.values[place]));
      }
      sums.set(bias.values.subarray(at * units, (at + 1) * units));
      addProduct(sums, cosines, 0, waves, weights.values.subarray(at * waves * units));
      y.push(x[at], ...sums);
    }
    return Float32Array.from([...y, ...x.subarray(numbers)]);
  },

  /** h = tanh(x·W + h·U + b) */
  rnn(x, node) {
    return recur(x, node, (state, sums, recurrent) => {
      addProduct(sums, state.output, 0, state.output.length, recurrent);
      state.output = Float32Array.from(sums, Math.tanh);
    });
  },

  /** Gates in the order i, f, g, o; c = σ(f)·c + σ(i)·tanh(g), h = σ(o)·tanh(c). */
  lstm(x, node) {
    return recur(x, node, (state, sums, recurrent) => {
      const units = state.output.length;
      addProduct(sums, state.output, 0, units, recurrent);
      for (let at = 0; at < units; at++) {
        const [i, f, g, o] = [0, 1, 2, 3].map((gate) => sums[gate * units + at]);
        state.kept[at] = sigmoid(f) * state.kept[at] + sigmoid(i) * Math.tanh(g);
        state.output[at] = sigmoid(o) * Math.tanh(state.kept[at]);
      }
    });
  },

  /** Gates in the order z, r, g; h = (1 - z)·g + z·h. The second half of the bias belongs to the state. */
  gru(x, node) {
    return recur(x, node, (state, sums, recurrent, bias) => {
      const units = state.output.length;
      const ofState = Float64Array.from(bias.subarray(3 * units));
      addProduct(ofState, state.output, 0, units, recurrent);
      for (let at = 0; at < units; at++) {
        const [z, r] = [0, 1].map((gate) => sigmoid(sums[gate * units + at] + ofState[gate * units + at]));
        const g = Math.tanh(sums[2 * units + at] + r * ofState[2 * units + at]);
        state.output[at] = (1 - z) * g + z * state.output[at];
      }
    });
  },

  /** A row for each member: x ⊙ scale. */
  members: (x, { scale }) => scale.values.map((factor, at) => x[at % x.length] * factor),

  /** y = x ⊙ scale + shift over the last axis. */
  affine: (x, { from, scale, shift }) =>
    x.map((number, at) => number * scale.values[at % last(from)] + shift.values[at % last(from)]),

  /** y = (x - μ) / √(σ² + ε) ⊙ γ + β over the last axis. */
  layer_norm(x, { from, epsilon, gamma, beta }) {
    return byRow(x, from, (row) => {
      const mean = row.reduce((a, b) => a + b, 0) / row.length;
      const variance = row.reduce((sum, number) => sum + (number - mean) ** 2, 0) / row.length;
      const deviation = Math.sqrt(variance + epsilon);
      for (let at = 0; at < row.length; at++) {
        row[at] = ((row[at] - mean) / deviation) * gamma.values[at] + beta.values[at];
      }
    });
  },

  /** y = x / √(mean(x²) + ε) ⊙ γ, the mean over the last axis. */
  rms_norm(x, { from, epsilon, gamma }) {
    return byRow(x, from, (row) => {
      const root = Math.sqrt(row.reduce((sum, number) => sum + number ** 2, 0) / row.length + epsilon);
      for (let at = 0; at < row.length; at++) row[at] = (row[at] / root) * gamma.values[at];
    });
  },

  /** Every number on its own. */
  activation(x, node) {
    const f = functions[node.function];
    return x.map((number) => f(number));
  },

  /** y = max(0, x) + α·min(0, x), alpha over the last axis. */
  p_relu: (x, { from, alpha }) => x.map((number, at) => (number < 0 ? alpha.values[at % last(from)] * number : number)),

  /** yᵢ = exp(xᵢ) / Σⱼ exp(xⱼ) over the last axis. */
  softmax: (x, { from }) => byRow(x, from, softmax),

  /** yᵢ = f(xᵢ) / Σⱼ f(xⱼ) over the last axis, and the softmax where that sum is not above 0. */
  shares(x, node) {
    return byRow(x, node.from, (row) => {
      const applied = row.map((number) => functions[node.function](number));
      const sum = applied.reduce((a, b) => a + b, 0);
      if (!(sum > 0 && Number.isFinite(sum))) return softmax(row);
      row.set(applied.map((number) => number / sum));
    });
  },

  /** The sum with a value that was made before. */
  add: (x, { value }, values) => x.map((number, at) => number + values[value][at]),
};

/** Single precision numbers, lowest byte first, as base64. */
function floats(base64) {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < bytes.length; at++) bytes[at] = text.charCodeAt(at);
  const view = new DataView(bytes.buffer);
  const numbers = new Float32Array(bytes.length / 4);
  for (let at = 0; at < numbers.length; at++) numbers[at] = view.getFloat32(4 * at, true);
  return numbers;
}

/** The trained network of a page; text(id) gives what the script element with this id holds. */
function openModel(text) {
  const model = JSON.parse(text("model"));
  const weights = floats(text("weights"));
  const open = (value) => {
    if (Array.isArray(value)) return value.map(open);
    if (value === null || typeof value !== "object") return value;
    if ("dims" in value)
      return { dims: value.dims, values: weights.subarray(value.at, value.at + product(value.dims)) };
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, open(inner)]));
  };
  const nodes = open(JSON.parse(text("graph")));
  const run = (input) => {
    const values = [input];
    for (const node of nodes) values.push(operations[node.operation](values[node.reads], node, values, nodes));
    return last(values);
  };
  return { ...model, answer: (numbers) => restore(model, numbers, run(prepare(model, numbers))) };
}

/** What the network reads of pixels from 0 to 255, of numbers in their own units (NaN where missing), or of noise. */
function prepare({ input: { means }, naive }, numbers) {
  if (means.kind === "pixels") return Float32Array.from(numbers, (number) => number / means.divided_by);
  let prepared = Float64Array.from(numbers);
  if (naive) {
    const lastRow = prepared.slice(prepared.length - naive.columns);
    prepared = prepared.map((number, at) => number - lastRow[at % naive.columns]);
  }
  if (means.kind === "numbers" && means.standard) {
    const { mean, deviation } = means.standard;
    prepared = prepared.map((number, at) => (number - mean[at % mean.length]) / deviation[at % mean.length]);
  }
  return Float32Array.from(prepared, (number) => (Number.isNaN(number) ? 0 : number));
}

/** What the network says, as probabilities or in the units of the data. */
function restore({ output: { means }, naive }, numbers, outputs) {
  let restored = Array.from(outputs);
  if (means.standard) {
    const { mean, deviation } = means.standard;
    restored = restored.map((number, at) => number * deviation[at % mean.length] + mean[at % mean.length]);
  }
  if (naive) restored = restored.map((change, at) => change + numbers[naive.row * naive.columns + naive.targets[at]]);
  return restored;
}
