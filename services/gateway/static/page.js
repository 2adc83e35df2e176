// What every page does: live notices, details panels, dialogs, choosing rows.
const live = document.body.dataset.live && new EventSource("/live");
if (live) {
  const tell = (name) => document.body.dispatchEvent(new CustomEvent(`kontor:${name}`));
  let opened = false;
  live.addEventListener("open", () => { if (opened) { tell("notices"); tell("documents"); } opened = true; });
  for (const name of ["notices", "documents"]) live.addEventListener(name, () => tell(name));
  live.addEventListener("session", () => location.assign("/"));
  addEventListener("pagehide", () => live.close());
}

document.querySelector("[data-focus]")?.focus();

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-dialog]");
  if (opener) { event.preventDefault(); document.getElementById(opener.dataset.dialog).showModal(); }
  const keep = event.target.closest("dialog [data-keep]");
  if (keep) { event.preventDefault(); keep.closest("dialog").close(); }
});

// Ticks survive a refresh of the list, and the button says how many are chosen.
const chosen = new Set();
const boxes = () => [...document.querySelectorAll("#list tbody .pick input")];
function count() {
  const button = document.querySelector("[data-download]");
  if (!button) return;
  const number = boxes().filter((box) => box.checked).length;
  const words = number === 0 ? button.dataset.none : number === 1 ? button.dataset.one : button.dataset.many.replace("#", number);
  button.querySelector("span").textContent = words;
  button.disabled = number === 0;
}
document.addEventListener("change", (event) => {
  if (event.target.matches("#list [data-all]")) for (const box of boxes()) if (!box.disabled) box.checked = event.target.checked;
  if (event.target.closest("#list")) { chosen.clear(); for (const box of boxes()) if (box.checked) chosen.add(box.value); count(); }
});
document.addEventListener("htmx:afterSettle", (event) => {
  if (event.target.id !== "list" && !event.target.querySelector?.("#list")) return;
  for (const box of boxes()) box.checked = !box.disabled && chosen.has(box.value);
  count();
});
count();

document.addEventListener("submit", (event) => {
  if (event.target.id === "download" && boxes().every((box) => !box.checked)) event.preventDefault();
});
