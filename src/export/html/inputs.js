"use strict";
// What goes in: a drawing, a picture, a row of a table, a window of a series, or noise. Each gives the panel of its input and
// tells the panel of answers.

const panel = (title, ...children) =>
  make("section", { class: "card", "aria-labelledby": "input" }, make("h2", { id: "input" }, title), ...children);
const button = (text, onclick, kind) => make("button", { type: "button", class: kind, onclick }, text);

/** A button that opens a file, which is also taken when it is dropped on the page or pasted. */
function opener(text, accept, onfile) {
  const chosen = () => {
    if (input.files.length > 0) onfile(input.files[0]);
    // So that the same file can be chosen again.
    input.value = "";
  };
  const input = make("input", { type: "file", accept, class: "hidden", onchange: chosen });
  const taken = (event, files) => {
    if (!files || files.length === 0) return;
    event.preventDefault();
    onfile(files[0]);
  };
  document.addEventListener("dragover", (event) => event.preventDefault());
  document.addEventListener("drop", (event) => taken(event, event.dataTransfer.files));
  document.addEventListener("paste", (event) => taken(event, event.clipboardData.files));
  return make("label", { class: "button" }, text, input);
}

/** A picture file as red, green, blue and alpha, upright and without the profile of its colors. */
async function decoded(file) {
  const asTold = { imageOrientation: "from-image", colorSpaceConversion: "none", premultiplyAlpha: "none" };
  const bitmap = await createImageBitmap(file, asTold);
  const { width, height } = bitmap;
  const context = make("canvas", { width, height }).getContext("2d", { willReadFrequently: true });
  context.drawImage(bitmap, 0, 0);
  return context.getImageData(0, 0, width, height);
}

/** Shows what the network says of a picture file. */
async function openPicture(model, file, answer) {
  let image;
  try {
    image = await decoded(file);
  } catch {
    return answer.hint(`${file.name} is no picture that this browser can open. Open a PNG or a JPEG.`);
  }
  const pixels = pixelsOf(image, model.input.shape, model.page.reading);
  pixels ? answer.show(pixels, pixels) : answer.hint(`${file.name} is of one even color. Open another picture.`);
}

/** Square gray pictures: a canvas to draw on, or a file. */
function padInput(model, answer) {
  const side = 360;
  const pen = (2.2 / 28) * side;
  let strokes = [];
  let cursor = null;
  const empty = "Draw, or open a picture.";
  const canvas = make("canvas", {
    class: "pad",
    width: 2 * side,
    height: 2 * side,
    tabindex: 0,
    role: "application",
    "aria-label": "Paper to draw on",
    "aria-describedby": "pad-keys",
  });
  const context = canvas.getContext("2d");
  const paint = () => {
    const color = getComputedStyle(canvas).color;
    context.setTransform(2, 0, 0, 2, 0, 0);
    context.clearRect(0, 0, side, side);
    Object.assign(context, {
      lineWidth: pen,
      lineCap: "round",
      lineJoin: "round",
      strokeStyle: color,
      fillStyle: color,
    });
    for (const stroke of strokes) {
      context.beginPath();
      context.moveTo(...stroke[0]);
      for (const point of stroke) context.lineTo(...point);
      context.stroke();
    }
    if (cursor && document.activeElement === canvas) {
      context.beginPath();
      context.arc(...cursor.at, pen / 2, 0, 2 * Math.PI);
      Object.assign(context, { lineWidth: 2 });
      context.stroke();
    }
  };
  let isAsked = false;
  const changed = () => {
    if (isAsked) return;
    isAsked = true;
    requestAnimationFrame(() => {
      isAsked = false;
      paint();
      const pixels = drawn(strokes, model.input.shape[0], 2.2);
      pixels ? answer.show(pixels, pixels) : answer.hint(empty);
    });
  };
  const replace = (others) => {
    strokes = others;
    cursor = cursor && { ...cursor, isDown: false };
    changed();
  };

  const place = (event) => {
    const box = canvas.getBoundingClientRect();
    return [((event.clientX - box.left) / box.width) * side, ((event.clientY - box.top) / box.height) * side];
  };
  let pointer = null;
  canvas.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || pointer !== null) return;
    pointer = event.pointerId;
    cursor = null;
    canvas.setPointerCapture(pointer);
    strokes.push([place(event)]);
    changed();
  });
  canvas.addEventListener("pointermove", (event) => {
    if (event.pointerId !== pointer) return;
    const events = event.getCoalescedEvents?.() ?? [];
    strokes[strokes.length - 1].push(...(events.length > 0 ? events : [event]).map(place));
    changed();
  });
  const lifted = (event) => {
    if (event.pointerId === pointer) pointer = null;
  };
  canvas.addEventListener("pointerup", lifted);
  canvas.addEventListener("pointercancel", lifted);

  const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  canvas.addEventListener("keydown", (event) => {
    if (!(event.key in steps) && event.key !== " ") return;
    event.preventDefault();
    cursor ??= { at: [side / 2, side / 2], isDown: false };
    if (event.key === " ") {
      cursor.isDown = !cursor.isDown;
      if (cursor.isDown) strokes.push([[...cursor.at]]);
    } else {
      cursor.at = cursor.at.map((at, axis) => clamped(at + (steps[event.key][axis] * side) / 28, 0, side));
      if (cursor.isDown) strokes[strokes.length - 1].push([...cursor.at]);
    }
    changed();
  });
  canvas.addEventListener("blur", paint);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", paint);

  const open = opener("Open a picture", "image/*", (file) => {
    replace([]);
    requestAnimationFrame(() => openPicture(model, file, answer));
  });
  answer.hint(empty);
  const keys = "Draw with mouse, finger or pen. With the keyboard, arrows move the pen, and space lowers and lifts it.";
  const buttons = [
    button("Clear", () => replace([])),
    button("Undo stroke", () => replace(strokes.slice(0, -1))),
    open,
  ];
  return panel(
    "Drawing",
    canvas,
    make("div", { class: "row" }, ...buttons),
    make("p", { class: "note", id: "pad-keys" }, keys),
  );
}

