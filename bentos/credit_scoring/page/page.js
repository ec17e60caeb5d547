"use strict";

const form = document.getElementById("application");
const element = (id) => document.getElementById(id);

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  clearErrors();
  const { application, wrong } = read();
  if (wrong.length) return showFieldErrors(wrong);
  const button = element("decide");
  button.disabled = true;
  try {
    await decide(application);
  } catch {
    showProblem("The service does not answer. Try again in a moment.");
  } finally {
    button.disabled = false;
  }
});

form.addEventListener("reset", clearErrors);

/** Read the form as the API's types; a number that is none is an error of its field. */
function read() {
  const application = {};
  const wrong = [];
  for (const input of form.querySelectorAll("input, select")) {
    const text = input.value.trim();
    const number = Number(text);
    if (!text) wrong.push([input.name, "Required"]);
    else if (input.validity.patternMismatch) wrong.push([input.name, `Expected ${input.title}`]);
    else if (!input.dataset.type) application[input.name] = text;
    else if (input.dataset.type === "integer" && !Number.isSafeInteger(number))
      wrong.push([input.name, "A whole number"]);
    else if (!Number.isFinite(number)) wrong.push([input.name, "A number"]);
    else application[input.name] = number;
  }
  return { application, wrong };
}

async function decide(application) {
  const started = performance.now();
  const response = await fetch("explain", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(application),
  });
  const elapsed = performance.now() - started;
  if (response.ok) return show(await response.json(), elapsed);
  const problem = await response.json().catch(() => ({}));
  const details = Array.isArray(problem.detail) ? problem.detail : [];
  if (!details.length) return showProblem(`The service answered ${response.status}. Try again in a moment.`);
  showFieldErrors(details.map((detail) => [detail.loc.join("."), detail.msg]));
}

function show(explanation, elapsed) {
  element("waiting").hidden = true;
  element("problem").hidden = true;
  element("decision").hidden = false;
  element("outcome").textContent = { Approve: "Approve", Reject: "Reject", Refer: "Refer to a person" }[explanation.decision];
  element("outcome").parentElement.className = `verdict ${explanation.decision}`;
  element("milliseconds").textContent = `${explanation.milliseconds.toFixed(2)} ms in the service, ${elapsed.toFixed(0)} ms with the network`;
  revealResult();
  showProbability(explanation.probability);
  element("reasons").replaceChildren(...explanation.reasons.map((reason) => make("li", reason.message)));
  element("features").replaceChildren(...views(explanation));
  element("model").textContent = explanation.modelVersion;
  element("service").textContent = explanation.featureService;
  element("id").textContent = explanation.id;
}

/** On a narrow screen the result is below the form: bring it into view. */
function revealResult() {
  const result = element("decision-title");
  if (result.getBoundingClientRect().top > window.innerHeight) result.scrollIntoView();
}

function showProbability(probability) {
  element("probability-block").hidden = probability === null;
  if (probability === null) return;
  element("probability").textContent = `${(probability * 100).toFixed(1)} %`;
  element("probability-bar").style.width = `${probability * 100}%`;
}

/** One block per feature view: its status, its age, its values; then the on-demand ones. */
function views(explanation) {
  const names = Object.keys(explanation.values).filter((name) => name !== "request");
  for (const name of Object.keys(explanation.features)) if (!names.includes(name)) names.unshift(name);
  return names.map((name) => view(name, explanation.features[name], explanation.values[name] ?? {}));
}

function view(name, read, values) {
  const block = make("div", "", "view");
  const title = make("span");
  const status = read ? read.status : "COMPUTED";
  title.append(make("b", name), " ", make("span", status.replace("_", " "), `badge ${status}`));
  const head = make("div", "", "view-head");
  head.append(title, make("span", read ? age(read.ageSeconds) : "on demand", "age"));
  block.append(head);
  const rows = Object.entries(values).filter(([, value]) => value !== null);
  if (rows.length) block.append(table(name, rows));
  return block;
}

function table(name, rows) {
  const result = make("table");
  result.setAttribute("aria-label", name);
  for (const [feature, value] of rows) {
    const row = result.insertRow();
    const head = make("th", feature);
    head.scope = "row";
    row.append(head, make("td", typeof value === "number" ? value.toLocaleString("en-US") : String(value)));
  }
  return result;
}

function age(seconds) {
  if (seconds === null) return "";
  const units = [["year", 31557600], ["day", 86400], ["hour", 3600], ["minute", 60]];
  for (const [unit, length] of units) {
    const count = Math.floor(seconds / length);
    if (count >= 1 && (unit !== "year" || count >= 2)) return `${count} ${unit}${count > 1 ? "s" : ""} old`;
  }
  return "seconds old";
}

function showFieldErrors(errors) {
  const unknown = [];
  let first = null;
  for (const [name, message] of errors) {
    const input = form.elements.namedItem(name);
    if (!input) { unknown.push(`${name}: ${message}`); continue; }
    input.setAttribute("aria-invalid", "true");
    element(`${name}-error`).textContent = message;
    first ??= input;
  }
  const count = errors.length;
  showProblem(unknown.length ? unknown.join("; ") : `${count === 1 ? "One field needs" : `${count} fields need`} another look.`);
  first?.focus();
}

function showProblem(text) {
  element("waiting").hidden = true;
  element("decision").hidden = true;
  element("problem").textContent = text;
  element("problem").hidden = false;
}

function clearErrors() {
  for (const input of form.querySelectorAll("[aria-invalid]")) input.removeAttribute("aria-invalid");
  for (const error of form.querySelectorAll(".error")) error.textContent = "";
  element("problem").hidden = true;
}

function make(tag, text = "", className = "") {
  const node = document.createElement(tag);
  node.textContent = text;
  node.className = className;
  return node;
}
