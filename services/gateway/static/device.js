// Devices: a key that this browser cannot give away signs what the page asks for, and the page's forms carry the signature.
const done = (request) => new Promise((right, wrong) => { request.onsuccess = () => right(request.result); request.onerror = () => wrong(request.error); });

async function key(forms) {
  const opening = indexedDB.open("kontor", 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore("keys");
  const database = await done(opening), store = (mode) => database.transaction("keys", mode).objectStore("keys");
  const held = await done(store("readonly").get("device"));
  if (held || !forms.some((form) => form.elements.public_key)) return held;
  const made = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign"]);
  await done(store("readwrite").put(made, "device"));
  return made;
}

async function sign(forms) {
  const pair = await key(forms);
  for (const form of forms) {
    const text = new TextEncoder().encode(form.dataset.sign);
    const signature = new Uint8Array(await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, pair.privateKey, text));
    form.elements.signature.value = btoa(String.fromCharCode(...signature)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
    if (form.elements.public_key) form.elements.public_key.value = JSON.stringify(await crypto.subtle.exportKey("jwk", pair.publicKey));
    for (const each of form.querySelectorAll("[data-signed]")) each.disabled = false;
  }
}
const signing = [...document.querySelectorAll("form[data-sign]")];
sign(signing).catch(() => { for (const each of document.querySelectorAll("[data-unsigned]")) each.hidden = false; });
