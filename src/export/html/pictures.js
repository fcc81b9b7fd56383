"use strict";
// Strokes and images as the pixels that the network reads, as Backprop Studio prepares them, in single precision as there.

const f32 = Math.fround;
/** The next whole number, a half away from zero. */
const rounded = (number) => Math.sign(number) * Math.floor(Math.abs(number) + 0.5);
const clamped = (number, low, high) => Math.min(Math.max(number, low), high);

/**
 * Strokes of points [x, y] as pixels from 0 to 255, side × side; nothing without ink. As in MNIST, the ink is 20 of 28 pixels on
 * its longer side, and is moved by whole pixels until its center of mass is in the middle.
 */
function drawn(strokes, side, penWidth) {
  const unit = f32(side / 28);
  const pen = f32(f32(clamped(f32(penWidth), f32(0.1), 20)) * unit);
  const fitted = fit(strokes, side, pen);
  if (!fitted) return null;
  const ink = new Float32Array(side * side);
  for (const stroke of fitted) {
    if (stroke.length === 1) inkSegment(ink, side, stroke[0], stroke[0], f32(pen / 2));
    for (let at = 1; at < stroke.length; at++) inkSegment(ink, side, stroke[at - 1], stroke[at], f32(pen / 2));
  }
  return toMiddle(ink, side, Math.trunc(f32(4 * unit)));
}

/** The strokes in pixels, scaled so that the ink fills its box, in its middle; without points that hardly move the pen. */
function fit(strokes, side, pen) {
  const points = strokes.flat().map((point) => point.map(f32));
  if (points.length === 0) return null;
  const ends = [0, 1].map((axis) => points.map((point) => point[axis]));
  const low = ends.map((numbers) => numbers.reduce((a, b) => Math.min(a, b)));
  const high = ends.map((numbers) => numbers.reduce((a, b) => Math.max(a, b)));
  const middle = [0, 1].map((axis) => f32(f32(low[axis] / 2) + f32(high[axis] / 2)));
  const half = Math.max(...[0, 1].map((axis) => f32(f32(high[axis] / 2) - f32(low[axis] / 2))));
  const size = Math.max(...[...low, ...high].map(Math.abs));
  const halfBox = f32(f32(f32(f32(side / 28) * 20) - pen) / 2);
  const isTap = half <= f32(size * f32(1e-6));
  const offset = (point, axis) => (isTap ? 0 : f32(f32(f32(f32(point[axis]) - middle[axis]) / half) * halfBox));
  return strokes.map((stroke) => simplified(stroke.map((p) => [0, 1].map((axis) => f32(side / 2 + offset(p, axis))))));
}

function simplified(points) {
  const kept = [];
  let skipped = null;
  for (const point of points) {
    const before = kept[kept.length - 1];
    const isNear = before && f32(Math.hypot(f32(before[0] - point[0]), f32(before[1] - point[1]))) < 0.25;
    skipped = isNear ? point : null;
    if (!isNear) kept.push(point);
  }
  return skipped ? [...kept, skipped] : kept;
}

/** Inks the pixels near a straight piece by their distance to it. */
function inkSegment(ink, side, a, b, radius) {
  const reach = f32(radius + 0.5);
  const between = (low, high) => [Math.trunc(Math.max(f32(low), 0)), Math.min(Math.max(Math.ceil(f32(high)), 0), side)];
  const [columns, rows] = [0, 1].map((axis) =>
    between(Math.min(a[axis], b[axis]) - reach, Math.max(a[axis], b[axis]) + reach),
  );
  const along = [f32(b[0] - a[0]), f32(b[1] - a[1])];
  const length = f32(f32(along[0] * along[0]) + f32(along[1] * along[1]));
  const perLength = f32(1 / Math.max(length, 2 ** -126));
  const darkest = Math.min(f32(2 * radius), 1);
  for (let row = rows[0]; row < rows[1]; row++) {
    const y = f32(row + 0.5 - a[1]);
    for (let column = columns[0]; column < columns[1]; column++) {
      const x = f32(column + 0.5 - a[0]);
      const share = clamped(f32(f32(f32(x * along[0]) + f32(y * along[1])) * perLength), 0, 1);
      const [dx, dy] = [f32(x - f32(share * along[0])), f32(y - f32(share * along[1]))];
      const squared = f32(f32(dx * dx) + f32(dy * dy));
      if (squared >= f32(reach * reach)) continue;
      const at = row * side + column;
      ink[at] = Math.max(ink[at], Math.min(f32(reach - f32(Math.sqrt(squared))), darkest));
    }
  }
}

