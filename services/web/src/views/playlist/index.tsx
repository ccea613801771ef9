import { ListMusic, Play, Radio, RefreshCw, Shuffle, SlidersHorizontal, Sparkles, SquarePen } from "lucide-preact";
import { useState } from "preact/hooks";
import { Button } from "../../components/Button";
import { Hero } from "../../components/Hero";
import { IconButton } from "../../components/IconButton";
import { Menu } from "../../components/Menu";
import { ErrorMessage, Message } from "../../components/Message";
import { Mosaic } from "../../components/Mosaic";
import { Page } from "../../components/Page";
import { Skeleton } from "../../components/Skeleton";
import { href, navigate, route } from "../../router";
import { loadMoods, moodTitle } from "../../state/moods";
import { type Playlist, refreshPlaylist } from "../../state/playlists";
import { playNow } from "../../state/queue";
import { useResource } from "../../state/resource";
import { formatAgo, formatTotal, t } from "../../texts";
import { menuOf, playableOf, shuffled, startPlaylistRadio } from "../playlists/playlistActions";
import { DetailsDialog } from "./DetailsDialog";
import { Entries } from "./Entries";
import { type Editor, useEditor } from "./editing";
import styles from "./Playlist.module.css";
import { RulesDialog } from "./RulesDialog";
import { ruleConditions } from "./ruleFilters";
import { Suggestions } from "./Suggestions";

export default function PlaylistView() {
  const id = route.value.path[1] ?? "";
  const editor = useEditor(id);
  const playlist = editor.playlist.value;
  const error = editor.error.value;
  if (!playlist) {
    return (
      <Page title={t().nav.playlists}>
        {error ? (
          <ErrorMessage error={error} onRetry={() => void editor.reload()} />
        ) : (
          <Skeleton of="rows" count={10} />
        )}
      </Page>
    );
  }
  return <Shown key={playlist.id} playlist={playlist} editor={editor} />;
}

function Shown({ playlist, editor }: { playlist: Playlist; editor: Editor }) {
  const texts = t().playlists;
  const [dialog, setDialog] = useState<"details" | "rules" | null>(null);
  const playable = playableOf(playlist);
  const play = (tracks: typeof playable) => playNow(tracks, { from: playlist.name });
  const hero = (
    <Hero
      title={playlist.name}
      kind={
        <>
          {playlist.smart ? <Sparkles size={16} aria-hidden="true" /> : <ListMusic size={16} aria-hidden="true" />}
          {playlist.smart ? texts.smartOne : texts.ordinaryOne}
        </>
      }
      picture={<Mosaic tracks={playlist.cover_tracks} />}
      actions={
        <>
          <Button
            look="primary"
            icon={<Play size={18} aria-hidden="true" />}
            disabled={!playable.length}
            onClick={() => play(playable)}
          >
            {t().actions.play}
          </Button>
          <Button
            icon={<Shuffle size={18} aria-hidden="true" />}
            disabled={!playable.length}
            onClick={() => play(shuffled(playable))}
          >
            {texts.shuffle}
          </Button>
          <Button
            icon={<Radio size={18} aria-hidden="true" />}
            disabled={!playable.length}
            onClick={() => startPlaylistRadio(playlist)}
          >
            {texts.radio}
          </Button>
          {playlist.smart && (
            <>
              <IconButton icon={SlidersHorizontal} label={texts.editRules} onClick={() => setDialog("rules")} />
              <IconButton
                icon={RefreshCw}
                label={texts.refresh}
                onClick={() => void editor.run(() => refreshPlaylist(playlist.id))}
              />
            </>
          )}
          <IconButton icon={SquarePen} label={texts.editDetails} onClick={() => setDialog("details")} />
          <Menu
            label={t().actions.moreFor(playlist.name)}
            items={menuOf(playlist, () => navigate(href(["playlists"])))}
          />
        </>
      }
    >
      {playlist.description && <p class={styles.description}>{playlist.description}</p>}
      {playlist.rules && <RulesLine rules={playlist.rules} />}
      <Facts playlist={playlist} />
    </Hero>
  );
  return (
    <Page title={playlist.name} hero={hero}>
      {playlist.items.length ? (
        <Entries playlist={playlist} editor={editor} onPlay={(start) => playNow(playable, { start })} />
      ) : (
        <Message icon={ListMusic} title={texts.empty}>
          {playlist.smart ? texts.emptySmartHint : texts.emptyHint}
        </Message>
      )}
      {playable.length > 0 && <Suggestions playlist={playlist} editor={editor} />}
      {dialog === "details" && <DetailsDialog playlist={playlist} editor={editor} onClose={() => setDialog(null)} />}
      {dialog === "rules" && <RulesDialog playlist={playlist} editor={editor} onClose={() => setDialog(null)} />}
    </Page>
  );
}

/** The rules of a smart playlist in short. */
function RulesLine({ rules }: { rules: NonNullable<Playlist["rules"]> }) {
  const { data: moods } = useResource(loadMoods, []);
  const mood = moods?.find((each) => each.id === rules.mood);
  const parts = [
    ...(rules.text ?? []).map((text) => `“${text}”`),
    ...(mood ? [moodTitle(mood)] : []),
    ...ruleConditions(rules.filters ?? null).map((condition) => condition.text),
  ];
  return parts.length ? <p class={styles.description}>{parts.join(" · ")}</p> : null;
}

/** How many tracks, how long, what is missing, and when rules chose them. */
function Facts({ playlist }: { playlist: Playlist }) {
  const texts = t().playlists;
  const { tracks, missing, duration_ms: length, refreshed_at: refreshed, failure } = playlist;
  return (
    <>
      <p class={styles.facts}>
        <span>{t().counts.tracks(tracks)}</span>
        {length > 0 && <span>{formatTotal(length)}</span>}
        {missing > 0 && <span class={styles.warning}>{texts.missing(missing)}</span>}
        {refreshed && <span>{texts.refreshed(formatAgo(new Date(refreshed)))}</span>}
      </p>
      {failure && (
        <p class={styles.failure} role="status">
          {texts.failed} {failure}
        </p>
      )}
    </>
  );
}
