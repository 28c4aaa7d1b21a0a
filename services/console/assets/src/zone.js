// The browser's time zone, told to the server once in a cookie; the page is then read again with the right times.
import { prefix, read, replaceMain } from "./page.js";

export function startZone() {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (!zone || document.cookie.includes("slm_zone=")) return;
  document.cookie = `slm_zone=${zone}; path=${prefix() || "/"}; max-age=31536000; samesite=lax`;
  if (!document.getElementById("as-of")) return;
  // What somebody chose or typed meanwhile is worth more than the right times, which the next page has.
  let isTouched = false;
  addEventListener("input", () => (isTouched = true), { once: true, capture: true });
  void read().then((answer) => answer && !isTouched && replaceMain(answer.document));
}
