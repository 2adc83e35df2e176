// Passkeys: the browser asks the device, and the page's form carries the answer. What is about them shows only where they can work: browsers
// make them for names, not for numbers.
const known = globalThis.PublicKeyCredential?.parseRequestOptionsFromJSON && !/^[\d.]+$|^\[/.test(location.hostname);
for (const each of document.querySelectorAll("[data-passkeys]")) each.hidden = !known;

const form = document.querySelector("form[data-options]");
async function answer() {
  const options = JSON.parse(form.dataset.options);
  if (form.dataset.passkey === "create") return navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) });
  return navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) });
}
form?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const failed = form.querySelector("[data-failed]");
  failed.hidden = true;
  try {
    form.elements.credential.value = JSON.stringify(await answer());
    form.submit();
  } catch {
    failed.hidden = false;
  }
});
if (form?.dataset.passkey === "get") form.requestSubmit();
