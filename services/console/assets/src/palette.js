// The palette: Ctrl-K opens it, the arrows choose, Enter goes there.

export function startPalette() {
  const palette = document.getElementById("palette");
  if (!palette) return;
  const input = palette.querySelector("input");
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
      event.preventDefault();
      open();
    }
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest?.("[data-opens=palette]")) {
      event.preventDefault();
      open();
    }
    if (event.target === palette) palette.close();
  });
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      choose(event.key === "ArrowDown" ? 1 : -1);
    } else if (event.key === "Escape") {
      // A search field would only empty itself: one Escape closes, whatever is typed.
      event.preventDefault();
      palette.close();
    } else if (event.key === "Enter") {
      const chosen = palette.querySelector("a.picked") ?? palette.querySelector("#found a");
      if (chosen) {
        event.preventDefault();
        chosen.click();
      }
    }
  });

  // The first hit is the one that Enter goes to, so it is marked from the beginning.
  document.getElementById("found").addEventListener("htmx:afterSwap", (event) => {
    event.currentTarget.querySelector("a")?.classList.add("picked");
  });

  function open() {
    if (palette.open) return;
    palette.showModal();
    input.select();
    window.htmx.trigger(input, "opened");
  }

  function choose(step) {
    const links = [...palette.querySelectorAll("#found a")];
    if (!links.length) return;
    const at = links.findIndex((each) => each.classList.contains("picked"));
    links[at]?.classList.remove("picked");
    const next = links[(at + step + links.length) % links.length];
    next.classList.add("picked");
    next.scrollIntoView({ block: "nearest" });
  }
}
