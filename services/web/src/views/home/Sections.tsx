import { MoodTiles } from "../../components/MoodTiles";
import { discoveries, newlyAdded, recentlyPlayed, rediscoveries } from "../../state/home";
import { loadMoods, moodTitle } from "../../state/moods";
import { startRadio } from "../../state/queue";
import { useResource } from "../../state/resource";
import type { OwnTaste } from "../../state/taste";
import { sayError } from "../../state/toasts";
import { t } from "../../texts";
import { Continue } from "./Continue";
import { Elsewhere } from "./Elsewhere";
import styles from "./Sections.module.css";
import { TasteTiles } from "./TasteTiles";
import { TrackShelf } from "./TrackShelf";

/** What a listener with a past can play. Without a listener, what the library offers to everybody. */
export function Sections({ user, tastes }: { user: string | null; tastes: readonly OwnTaste[] }) {
  const texts = t().home;
  const moods = useResource(() => loadMoods(), []);
  return (
    <div class={styles.sections}>
      <Continue />
      <Elsewhere />
      {tastes.length > 0 && <TasteTiles tastes={tastes} />}
      {user !== null && (
        <TrackShelf title={texts.discover} note={texts.discoverNote} load={(signal) => discoveries(user, signal)} />
      )}
      {moods.data && (
        <section class={styles.moods} aria-labelledby="moods">
          <h2 id="moods">{texts.moods}</h2>
          <MoodTiles
            moods={moods.data}
            isCompact
            labelOf={texts.startRadio}
            onClick={(mood) => startRadio({ mood: mood.id, label: moodTitle(mood) }).catch(sayError)}
          />
        </section>
      )}
      {user !== null && (
        <>
          <TrackShelf title={texts.recent} load={(signal) => recentlyPlayed(user, signal)} />
          <TrackShelf
            title={texts.rediscover}
            note={texts.rediscoverNote}
            load={(signal) => rediscoveries(user, signal)}
          />
        </>
      )}
      <TrackShelf title={texts.fresh} load={newlyAdded} />
    </div>
  );
}
