import type { JSX } from "preact";
import { useId } from "preact/hooks";
import styles from "./Field.module.css";

interface Props extends Omit<JSX.IntrinsicElements["input"], "label"> {
  label: string;
  /** Whether the label is shown inside the empty field instead of above it. */
  isLabelHidden?: boolean;
  hint?: string | undefined;
  error?: string | undefined;
}

/** A labelled text field with a hint or an error below it. */
export function Field({ label, isLabelHidden = false, hint, error, ...rest }: Props) {
  const id = useId();
  const note = error ?? hint;
  return (
    <div class={styles.field}>
      {!isLabelHidden && <label for={id}>{label}</label>}
      <input
        {...rest}
        id={id}
        aria-label={isLabelHidden ? label : undefined}
        placeholder={isLabelHidden ? label : rest.placeholder}
        aria-invalid={Boolean(error)}
        aria-describedby={note ? `${id}-note` : undefined}
      />
      {note && (
        <p id={`${id}-note`} class={error ? styles.error : styles.hint} role={error ? "alert" : undefined}>
          {note}
        </p>
      )}
    </div>
  );
}
