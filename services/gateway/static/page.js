// What every page does: live notices, the details panel, dialogs, choosing rows, counting a new password.
const phone = matchMedia("(max-width: 47.99rem)");
const find = (selector) => document.querySelector(selector);
const over = find("#over");

for (const each of document.querySelectorAll("[data-unscripted]")) each.hidden = true;

// Something happened elsewhere: parts of the page that care are fetched again, by htmx or by their own script.
const KINDS = ["notices", "documents", "messages", "news"];
const tell = (name) => document.body.dispatchEvent(new CustomEvent(`kontor:${name}`));
function listen(again) {
  const live = new EventSource(document.body.dataset.live);
  live.addEventListener("open", () => { if (again) KINDS.forEach(tell); again = true; });
  for (const name of KINDS) live.addEventListener(name, () => tell(name));
  live.addEventListener("session", () => { live.close(); tell("session"); });
  // Browsers come back by themselves, but not after a refusal: then the bell finds out whether one is still signed in.
  live.addEventListener("error", () => { if (live.readyState === EventSource.CLOSED) setTimeout(() => { if (over.hidden) { tell("notices"); listen(true); } }, 15000 + 15000 * Math.random()); });
  addEventListener("pagehide", () => live.close());
}
if (document.body.dataset.live) {
  listen(false);
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
}

// The session has ended, or works in another organisation: the page is loaded again, but nothing that was written on it is taken away.
// Where a form on its way out may be the reason, its answer comes first: it leads somewhere by itself.
const written = () => [...document.querySelectorAll("form[method=post] :is(textarea, input:not([type=hidden]))")]
  .some((field) => field.value !== field.defaultValue || field.checked !== field.defaultChecked);
let sent = 0;
addEventListener("submit", (event) => { if (!event.defaultPrevented) sent = Date.now(); });
const ended = () => { if (over && written()) over.hidden = false; else location.reload(); };
document.body.addEventListener("kontor:session", () => { setTimeout(ended, Math.max(0, sent + 10000 - Date.now())); });

// Who writes is there, though the page asks for nothing meanwhile: the session is in use, which it hears every five minutes.
let heard = Date.now();
document.addEventListener("input", () => {
  if (!document.body.dataset.here || Date.now() - heard < 300000) return;
  heard = Date.now();
  fetch(document.body.dataset.here, { method: "HEAD" }).catch(() => {});
});

// Filters that are not set stay out of the address. What a page asks by itself says so: that is no use of the session.
document.addEventListener("htmx:configRequest", ({ detail }) => {
  if (!detail.triggeringEvent || detail.triggeringEvent.type.startsWith("kontor:")) detail.headers["Kontor-Quiet"] = "1";
  if (detail.verb === "get") for (const [name, value] of [...detail.formData]) if (value === "") detail.formData.delete(name);
});
// The open bell is not taken away from under the reader.
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.target.id === "bell" && find("#bell :popover-open")) event.detail.shouldSwap = false;
});
// What somebody asked for and could not be fetched is opened as a page, which says what is wrong. What a page sends by itself has
// none to open, and what was written stays.
document.addEventListener("htmx:responseError", ({ detail }) => {
  const { verb, triggeringEvent } = detail.requestConfig, asked = triggeringEvent?.type ?? "load";
  if (verb === "get" && asked !== "load" && !asked.startsWith("kontor:")) location.assign(detail.pathInfo.finalRequestPath);
});

// Details beside the list: focus goes to their heading and back to the row; on a phone they cover the page.
let shown = find("#panel")?.dataset.document ?? "";
function panel() {
  const now = find("#panel")?.dataset.document ?? "";
  if (now && now !== shown) find("#p-title").focus({ preventScroll: !phone.matches });
  if (!now && shown) document.getElementById(`open-${shown}`)?.focus();
  shown = now;
  cover();
}
function cover() {
  for (const each of document.querySelectorAll("[data-covered]")) { each.inert = false; delete each.dataset.covered; }
  const over = phone.matches && find(".panel.over");
  for (let at = over; at && at !== document.body; at = at.parentElement) {
    for (const other of at.parentElement.children) if (other !== at && other.id !== "toasts" && other.tagName !== "DIALOG") { other.inert = true; other.dataset.covered = ""; }
  }
}
phone.addEventListener("change", cover);
cover();
find("[data-focus]")?.focus({ preventScroll: !phone.matches });
if (shown) find("#p-title").focus({ preventScroll: !phone.matches });
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !event.defaultPrevented && !find(":popover-open, dialog[open]")) find("[data-close]")?.click();
});

