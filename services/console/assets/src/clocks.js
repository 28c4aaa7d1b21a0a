// Clocks that run: counted from the instant of the page, so that they neither jump nor go back when the page is read again.

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const SECONDS_WITHIN = 10 * MINUTE;
const UNITS = [["day", 24 * 60 * MINUTE], ["h", 60 * MINUTE], ["min", MINUTE], ["s", SECOND]];

/** The server's time at the browser's time 0, in milliseconds. It only grows: an answer that was long on its way would
 * turn the clocks back, and one after a sleep of the machine puts them right. */
let offset = -Infinity;

export function startClocks() {
  count(document);
  setInterval(() => count(document), SECOND);
}

/** Write the clocks of these documents as of now. A document that was just read says what time it is. */
export function count(...pages) {
  for (const page of pages) {
    const time = page.querySelector("#as-of time");
    if (time && !time.dataset.heard) offset = Math.max(offset, Number(time.dataset.at) - performance.now());
    if (time) time.dataset.heard = "yes";
  }
  const now = offset + performance.now();
  for (const clock of pages.flatMap((page) => [...page.querySelectorAll("[data-until], [data-since]")])) {
    const { until, since, says, over } = clock.dataset;
    const length = until ? Number(until) - now : now - Number(since);
    const text = until && length <= 0 ? over : says.replace("{length}", inWords(length));
    if (clock.textContent !== text) clock.textContent = text;
  }
}

/** The same rule as the server's: rounded down, at most two units, seconds only in the last ten minutes. */
function inWords(length) {
  const unit = length < SECONDS_WITHIN ? SECOND : MINUTE;
  let left = Math.floor(Math.max(0, length) / unit) * unit;
  const texts = [];
  for (const [name, size] of UNITS) {
    const number = Math.floor(left / size);
    left -= number * size;
    if (number && texts.length < 2) texts.push(write(name, number));
    else if (texts.length) break;
  }
  return texts.join(" ") || write("min", 0);
}

function write(name, number) {
  const unit = name === "day" && number !== 1 ? "days" : name;
  return document.body.dataset[`unit${unit[0].toUpperCase()}${unit.slice(1)}`].replace("{count}", number);
}
