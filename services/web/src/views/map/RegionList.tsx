import { ListPlus, Play, Radio } from "lucide-preact";
import { useState } from "preact/hooks";
import { Button } from "../../components/Button";
import { IconButton } from "../../components/IconButton";
import { TrackRow } from "../../components/TrackRow";
import { addToPlaylist } from "../../state/playlists";
import { playNow } from "../../state/queue";
import { useResource } from "../../state/resource";
import { regionName } from "../../state/taste";
import { t } from "../../texts";
import { idsOf, playAll, radioFrom } from "./actions";
import { unnamed } from "./ChoicePanel";
import styles from "./Map.module.css";
import type { MapIndex } from "./MapIndex";
import { regions } from "./state";
import { tracksOf } from "./tracks";

const LISTED = 10;
/** The regions of the level that is shown from near. */
const LEVEL = 1;

/** The map without a picture: its regions, each with the tracks in its middle. */
export function RegionList({ index }: { index: MapIndex }) {
  const shown = regions.value.filter(({ level }) => level === LEVEL).sort((a, b) => b.tracks - a.tracks);
  return (
    <ul class={styles.regions}>
      {shown.map((region) => (
        <li key={region.label}>
          <RegionItem
            index={index}
            label={regionName(region.label)}
            numbers={index.nearestAll(region, region.tracks)}
          />
        </li>
      ))}
    </ul>
  );
}

function RegionItem({ index, label, numbers }: { index: MapIndex; label: string; numbers: readonly number[] }) {
  const [isOpen, setOpen] = useState(false);
  const texts = t();
  return (
    <section class={styles.regionItem} aria-label={label}>
      <header>
        <button type="button" class={styles.regionName} aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
          <strong>{label}</strong>
          <span>{texts.counts.tracks(numbers.length)}</span>
        </button>
        <Button size="sm" icon={<Play size={16} aria-hidden="true" />} onClick={() => playAll(index, numbers, label)}>
          {texts.actions.play}
        </Button>
        <IconButton
          icon={Radio}
          size="sm"
          label={texts.trackMenu.startRadio}
          onClick={() => radioFrom(index, numbers, label)}
        />
        <IconButton
          icon={ListPlus}
          size="sm"
          label={texts.playlists.add}
          onClick={() => addToPlaylist(idsOf(index, numbers).map(unnamed), label)}
        />
      </header>
      {isOpen && <Middle index={index} numbers={numbers.slice(0, LISTED)} label={label} />}
    </section>
  );
}

function Middle({ index, numbers, label }: { index: MapIndex; numbers: readonly number[]; label: string }) {
  const { data } = useResource(() => tracksOf(idsOf(index, numbers)), [numbers[0]]);
  return (
    <ul>
      {data?.map((track, start) => (
        <li key={track.id}>
          <TrackRow track={track} onPlay={() => playNow(data, { start, from: label })} />
        </li>
      ))}
    </ul>
  );
}
