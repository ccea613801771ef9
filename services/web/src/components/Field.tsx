import type { JSX } from "preact";
import { useId, useState } from "preact/hooks";
import styles from "./Field.module.css";

interface Props extends Omit<JSX.IntrinsicElements["input"], "label" | "onChange"> {
  label: string;
  /** Takes the text at Enter or on leaving the field. Until then, renders keep what is typed. */
  onCommit?: (text: string) => void;
  /** Whether the label is shown inside the empty field instead of above it. */
  isLabelHidden?: boolean;
  hint?: string | undefined;
  error?: string | undefined;
}

/** A labelled text field with a hint or an error below it. */
export function Field({ label, isLabelHidden = false, hint, error, onCommit, ...rest }: Props) {
  const id = useId();
  /** What is typed and not committed. */
  const [draft, setDraft] = useState<string | null>(null);
  const note = error ?? hint;
  return (
    <div class={styles.field}>
      {!isLabelHidden && <label for={id}>{label}</label>}
      <input
        {...rest}
        {...(onCommit && {
          value: draft ?? rest.value,
          onInput: (event) => setDraft(event.currentTarget.value),
          onChange: (event) => {
            setDraft(null);
            onCommit(event.currentTarget.value);
          },
          onBlur: () => setDraft(null),
        })}
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
