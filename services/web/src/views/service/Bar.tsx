import styles from "./Bar.module.css";

interface Props {
  /** 0 to 1. Undefined shows that something happens without saying how far it is. */
  value?: number | undefined;
  label: string;
  isWarning?: boolean;
}

/** How far something is. */
export function Bar({ value, label, isWarning }: Props) {
  return <progress class={`${styles.bar} ${isWarning ? styles.warning : ""}`} value={value} aria-label={label} />;
}