// A dialog only asks again before what cannot be undone; without script its link leads to a page that asks.
document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-dialog]");
  if (opener) { event.preventDefault(); document.getElementById(opener.dataset.dialog).showModal(); }
  const keep = event.target.closest("dialog [data-keep]");
  if (keep) { event.preventDefault(); keep.closest("dialog").close(); }
  event.target.closest("[data-dismiss]")?.closest(".toast").remove();
});
for (const each of document.querySelectorAll("[data-dismiss]")) each.hidden = false;
document.addEventListener("change", (event) => { if (event.target.matches("[data-go]")) event.target.form.requestSubmit(); });

// Ticks outlive a refresh of the list, and the button says how many are chosen.
const chosen = new Set();
const boxes = () => [...document.querySelectorAll("#list tbody .pick input")];
function count() {
  const button = find("[data-download]"), all = find("#list [data-all]");
  if (!button) return;
  const open = boxes().filter((box) => !box.disabled), number = open.filter((box) => box.checked).length;
  const words = button.dataset, label = find("[data-chosen]").dataset;
  button.querySelector("span").textContent = number === 0 ? words.none : number === 1 ? words.one : words.many.replace("#", number);
  button.disabled = number === 0;
  for (const each of document.querySelectorAll("[data-chosen-only]")) each.disabled = number === 0;
  find("[data-chosen]").textContent = number === 0 ? label.none : label.some.replace("#", number);
  all.hidden = open.length === 0;
  all.checked = number > 0 && number === open.length;
  all.indeterminate = number > 0 && number < open.length;
}
document.addEventListener("change", ({ target }) => {
  if (!target.closest("#list")) return;
  for (const box of boxes()) {
    if (target.matches("[data-all]") && !box.disabled) box.checked = target.checked;
    if (box.checked) chosen.add(box.value); else chosen.delete(box.value);
  }
  count();
});
document.addEventListener("htmx:afterSettle", ({ target }) => {
  if (target.id !== "work") return;
  for (const box of boxes()) box.checked = !box.disabled && chosen.has(box.value);
  const said = find("#said");
  if (said) said.textContent = target.dataset.said;
  count();
  panel();
});
for (const box of boxes()) if (box.checked) chosen.add(box.value);
count();

// A new password: how long it is so far, and once it is long enough, how good: judged by the rules it will be set by.
let rating;
document.addEventListener("input", ({ target }) => {
  if (!target.dataset.strength) return;
  const words = find(`[data-strength-of="${target.id}"]`), meter = find(`#${target.id}-meter`), length = [...target.value].length;
  const long = length >= Number(target.dataset.strength);
  words.textContent = length === 0 ? "" : long ? words.dataset.long : words.dataset.short.replace("#", length);
  meter.hidden = length === 0;
  meter.value = long ? 1 : Math.min(length / target.dataset.strength, 0.9);
  clearTimeout(rating);
  if (long) rating = setTimeout(() => rate(target, words, meter), 300);
});
async function rate(target, words, meter) {
  const typed = target.value, body = new URLSearchParams({ password: typed, username: target.form.elements.username.value });
  const answer = await fetch(words.dataset.rate, { method: "POST", body, headers: { Accept: "application/json" } }).catch(() => null);
  if (!answer?.ok || target.value !== typed) return;
  const { strength, said } = await answer.json();
  meter.value = strength;
  words.textContent = said;
}

// What is shown once is copied by a button, and said to be.
for (const each of document.querySelectorAll("[data-copy]")) {
  each.hidden = !navigator.clipboard;
  each.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(each.dataset.copy).textContent);
    find("[data-copied]").textContent = each.dataset.done;
  });
}

// Installed on a telephone or computer, the portal says in its own words when there is no network.
navigator.serviceWorker?.register("/service-worker.js").catch(() => {});
