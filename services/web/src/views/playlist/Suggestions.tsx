import { Check, WandSparkles, X } from "lucide-preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Button } from "../../components/Button";
import { IconButton } from "../../components/IconButton";
import { Match } from "../../components/Match";
import { ErrorMessage } from "../../components/Message";
import { Skeleton } from "../../components/Skeleton";
import { TrackRow } from "../../components/TrackRow";
import { type Playlist, type Suggestion, suggestTracks } from "../../state/playlists";
import { playNow } from "../../state/queue";
import { t } from "../../texts";
import { append, type Editor } from "./editing";
import styles from "./Playlist.module.css";

/** Tracks that continue the playlist, each with its reason, to accept or to decline. */
export function Suggestions({ playlist, editor }: { playlist: Playlist; editor: Editor }) {
  const texts = t().playlists;
  const [isOpen, setOpen] = useState(false);
  if (!isOpen) {
    return (
      <section class={styles.suggestions}>
        <div>
          <h2>{texts.extend}</h2>
          <p class={styles.hint}>{texts.extendHint}</p>
        </div>
        <Button icon={<WandSparkles size={18} aria-hidden="true" />} onClick={() => setOpen(true)}>
          {texts.suggest}
        </Button>
      </section>
    );
  }
  return <SuggestionList playlist={playlist} editor={editor} />;
}

function SuggestionList({ playlist, editor }: { playlist: Playlist; editor: Editor }) {
  const texts = t().playlists;
  const [shown, setShown] = useState<Suggestion[] | null>(null);
  const [error, setError] = useState<Error | null>(null);
  const [round, setRound] = useState(0);
  const seen = useRef<string[]>([]);
  useEffect(() => {
    const control = new AbortController();
    setShown(null);
    setError(null);
    suggestTracks(playlist.id, seen.current, control.signal).then(
      (found) => {
        seen.current = [...seen.current, ...found.map((track) => track.id)];
        setShown(found);
      },
      (problem: Error) => control.signal.aborted || setError(problem),
    );
    return () => control.abort();
  }, [playlist.id, round]);

  function drop(track: Suggestion) {
    const rest = shown?.filter((each) => each !== track) ?? [];
    if (rest.length) setShown(rest);
    else setRound(round + 1);
  }

  function accept(tracks: readonly Suggestion[]) {
    for (const track of tracks) void append(editor, track);
    if (tracks.length > 1) setRound(round + 1);
    else if (tracks[0]) drop(tracks[0]);
  }

  const titles = new Map(playlist.items.map(({ track }) => [track.id, track.title]));
  const reason = (track: Suggestion) => {
    const names = [...new Set(track.because_of.map((id) => titles.get(id)).filter(Boolean))].slice(0, 2);
    return names.length ? texts.because(names.join(", ")) : undefined;
  };
  return (
    <section class={styles.suggested} aria-label={texts.extend}>
      <header class={styles.suggestions}>
        <div>
          <h2>{texts.extend}</h2>
          <p class={styles.hint}>{texts.extendHint}</p>
        </div>
        {shown && shown.length > 0 && (
          <div class={styles.actions}>
            <Button size="sm" look="quiet" onClick={() => setRound(round + 1)}>
              {texts.others}
            </Button>
            {!playlist.smart && (
              <Button size="sm" onClick={() => accept(shown)}>
                {texts.acceptAll}
              </Button>
            )}
          </div>
        )}
      </header>
      {error && <ErrorMessage error={error} onRetry={() => setRound(round + 1)} />}
      {!shown && !error && <Skeleton of="rows" count={5} />}
      {shown?.length === 0 && <p class={styles.hint}>{texts.noSuggestions}</p>}
      <ul>
        {shown?.map((track) => (
          <li key={track.id}>
            <TrackRow track={track} onPlay={() => playNow([track])} reason={reason(track)}>
              <Match score={track.score} to="track" />
              {playlist.smart ? null : (
                <IconButton icon={Check} size="sm" label={texts.accept(track.title)} onClick={() => accept([track])} />
              )}
              <IconButton icon={X} size="sm" label={texts.decline(track.title)} onClick={() => drop(track)} />
            </TrackRow>
          </li>
        ))}
      </ul>
    </section>
  );
}
