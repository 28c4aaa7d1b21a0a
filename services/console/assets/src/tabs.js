// Tabs that are wider than their window: the present one is in sight, and a faded end says that there are more.

export function startTabs() {
  showTabs();
  addEventListener("resize", showTabs);
  document.addEventListener("scroll", (event) => event.target.matches?.(".tabs") && fade(event.target), true);
}

/** Scroll the present tab of each row of tabs into view. */
export function showTabs() {
  for (const tabs of document.querySelectorAll(".tabs")) {
    const present = tabs.querySelector("[aria-current]");
    if (present) tabs.scrollLeft = present.offsetLeft - tabs.offsetLeft - (tabs.clientWidth - present.offsetWidth) / 2;
    fade(tabs);
  }
}

function fade(tabs) {
  tabs.classList.toggle("more-before", tabs.scrollLeft > 1);
  tabs.classList.toggle("more-after", tabs.scrollLeft + tabs.clientWidth < tabs.scrollWidth - 1);
}
