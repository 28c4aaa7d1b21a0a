// Acts: a form with data-act is sent in the background, and the page that answers takes the place of this one.
import { read, replaceMain, toast, token } from "./page.js";

export function startActs() {
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("form[data-act]")) return;
    event.preventDefault();
    void send(form, event.submitter);
  });
}

async function send(form, submitter) {
  const button = submitter ?? form.querySelector("button");
  if (button?.disabled) return;
  if (button) button.disabled = true;
  const body = new URLSearchParams(new FormData(form, submitter));
  const line = setTimeout(showBusy, 300);
  try {
    const answer = await read(form.action, { method: "POST", body, headers: { Accept: "text/html", "X-CSRF-Token": token() } });
    if (answer === null) return form.submit();
    if (new URL(answer.url).pathname !== location.pathname) return location.assign(answer.url);
    replaceMain(answer.document);
    if (form.dataset.undo) offerUndo(form);
  } catch {
    form.submit();
  } finally {
    clearTimeout(line);
    document.querySelector(".busy-line")?.remove();
    if (button) button.disabled = false;
  }
}

function offerUndo(form) {
  const texts = document.body.dataset;
  toast(form.dataset.done ?? texts.done ?? "", texts.undo, () => {
    const back = form.cloneNode(true);
    back.action = form.dataset.undo;
    delete back.dataset.undo;
    back.hidden = true;
    document.body.append(back);
    void send(back).finally(() => back.remove());
  });
}

function showBusy() {
  const line = document.createElement("div");
  line.className = "busy-line";
  document.body.append(line);
}
