// Writes src/api/schema.d.ts from the OpenAPI document of the Python code beside this folder.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "..", "..", "..");
const folder = mkdtempSync(join(tmpdir(), "segue-api-"));
try {
  const file = join(folder, "openapi.json");
  const python = join(ROOT, ".venv", "bin", "python");
  execFileSync(python, ["-m", "services.api.openapi", file], { cwd: ROOT });
  execFileSync("npx", ["openapi-typescript", file, "--output", "src/api/schema.d.ts", "--default-non-nullable=false"], {
    stdio: "inherit",
  });
} finally {
  rmSync(folder, { recursive: true });
}