/** The ink moved by whole pixels until its center of mass is in the middle, but by no more than the margin. */
function toMiddle(ink, side, margin) {
  let [mass, x, y] = [f32(2 ** -126), 0, 0];
  ink.forEach((part, at) => {
    mass = f32(mass + part);
    x = f32(x + f32(part * (at % side)));
    y = f32(y + f32(part * Math.floor(at / side)));
  });
  const shift = (moment) => clamped(Math.floor(f32(f32(side / 2 - f32(moment / mass)) + f32(0.45))), -margin, margin);
  const [right, down] = [shift(x), shift(y)];
  return Uint8Array.from(ink, (_, at) => {
    const [column, row] = [(at % side) - right, Math.floor(at / side) - down];
    const isInside = column >= 0 && column < side && row >= 0 && row < side;
    return isInside ? rounded(f32(ink[row * side + column] * 255)) : 0;
  });
}

// Images have width, height, channels and data, bytes row by row.

const gray = (width, height, data) => ({ width, height, channels: 1, data });

/** The image in another size; each pixel is the mean of those about it, weighted by a triangle. */
function resized(image, width, height) {
  if (image.width === width && image.height === height) return image;
  const { channels, data } = image;
  const down = weightsOf(image.height, height);
  const tall = new Float32Array(image.width * height * channels);
  const line = image.width * channels;
  down.forEach(({ first, weights }, row) => {
    for (let at = 0; at < line; at++) {
      let sum = 0;
      for (let i = 0; i < weights.length; i++) sum = f32(sum + f32(data[(first + i) * line + at] * weights[i]));
      tall[row * line + at] = sum;
    }
  });
  const made = new Uint8Array(width * height * channels);
  weightsOf(image.width, width).forEach(({ first, weights }, column) => {
    for (let row = 0; row < height; row++) {
      for (let channel = 0; channel < channels; channel++) {
        let sum = 0;
        for (let i = 0; i < weights.length; i++) {
          sum = f32(sum + f32(tall[row * line + (first + i) * channels + channel] * weights[i]));
        }
        made[(row * width + column) * channels + channel] = rounded(clamped(sum, 0, 255));
      }
    }
  });
  return { width, height, channels, data: made };
}

/** For each new place along an axis the first old one and the weights from there on. */
function weightsOf(size, newSize) {
  const ratio = f32(size / newSize);
  const support = Math.max(ratio, 1);
  return Array.from({ length: newSize }, (_, place) => {
    const center = f32((place + 0.5) * ratio);
    const first = clamped(Math.floor(f32(center - support)), 0, size - 1);
    const end = clamped(Math.ceil(f32(center + support)), first + 1, size);
    const middle = f32(center - 0.5);
    const weight = (at) => f32(Math.max(0, 1 - Math.abs(f32(f32(at - middle) / support))));
    const weights = Array.from({ length: end - first }, (_, i) => weight(first + i));
    const sum = weights.reduce((a, b) => f32(a + b), 0);
    return { first, weights: Float32Array.from(weights, (one) => one / sum) };
  });
}

/** The brightness Y of sRGB, of its primaries and white D65. */
const luma = (red, green, blue) => rounded(0.21264781 * red + 0.71517915 * green + 0.07217304 * blue);

/** An image of red, green, blue and alpha on a background of this brightness. */
function opaque({ width, height, data }, background) {
  const made = new Uint8Array(width * height * 3);
  for (let at = 0; at < width * height; at++) {
    const alpha = data[4 * at + 3];
    for (let channel = 0; channel < 3; channel++) {
      const value = data[4 * at + channel] * alpha + background * (255 - alpha);
      made[3 * at + channel] = Math.floor((value + 127) / 255);
    }
  }
  return { width, height, channels: 3, data: made };
}