/** Other pictures: a file, dropped, opened or pasted. */
function photoInput(model, answer) {
  const [height, width] = model.input.shape;
  const ways = { stretch: "stretched", crop: "cut to its middle part", pad: "with background beside it" };
  const way = ways[model.page.reading?.fit] ?? "stretched";
  const told = `It is brought to ${width}×${height} pixels, ${way}, as in the training. Browsers decode some files slightly otherwise than Backprop Studio, which can change the last digits of an answer.`;
  const drop = make("div", { class: "drop" }, "Drop a picture here, or paste one.");
  document.addEventListener("dragover", () => drop.classList.add("over"));
  for (const name of ["drop", "dragleave"]) document.addEventListener(name, () => drop.classList.remove("over"));
  const open = opener("Open a picture", "image/*", (file) => {
    drop.textContent = file.name;
    openPicture(model, file, answer);
  });
  answer.hint("Open a picture to see what the network says.");
  return panel("Picture", drop, make("div", { class: "row" }, open), make("p", { class: "note" }, told));
}

/** The columns of a row; features that say of which category a sample is are one. */
function columnsOf(features) {
  const columns = [];
  features.forEach((feature, at) => {
    const before = columns[columns.length - 1];
    const isMore = before && feature.category !== undefined && before.features[0].category !== undefined;
    if (isMore && before.features[0].column === feature.column) before.features.push(feature);
    else columns.push({ at, features: [feature] });
  });
  return columns;
}

const DAY = 86_400_000;

/** A field for a column: its element, and read(row), which writes its numbers and says whether it is missing. */
function fieldOf({ at, features }, mean, onchange) {
  const [first] = features;
  const label = make("label", {}, first.unit ? `${first.column} (${first.unit})` : first.column);
  const words = first.words?.list ?? (first.category !== undefined ? features.map(({ category }) => category) : null);
  if (words) {
    const options = words.map((word, place) => make("option", { value: place }, word));
    const select = make("select", { onchange }, make("option", { value: "" }, "other, or missing"), ...options);
    label.append(select);
    const read = (row) => {
      const chosen = select.value === "" ? -1 : Number(select.value);
      if (first.words) row[at] = first.words.first + 1 + chosen;
      else features.forEach((_, place) => (row[at + place] = place === chosen ? 1 : 0));
      return false;
    };
    return { element: label, input: select, name: first.column, read };
  }
  if (first.dates) {
    const hasTime = /%H|%I|RFC/.test(first.dates);
    const input = make("input", { type: hasTime ? "datetime-local" : "date", oninput: onchange });
    label.append(input);
    const read = (row) => {
      row[at] = input.value ? Date.parse(hasTime ? `${input.value}Z` : input.value) / DAY : NaN;
      return Number.isNaN(row[at]);
    };
    return { element: label, input, name: first.column, read };
  }
  const placeholder = mean === undefined ? null : `average ${numberText(mean)}`;
  const input = make("input", { type: "number", step: "any", placeholder, oninput: onchange });
  label.append(input);
  const read = (row) => {
    const number = input.value === "" ? NaN : Number(input.value);
    row[at] = first.missing !== undefined && number === Number(first.missing) ? NaN : number;
    return Number.isNaN(row[at]);
  };
  return { element: label, input, name: first.column, read };
}

