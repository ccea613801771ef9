// Writes a gzip file beside each text file of the bundle; the service sends it to browsers that accept it.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { extname, join } from "node:path";
import { gzipSync } from "node:zlib";

const FOLDER = "dist";
const COMPRESSED = new Set([".css", ".html", ".js", ".json", ".svg", ".webmanifest"]);

for (const entry of readdirSync(FOLDER, { recursive: true, withFileTypes: true })) {
  const path = join(entry.parentPath, entry.name);
  if (entry.isFile() && COMPRESSED.has(extname(path)))
    writeFileSync(`${path}.gz`, gzipSync(readFileSync(path), { level: 9 }));
}
