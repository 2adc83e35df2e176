// Choosing files, confirming, a progress bar each, the question about files that are there already, and what became of each.
const form = document.getElementById("upload");
if (form) start(form);

function start(form) {
  const input = document.getElementById("files"), zone = document.getElementById("dropzone"), rows = document.getElementById("rows");
  const questions = document.getElementById("questions"), none = document.getElementById("none"), words = document.getElementById("words").dataset;
  const files = [];
  zone.querySelector("[data-script]").hidden = false;
  input.removeAttribute("name");

  input.addEventListener("change", () => { add(input.files); input.value = ""; });
  for (const name of ["dragover", "drop"]) zone.addEventListener(name, (event) => event.preventDefault());
  zone.addEventListener("drop", (event) => add(event.dataTransfer.files));
  form.addEventListener("submit", (event) => { event.preventDefault(); confirm(); });
  document.body.addEventListener("kontor:documents", refresh);
  setInterval(refresh, 3000);

  function add(list) {
    for (const file of list) {
      const row = document.getElementById("row").content.firstElementChild.cloneNode(true);
      row.querySelector("b").textContent = file.name;
      const entry = { file, row, state: "chosen" };
      row.querySelector("[data-remove]").addEventListener("click", () => remove(entry));
      files.push(entry);
      rows.append(row);
      if (file.size > Number(form.dataset.limit)) fail(entry, words.large);
      else if (file.size === 0) fail(entry, words.empty);
    }
    none.hidden = files.length > 0;
    say();
  }

  function remove(entry) {
    entry.request?.abort();
    if (entry.state === "sending") { fail(entry, words.cancelled); return; }
    files.splice(files.indexOf(entry), 1);
    entry.row.remove();
    none.hidden = files.length > 0;
    say();
  }

  async function confirm() {
    const waiting = files.filter((entry) => entry.state === "chosen");
    if (!waiting.length) { status(words.none); document.getElementById("files").focus(); return; }
    const where = { folder: form.folder.value, period: form.period.value, year: form.year.value };
    const batch = crypto.randomUUID ? crypto.randomUUID() : `${Date.now()}-${Math.random()}`.slice(0, 36);
    const existing = await names(where, waiting);
    const answers = await ask(waiting.filter((entry) => existing[entry.file.name]), existing);
    const sent = [];
    for (const entry of waiting) {
      const answer = answers.get(entry);
      if (answer === "keep") { show(entry, "kept"); entry.state = "kept"; continue; }
      if (await send(entry, where, batch, answer === "replace")) sent.push(entry.id);
    }
    const message = form.message?.value.trim();
    if (sent.length && message) await tell(where.folder, sent, message);
    say();
  }

  async function names(where, waiting) {
    try {
      const answer = await fetch(form.dataset.names, json({ ...where, names: waiting.map((entry) => entry.file.name) }));
      return answer.ok ? await answer.json() : {};
    } catch { return {}; }
  }

  function ask(entries, existing) {
    const answers = new Map();
    return new Promise((resolve) => {
      const next = () => {
        const entry = entries.find((each) => !answers.has(each));
        if (!entry) { questions.replaceChildren(); resolve(answers); return; }
        const box = document.getElementById("question").content.firstElementChild.cloneNode(true);
        box.querySelector("b").textContent = entry.file.name;
        box.querySelector("p").textContent = existing[entry.file.name].question;
        const all = box.querySelector("[data-all]");
        all.hidden = entries.filter((each) => !answers.has(each)).length < 2;
        const answer = (word) => {
          for (const each of all.querySelector("input").checked ? entries.filter((one) => !answers.has(one)) : [entry]) answers.set(each, word);
          next();
        };
        box.querySelector("[data-replace]").addEventListener("click", () => answer("replace"));
        box.querySelector("[data-keep]").addEventListener("click", () => answer("keep"));
        questions.replaceChildren(box);
        box.focus();
      };
      next();
    });
  }

  function send(entry, where, batch, replace) {
    return new Promise((resolve) => {
      const request = (entry.request = new XMLHttpRequest());
      const query = new URLSearchParams({ ...where, name: entry.file.name, batch, replace: replace ? "1" : "0" });
      const bar = entry.row.querySelector("progress");
      entry.state = "sending";
      bar.hidden = false;
      bar.setAttribute("aria-label", `${words.sending} ${entry.file.name}`);
      entry.row.querySelector("[data-remove]").textContent = words.cancel;
      request.upload.addEventListener("progress", (event) => { if (event.lengthComputable) bar.value = (100 * event.loaded) / event.total; });
      request.addEventListener("load", () => resolve(answered(entry, request, { where, batch })));
      request.addEventListener("error", () => { fail(entry, words.lost); resolve(false); });
      request.addEventListener("abort", () => resolve(false));
      request.open("PUT", `${form.dataset.send}?${query}`);
      request.setRequestHeader("Content-Type", "application/octet-stream");
      request.setRequestHeader("Accept", "application/json");
      request.send(entry.file);
    });
  }

  async function answered(entry, request, { where, batch }) {
    let answer = {};
    try { answer = JSON.parse(request.responseText); } catch { /* an answer that is no JSON has no advice to show */ }
    if (request.status === 201) {
      entry.id = answer.document_id;
      entry.state = "sent";
      show(entry, answer.status, answer.advice);
      return true;
    }
    if (request.status === 409 && answer.reason === "document_exists") {
      const said = await ask([entry], { [entry.file.name]: { question: answer.detail } });
      if (said.get(entry) === "replace") return send(entry, where, batch, true);
      entry.state = "kept";
      show(entry, "kept");
      return false;
    }
    if (request.status === 401) { location.assign("/sign-in?ended=1"); return false; }
    fail(entry, answer.detail || words.lost);
    return false;
  }

  async function tell(folder, documents, message) {
    try {
      const answer = await fetch(form.dataset.message, json({ folder, documents, message }));
      if (!answer.ok) throw new Error(String(answer.status));
      form.message.value = "";
    } catch { status(words.said); }
  }

  async function refresh() {
    const waiting = files.filter((entry) => entry.status === "scanning");
    if (!waiting.length) return;
    const query = new URLSearchParams(waiting.map((entry) => ["document", entry.id]));
    const answer = await fetch(`${form.dataset.states}?${query}`).catch(() => null);
    if (!answer?.ok) return;
    const states = await answer.json();
    for (const entry of waiting) {
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

  function fail(entry, why) {
    entry.state = "failed";
    show(entry, "failed", why);
  }

  function say() {
    const done = files.filter((entry) => entry.state === "sent").length;
    status(done ? words.done.replace("##", files.length).replace("#", done) : "");
  }

  function status(text) { document.getElementById("f-status").textContent = text; }

  function json(body) {
    return { method: "POST", headers: { "Content-Type": "application/json", Accept: "application/json" }, body: JSON.stringify(body) };
  }
}
