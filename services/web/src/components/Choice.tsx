import type { Signal } from "@preact/signals";
import { useId } from "preact/hooks";
import styles from "./Choice.module.css";

interface Props<T extends string> {
  label: string;
  options: readonly { value: T; label: string }[];
  chosen: Signal<T>;
}

/** One of a few options, side by side. */
export function Choice<T extends string>({ label, options, chosen }: Props<T>) {
  const name = useId();
  return (
    <fieldset class={styles.choice}>
      <legend>{label}</legend>
      <div class={styles.options}>
        {options.map((option) => (
          <label key={option.value} class={styles.option}>
            <input
              type="radio"
              name={name}
              checked={chosen.value === option.value}
              onChange={() => {
                chosen.value = option.value;
              }}
            />
            {option.label}
          </label>
        ))}
      </div>
    </fieldset>
  );
}
