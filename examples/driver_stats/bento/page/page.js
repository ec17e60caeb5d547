"use strict";

// The form follows the request's schema, so that it needs no change when the request class does.
const form = document.querySelector("form");
const output = document.querySelector("output");
let properties = {};

async function build() {
  const api = await (await fetch("docs.json")).json();
  const operation = api.paths["/explain"].post;
  const schema = operation.requestBody.content["application/json"].schema;
  properties = schema.properties;
  const example = schema.example ?? {};
  document.getElementById("title").textContent = api.info.title;
  document.getElementById("fields").append(
    ...Object.entries(properties).map(([name, property]) => field(name, property, example[name])),
  );
}

function field(name, property, value) {
  const input = property.enum ? document.createElement("select") : document.createElement("input");
  for (const choice of property.enum ?? []) input.add(new Option(choice, choice));
  input.name = name;
  input.required = true;
  if (isNumber(property)) Object.assign(input, { type: "number", step: "any" });
  if (value !== undefined) input.value = value;
  const label = document.createElement("label");
  const unit = property.description ? ` (${property.description})` : "";
  label.append(name + unit, input);
  return label;
}

function isNumber(property) {
  return property.type === "integer" || property.type === "number";
}

function request() {
  const entries = Object.entries(properties).map(([name, property]) => {
    const text = form.elements[name].value;
    return [name, isNumber(property) ? Number(text) : text];
  });
  return Object.fromEntries(entries);
}

function show(headline, details) {
  const title = document.createElement("b");
  title.textContent = headline;
  const text = document.createElement("pre");
  text.textContent = JSON.stringify(details, null, 2);
  output.replaceChildren(title, text);
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const headers = { "Content-Type": "application/json" };
  const body = JSON.stringify(request());
  try {
    const response = await fetch("explain", { method: "POST", headers, body });
    const answer = await response.json();
    show(response.ok ? answer.decision : `Refused (${response.status})`, answer);
  } catch (error) {
    show("No answer", String(error));
  }
});

build();
