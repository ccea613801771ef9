import { defineConfig } from "vitest/config";

// The page lies at `/`, its files in `/web/`. All addresses are relative, so that a proxy can serve Segue below a path.
const SERVICE = "http://127.0.0.1:8765";

export default defineConfig({
  base: "./",
  build: {
    target: "es2022",
    assetsDir: "web",
    assetsInlineLimit: 0, // the content security policy allows no data: addresses
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  server: { proxy: { "/v1": SERVICE, "/openapi.json": SERVICE, "/docs": SERVICE } },
  test: { environment: "happy-dom", include: ["src/**/*.test.{ts,tsx}"] },
});
