"use strict";
// From a text to tokens and back, and the panel of a text.

// Characters of scripts without spaces stand alone; marks and joiners belong to the character before them.
const LETTER = "(?![\\p{Script=Han}\\p{Script=Hiragana}\\p{M}])\\p{Alphabetic}";
const MARKS = "[\\p{M}\\u200c\\u200d\\u{1f3fb}-\\u{1f3ff}]*";
const SEGMENT = new RegExp(
  `\\r\\n| +|(?:(?:${LETTER}|[\\p{Nd}_])${MARKS}|(?<=${LETTER})[.:'·‘’․](?=${LETTER})|(?<=\\p{Nd})[.,;'‘’․](?=\\p{Nd}))+|[\\r\\n]|[^]${MARKS}`,
  "gu",
);

/** Words, spaces and marks, as the Unicode standard parts them (UAX #29), without its rules for rare scripts and flags. */
const segmentsOf = (text) => text.match(SEGMENT) ?? [];
const isBlank = (segment) => /^\s+$/u.test(segment);

/** Words and marks, each with one space before it if there is one. */
function wordsOf(text) {
  const found = [];
  let space = "";
  for (const segment of segmentsOf(text)) {
    if (isBlank(segment) && !segment.includes("\n")) space = segment.endsWith(" ") ? " " : "";
    else {
      found.push(space + segment);
      space = "";
    }
  }
  return found;
}

/** Letters, digits or marks, each with the space before them, and line ends alone: pairs are joined within them. */
function piecesOf(text) {
  const kind = ([first]) => {
    if (first === "\n") return "line end";
    if (/\s/u.test(first)) return "space";
    return /\p{Alphabetic}/u.test(first) ? "letters" : /\p{N}/u.test(first) ? "digits" : "marks";
  };
  const found = [];
  for (const segment of segmentsOf(text)) {
    const of = kind(segment);
    const before = last(found);
    if (before && before.of === of && of !== "line end") before.text += segment;
    else if (before && before.of === "space" && of !== "line end" && before.text.endsWith(" ")) {
      before.text = before.text.slice(0, -1);
      if (before.text === "") found.pop();
      found.push({ of, text: ` ${segment}` });
    } else found.push({ of, text: segment });
  }
  return found.map((piece) => piece.text);
}

/** What turns a text into the numbers of its tokens. */
function encoderOf({ tokenizer: { unit, tokens, merges }, unknown }) {
  const numbers = new Map(tokens.map((token, at) => [token, at]).slice(unknown + 1));
  const number = (token) => numbers.get(token) ?? unknown;
  if (unit === "character") return (text) => Array.from(text, number);
  if (unit === "word") {
    // A word that is known with a space before it or without alone is taken for that.
    const other = (word) => (word.startsWith(" ") ? word.slice(1) : ` ${word}`);
    return (text) => wordsOf(text).map((word) => numbers.get(word) ?? number(other(word)));
  }
  const ranks = new Map((merges ?? []).map((pair, rank) => [pair.join(), rank]));
  const joined = (piece) => {
    const parts = Array.from(piece, number);
    for (;;) {
      let [best, place] = [Infinity, -1];
      for (let at = 0; at + 1 < parts.length; at++) {
        const rank = ranks.get(`${parts[at]},${parts[at + 1]}`) ?? Infinity;
        if (rank < best) [best, place] = [rank, at];
      }
      if (place < 0) return parts;
      parts.splice(place, 2, numbers.get(tokens[parts[place]] + tokens[parts[place + 1]]));
    }
  };
  return (text) => piecesOf(text).flatMap(joined);
}

/** The numbers of a text with which a language model begins to write. */
function begun({ line_end: lineEnd, unknown }, encode, text) {
  const numbers = [...(lineEnd === null || text.startsWith("\n") ? [] : [lineEnd]), ...encode(text)];
  return numbers.length > 0 ? numbers : [unknown];
}

/** The last tokens as the network reads them, filled up with padding. */
function rowOf({ length, padding, filled }, numbers) {
  const kept = numbers.slice(-length);
  const fill = new Array(length - kept.length).fill(padding);
  return filled === "before" ? [...fill, ...kept] : [...kept, ...fill];
}

/** The probabilities of the token that follows; none for padding and for what is unknown. */
function nextOf(model, numbers) {
  const { means, shape } = { means: model.input.means, shape: model.output.shape };
  const outputs = model.answer(rowOf(means, numbers));
  const step = Math.min(numbers.length, means.length) - 1;
  const shares = outputs.slice(step * shape[1], (step + 1) * shape[1]);
  shares[means.padding] = shares[means.unknown] = 0;
  const sum = shares.reduce((a, b) => a + b, 0);
  return shares.map((share) => share / sum);
}

/** One of the tokens, at temperature 0 the most probable; `random` is a number from 0 to 1. */
function tokenDrawn(shares, temperature, random) {
  const best = shares.reduce((best, share, at) => (share > shares[best] ? at : best), 0);
  if (!(temperature > 0)) return best;
  const powers = shares.map((share) => (share / shares[best]) ** (1 / temperature));
  let left = random * powers.reduce((a, b) => a + b, 0);
  const at = powers.findIndex((power) => (left -= power) < 0);
  return at < 0 ? best : at;
}

/** A text that is classified, or written on. */
function textInput(model, answer) {
  const { means } = model.input;
  const { tokens } = means.tokenizer;
  const encode = encoderOf(means);
  const isWritten = model.output.means.kind === "next token";
  const text = make("textarea", { id: "text", spellcheck: "false", "aria-describedby": "text-note", class: "text" });
  const note = make("p", { class: "note", role: "status" });
  const changed = () => {
    const numbers = isWritten ? begun(means, encode, text.value) : encode(text.value);
    const strange = numbers.filter((number) => number === means.unknown).length;
    const more = numbers.length > means.length ? `The last ${means.length} of ${numbers.length} tokens are read. ` : "";
    note.textContent = more + (strange > 0 ? `${counted(strange, "token")} not in the vocabulary.` : "");
    if (isWritten) return answer.showShares("Next token", tokens.map(tokenText), nextOf(model, numbers));
    numbers.length > 0 ? answer.show(rowOf(means, numbers)) : answer.hint("Write a text.");
  };
  text.addEventListener("input", changed);
  const temperature = make("input", { type: "number", min: 0, max: 2, step: 0.1, value: 0.8 });
  const write = () => {
    for (let count = 0; count < means.length; count++) {
      const numbers = begun(means, encode, text.value);
      const token = tokens[tokenDrawn(nextOf(model, numbers), Number(temperature.value), Math.random())];
      if (means.ends_at_line && token === "\n") break;
      text.value += token;
    }
    changed();
  };
  const clear = button("Clear", () => {
    text.value = "";
    changed();
  });
  const buttons = isWritten
    ? [make("label", {}, "Temperature", temperature), button("Write on", write, "main"), clear]
    : [clear];
  changed();
  const told = make("p", { class: "note", id: "text-note" }, means.in_words);
  return panel("Text", make("label", { for: "text" }, "Text"), text, make("div", { class: "row" }, ...buttons), note, told);
}

/** A token as it is shown: spaces and line ends are seen. */
const tokenText = (token) => token.replace(/ /g, "␣").replace(/\n/g, "⏎");
