import type { LucideIcon } from "lucide-preact";
import type { JSX } from "preact";
import styles from "./IconButton.module.css";

interface Props extends Omit<JSX.IntrinsicElements["button"], "icon" | "label" | "size"> {
  icon: LucideIcon;
  /** The accessible name, which is also the tooltip. */
  label: string;
  size?: "md" | "sm" | "lg";
  look?: "quiet" | "primary";
  /** Whether a toggle is on; leave it out for other buttons. */
  pressed?: boolean | undefined;
}

const ICON_PIXELS = { sm: 16, md: 20, lg: 24 };

/** A round button that shows an icon only. */
export function IconButton({ icon: Icon, label, size = "md", look = "quiet", pressed, class: more, ...rest }: Props) {
  return (
    <button
      type="button"
      title={label}
      aria-label={label}
      aria-pressed={pressed}
      {...rest}
      class={[styles.button, styles[size], styles[look], more].filter(Boolean).join(" ")}
    >
      <Icon size={ICON_PIXELS[size]} aria-hidden="true" fill={pressed ? "currentColor" : "none"} />
    </button>
  );
}
