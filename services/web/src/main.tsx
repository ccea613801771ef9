import "@fontsource-variable/inter/wght.css";
import "./styles/tokens.css";
import "./styles/global.css";
import { render } from "preact";
import { App } from "./app";
import { applyTheme } from "./state/theme";
import { applyLanguage } from "./texts";

applyTheme();
applyLanguage();
const root = document.getElementById("app");
if (root) render(<App />, root);