function toGray({ width, height, channels, data }) {
  if (channels === 1) return gray(width, height, data);
  const made = new Uint8Array(width * height);
  for (let at = 0; at < made.length; at++) made[at] = luma(data[3 * at], data[3 * at + 1], data[3 * at + 2]);
  return gray(width, height, made);
}

function cropped({ width, channels, data }, left, top, newWidth, newHeight) {
  const made = new Uint8Array(newWidth * newHeight * channels);
  for (let row = 0; row < newHeight; row++) {
    const from = ((top + row) * width + left) * channels;
    made.set(data.subarray(from, from + newWidth * channels), row * newWidth * channels);
  }
  return { width: newWidth, height: newHeight, channels, data: made };
}

/** Lays an image over another one; what falls outside is left out. */
function overlaid(under, over, left, top) {
  for (let row = Math.max(0, -top); row < Math.min(over.height, under.height - top); row++) {
    for (let column = Math.max(0, -left); column < Math.min(over.width, under.width - left); column++) {
      for (let channel = 0; channel < under.channels; channel++) {
        const at = ((top + row) * under.width + left + column) * under.channels + channel;
        under.data[at] = over.data[(row * over.width + column) * over.channels + channel];
      }
    }
  }
  return under;
}

/**
 * An image of red, green, blue and alpha as pixels [height, width, channels]: as photographs where a reading is given, and
 * otherwise as ink on paper, nothing if it is of one even color.
 */
function pixelsOf(image, [height, width, channels], reading) {
  if (reading) {
    const photo = photographed(opaque(image, reading.background), height, width, reading);
    return (channels === 1 ? toGray(photo) : photo).data;
  }
  const picture = opaque(image, inkBrightness(image) > 127 ? 0 : 255);
  const pixels = channels === 1 ? inkOf(picture, height, width) : resized(picture, width, height).data;
  return pixels.every((pixel) => pixel === pixels[0]) ? null : pixels;
}

/** Stretched, its middle part, or with background beside it. */
function photographed(picture, height, width, { fit, background }) {
  if (fit === "stretch") return resized(picture, width, height);
  const ratios = [width / picture.width, height / picture.height];
  const ratio = fit === "crop" ? Math.max(...ratios) : Math.min(...ratios);
  const scaled = (length) => Math.max(rounded(length * ratio), 1);
  const inner = resized(picture, scaled(picture.width), scaled(picture.height));
  const before = (outer, inner) => Math.floor(Math.abs(outer - inner) / 2);
  const [left, top] = [before(width, inner.width), before(height, inner.height)];
  if (fit === "crop") return cropped(inner, left, top, width, height);
  const padded = { width, height, channels: 3, data: new Uint8Array(width * height * 3).fill(background) };
  return overlaid(padded, inner, left, top);
}

/** The brightness of what is not transparent; 0 where everything is opaque. */
function inkBrightness({ data }) {
  let [sum, count, isOpaque] = [0, 0, true];
  for (let at = 0; at < data.length; at += 4) {
    sum += luma(data[at], data[at + 1], data[at + 2]) * data[at + 3];
    count += data[at + 3];
    isOpaque = isOpaque && data[at + 3] === 255;
  }
  return isOpaque ? 0 : Math.floor(sum / Math.max(count, 1));
}

const inverted = (image) => ({ ...image, data: image.data.map((pixel) => 255 - pixel) });

/** Bright ink on dark, of the size and at the place that MNIST has it. */
function inkOf(picture, height, width) {
  const whole = toGray(picture);
  if (whole.width === width && whole.height === height) return (hasBrightBorder(whole) ? inverted(whole) : whole).data;
  let ink = withoutFrame(whole);
  if (hasBrightBorder(ink)) ink = inverted(flattened(ink));
  const empty = new Uint8Array(height * width);
  ink = stretched(ink);
  const box = ink && inkBox(ink);
  if (!box) return empty;
  return height === width ? centered(ink, box, height) : resized(ink, width, height).data;
}

function hasBrightBorder({ width, height, data }) {
  let [sum, count] = [0, 0];
  data.forEach((pixel, at) => {
    const [x, y] = [at % width, Math.floor(at / width)];
    if (x !== 0 && y !== 0 && x !== width - 1 && y !== height - 1) return;
    sum += pixel;
    count += 1;
  });
  return sum > 127 * count;
}

