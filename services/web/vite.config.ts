import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { extname, join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

const SERVICE = "http://127.0.0.1:8765";

const COMPRESSED = new Set([".css", ".html", ".js", ".json", ".svg", ".webmanifest"]);

/** Writes a gzip file beside each text file of the bundle; the service sends it to browsers that accept it. */
function compress(): Plugin {
  let folder = "";
  return {
    name: "compress",
    apply: "build",
    configResolved: (config) => {
      folder = config.build.outDir;
    },
    closeBundle: () => {
      for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
        const path = join(entry.parentPath, entry.name);
        if (!entry.isFile() || !COMPRESSED.has(extname(path))) continue;
        writeFileSync(`${path}.gz`, gzipSync(readFileSync(path), { level: 9 }));
      }
    },
  };
}

// The page lies at `/`, its files in `/web/`. All addresses are relative, so that a proxy can serve Segue below a path.
export default defineConfig({
  base: "./",
  plugins: [compress()],
  build: {
    target: "es2022",
    assetsDir: "web",
    assetsInlineLimit: 0, // the content security policy allows no data: addresses
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rolldownOptions: {
      output: {
        // One file for what several views use: many small files compress badly.
        codeSplitting: {
          groups: [
            { name: "shared", minShareCount: 4, test: /src\/|lucide-preact/ },
            { name: "icons", minShareCount: 2, test: /lucide-preact/ },
          ],
        },
      },
    },
  },
  server: { proxy: { "/v1": SERVICE, "/openapi.json": SERVICE, "/docs": SERVICE } },
  test: { environment: "happy-dom", include: ["src/**/*.test.{ts,tsx}"] },
});
