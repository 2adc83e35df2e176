// Without a network the installed portal says so. Only that page and what it looks like are kept, never anything of a person.
const NAME = "kontor-1", KEPT = {{ kept | tojson }};
self.addEventListener("install", (event) => event.waitUntil(caches.open(NAME).then((cache) => cache.addAll(KEPT)).then(() => self.skipWaiting())));
self.addEventListener("activate", (event) => event.waitUntil(
  caches.keys().then((names) => Promise.all(names.filter((name) => name !== NAME).map((name) => caches.delete(name)))).then(() => self.clients.claim())));
self.addEventListener("fetch", (event) => {
  const path = new URL(event.request.url).pathname;
  if (event.request.mode === "navigate" && event.request.method === "GET") event.respondWith(fetch(event.request).catch(() => caches.match(KEPT[0])));
  else if (event.request.method === "GET" && KEPT.includes(path)) event.respondWith(fetch(event.request).catch(() => caches.match(path)));
});
