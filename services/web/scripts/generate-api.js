// Writes types from the OpenAPI document of the Python code of this repository: `node generate-api.js FILE`, in a project
// that has openapi-typescript. The page and clients/typescript use it.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "..", "..", "..");
const [output] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), "segue-api-"));
try {
  const file = join(folder, "openapi.json");
  const python = join(ROOT, ".venv", "bin", "python");
  execFileSync(python, ["-m", "services.api.openapi", file], { cwd: ROOT });
  execFileSync("npx", ["openapi-typescript", file, "--output", output, "--default-non-nullable=false"], {
    stdio: "inherit",
  });
} finally {
  rmSync(folder, { recursive: true });
}
