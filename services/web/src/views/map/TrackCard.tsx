import { AudioLines, Play, Radio, Route } from "lucide-preact";
import { useEffect, useState } from "preact/hooks";
import type { Track } from "../../api/client";
import { Cover } from "../../components/Cover";
import { IconButton } from "../../components/IconButton";
import { TrackMenu } from "../../components/TrackMenu";
import { previewed } from "../../state/previewed";
import { playNow } from "../../state/queue";
import { t } from "../../texts";
import { choosePathEnd, radioFrom } from "./actions";
import { isNarrow, PANEL, toScreen } from "./geometry";
import styles from "./Map.module.css";
import type { MapIndex } from "./MapIndex";
import { panelOpen, pinned, view } from "./state";
import { trackOf } from "./tracks";

/** The size of a card with its buttons, its distance to the point and to the edge of the view, in CSS pixels. */
const CARD = { width: 264, height: 128, gap: 16, edge: 8 };
const DELAY_MS = 60;

/** The track of a point: cover, title and artist; and what to do with it if it is chosen. */
export function TrackCard({ index, number }: { index: MapIndex; number: number }) {
  const [track, setTrack] = useState<Track | null>(null);
  const id = index.ids[number] as string;
  useEffect(() => {
    let isWanted = true;
    // A pointer that crosses the map must not ask for every point.
    const timer = setTimeout(
      () =>
        trackOf(id).then(
          (found) => isWanted && setTrack(found),
          () => undefined,
        ),
      DELAY_MS,
    );
    return () => {
      isWanted = false;
      clearTimeout(timer);
    };
  }, [id]);
  if (!track) return null;
  const at = index.at(number);
  const now = view.peek();
  const place = now ? toScreen(now, at) : { x: 0, y: 0 };
  const [beside, below] =
    !now || !panelOpen.value ? [0, 0] : isNarrow(now) ? [0, PANEL.share * now.height] : [PANEL.width, 0];
  const room = (now?.width ?? 0) - beside - CARD.width - CARD.edge;
  const left = Math.max(CARD.edge, Math.min(place.x + CARD.gap, room)) - place.x;
  const isAbove = Boolean(now && place.y + CARD.gap + CARD.height > now.height - below);
  const isPinned = pinned.value === number;
  const texts = t();
  return (
    <div
      class={`${styles.mark} ${styles.card}`}
      data-over-map={isPinned || undefined}
      data-above={isAbove}
      style={{ "--x": at.x, "--y": at.y, marginLeft: `${left}px` }}
    >
      <div class={styles.cardTrack} aria-live="polite">
        <Cover of={{ kind: "tracks", id: track.id }} size={56} />
        <span class={styles.names}>
          <strong>{track.title}</strong>
          <span>{track.artist ?? texts.unknownArtist}</span>
        </span>
        {previewed.value === id && <AudioLines size={18} class={styles.sounding} aria-label={texts.map.sounding} />}
      </div>
      {isPinned && (
        <div class={styles.cardActions}>
          <IconButton
            icon={Play}
            size="sm"
            look="primary"
            label={texts.actions.playTitle(track.title)}
            onClick={() => playNow([track], { from: texts.nav.map })}
          />
          <IconButton
            icon={Radio}
            size="sm"
            label={texts.trackMenu.startRadio}
            onClick={() => radioFrom(index, [number], track.title)}
          />
          <IconButton
            icon={Route}
            size="sm"
            label={texts.map.pathFromHere}
            onClick={() => choosePathEnd(index, number)}
          />
          <TrackMenu track={track} />
        </div>
      )}
    </div>
  );
}
