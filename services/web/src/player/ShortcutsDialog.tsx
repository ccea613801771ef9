import { Dialog } from "../components/Dialog";
import { t } from "../texts";
import styles from "./ShortcutsDialog.module.css";
import { helpOpen, SHORTCUTS } from "./shortcuts";

/** All keyboard shortcuts. */
export function ShortcutsDialog() {
  if (!helpOpen.value) return null;
  const texts = t().shortcuts;
  const named: Record<string, string> = {
    " ": texts.space,
    ArrowLeft: "←",
    ArrowRight: "→",
    "Shift+ArrowUp": `${texts.shift} + ↑`,
    "Shift+ArrowDown": `${texts.shift} + ↓`,
  };
  return (
    <Dialog
      title={t().player.shortcuts}
      onClose={() => {
        helpOpen.value = false;
      }}
    >
      <dl class={styles.list}>
        {SHORTCUTS.map(({ action, keys }) => (
          <div key={action} class={styles.shortcut}>
            <dt>{texts[action]}</dt>
            <dd>
              {keys.map((key) => (
                <kbd key={key}>{named[key] ?? key}</kbd>
              ))}
            </dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
