import { useEffect, useState } from "preact/hooks";
import { type CoverOwner, coverAddress } from "../state/covers";
import { renewMediaToken } from "../state/media";
import styles from "./Cover.module.css";

interface Props {
  /** What the cover belongs to; without an id, such as a track that is not in the library, the place stays empty. */
  of: CoverOwner;
  /** Edge in CSS pixels, or "fill" for the width of its container. */
  size: number | "fill";
  round?: boolean;
}

/** Pixels that a cover of unknown width is requested for: tiles are about this wide. */
const TILE_PIXELS = 240;

/** The cover of a track, an album or an artist. It is decorative: the title beside it names it. */
export function Cover({ of, size, round = false }: Props) {
  const [failed, setFailed] = useState<string | null>(null);
  const address = coverAddress(of, size === "fill" ? TILE_PIXELS : size);
  const edge = size === "fill" ? undefined : `${size}px`;
  const hasToken = address !== null;
  useEffect(() => {
    if (!hasToken) renewMediaToken().catch(() => undefined); // the view itself says why nothing loads
  }, [hasToken]);

  /** The token may have expired: ask for another, which changes the address. */
  function onError() {
    setFailed(address);
    renewMediaToken().catch(() => undefined);
  }

  return (
    <span class={`${styles.cover} ${round ? styles.round : ""}`} style={{ width: edge, height: edge }}>
      {of.id !== "" && address !== null && address !== failed && (
        <img src={address} alt="" loading="lazy" decoding="async" onError={onError} />
      )}
    </span>
  );
}
