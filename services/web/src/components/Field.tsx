import type { JSX } from "preact";
import { useId } from "preact/hooks";
import styles from "./Field.module.css";

interface Props extends Omit<JSX.IntrinsicElements["input"], "label"> {
  label: string;
  hint?: string | undefined;
  error?: string | undefined;
}

/** A labelled text field with a hint or an error below it. */
export function Field({ label, hint, error, ...rest }: Props) {
  const id = useId();
  const note = error ?? hint;
  return (
    <div class={styles.field}>
      <label for={id}>{label}</label>
      <input {...rest} id={id} aria-invalid={Boolean(error)} aria-describedby={note ? `${id}-note` : undefined} />
      {note && (
        <p id={`${id}-note`} class={error ? styles.error : styles.hint} role={error ? "alert" : undefined}>
          {note}
        </p>
      )}
    </div>
  );
}