/** What a missing number is taken for. */
const averageText = ({ input }) => (input.means.standard ? "the average of the training" : "0");

/** A row of a table: a field for each column. */
function formInput(model, answer) {
  const [width] = model.input.shape;
  const { features, standard } = model.input.means;
  const named =
    features?.length === width ? features : Array.from({ length: width }, (_, at) => ({ column: `number ${at + 1}` }));
  const note = make("p", { class: "note", role: "status" });
  const changed = () => {
    const row = new Float64Array(width);
    const missing = fields.filter((field) => field.read(row)).map(({ name }) => name);
    const some =
      missing.length > 4 ? `${missing.slice(0, 3).join(", ")} and ${missing.length - 3} others` : missing.join(", ");
    note.textContent = missing.length > 0 ? `Missing, so taken for ${averageText(model)}: ${some}.` : "";
    answer.show(row);
  };
  const fields = columnsOf(named).map((column) => fieldOf(column, standard?.mean[column.at], changed));
  const clear = () => {
    fields.forEach(({ input }) => (input.value = ""));
    changed();
  };
  changed();
  const form = make("div", { class: "fields" }, ...fields.map(({ element }) => element));
  return panel("Row", form, make("div", { class: "row" }, button("Clear", clear)), note);
}

/** Rows of text as numbers, [rows][columns]; a first line with the names of the columns gives their order. */
function parsedRows(text, names) {
  const lines = text
    .split(/\r?\n/)
    .map((line, at) => ({ line, at: at + 1 }))
    .filter(({ line }) => line.trim() !== "");
  if (lines.length === 0) return [];
  const separator = ["\t", ";", ","].find((one) => lines[0].line.includes(one)) ?? ",";
  const cells = (line) => line.split(separator).map((cell) => cell.trim().replace(/^"(.*)"$/, "$1"));
  const head = cells(lines[0].line).map((cell) => cell.toLowerCase());
  let order = names.map((name) => head.indexOf(name.toLowerCase()));
  if (order.every((at) => at >= 0)) lines.shift();
  else if (head.length === names.length) order = names.map((_, at) => at);
  else
    throw new Error(
      `Line ${lines[0].at} has ${counted(head.length, "cell")}. Write ${names.length} in every line, or name the columns in the first: ${names.join(", ")}.`,
    );
  const number = (cell, name, at) => {
    const plain = separator === "," ? cell : cell?.replace(",", ".");
    if (cell === undefined || /^(|nan|na|\?)$/i.test(cell)) return NaN;
    if (Number.isNaN(Number(plain)))
      throw new Error(`${cell} in line ${at}, column ${name}, is no number. Correct it, or leave it empty.`);
    return Number(plain);
  };
  return lines.map(({ line, at }) => {
    const row = cells(line);
    return order.map((place, column) => number(row[place], names[column], at));
  });
}

/** A window of a series, or other rows of numbers: text with a row in each line. */
function rowsInput(model, answer) {
  const { shape, means } = model.input;
  const columns = last(shape);
  const steps = product(shape) / columns;
  const features = means.features?.length === columns ? means.features : [];
  const names = Array.from({ length: columns }, (_, at) => features[at]?.column ?? `number ${at + 1}`);
  const text = make("textarea", { id: "rows", spellcheck: "false", "aria-describedby": "rows-note" });
  const note = make("p", { class: "note", role: "status" });
  const changed = () => {
    note.textContent = "";
    try {
      const rows = parsedRows(text.value, names);
      if (rows.length < steps)
        return answer.hint(`${counted(rows.length, "row")} of ${steps}. Add ${steps - rows.length}.`);
      const window = rows.slice(-steps).flat();
      const missing = window.filter(Number.isNaN).length;
      const further = rows.length > steps ? `The last ${steps} of ${rows.length} rows are read. ` : "";
      note.textContent =
        further + (missing > 0 ? `${counted(missing, "number")} missing, taken for ${averageText(model)}.` : "");
      answer.show(Float64Array.from(window));
    } catch (error) {
      answer.hint(error.message);
    }
  };
  text.addEventListener("input", changed);
  const invented = () => {
    const cell = (row, column) => {
      const [mean, deviation] = [means.standard?.mean[column] ?? 0, means.standard?.deviation[column] ?? 1];
      return String(Number((mean + deviation * Math.sin((2 * Math.PI * row) / 12 + column)).toPrecision(5)));
    };
    const rows = Array.from({ length: steps }, (_, row) => names.map((_, column) => cell(row, column)).join(","));
    text.value = [names.map((name) => name.replace(/,/g, " ")).join(","), ...rows].join("\n");
    changed();
  };
  const open = opener("Open a table", ".csv,.tsv,.txt,text/*", async (file) => {
    text.value = await file.text();
    changed();
  });
  const told = `At least ${counted(steps, "row")}, the oldest first, with ${counted(columns, "column")}: ${names.join(", ")}. A first line may name them; others are left out. Empty cells are missing.`;
  const label = make("label", { for: "rows" }, "Rows, with commas, semicolons or tabs");
  answer.hint(`Paste ${counted(steps, "row")}, or open a table.`);
  const buttons = [
    open,
    button("Invent rows", invented),
    button("Clear", () => {
      text.value = "";
      changed();
    }),
  ];
  return panel(
    "Rows",
    label,
    text,
    make("div", { class: "row" }, ...buttons),
    note,
    make("p", { class: "note", id: "rows-note" }, told),
  );
}

