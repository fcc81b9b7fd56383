"use strict";
// Predicts with the network of the page beside this file: `node predict.js < samples.csv`. A line of standard input is a
// sample, numbers with commas, `nan` for one that is missing; a line of standard output is the answer.

const fs = require("fs");
const path = require("path");

const page = fs.readFileSync(path.join(__dirname, "index.html"), "utf8");
const text = (id) => page.split(`id="${id}">`)[1].split("</script>")[0];
const model = new Function(`${text("network")}\nreturn openModel;`)()(text);

const lines = fs
  .readFileSync(0, "utf8")
  .split("\n")
  .filter((line) => line.trim() !== "");
const number = (cell) => (cell.trim().toLowerCase() === "nan" ? NaN : Number(cell));
process.stdout.write(lines.map((line) => model.answer(line.split(",").map(number)).join(",") + "\n").join(""));
