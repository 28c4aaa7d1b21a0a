// Single keys as shortcuts, where the reader has not switched them off and is not typing.

let waitsForPlace = false;

export function startKeyboard() {
  document.addEventListener("keydown", (event) => {
    if (document.body.dataset.keyboard === "off" || isTyping(event) || event.ctrlKey || event.metaKey || event.altKey) return;
    if (document.querySelector("dialog.palette[open]")) return;
    if (waitsForPlace) return go(event);
    const act = ACTS[event.key];
    if (act) {
      event.preventDefault();
      act();
    }
  });
}

const rows = () => [...document.querySelectorAll("#main [data-row]")].filter((each) => each.offsetParent);
const picked = () => document.querySelector("#main [data-row].picked");

const ACTS = {
  j: () => pick(1),
  k: () => pick(-1),
  Enter: () => (onControl() ?? linkOf(picked()))?.click(),
  e: () => (picked()?.querySelector("[data-drawer]") ?? document.querySelector("#main [data-drawer]"))?.click(),
  a: () => picked()?.querySelector("form button, a.button")?.click(),
  x: () => picked()?.querySelector("input[type=checkbox]")?.click(),
  c: () => document.querySelector("[data-comment]")?.focus(),
  z: () => document.querySelector(".toast [data-undo]")?.click(),
  "/": () => document.querySelector("[data-filter]")?.focus(),
  g: () => {
    waitsForPlace = true;
    setTimeout(() => (waitsForPlace = false), 1500);
  },
  "?": () => document.getElementById("keys")?.showModal(),
};

function onControl() {
  const focused = document.activeElement;
  return focused?.matches?.("a, button, summary, input") ? focused : null;
}

const linkOf = (row) => row?.querySelector("a[href]");

function pick(step) {
  const all = rows();
  if (!all.length) return;
  const at = all.indexOf(picked());
  all[at]?.classList.remove("picked");
  const next = all[Math.max(0, Math.min(all.length - 1, at + step))];
  next.classList.add("picked");
  linkOf(next)?.focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
}

function go(event) {
  waitsForPlace = false;
  const entry = document.querySelector(`[data-letter="${CSS.escape(event.key)}"]`);
  if (entry) {
    event.preventDefault();
    entry.click();
  }
}

function isTyping(event) {
  return event.target.matches?.("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");
}
