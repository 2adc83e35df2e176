// Choosing files, confirming, a progress bar each, the question about files that are there already, and what became of each.
const form = document.getElementById("upload");
if (form) start(form);

function start(form) {
  const LANES = 3; // files on their way at once
  const input = document.getElementById("files"), zone = document.getElementById("dropzone"), rows = document.getElementById("rows");
  const questions = document.getElementById("questions"), none = document.getElementById("none"), words = document.getElementById("words").dataset;
  const files = [], waiting = [];
  let asking = Promise.resolve(), trouble = "";
  zone.querySelector("[data-script]").hidden = false;
  input.removeAttribute("name");

  input.addEventListener("change", () => { add(input.files); input.value = ""; });
  for (const name of ["dragenter", "dragover"]) zone.addEventListener(name, (event) => { event.preventDefault(); zone.classList.add("over"); });
  for (const name of ["dragleave", "drop"]) zone.addEventListener(name, () => zone.classList.remove("over"));
  zone.addEventListener("drop", (event) => { event.preventDefault(); add(event.dataTransfer.files); });
  form.addEventListener("submit", (event) => { event.preventDefault(); confirm(); });
  addEventListener("beforeunload", (event) => { if (files.some((entry) => entry.state === "sending")) event.preventDefault(); });
  document.body.addEventListener("kontor:documents", refresh);
  setInterval(refresh, 3000);

  function add(list) {
    for (const file of list) {
      const row = document.getElementById("row").content.firstElementChild.cloneNode(true);
      const entry = { file, row, state: "chosen" };
      row.querySelector("b").textContent = file.name;
      row.querySelector("[data-size]").textContent = size(file.size);
      row.querySelector("[data-remove]").addEventListener("click", () => remove(entry));
      row.querySelector("[data-remove]").setAttribute("aria-label", `${row.querySelector("[data-remove]").textContent} ${file.name}`);
      files.push(entry);
      rows.append(row);
      if (file.size > Number(form.dataset.limit)) fail(entry, words.large);
      else if (file.size === 0) fail(entry, words.empty);
    }
    none.hidden = files.length > 0;
    say();
  }

  function remove(entry) {
    if (entry.state === "sending") { entry.request.abort(); return; }
    entry.state = "removed"; // it may be waiting for its turn
    files.splice(files.indexOf(entry), 1);
    entry.row.remove();
    none.hidden = files.length > 0;
    input.focus();
    say();
  }

  // What is not there yet goes at once; about the rest one is asked meanwhile.
  async function confirm() {
    const where = { folder: form.folder.value, period: form.period.value, year: form.year.value };
    const batch = { where, id: identifier(), open: 1, sent: [], told: false };
    const ready = files.filter((entry) => entry.state === "chosen");
    if (!ready.length) {
      if (!files.some((entry) => entry.state === "waiting" || entry.state === "sending")) { status(words.none); input.focus(); }
      return;
    }
    for (const entry of ready) entry.state = "waiting"; // before anything is waited for: a second click finds nothing to send
    if (await guarded()) {
      for (const entry of ready) if (entry.state === "waiting") entry.state = "chosen";
      say();
      return;
    }
    trouble = "";
    const existing = await names(where, ready);
    const known = (entry) => existing[key(entry.file.name)];
    await Promise.all([
      send(ready.filter((entry) => !known(entry)), batch, false),
      ask(ready.filter(known), known).then((replaced) => send(replaced, batch, true)),
    ]);
    await tell(batch);
    say();
  }

  // One file again, and with it the message, where no file of the batch had arrived before.
  async function retry(entry, batch, replace) {
    if (entry.state !== "failed") return;
    entry.state = "waiting";
    batch.open += 1;
    if (!batch.told && await guarded()) { entry.state = "failed"; batch.open -= 1; return; }
    await send([entry], batch, replace);
    await tell(batch);
    say();
  }

  // A personal number in the message is asked about before any file leaves.
  async function guarded() {
    const message = form.message?.value.trim(), guard = document.getElementById("guard");
    if (!message || form.mask?.checked) return false;
    const answer = await fetch(form.dataset.check, { method: "POST", body: new URLSearchParams({ message }) }).catch(() => null);
    const note = answer?.ok ? (await answer.text()).trim() : "";
    guard.innerHTML = note;
    if (note) form.message.focus();
    return note !== "";
  }

  async function names(where, ready) {
    const answer = await fetch(form.dataset.names, json({ ...where, names: ready.map((entry) => entry.file.name) })).catch(() => null);
    if (!answer?.ok) return {}; // asked again for each file when it is sent
    return Object.fromEntries(Object.entries(await answer.json()).map(([name, said]) => [key(name), said]));
  }

  // One question at a time, at the top of the list. Answers those that are to be replaced.
  function ask(entries, question) {
    const turn = asking.then(() => new Promise((resolve) => {
      const open = [...entries], replaced = [];
      const next = () => {
        questions.replaceChildren();
        if (!open.length) { say(); resolve(replaced); return; }
        pose(open, question(open[0]), (answer, all) => {
          for (const entry of open.splice(0, all ? open.length : 1)) {
            if (answer === "replace") replaced.push(entry);
            else { entry.state = "kept"; show(entry, "kept"); }
          }
          next();
        });
      };
      next();
    }));
    asking = turn;
    return turn;
  }

  function pose(open, said, answer) {
    const box = document.getElementById("question").content.firstElementChild.cloneNode(true);
    const all = box.querySelector("[data-all]");
    box.setAttribute("aria-label", open[0].file.name);
    box.querySelector("b").textContent = open[0].file.name;
    box.querySelector("p").textContent = said.question;
    if (said.replace) box.querySelector("[data-replace]").textContent = said.replace;
    all.hidden = open.length < 2;
    for (const word of ["replace", "keep"]) box.querySelector(`[data-${word}]`).addEventListener("click", () => answer(word, all.querySelector("input").checked));
    questions.replaceChildren(box);
    say();
    box.focus();
  }

  function send(entries, batch, replace) {
    return Promise.all(entries.map((entry) => new Promise((resolve) => {
      waiting.push(() => put(entry, batch, replace).then(() => { if (entry.id) batch.sent.push(entry.id); resolve(); }));
      advance();
    })));
  }

  let busy = 0;
  function advance() {
    while (busy < LANES && waiting.length) {
      busy += 1;
      waiting.shift()().finally(() => { busy -= 1; advance(); });
    }
  }

  function put(entry, batch, replace) {
    return new Promise((resolve) => {
      if (entry.state === "removed") { resolve(); return; }
      const request = (entry.request = new XMLHttpRequest());
      const bar = entry.row.querySelector("progress"), cancel = entry.row.querySelector("[data-remove]");
      entry.state = "sending";
      bar.hidden = false;
      bar.setAttribute("aria-label", words.sending.replace("#", entry.file.name));
      if (cancel) cancel.textContent = words.cancel;
      cancel?.setAttribute("aria-label", `${words.cancel} ${entry.file.name}`);
      request.upload.addEventListener("progress", ({ loaded, total }) => {
        bar.value = (100 * loaded) / total;
        const text = entry.row.querySelector("[data-size]");
        if (text) text.textContent = `${Math.floor(bar.value)} %`;
      });
      request.addEventListener("load", () => { bar.hidden = true; answered(entry, batch, request).then(resolve); });
      request.addEventListener("error", () => { fail(entry, words.lost, () => retry(entry, batch, replace)); resolve(); });
      request.addEventListener("abort", () => { fail(entry, words.cancelled, () => retry(entry, batch, replace)); resolve(); });
      request.open("PUT", `${form.dataset.send}?${new URLSearchParams({ ...batch.where, name: entry.file.name, batch: batch.id, replace: replace ? "1" : "0" })}`);
      request.setRequestHeader("Content-Type", "application/octet-stream");
      request.setRequestHeader("Accept", "application/json");
      request.send(entry.file);
    });
  }

  async function answered(entry, batch, request) {
    const said = read(request.responseText);
    if (request.status === 201) {
      Object.assign(entry, { id: said.document_id, state: "sent" });
      show(entry, said.status, said.advice);
    } else if (request.status === 401) {
      fail(entry, words.lost);
      location.assign("/sign-in?ended=1");
    } else if (said.reason === "document_exists") {
      // Somebody was faster than the question.
      if ((await ask([entry], () => ({ question: said.detail }))).length) await put(entry, batch, true);
    } else {
      fail(entry, said.detail || words.lost, request.status >= 500 || request.status === 429 ? () => retry(entry, batch, false) : null);
    }
  }

  // Once for each batch: when nothing of it is on its way any more and something has arrived.
  async function tell(batch) {
    batch.open -= 1;
    if (batch.open || batch.told || !batch.sent.length) return;
    batch.told = true;
    const message = form.message?.value.trim();
    if (!message) return;
    const told = { folder: batch.where.folder, documents: batch.sent, message, mask: Boolean(form.mask?.checked) };
    const answer = await fetch(form.dataset.message, json(told)).catch(() => null);
    if (answer?.ok) { form.message.value = ""; document.getElementById("guard").replaceChildren(); }
    else trouble = words.said;
  }

  async function refresh() {
    const open = files.filter((entry) => entry.status === "scanning");
    if (!open.length) return;
    const answer = await fetch(`${form.dataset.states}?${new URLSearchParams(open.map((entry) => ["document", entry.id]))}`, { headers: { Accept: "application/json", "Kontor-Quiet": "1" } }).catch(() => null);
    if (!answer?.ok) return;
    const states = await answer.json();
    for (const entry of open) {
      const state = states[entry.id];
      if (state && state.status !== "scanning") show(entry, state.status, state.advice);
    }
  }

  function show(entry, word, advice = "") {
    entry.status = word;
    entry.row.querySelector("progress").hidden = true;
    entry.row.querySelector("[data-state]").replaceChildren(document.getElementById(`status-${word}`).content.cloneNode(true));
    const text = entry.row.querySelector("p");
    text.textContent = advice;
    text.hidden = !advice;
    say();
  }

  function fail(entry, why, again = null) {
    entry.state = "failed";
    show(entry, again ? "failed" : "refused", why);
    entry.row.querySelector("[data-again]")?.addEventListener("click", again);
  }

  function say() {
    const done = files.filter((entry) => entry.state === "sent").length, ready = files.filter((entry) => entry.state === "chosen").length;
    if (trouble) status(trouble);
    else if (questions.childElementCount) status(words.ask);
    else status(ready ? words.chosen.replace("#", ready) : done ? words.done.replace("##", files.length).replace("#", done) : "");
  }

  function status(text) { document.getElementById("f-status").textContent = text; }
  function key(name) { return name.normalize("NFC").toLowerCase().trim(); }
  function identifier() { return crypto.randomUUID?.() ?? [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join(""); }
  function read(text) { try { return JSON.parse(text); } catch { return {}; } }

  function size(bytes) {
    const [unit, divisor] = bytes < 1e6 ? ["kilobyte", 1e3] : bytes < 1e9 ? ["megabyte", 1e6] : ["gigabyte", 1e9];
    const digits = bytes / divisor < 10 ? 1 : 0;
    return new Intl.NumberFormat(document.documentElement.lang, { style: "unit", unit, maximumFractionDigits: digits }).format(bytes / divisor);
  }

  function json(body) {
    return { method: "POST", headers: { "Content-Type": "application/json", Accept: "application/json" }, body: JSON.stringify(body) };
  }
}
