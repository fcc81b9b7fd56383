"use strict";
// What the network says, for people. Names are of the data, and become text, never markup.

/** An element with attributes, and listeners where a key is "on" and the event. */
function make(tag, attributes = {}, ...children) {
  const isDrawing = ["svg", "line", "polyline", "circle", "text"].includes(tag);
  const element = isDrawing ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(key.slice(2), value);
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(key, value);
  }
  element.append(...children);
  return element;
}

const numberText = (number) =>
  Number.isFinite(number) ? number.toLocaleString("en-US", { maximumSignificantDigits: 5 }) : "none";
const percentText = (share) => `${(100 * share).toFixed(1)} %`;
const counted = (count, word) => `${count.toLocaleString("en-US")} ${word}${count === 1 ? "" : "s"}`;
const featureText = ({ column, category }) => (category === undefined ? column : `${column} = ${category}`);

/** Bytes [height, width, channels] as a picture with large pixels. */
function pictureOf(pixels, [height, width, channels], label) {
  const canvas = make("canvas", { width, height, class: "pixels", role: "img", "aria-label": label });
  const image = new ImageData(width, height);
  for (let at = 0; at < width * height; at++) {
    for (let channel = 0; channel < 3; channel++)
      image.data[4 * at + channel] = pixels[at * channels + (channels === 1 ? 0 : channel)];
    image.data[4 * at + 3] = 255;
  }
  canvas.getContext("2d").putImageData(image, 0, 0);
  return canvas;
}

const figure = (picture, caption) => make("figure", {}, picture, make("figcaption", {}, caption));
const isPicture = (shape) => shape.length === 3 && [1, 3].includes(shape[2]);

