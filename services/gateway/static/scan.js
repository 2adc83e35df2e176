// The code on a computer is read with the camera, where the browser can. Only this portal's own addresses for it are followed.
const at = document.querySelector("[data-scan]"), button = at.querySelector("button"), video = at.querySelector("video");
const other = at.querySelector("[data-other]"), failed = at.querySelector("[data-failed]");
let wanted = false;

function stop() {
  wanted = false;
  for (const track of video.srcObject?.getTracks() ?? []) track.stop();
  video.srcObject = null;
  video.hidden = true;
  button.hidden = false;
}

// Where a code leads, if it is one of ours.
function ours(text) {
  const url = URL.canParse(text) ? new URL(text) : null;
  return url?.origin === location.origin && /^\/qr\/[\w-]+$/.test(url.pathname) ? url.pathname : "";
}

async function scan() {
  wanted = button.hidden = other.hidden = failed.hidden = true;
  const reader = new BarcodeDetector({ formats: ["qr_code"] });
  const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
  video.srcObject = stream;
  if (!wanted) return stop(); // the page was left meanwhile
  video.hidden = false;
  await video.play();
  while (wanted) {
    const codes = await reader.detect(video), found = codes.map((code) => ours(code.rawValue)).find(Boolean);
    if (found) { stop(); location.assign(found); return; }
    other.hidden = codes.length === 0;
    await new Promise((next) => setTimeout(next, 200));
  }
}

button.addEventListener("click", () => scan().catch(() => { failed.hidden = !wanted; stop(); }));
addEventListener("pagehide", stop);
document.addEventListener("visibilitychange", () => { if (document.hidden) stop(); });
const formats = (await window.BarcodeDetector?.getSupportedFormats().catch(() => [])) ?? [];
at.hidden = !(formats.includes("qr_code") && navigator.mediaDevices?.getUserMedia);
