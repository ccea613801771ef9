import "@fontsource-variable/inter/wght.css";
import "./styles/tokens.css";
import "./styles/global.css";
import { render } from "preact";
import { App } from "./app";
import { startEngine } from "./player/engine";
import { watchMe } from "./state/listener";
import { startQueue } from "./state/queue";
import { applyTheme } from "./state/theme";
import { applyLanguage } from "./texts";

applyTheme();
applyLanguage();
watchMe();
startQueue();
startEngine();
const root = document.getElementById("app");
if (root) render(<App />, root);
