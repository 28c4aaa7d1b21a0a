// The console's script. Every page is readable and every act possible without it.
import htmx from "htmx.org";
import { startActs } from "./acts.js";
import { startClocks } from "./clocks.js";
import { startDrawer } from "./drawer.js";
import { startKeyboard } from "./keyboard.js";
import { startLive } from "./live.js";
import { startWholeTexts } from "./page.js";
import { startPalette } from "./palette.js";
import { startRows } from "./rows.js";
import { startTabs } from "./tabs.js";
import { startZone } from "./zone.js";

// Loaded as a module, htmx does not put itself on the window, where the other modules find it.
window.htmx = htmx;
startZone();
startClocks();
startDrawer();
startPalette();
startActs();
startKeyboard();
startRows();
startTabs();
startWholeTexts();
startLive();
