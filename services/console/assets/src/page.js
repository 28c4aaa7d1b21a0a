// The page's own document: its token, its prefix, and how a newer version of it takes the place of what is shown.

import { count } from "./clocks.js";
import { showTabs } from "./tabs.js";

export const token = () => document.querySelector("meta[name=csrf-token]").content;
export const prefix = () => document.querySelector("meta[name=prefix]").content;
const KEYS = "[data-row]";

/** Read the present page again, or another address of this origin, as a document; null where it was not shown. */
export async function read(address = location.href, options = {}) {
  const answer = await fetch(address, { credentials: "same-origin", headers: { Accept: "text/html" }, ...options });
  if (answer.redirected && new URL(answer.url).pathname.endsWith("/sign-in")) {
    location.assign(answer.url);
    return null;
  }
  if (!answer.ok) return null;
  return { document: new DOMParser().parseFromString(await answer.text(), "text/html"), url: answer.url };
}

/** Put the new content in place of the old one. Focus and scroll position stay. */
export function replaceMain(next) {
  count(next);
  const main = document.getElementById("main");
  const focused = document.activeElement?.closest?.("[data-row]")?.dataset.row;
  main.replaceChildren(...next.getElementById("main").childNodes);
  replaceAsOf(next);
  if (focused) row(focused)?.querySelector("a, button")?.focus({ preventScroll: true });
  window.htmx.process(main);
  showTabs();
}

export function replaceAsOf(next) {
  const [shown, newer] = [document, next].map((each) => each.querySelector("#as-of time"));
  if (shown && newer) {
    shown.textContent = newer.textContent;
    shown.title = newer.title;
  }
}

export const row = (key) => document.querySelector(`[data-row="${CSS.escape(key)}"]`);

/**
 * Take over the cells of the newer page whose text changed, tinted, and count the rows that came, went or moved.
 * Rows themselves stay where they are: nothing moves under the pointer.
 */
export function takeOver(next) {
  // A clock that only went on is no change.
  count(document, next);
  const cells = new Map([...document.querySelectorAll("#main [data-cell]")].map((each) => [each.dataset.cell, each]));
  for (const newer of next.querySelectorAll("#main [data-cell]")) {
    const shown = cells.get(newer.dataset.cell);
    if (shown && shown.innerHTML !== newer.innerHTML && !shown.contains(document.activeElement)) {
      shown.replaceChildren(...[...newer.childNodes].map((each) => document.importNode(each, true)));
      tint(shown);
    }
  }
  replaceAsOf(next);
  return moved(next);
}

export function tint(element) {
  element.classList.remove("changed");
  void element.offsetWidth;
  element.classList.add("changed");
  setTimeout(() => element.classList.remove("changed"), 1300);
}

function moved(next) {
  const [shown, newer] = [document, next].map((each) => [...each.querySelectorAll(`#main ${KEYS}`)].map((r) => r.dataset.row));
  const [before, after] = [new Set(shown), new Set(newer)];
  const came = newer.filter((each) => !before.has(each)).length;
  const went = shown.filter((each) => !after.has(each)).length;
  if (came || went) return came + went;
  return shown.some((each, index) => each !== newer[index]) ? 1 : 0;
}

/** A text that is cut says the whole of itself to whoever points at it. */
export function startWholeTexts() {
  document.addEventListener("pointerover", (event) => {
    const cell = event.target.closest?.(".one-line td, .urgency :is(.what, .why, .left, .extent)");
    if (cell && !cell.title && cell.scrollWidth > cell.clientWidth) cell.title = cell.innerText;
  });
}

/** A line below, with an optional button; gone after eight seconds. */
export function toast(text, label, act) {
  document.querySelector(".toast")?.remove();
  const box = document.createElement("div");
  box.className = "toast";
  box.setAttribute("role", "status");
  box.append(text);
  if (label) {
    const button = document.createElement("button");
    button.className = "button";
    button.type = "button";
    button.dataset.undo = "";
    button.textContent = label;
    button.addEventListener("click", () => (box.remove(), act()));
    box.append(button);
  }
  document.body.append(box);
  setTimeout(() => box.remove(), 8000);
}
