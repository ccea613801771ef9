import { useState } from "preact/hooks";
import { coverAddress } from "../state/covers";
import styles from "./Cover.module.css";

interface Props {
  /** What the cover belongs to. */
  of: { kind: "tracks" | "albums" | "artists"; id: string };
  /** Edge in CSS pixels, or "fill" for the width of its container. */
  size: number | "fill";
  round?: boolean;
}

/** The cover of a track, an album or an artist. It is decorative: the title beside it names it. */
export function Cover({ of, size, round = false }: Props) {
  const [failed, setFailed] = useState(false);
  const address = coverAddress(of, size === "fill" ? 320 : size);
  const edge = size === "fill" ? undefined : `${size}px`;
  return (
    <span class={`${styles.cover} ${round ? styles.round : ""}`} style={{ width: edge, height: edge }}>
      {!failed && address && (
        <img src={address} alt="" loading="lazy" decoding="async" onError={() => setFailed(true)} />
      )}
    </span>
  );
}
