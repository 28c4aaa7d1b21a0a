// An agreement's document: the button that counts, and n / p from one change to the next. Elements are looked up at
// each event, since the page may have been replaced by a newer one.

function count() {
  const form = document.querySelector("[data-answer]");
  if (!form) return;
  const chosen = [...document.querySelectorAll("[data-choice]:checked")].map((each) => each.value);
  const all = document.querySelectorAll("fieldset.choice").length;
  const said = (text, number) => (number ? [text.replace("{n}", number)] : []);
  const of = (value) => chosen.filter((each) => each === value).length;
  const parts = [
    ...said(form.dataset.accepted, of("accept")),
    ...said(form.dataset.changed, of("change")),
    ...said(form.dataset.refused, of("refuse")),
    ...said(form.dataset.open, chosen.length ? all - chosen.length : 0),
  ];
  const button = form.querySelector("button.primary");
  button.textContent = parts.length ? `${form.dataset.send}: ${parts.join(", ")}` : form.dataset.send;
}

let at = -1;
function go(step) {
  const marks = [...document.querySelectorAll("[data-change]")];
  if (!marks.length) return;
  at = (at + step + marks.length) % marks.length;
  marks[at].scrollIntoView({ block: "center" });
  marks[at].focus({ preventScroll: true });
}

document.addEventListener("change", (event) => event.target.matches?.("[data-choice]") && count());
document.addEventListener("click", (event) => {
  if (!event.target.closest?.("[data-next-change]")) return;
  event.preventDefault();
  go(1);
});
document.addEventListener("keydown", (event) => {
  const isTyping = event.target.closest?.("input:not([type=radio]), textarea, select");
  if (isTyping || event.ctrlKey || event.metaKey || event.altKey || document.body.dataset.keyboard === "off") return;
  if (event.key === "n") go(1);
  else if (event.key === "p") go(-1);
});
count();

// What the editor remembered of this agreement was kept or sent: it is not brought back.
const here = new URL(location.href);
const [, place] = here.pathname.match(/\/agreements\/([^/]+)$/) ?? [];
if (place && here.searchParams.has("kept")) {
  localStorage.removeItem(`slm-editor:${place}`);
  here.searchParams.delete("kept");
  history.replaceState(history.state, "", here);
}
