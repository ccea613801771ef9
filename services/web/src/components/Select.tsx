import { useId } from "preact/hooks";
import styles from "./Field.module.css";

interface Props<T extends string> {
  label: string;
  options: readonly { value: T; label: string }[];
  value: T;
  onChange: (value: T) => void;
}

/** A labelled list of which one option is chosen. */
export function Select<T extends string>({ label, options, value, onChange }: Props<T>) {
  const id = useId();
  return (
    <div class={styles.field}>
      <label for={id}>{label}</label>
      <select id={id} value={value} onChange={(event) => onChange(event.currentTarget.value as T)}>
        {options.map((option) => (
          <option key={option.value} value={option.value}>
            {option.label}
          </option>
        ))}
      </select>
    </div>
  );
}
