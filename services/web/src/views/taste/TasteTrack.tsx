import { Heart, X } from "lucide-preact";
import type { Schemas } from "../../api/client";
import { Cover } from "../../components/Cover";
import { IconButton } from "../../components/IconButton";
import { Names } from "../../components/Names";
import { playNow } from "../../state/queue";
import { removeTrack } from "../../state/taste";
import { t } from "../../texts";
import styles from "./TasteTrack.module.css";

interface Props {
  user: string;
  track: Schemas["TasteTrack"];
  onChange: () => void;
}

/** A track behind a taste: what the listener did with it, and a button that takes it out. */
export function TasteTrack({ user, track, onChange }: Props) {
  return (
    <li class={styles.track}>
      <button
        type="button"
        class={styles.cover}
        aria-label={t().actions.playTitle(track.title)}
        onClick={() => playNow([track])}
      >
        <Cover of={{ kind: "tracks", id: track.id }} size={40} />
      </button>
      <Names title={track.title} by={track.artist ?? t().unknownArtist} />
      <span class={styles.why}>
        {track.liked && <Heart size={14} fill="currentColor" role="img" aria-label={t().taste.liked} />}
        {track.plays > 0 ? t().counts.plays(track.plays) : track.liked ? "" : t().taste.fromStart}
      </span>
      <IconButton
        icon={X}
        size="sm"
        label={t().taste.removeTrack(track.title)}
        onClick={() => removeTrack(user, track, onChange)}
      />
    </li>
  );
}
