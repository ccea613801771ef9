import type { JSX } from "preact";
import styles from "./Slider.module.css";

interface Props {
  label: string;
  value: number;
  max: number;
  step: number;
  /** What a screen reader says for the value. */
  valueText?: string | undefined;
  disabled?: boolean;
  class?: string | undefined;
  onInput: (value: number) => void;
}

/** A horizontal slider from 0 to `max` whose part before the thumb is filled. */
export function Slider({ label, value, max, step, valueText, disabled, class: more, onInput }: Props) {
  const share = max > 0 ? Math.min(1, value / max) : 0;
  return (
    <input
      type="range"
      class={`${styles.slider} ${more ?? ""}`}
      aria-label={label}
      aria-valuetext={valueText}
      min={0}
      max={max}
      step={step}
      value={value}
      disabled={disabled}
      style={{ "--share": `${share * 100}%` } as JSX.CSSProperties}
      onInput={(event) => onInput(event.currentTarget.valueAsNumber)}
    />
  );
}
