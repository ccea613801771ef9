import { X } from "lucide-preact";
import { dismiss, toasts } from "../state/toasts";
import { t } from "../texts";
import { Button } from "./Button";
import { IconButton } from "./IconButton";
import styles from "./Toasts.module.css";

/** The messages about what just happened. */
export function Toasts() {
  return (
    <div class={styles.toasts} role="status" aria-live="polite">
      {toasts.value.map(({ id, text, kind, action }) => (
        <div key={id} class={`${styles.toast} ${kind === "error" ? styles.error : ""}`}>
          <span>{text}</span>
          {action && (
            <Button
              look="quiet"
              size="sm"
              onClick={() => {
                dismiss(id);
                action.run();
              }}
            >
              {action.label}
            </Button>
          )}
          <IconButton icon={X} label={t().actions.close} size="sm" onClick={() => dismiss(id)} />
        </div>
      ))}
    </div>
  );
}