/** Bright paper without the dark frame that a scanner leaves around it. */
function withoutFrame(image) {
  const { width, height, data } = image;
  const isBright = (count, pixel) => {
    let sum = 0;
    for (let at = 0; at < count; at++) sum += pixel(at);
    return Math.floor(sum / Math.max(count, 1)) > 127;
  };
  if (hasBrightBorder(image) || !isBright(data.length, (at) => data[at])) return image;
  const ends = (length, isPaper) => {
    const quarter = Math.floor(length / 4);
    let [first, end] = [0, length - 1];
    while (first < quarter && !isPaper(first)) first++;
    if (first === quarter) first = 0;
    while (end >= length - quarter && !isPaper(end)) end--;
    if (end < length - quarter) end = length - 1;
    const margin = first > 0 || end + 1 < length ? 1 + Math.floor(length / 100) : 0;
    return [first + margin, Math.max(end - margin, 0)];
  };
  const [left, right] = ends(width, (x) => isBright(height, (y) => data[y * width + x]));
  const [top, bottom] = ends(height, (y) => isBright(width, (x) => data[y * width + x]));
  return cropped(image, left, top, Math.max(right - left, 0) + 1, Math.max(bottom - top, 0) + 1);
}

/** Paper divided by its own brightness, so that a shadow is no ink. */
function flattened(image) {
  const [{ width, height, data }, tiles] = [image, 6];
  if (width < 4 * tiles || height < 4 * tiles) return image;
  const edge = (at, length) => Math.floor((at * length) / tiles);
  const paper = Uint8Array.from({ length: tiles * tiles }, (_, tile) => {
    const [column, row] = [tile % tiles, Math.floor(tile / tiles)];
    const pixels = [];
    for (let y = edge(row, height); y < edge(row + 1, height); y++) {
      pixels.push(...data.subarray(y * width + edge(column, width), y * width + edge(column + 1, width)));
    }
    return pixels.sort((a, b) => a - b)[Math.floor((pixels.length * 7) / 8)];
  });
  const smooth = resized(gray(tiles, tiles, paper), width, height).data;
  const lit = (pixel, at) => Math.min(Math.floor((pixel * 255) / Math.max(smooth[at], 1)), 255);
  return gray(width, height, data.map(lit));
}

/** The darkest pixel black and the brightest white; nothing if they hardly differ. */
function stretched({ width, height, data }) {
  let [low, high] = [255, 0];
  for (const pixel of data) {
    if (pixel < low) low = pixel;
    if (pixel > high) high = pixel;
  }
  if (high - low < 16) return null;
  return gray(
    width,
    height,
    data.map((pixel) => Math.floor(((pixel - low) * 255) / (high - low))),
  );
}

/** Left, top, width and height of what is brighter than a quarter. */
function inkBox({ width, data }) {
  let [left, right, top, bottom] = [Infinity, -1, Infinity, -1];
  data.forEach((pixel, at) => {
    if (pixel <= 64) return;
    const [x, y] = [at % width, Math.floor(at / width)];
    left = Math.min(left, x);
    right = Math.max(right, x);
    top = Math.min(top, y);
    bottom = Math.max(bottom, y);
  });
  return right < 0 ? null : [left, top, right - left + 1, bottom - top + 1];
}

/** The ink scaled to 20 of 28 pixels on its longer side, its center of mass in the middle. */
function centered(image, [left, top, width, height], side) {
  const scale = f32(f32(f32(side * 20) / 28) / Math.max(width, height));
  const scaled = (length) => Math.max(rounded(f32(length * scale)), 1);
  const ink = resized(cropped(image, left, top, width, height), scaled(width), scaled(height));
  let [mass, x, y] = [0, 0, 0];
  ink.data.forEach((pixel, at) => {
    mass = f32(mass + pixel);
    x = f32(x + f32(((at % ink.width) + 0.5) * pixel));
    y = f32(y + f32((Math.floor(at / ink.width) + 0.5) * pixel));
  });
  const place = (moment) => rounded(f32(side / 2 - f32(moment / Math.max(mass, 1))));
  return overlaid(gray(side, side, new Uint8Array(side * side)), ink, place(x), place(y)).data;
}
