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
