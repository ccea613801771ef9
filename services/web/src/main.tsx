import "@fontsource-variable/inter/wght.css";
import "./styles/tokens.css";
import "./styles/global.css";
import { render } from "preact";
import { App } from "./app";
<<<<<<< HEAD
import { watchMe } from "./state/listener";
=======
import { startEngine } from "./player/engine";
import { startQueue } from "./state/queue";
>>>>>>> 76abc18 (Play the queue with two audio elements and keep it in the browser)
import { applyTheme } from "./state/theme";
import { applyLanguage } from "./texts";

applyTheme();
applyLanguage();
<<<<<<< HEAD
watchMe();
=======
startQueue();
startEngine();
>>>>>>> 76abc18 (Play the queue with two audio elements and keep it in the browser)
const root = document.getElementById("app");
if (root) render(<App />, root);
