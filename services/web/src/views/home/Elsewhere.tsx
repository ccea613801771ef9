import { Music, Play } from "lucide-preact";
import { Cover } from "../../components/Cover";
import { IconButton } from "../../components/IconButton";
import { PlayingBars } from "../../components/PlayingBars";
import { listener } from "../../state/listener";
import { type Playing, playingElsewhere } from "../../state/nowPlaying";
import { playNow } from "../../state/queue";
import { t } from "../../texts";
import styles from "./Elsewhere.module.css";

/** What plays now in other players and for other listeners. */
export function Elsewhere() {
  const found = playingElsewhere.value;
  if (!found.length) return null;
  return (
    <section class={styles.elsewhere} aria-labelledby="elsewhere">
      <h2 id="elsewhere">{t().home.elsewhere}</h2>
      <ul class={styles.list}>
        {found.map((each) => (
          <Item key={each.listener} playing={each} />
        ))}
      </ul>
    </section>
  );
}

function Item({ playing }: { playing: Playing }) {
  const { track } = playing;
  const title = playing.title ?? "";
  const who = playing.listener === listener.value ? t().home.you : playing.listener;
  return (
    <li class={styles.item}>
      {track ? (
        <Cover of={{ kind: "tracks", id: track.id }} size={56} />
      ) : (
        <span class={styles.blank}>
          <Music size={22} aria-hidden="true" />
        </span>
      )}
      <span class={styles.names}>
        <span class={styles.title} title={title}>
          {title}
        </span>
        <span class={styles.note}>{playing.artist ?? t().unknownArtist}</span>
        <span class={`${styles.note} ${styles.who}`}>
          <PlayingBars isMoving />
          <span class={styles.name}>{playing.client === null ? who : `${who} · ${playing.client}`}</span>
        </span>
      </span>
      {track && (
        <IconButton icon={Play} label={t().actions.playTitle(title)} onClick={() => playNow([track], { from: who })} />
      )}
    </li>
  );
}
