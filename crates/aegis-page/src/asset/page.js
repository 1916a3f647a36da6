// Looks again every five seconds and puts what changed in its place. Everything is there without it.
"use strict";
(() => {
  const INTERVAL_MS = 5000;
  const live = document.querySelector(".live");
  const parts = () => document.querySelectorAll("[data-live]");
  if (!parts().length || !live) return;
  live.hidden = false;

  // Somebody is in the middle of something there: it stays as it is.
  const isBusy = (part) =>
    part.contains(document.activeElement) && document.activeElement !== document.body;

  const withOpen = (fresh, part) => {
    const was = part.querySelectorAll("details");
    fresh.querySelectorAll("details").forEach((it, at) => {
      it.open = Boolean(was[at] && was[at].open);
    });
    return fresh;
  };

  const look = async () => {
    if (document.hidden) return;
    const answer = await fetch(location.href, { cache: "no-store", credentials: "same-origin" });
    if (!answer.ok) throw new Error(String(answer.status));
    const text = await answer.text();
    const fresh = new DOMParser().parseFromString(text, "text/html");
    for (const part of parts()) {
      const name = CSS.escape(part.dataset.live);
      const next = fresh.querySelector(`[data-live="${name}"]`);
      if (!next || isBusy(part) || next.innerHTML === part.innerHTML) continue;
      part.replaceWith(withOpen(document.importNode(next, true), part));
    }
    const time = fresh.querySelector("footer time");
    const here = document.querySelector("footer time");
    if (time && here) here.replaceWith(document.importNode(time, true));
  };

  const again = async () => {
    try {
      await look();
      live.textContent = "looks again every 5 s";
      live.classList.remove("bad");
    } catch {
      live.textContent = "the node does not answer";
      live.classList.add("bad");
    }
    setTimeout(again, INTERVAL_MS);
  };
  setTimeout(again, INTERVAL_MS);
})();
