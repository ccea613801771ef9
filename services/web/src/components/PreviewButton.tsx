import { Headphones, Square } from "lucide-preact";
import { useEffect } from "preact/hooks";
import type { Track } from "../api/client";
import { previewed, stopPreview, togglePreview } from "../state/preview";
import { current } from "../state/queue";
import { t } from "../texts";
import { IconButton } from "./IconButton";
import styles from "./PreviewButton.module.css";

interface Props {
  track: Track;
  /** The look of the place. The button is shown where `data-preview-host` is below the pointer or has the focus. */
  class?: string | undefined;
}

/**
 * A button that plays the highlight of a track, or stops it. There is none for the current track of the player, and for a
 * track without a file.
 */
export function PreviewButton({ track: { id, title, path, descriptors }, class: more }: Props) {
  const isPlaying = previewed.value === id;
  const texts = t().preview;
  useEffect(
    () => () => {
      if (previewed.peek() === id) stopPreview();
    },
    [id],
  );
  if (path === null || current.value?.id === id) return null;
  return (
    <IconButton
      icon={isPlaying ? Square : Headphones}
      size="sm"
      label={isPlaying ? texts.stop(title) : texts.start(title)}
      class={[styles.button, more].filter(Boolean).join(" ")}
      data-playing={isPlaying || undefined}
      onClick={() => togglePreview({ id, loudness: descriptors?.loudness })}
    />
  );
}
