// Keeps what a person decides, field by field, and saves it as a file; nothing leaves the page otherwise.
const fields = [...document.querySelectorAll(".field")];
const decisions = new Map();
const find = document.getElementById("find"), onlyOpen = document.getElementById("open");
const save = document.getElementById("save"), said = document.getElementById("said");
let saved = true;

function chosen(field) {
  const radio = field.querySelector("input[type=radio]:checked");
  if (!radio) return undefined;
  let binding;
  if (radio.value === "") {
    const text = field.querySelector(".other").value.trim();
    if (!text) return undefined;
    try { binding = text.startsWith("{") ? JSON.parse(text) : text; }
    catch { return refuse(field, "Not JSON: check brackets and quotes."); }
    field.querySelector(".other").setCustomValidity("");
  } else binding = JSON.parse(radio.value);
  return binding;
}

function refuse(field, why) {
  const other = field.querySelector(".other");
  other.setCustomValidity(why);
  other.reportValidity();
  return undefined;
}

// The codes belong to the proposed column; they are the person's once one of them was changed.
function withCodes(field, binding) {
  if (binding === null || !field.dataset.codes) return binding;
  const codes = {};
  for (const each of field.querySelectorAll("select[data-code]")) if (each.value) codes[each.dataset.code] = each.value;
  const plain = typeof binding === "string" ? { column: binding } : { ...binding };
  return { ...plain, codes: { ...plain.codes, ...codes } };
}

function decide(field) {
  const binding = chosen(field);
  if (binding === undefined) return;
  decisions.set(field.id, withCodes(field, binding));
  field.classList.add("decided");
  tell();
}

function undo(field) { decisions.delete(field.id); field.classList.remove("decided"); tell(); }

function tell() {
  saved = decisions.size === 0;
  save.disabled = decisions.size === 0;
  const columns = [...decisions.keys()].filter((entry) => entry.includes(".findings.")).length;
  const carried = columns === 0 ? "" : columns === 1 ? " One column is carried over." : ` ${columns} columns are carried over.`;
  said.textContent = decisions.size === 0 ? "No field is decided." : `${decisions.size - columns} of ${fields.length} fields are decided.${carried}`;
}

function show() {
  const text = find.value.trim().toLowerCase();
  for (const field of fields)
    field.hidden = (onlyOpen.checked && !field.dataset.open) || (text !== "" && !(field.id + field.textContent).toLowerCase().includes(text));
  for (const section of document.querySelectorAll("section[data-table]"))
    section.hidden = !section.querySelector(".field:not([hidden])");
}

function move(step) {
  const seen = fields.filter((field) => !field.hidden);
  const at = seen.findIndex((field) => field.contains(document.activeElement));
  const next = seen[at < 0 ? 0 : Math.min(Math.max(at + step, 0), seen.length - 1)];
  if (next) { next.focus(); next.scrollIntoView({ block: "nearest" }); }
}

for (const field of fields) {
  field.addEventListener("change", (event) => {
    if (event.target.matches("select[data-code]")) field.dataset.codes = "yes";
    if (event.target.matches(".other")) field.querySelector("input[type=radio][value='']").checked = true;
    decide(field);
  });
}

for (const box of document.querySelectorAll(".own")) {
  box.addEventListener("change", () => {
    if (box.checked) decisions.set(box.dataset.entry, JSON.parse(box.dataset.binding));
    else decisions.delete(box.dataset.entry);
    tell();
  });
}

document.addEventListener("keydown", (event) => {
  const typing = event.target.matches("input[type=text], input[type=search], select");
  if (event.key === "Escape" && typing) { (event.target.closest(".field") || document.body).focus(); event.target.blur(); return; }
  if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
  const field = event.target.closest?.(".field");
  if (event.key === "/") { event.preventDefault(); find.focus(); }
  else if (event.key === "j") move(1);
  else if (event.key === "k") move(-1);
  else if (!field) return;
  else if (event.key === "a") { decide(field); move(1); }
  else if (event.key === "u") undo(field);
  else if (event.key === "x") { field.querySelector("input[type=radio][value=null]").checked = true; decide(field); }
  else if (event.key === "e") { event.preventDefault(); field.querySelector(".other").focus(); }
  else if (/^[1-9]$/.test(event.key)) {
    const radio = field.querySelectorAll("ol input[type=radio]")[Number(event.key) - 1];
    if (radio) { radio.checked = true; decide(field); }
  }
});

find.addEventListener("input", show);
find.addEventListener("search", show);  // Escape empties the field without an input event
onlyOpen.addEventListener("change", show);
document.getElementById("strong").addEventListener("click", () => fields.filter((field) => field.dataset.strong && !field.hidden).forEach(decide));
save.addEventListener("click", () => {
  const content = JSON.stringify({ practice: PRACTICE, decisions: Object.fromEntries(decisions) }, null, 1);
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([content], { type: "application/json" }));
  link.download = `decisions-${PRACTICE}.json`;
  link.click();
  URL.revokeObjectURL(link.href);
  saved = true;
});
addEventListener("beforeunload", (event) => { if (!saved) event.preventDefault(); });
