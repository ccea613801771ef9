import { X } from "lucide-preact";
import type { ComponentChildren } from "preact";
import styles from "./Chip.module.css";

interface Props {
  children: ComponentChildren;
  /** Whether it is chosen; makes it a toggle. */
  selected?: boolean;
  onClick?: () => void;
  /** Removes it; `removeLabel` names the button. */
  onRemove?: () => void;
  removeLabel?: string;
}

/** A short label: plain, a toggle, or removable. */
export function Chip({ children, selected, onClick, onRemove, removeLabel }: Props) {
  if (onClick) {
    return (
      <button type="button" class={styles.chip} aria-pressed={selected} onClick={onClick}>
        {children}
      </button>
    );
  }
  return (
    <span class={styles.chip}>
      {children}
      {onRemove && (
        <button type="button" class={styles.remove} aria-label={removeLabel} title={removeLabel} onClick={onRemove}>
          <X size={14} aria-hidden="true" />
        </button>
      )}
    </span>
  );
}