/** Samples of a generator. */
function noiseInput(model) {
  const shape = model.page.sample;
  const seed = make("input", { type: "number", min: 0, step: 1, value: 1 });
  const few = isPicture(shape) ? 24 : shape.length === 1 && shape[0] === 2 ? 300 : 10;
  const count = make("input", { type: "number", min: 1, max: 1000, step: 1, value: few });
  const result = make("div", { "aria-live": "polite" });
  const whole = ({ value, min }, most) => clamped(Math.floor(Number(value)) || Number(min), Number(min), most);
  const generate = () => {
    const [from, many] = [whole(seed, Number.MAX_SAFE_INTEGER), whole(count, 1000)];
    [seed.value, count.value] = [from, many];
    const samples = Array.from({ length: many }, (_, at) => model.answer(noise(from, at, product(model.input.shape))));
    result.replaceChildren(samplesShown(model, samples));
  };
  const next = () => {
    seed.value = whole(seed, Number.MAX_SAFE_INTEGER - 1) + 1;
    generate();
  };
  generate();
  const settings = [
    make("label", {}, "Seed", seed),
    make("label", {}, "How many", count),
    button("Generate", generate, "main"),
    button("Next seed", next),
  ];
  const told =
    "Each sample is made of random numbers of the normal distribution, which the seed decides. backprop generate makes the same ones of a seed.";
  return panel("Samples", make("div", { class: "row" }, ...settings), result, make("p", { class: "note" }, told));
}

/** Pictures, points in the plane, or a table. */
function samplesShown({ page }, samples) {
  const shape = page.sample;
  if (isPicture(shape)) {
    const bytes = (sample) => sample.map((value) => 255 * clamped(value, 0, 1));
    const pictures = samples.map((sample, at) => pictureOf(bytes(sample), shape, `Sample ${at + 1}`));
    return make("div", { class: "samples" }, ...pictures);
  }
  const names = Array.from({ length: product(shape) }, (_, at) => `number ${at + 1}`);
  const rows = samples.slice(0, 100).map((sample, at) => [String(at + 1), ...sample.slice(0, 60).map(numberText)]);
  const numbers = table(["", ...names.slice(0, 60)], rows);
  return names.length === 2 ? make("div", {}, scatter(samples, names), numbers) : numbers;
}

/** Points in the plane, in equal units along both axes. */
function scatter(samples, names) {
  const size = 460;
  const ends = [0, 1].map((axis) =>
    samples.reduce(
      ([low, high], sample) => [Math.min(low, sample[axis]), Math.max(high, sample[axis])],
      [Infinity, -Infinity],
    ),
  );
  const span = Math.max(...ends.map(([low, high]) => high - low)) || 1;
  const place = (number, axis) => size / 2 + ((number - (ends[axis][0] + ends[axis][1]) / 2) / span) * (size - 40);
  const dots = samples.map(([x, y]) => make("circle", { class: "dot", cx: place(x, 0), cy: size - place(y, 1), r: 3 }));
  const label = `${counted(samples.length, "point")}, ${names[0]} to the right, ${names[1]} up`;
  return make(
    "svg",
    { viewBox: `0 0 ${size} ${size}`, role: "img", "aria-label": label, style: "max-width:460px" },
    ...dots,
  );
}