/** Lines of numbers from left to right, each as { numbers, kind }, and a point beyond them where there is one. */
function chart(lines, point, label) {
  const [width, height, margin] = [460, 190, 12];
  const all = [...lines.flatMap(({ numbers }) => numbers), ...(point ? [point.y] : [])].filter(Number.isFinite);
  if (all.length === 0) return make("p", { class: "note" }, "There is no number to draw.");
  const [low, high] = [all.reduce((a, b) => Math.min(a, b)), all.reduce((a, b) => Math.max(a, b))];
  const end = Math.max(...lines.map(({ numbers }) => numbers.length - 1), point ? point.x : 0, 1);
  const x = (at) => margin + (at / end) * (width - 2 * margin);
  const y = (number) => height - 24 - ((number - low) / (high - low || 1)) * (height - 50);
  const drawing = make("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label });
  for (const { numbers, kind } of lines) {
    const places = numbers.map((number, at) => [x(at), y(number)]).filter(([, at]) => Number.isFinite(at));
    drawing.append(make("polyline", { class: kind, points: places.map((place) => place.join(",")).join(" ") }));
  }
  if (point) drawing.append(make("circle", { class: "dot", cx: x(point.x), cy: y(point.y), r: 6 }));
  drawing.append(make("line", { class: "axis", x1: margin, x2: width - margin, y1: height - 12, y2: height - 12 }));
  drawing.append(make("text", { x: margin, y: 14 }, `${numberText(low)} to ${numberText(high)}`));
  return drawing;
}

function table(head, rows) {
  const cells = (row, isHead) =>
    row.map((cell, at) =>
      make(isHead || at === 0 ? "th" : "td", isHead ? { scope: "col" } : at === 0 ? { scope: "row" } : {}, cell),
    );
  const body = rows.map((row) => make("tr", {}, ...cells(row, false)));
  const whole = make("table", {}, make("thead", {}, make("tr", {}, ...cells(head, true))), make("tbody", {}, ...body));
  return make("div", { class: "table", tabindex: 0, role: "region", "aria-label": "Numbers" }, whole);
}

/** A bar for each class; of many the most probable. */
function bars(classes, shares, best) {
  const few = 12;
  let places = shares.map((_, at) => at);
  if (shares.length > few) places = places.sort((a, b) => shares[b] - shares[a]).slice(0, few);
  const bar = (at) =>
    make(
      "li",
      at === best ? { class: "best" } : {},
      make("span", { class: "fill", style: `width:${(100 * shares[at]).toFixed(2)}%` }),
      make("span", {}, classes[at] ?? String(at)),
      make("span", {}, percentText(shares[at])),
    );
  const list = make("ol", { class: "bars", "aria-label": "Probabilities" }, ...places.map(bar));
  const rest = shares.length - places.length;
  return rest > 0
    ? [
        list,
        make("p", { class: "note" }, `And ${counted(rest, "other")} that ${rest === 1 ? "is" : "are"} less probable.`),
      ]
    : [list];
}

/** The class that is predicted. */
function predicted(shares, threshold) {
  if (shares.length === 2 && threshold !== null) return shares[1] >= threshold ? 1 : 0;
  return shares.reduce((best, share, at) => (share > shares[best] ? at : best), 0);
}

/** The panel of answers: show(numbers, pixels) for a sample, hint(text) without one. */
function answerPanel(model) {
  const headline = make("p", { class: "headline", role: "status" });
  const details = make("div");
  const say = (text, isHint) => {
    headline.className = isHint ? "headline hint" : "headline";
    if (headline.textContent !== text) headline.textContent = text;
  };
  return {
    element: make(
      "section",
      { class: "card answer", "aria-labelledby": "answer" },
      make("h2", { id: "answer" }, "Answer"),
      headline,
      details,
    ),
    /** The probabilities of the next token. */
    showShares(title, names, shares) {
      const best = predicted(shares, null);
      say(`${title}: ${names[best]}, ${percentText(shares[best])}`, false);
      details.replaceChildren(...bars(names, shares, best));
    },
    hint(text) {
      say(text, true);
      details.replaceChildren();
    },
    show(numbers, pixels) {
      const outputs = model.answer(numbers);
      const { kind } = model.output.means;
      const told = { probabilities: classesTold, numbers: numbersTold, sample: againTold }[kind](
        model,
        numbers,
        outputs,
      );
      const seen =
        pixels && kind !== "sample"
          ? [
              make(
                "div",
                { class: "pictures" },
                figure(pictureOf(pixels, model.input.shape, "What the network sees"), "What the network sees"),
              ),
            ]
          : [];
      say(told.headline, false);
      details.replaceChildren(...told.details, ...seen);
    },
  };
}

function classesTold({ output }, _, shares) {
  const { classes, threshold } = output.means;
  const best = predicted(shares, threshold);
  const note = `${classes[1]} is predicted from a probability of ${numberText(100 * (threshold ?? 0.5))} % on.`;
  const isMoved = shares.length === 2 && threshold !== null && threshold !== 0.5;
  const details = [...bars(classes, shares, best), ...(isMoved ? [make("p", { class: "note" }, note)] : [])];
  return { headline: `${classes[best] ?? best}, ${percentText(shares[best])}`, details };
}

function numbersTold(model, numbers, values) {
  const { targets: names, units } = model.output.means;
  const targets = names.map((name, at) => (units[at] ? `${name} (${units[at]})` : name));
  const ahead = model.page.horizon ? `, ${counted(model.page.horizon, "row")} ahead` : "";
  const naive = model.naive
    ? model.naive.targets.map((at) => numbers[model.naive.row * model.naive.columns + at])
    : null;
  const details = [];
  if (values.length > 1) {
    const rows = values.map((value, at) => [targets[at], numberText(value), ...(naive ? [numberText(naive[at])] : [])]);
    details.push(table(["", "predicted", ...(naive ? ["naive forecast"] : [])], rows));
  } else {
    details.push(make("p", { class: "note" }, `${targets[0]}${ahead}`));
    if (naive)
      details.push(
        make("p", { class: "note" }, `The naive forecast, which repeats a row, is ${numberText(naive[0])}.`),
      );
  }
  const column = names.map((target) => columnOf(model, target)).findIndex((at) => at >= 0);
  if (model.page.horizon && column >= 0) {
    const [columns, at] = [last(model.input.shape), columnOf(model, names[column])];
    const past = Array.from(numbers).filter((_, place) => place % columns === at);
    const point = { x: past.length - 1 + model.page.horizon, y: values[column] };
    details.push(
      chart(
        [{ numbers: past, kind: "line" }],
        point,
        `${targets[column]}: the window, and the forecast ${numberText(values[column])}`,
      ),
    );
    details.push(make("p", { class: "note" }, `The line is ${targets[column]} in the window, the dot the forecast.`));
  }
  return {
    headline: values.length === 1 ? numberText(values[0]) : `${counted(values.length, "number")}${ahead}`,
    details,
  };
}

/** The place of the column that is forecast in a row of the window, or -1. */
function columnOf({ input }, target) {
  const name = ({ column, unit }) => [column, `${column} (${unit})`, `${column}, ${unit}`].includes(target);
  return (input.means.features ?? []).findIndex(name);
}

/** The sample again, beside what went in, and the root of the mean squared difference in the scale of the training. */
function againTold({ input, output }, numbers, restored) {
  const { mean, deviation } = output.means.standard ?? { mean: [0], deviation: [1] };
  const scaled = (number, at) =>
    Number.isNaN(number) ? 0 : (number - mean[at % mean.length]) / deviation[at % mean.length];
  const given = Array.from(numbers, (number) => (input.means.kind === "pixels" ? number / 255 : number));
  const squares = given.map((number, at) => (scaled(number, at) - scaled(restored[at], at)) ** 2);
  const error = Math.sqrt(squares.reduce((a, b) => a + b, 0) / squares.length);
  const headline = `Error ${numberText(error)}`;
  const note = make("p", { class: "note" }, "The root of the mean squared difference, in the scale of the training.");
  if (isPicture(input.shape) && input.means.kind === "pixels") {
    const shown = (values, caption) =>
      figure(
        pictureOf(
          values.map((value) => 255 * clamped(value, 0, 1)),
          input.shape,
          caption,
        ),
        caption,
      );
    const pictures = make(
      "div",
      { class: "pictures" },
      shown(given, "What the network sees"),
      shown(restored, "Reconstruction"),
    );
    return { headline, details: [pictures, note] };
  }
  const columns = last(input.shape);
  const name = (at) => {
    const feature = (input.means.features ?? [])[at % columns];
    const text = feature ? featureText(feature) : `number ${(at % columns) + 1}`;
    return input.shape.length === 1 ? text : `${text}, row ${Math.floor(at / columns) + 1}`;
  };
  const rows = given
    .slice(0, 500)
    .map((number, at) => [name(at), Number.isNaN(number) ? "missing" : numberText(number), numberText(restored[at])]);
  return { headline, details: [note, table(["", "given", "restored"], rows)] };
}
