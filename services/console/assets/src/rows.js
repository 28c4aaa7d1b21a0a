// A click or tap on a row of a table opens what the row is about: its first link that leads to a page.

export function startRows() {
  document.addEventListener("click", (event) => {
    if (event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    if (event.target.closest("a, button, input, select, textarea, label, summary, form")) return;
    if (String(getSelection())) return;
    event.target.closest("#main tr[data-row]")?.querySelector(OPENS)?.click();
  });
}

const OPENS = "td a[href]:not([data-drawer], [download])";
