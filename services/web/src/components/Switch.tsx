import type { Signal } from "@preact/signals";
import styles from "./Switch.module.css";

/** A setting that is on or off. */
export function Switch({ label, checked }: { label: string; checked: Signal<boolean> }) {
  return (
    <label class={styles.switch}>
      <span>{label}</span>
      <input
        type="checkbox"
        checked={checked.value}
        onChange={(event) => {
          checked.value = event.currentTarget.checked;
        }}
      />
    </label>
  );
}
