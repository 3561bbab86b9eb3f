// The console works without this file; it makes some pages nicer.
"use strict";

// The viewer's own time zone, unless they chose one: pages are made on the server.
if (!document.cookie.split("; ").some((c) => c.startsWith("zone="))) {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const form = document.querySelector("form[data-zone]");
  if (zone && form) {
    document.cookie = "zone=" + encodeURIComponent(zone) + "; path=/; max-age=31536000; samesite=lax";
    if (zone !== form.dataset.zone && !document.querySelector("main form[method=post]")) location.reload();
  }
}

// A list that shows new rows as they come: rows are HTML that the console made, the newest first.
for (const live of document.querySelectorAll("[data-tail]")) {
  const most = 300;
  const button = live.querySelector("button");
  const status = live.querySelector("[role=status]");
  const rows = document.getElementById(live.dataset.rows);
  let source = null;
  const stop = (said) => {
    source.close();
    source = null;
    button.setAttribute("aria-pressed", "false");
    status.textContent = said;
  };
  live.hidden = false;
  button.addEventListener("click", () => {
    if (source) return stop("");
    source = new EventSource(live.dataset.tail);
    button.setAttribute("aria-pressed", "true");
    status.textContent = "";
    source.addEventListener("message", (event) => {
      rows.insertAdjacentHTML("afterbegin", event.data);
      while (rows.rows.length > most) rows.deleteRow(-1);
    });
    const ended = () => stop(live.dataset.ended);
    source.addEventListener("end", ended);
    source.addEventListener("error", ended);
  });
}
