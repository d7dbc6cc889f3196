"use strict";
// What the live pages share: the lessons' formulas, then drawing. A vector is an array, a matrix an array of rows.

const dot = (a, b) => a.reduce((sum, x, i) => sum + x * b[i], 0);
const norm = (a) => Math.sqrt(dot(a, a));
const cosine = (a, b) => dot(a, b) / (norm(a) * norm(b));
const factors = (from, to) => to.map((y, i) => y / from[i]);  // from * factors = to, element by element

const oneHot = (id, size) => Array.from({ length: size }, (_, i) => Number(i === id));
const products = (row, matrix) => matrix.map((numbers, i) => numbers.map((x) => row[i] * x));  // before they are added
const addRows = (rows) => rows.reduce((sum, row) => sum.map((x, j) => x + row[j]));  // (V, D) -> (D,)
const lookup = (id, matrix) => matrix[id];

const sigmoid = (score) => 1 / (1 + Math.exp(-score));
const softplus = (score) => Math.max(score, 0) + Math.log1p(Math.exp(-Math.abs(score)));  // ln(1 + e^score)
const predictionLoss = (center, context, noise) => softplus(-dot(center, context)) + softplus(dot(center, noise));
const against = (vector, gradient, rate) => vector.map((x, i) => x - rate * gradient[i]);
function descentStep(center, context, noise, rate) {  // the three vectors after one step
  const contextError = sigmoid(dot(center, context)) - 1, noiseError = sigmoid(dot(center, noise));
  return [
    against(center, center.map((_, i) => contextError * context[i] + noiseError * noise[i]), rate),
    against(context, center.map((x) => contextError * x), rate),
    against(noise, center.map((x) => noiseError * x), rate),
  ];
}

const characters = (sentence) => [...sentence].filter((character) => !/\s/u.test(character));
const bandMatrix = (length, window) => Array.from({ length }, (_, i) => Array.from({ length }, (_, j) =>
  i === j ? 0 : Math.max(0, window + 1 - Math.abs(i - j)) / window));

const ORANGE = "#d9480f", BLUE = "#1971c2", GREEN = "#2f9e44", PURPLE = "#9c36b5", GREY = "#868e96";
const $ = (id) => document.getElementById(id);
const show = (id, text) => { $(id).textContent = text; };
const short = (x, digits = 2) => Number.isFinite(x) ? String(Number(x.toFixed(digits))) : "–";  // without zeros at its end
const shade = (x, greatest = 1) =>  // a larger number is darker, a negative one blue
  `rgba(${x > 0 ? "217,72,15" : "25,113,194"},${Number.isFinite(x) ? 0.75 * Math.min(Math.abs(x) / greatest, 1) : 0})`;

function addCell(row, x, greatest = 1) {  // append a number to a row of a table
  const cell = row.insertCell();
  cell.textContent = short(x);
  cell.style.background = shade(x, greatest);
  cell.classList.toggle("zero", x === 0);
  return cell;
}

// Fill a table with a matrix. rows, columns: labels, or elements; greatest: the darkest number; chosen: rows to frame.
function fill(table, matrix, { rows, columns, greatest = 1, chosen = [] } = {}) {
  table.replaceChildren();
  const head = (row, label) => row.appendChild(document.createElement("th")).append(label);
  if (columns) {
    const row = table.createTHead().insertRow();
    for (const label of rows ? ["", ...columns] : columns) head(row, label);
  }
  const body = table.createTBody();
  matrix.forEach((numbers, i) => {
    const row = body.insertRow();
    if (rows) head(row, rows[i]);
    for (const x of numbers) addCell(row, x, greatest);
    row.classList.toggle("chosen", chosen.includes(i));
  });
}

function draw(parent, name, attributes = {}, text = "") {  // append an SVG element
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.textContent = text;
  return parent.appendChild(made);
}

function arrow(parent, [x0, y0], [x1, y1], colour) {
  const angle = Math.atan2(y1 - y0, x1 - x0), size = Math.min(12, Math.hypot(x1 - x0, y1 - y0) / 2);
  const [left, right] = [2.6, -2.6].map((turn) =>
    [x1 + size * Math.cos(angle + turn), y1 + size * Math.sin(angle + turn)]);
  const d = `M${x0},${y0} L${x1},${y1} M${left} L${x1},${y1} L${right}`;
  return draw(parent, "path", { d, fill: "none", stroke: colour, "stroke-width": 4, "stroke-linecap": "round" });
}

// Call move(x, y), in the picture's units, while a finger or the mouse drags an element of it.
function drag(picture, element, move) {
  element.onpointerdown = (event) => element.setPointerCapture(event.pointerId);
  element.onpointermove = (event) => {
    if (!element.hasPointerCapture(event.pointerId)) return;
    const { x, y } = new DOMPoint(event.clientX, event.clientY).matrixTransform(picture.getScreenCTM().inverse());
    move(x, y);
  };
}
