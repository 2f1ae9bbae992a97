// Loads the page again when a template changes. Without this script everything but that works.
"use strict";

const state = document.getElementById("state");
const stamp = document.documentElement.dataset.stamp;
let source = null;

function listen() {
  source = new EventSource("/changes?since=" + encodeURIComponent(stamp));
  source.onopen = () => { state.textContent = "Follows changes"; };
  source.onerror = () => { state.textContent = "Not connected"; };
  source.addEventListener("changed", () => { state.textContent = "Loading"; location.reload(); });
}

// A browser allows six connections to a server: a tab nobody looks at needs none.
function heed() {
  if (document.visibilityState === "visible" && source === null) {
    listen();
  } else if (document.visibilityState === "hidden" && source !== null) {
    source.close();
    source = null;
  }
}

document.addEventListener("visibilitychange", heed);
addEventListener("pagehide", () => { if (source !== null) { source.close(); source = null; } });
addEventListener("pageshow", heed);
heed();
