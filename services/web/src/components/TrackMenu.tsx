import {
  Ban,
  Disc3,
  Heart,
  Info,
  ListEnd,
  ListPlus,
  ListStart,
  Map as MapIcon,
  MicVocal,
  Radio,
  ThumbsDown,
} from "lucide-preact";
import type { Track } from "../api/client";
import { href } from "../router";
import { showDetails } from "../state/details";
import { addToPlaylist } from "../state/playlists";
import { addToQueue, playNext, startRadio, verdict } from "../state/queue";
import { verdictOf } from "../state/verdicts";
import { t } from "../texts";
import { Menu, type MenuItem } from "./Menu";

interface Props {
  track: Track;
  /** Further items, which come first. */
  items?: readonly MenuItem[];
}

/** The menu of a track. */
export function TrackMenu({ track, items = [] }: Props) {
  const texts = t().trackMenu;
  const given = verdictOf(track.id);
  const radio = { seeds: [track.id], tracks: [track], label: track.title };
  const links: MenuItem[] = [{ label: texts.showOnMap, icon: MapIcon, href: href(["map"], { track: track.id }) }];
  if (track.artist_id)
    links.unshift({ label: texts.toArtist, icon: MicVocal, href: href(["artist", track.artist_id]) });
  if (track.album_id) links.unshift({ label: texts.toAlbum, icon: Disc3, href: href(["album", track.album_id]) });
  return (
    <Menu
      label={t().actions.moreFor(track.title)}
      items={[
        ...items,
        { label: texts.playNext, icon: ListStart, run: () => playNext([track]) },
        { label: texts.addToQueue, icon: ListEnd, run: () => addToQueue([track]) },
        { label: texts.startRadio, icon: Radio, run: () => startRadio(radio) },
        { label: t().playlists.add, icon: ListPlus, run: () => addToPlaylist([track]) },
        {
          label: given === "like" ? texts.unlike : texts.like,
          icon: Heart,
          run: () => verdict(track, "like"),
        },
        {
          label: given === "dislike" ? texts.undislike : texts.dislike,
          icon: ThumbsDown,
          run: () => verdict(track, "dislike"),
        },
        { label: given === "ban" ? texts.unban : texts.ban, icon: Ban, run: () => verdict(track, "ban") },
        ...links,
        { label: texts.details, icon: Info, run: () => showDetails(track) },
      ]}
    />
  );
}
