import { Ban, Heart, ThumbsDown } from "lucide-preact";
import type { Track } from "../api/client";
import { IconButton } from "../components/IconButton";
import { verdict } from "../state/queue";
import { verdictOf } from "../state/verdicts";
import { t } from "../texts";
import styles from "./VerdictButtons.module.css";

/** Like, dislike and ban of a track. */
export function VerdictButtons({ track, size = "sm" }: { track: Track; size?: "sm" | "md" }) {
  const texts = t().player;
  const given = verdictOf(track.id);
  return (
    <div class={styles.verdicts}>
      <IconButton
        icon={Heart}
        label={given === "like" ? texts.unlike : texts.like}
        size={size}
        pressed={given === "like"}
        class={styles.like}
        onClick={() => verdict(track, "like")}
      />
      <IconButton
        icon={ThumbsDown}
        label={texts.dislike}
        size={size}
        pressed={given === "dislike"}
        onClick={() => verdict(track, "dislike")}
      />
      <IconButton icon={Ban} label={texts.ban} size={size} onClick={() => verdict(track, "ban")} />
    </div>
  );
}
