import { AudioLines, Pause } from "lucide-preact";
import type { Track } from "../api/client";
import { previewed } from "../state/previewed";
import { current } from "../state/queue";
import { t } from "../texts";
import { IconButton } from "./IconButton";
import styles from "./PreviewButton.module.css";

/** Loaded with the first preview, so that the first view is small. */
const player = () => import("../state/preview");

interface Props {
  track: Track;
  /** The look of the place. The button is shown where `data-preview-host` is below the pointer or has the focus. */
  class?: string | undefined;
}

/**
 * A button that plays the highlight of a track, or stops it. There is none for the current track of the player, and for a
 * track without a file.
 */
export function PreviewButton({ track: { id, title, path, descriptors }, class: more = "" }: Props) {
  const isPlaying = previewed.value === id;
  if (path === null || current.value?.id === id) return null;
  return (
    <IconButton
      icon={isPlaying ? Pause : AudioLines}
      size="sm"
      label={t().actions.previewTitle(title)}
      pressed={isPlaying}
      class={`${styles.button} ${more}`}
      onClick={() => void player().then(({ togglePreview }) => togglePreview({ id, loudness: descriptors?.loudness }))}
    />
  );
}
