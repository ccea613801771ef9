import { ListEnd, ListPlus, ListStart, Map as MapIcon, Radio } from "lucide-preact";
import type { Track } from "../api/client";
import { href } from "../router";
import { addToPlaylist } from "../state/playlists";
import { addToQueue, playNext, startRadio } from "../state/queue";
import { t } from "../texts";
import { Menu } from "./Menu";

/** The menu of a track. */
export function TrackMenu({ track }: { track: Track }) {
  const texts = t().trackMenu;
  return (
    <Menu
      label={t().actions.moreFor(track.title)}
      items={[
        { label: texts.playNext, icon: ListStart, run: () => playNext([track]) },
        { label: texts.addToQueue, icon: ListEnd, run: () => addToQueue([track]) },
        { label: texts.startRadio, icon: Radio, run: () => startRadio({ seeds: [track.id], label: track.title }) },
        { label: t().playlists.add, icon: ListPlus, run: () => addToPlaylist([track]) },
        { label: texts.showOnMap, icon: MapIcon, href: href(["map"], { track: track.id }) },
      ]}
    />
  );
}
