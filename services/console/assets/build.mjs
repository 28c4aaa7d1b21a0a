// Bundles script and style into a folder: node build.mjs [folder]. The result depends on nothing but these files.
import { build } from "esbuild";
import { copyFile } from "node:fs/promises";

const folder = process.argv[2] ?? "../src/slm_console/static";
await build({
  entryPoints: [
    "src/console.js", "src/console.css", "src/agreements.js", "src/editor.js", "src/agreements.css", "src/maintenance.css",
  ],
  outdir: folder,
  bundle: true,
  minify: true,
  format: "esm",
  target: ["es2022", "chrome110", "firefox110", "safari16"],
  legalComments: "none",
  charset: "utf8",
});
await copyFile("src/icon.svg", `${folder}/icon.svg`);
