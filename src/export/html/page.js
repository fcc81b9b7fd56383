"use strict";
// The page: what it is, what goes in, and what comes out.

const model = openModel((id) => document.getElementById(id).textContent);

/** The input that fits what the network reads, and what it is in words. */
function inputOf({ input: { shape, means }, page }) {
  if (means.kind === "tokens") return { panel: textInput, thing: "a text" };
  if (means.kind === "noise") return { panel: noiseInput, thing: "noise" };
  if (means.kind === "pixels" && isPicture(shape)) {
    const isPad = shape[2] === 1 && shape[0] === shape[1] && !page.reading;
    return isPad ? { panel: padInput, thing: "a drawing" } : { panel: photoInput, thing: "a picture" };
  }
  if (shape.length === 1 && shape[0] <= 400) return { panel: formInput, thing: "a row of a table" };
  return {
    panel: rowsInput,
    thing: shape.length === 2 ? `${counted(shape[0], "row")} of a series` : "rows of numbers",
  };
}

function aboutOf({ output: { means }, page }, thing) {
  if (means.kind === "probabilities") return `Tells which of ${means.classes.length} classes ${thing} belongs to.`;
  if (means.kind === "next token") return "Writes a text on, token by token.";
  if (thing === "noise") return isPicture(page.sample) ? "Makes pictures out of noise." : "Makes samples out of noise.";
  if (means.kind === "sample") return `Restores ${thing}; the error tells how unusual it is.`;
  const several = means.targets.length > 4 ? counted(means.targets.length, "number") : means.targets.join(", ");
  return page.horizon ? `Forecasts ${several} from ${thing}.` : `Predicts ${several} from ${thing}.`;
}

function shapeText({ shape, means }) {
  const [height, width, channels] = shape;
  if (means.kind === "tokens") return `${counted(height, "token")} of ${counted(means.tokenizer.tokens.length, means.tokenizer.unit)}`;
  if (shape.length === 1) return counted(height, "number");
  if (shape.length === 2) return `${counted(height, "row")} of ${counted(width, "number")}`;
  const colors = channels === 1 ? ", gray" : channels === 3 ? ", red, green and blue" : ` of ${channels} numbers`;
  return `${height} × ${width} ${means.kind === "pixels" ? "pixels" : "places"}${colors}`;
}

function factsOf({ input, output, page, data, made_by }) {
  const classes = output.means.classes;
  const facts = [
    ["Trained on", data],
    ["Reads", shapeText(input)],
    ["Parameters", page.parameters.toLocaleString("en-US")],
  ];
  const few = 40;
  const more = classes?.length > few ? ` and ${classes.length - few} others` : "";
  if (classes) facts.push(["Classes", classes.slice(0, few).join(", ") + more]);
  facts.push(["Made by", made_by]);
  return facts.flatMap(([name, text]) => [make("dt", {}, name), make("dd", {}, text)]);
}

const { panel: inputPanel, thing } = inputOf(model);
document.getElementById("about").textContent = aboutOf(model, thing);
document.getElementById("facts").append(...factsOf(model));
const main = document.getElementById("main");
if (thing === "noise") {
  main.classList.add("one");
  main.replaceChildren(inputPanel(model));
} else {
  const answer = answerPanel(model);
  main.replaceChildren(inputPanel(model, answer), answer.element);
}
