// The drawer: a link with data-drawer opens its page's content beside the number; Esc goes back to the number.
import { read } from "./page.js";

let opener = null;

export function startDrawer() {
  const drawer = document.getElementById("drawer");
  if (!drawer) return;
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[data-drawer]");
    if (link && !event.metaKey && !event.ctrlKey && !event.shiftKey && event.button === 0) {
      event.preventDefault();
      void open(drawer, link);
    }
    if (event.target.closest?.("[data-closes=drawer]")) close(drawer);
    const copier = event.target.closest?.("[data-copy]");
    if (copier) {
      event.preventDefault();
      void navigator.clipboard?.writeText(new URL(copier.dataset.copy, location.href).href)
        .then(() => (copier.textContent = copier.dataset.copied));
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && drawer.open && !document.querySelector("dialog.palette[open]")) close(drawer);
  });
}

async function open(drawer, link) {
  const answer = await read(link.href);
  const content = answer?.document.querySelector(".worked-out");
  if (!content) return location.assign(link.href);
  opener = link;
  document.getElementById("drawer-body").replaceChildren(document.importNode(content, true));
  if (!drawer.open) drawer.show();
  drawer.scrollTop = 0;
  drawer.querySelector("[data-closes]").focus({ preventScroll: true });
}

function close(drawer) {
  drawer.close();
  opener?.focus({ preventScroll: true });
  opener = null;
}
