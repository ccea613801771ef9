import type { LucideIcon } from "lucide-preact";
import { Ban, Clock, Heart, Play, SkipForward, ThumbsDown, X } from "lucide-preact";
import { useState } from "preact/hooks";
import { ask, client, type Schemas } from "../../api/client";
import { Button } from "../../components/Button";
import { Cover } from "../../components/Cover";
import { IconButton } from "../../components/IconButton";
import { ErrorMessage } from "../../components/Message";
import { Names } from "../../components/Names";
import { Skeleton } from "../../components/Skeleton";
import { timesStored } from "../../state/listens";
import { playNow } from "../../state/queue";
import { useResource } from "../../state/resource";
import { say, sayError } from "../../state/toasts";
import { formatDay, formatTime, t } from "../../texts";
import styles from "./History.module.css";

type Listen = Schemas["Listen"];

const PAGE = 24;
const ICONS: Record<Listen["event"], LucideIcon> = {
  play: Play,
  skip: SkipForward,
  like: Heart,
  dislike: ThumbsDown,
  ban: Ban,
};

/** Everything that was heard and rated, day by day. */
export function History({ user, onChange }: { user: string; onChange: () => void }) {
  const [pages, setPages] = useState(1);
  const { data, error, isLoading, reload } = useResource(
    (signal) => load(user, pages, signal),
    [user, pages, timesStored.value],
  );
  const texts = t().history;
  if (error && !data) return <ErrorMessage error={error} onRetry={reload} />;
  const remove = async (listen: Listen) => {
    try {
      await ask(
        client.DELETE("/v1/users/{user}/listens/{listen_id}", { params: { path: { user, listen_id: listen.id } } }),
      );
      const undo = () => restore(user, listen).then(reload, sayError).then(onChange);
      say(texts.removed(titleOf(listen)), { action: { label: t().actions.undo, run: () => void undo() } });
    } catch (problem) {
      sayError(problem);
    }
    reload();
    onChange();
  };
  return (
    <section class={styles.section} aria-labelledby="history">
      <h2 id="history">{texts.title}</h2>
      {!data && <Skeleton of="rows" count={5} />}
      {data?.listens.length === 0 && (
        <p class={styles.empty}>
          <Clock size={18} aria-hidden="true" /> {texts.empty}
        </p>
      )}
      {byDay(data?.listens ?? []).map(([day, listens]) => (
        <div key={day} class={styles.day}>
          <h3>{day}</h3>
          <ul>
            {listens.map((listen) => (
              <Row key={listen.id} listen={listen} onRemove={() => remove(listen)} />
            ))}
          </ul>
        </div>
      ))}
      {data?.hasMore && (
        <Button disabled={isLoading} onClick={() => setPages(pages + 1)}>
          {texts.more}
        </Button>
      )}
    </section>
  );
}

function Row({ listen, onRemove }: { listen: Listen; onRemove: () => void }) {
  const { track, event, at } = listen;
  const Icon = ICONS[event];
  const title = titleOf(listen);
  return (
    <li class={styles.row}>
      <button
        type="button"
        class={styles.cover}
        disabled={!track}
        aria-label={t().actions.playTitle(title)}
        onClick={() => track && playNow([track])}
      >
        <Cover of={{ kind: "tracks", id: track?.id ?? "" }} size={40} />
      </button>
      <Names title={title} by={track?.artist ?? listen.artist ?? t().unknownArtist} />
      <span class={styles.event}>
        <Icon size={14} aria-hidden="true" />
        {listen.undated_plays === null ? t().history.events[event] : t().history.plays(listen.undated_plays)}
      </span>
      <time class={styles.time} dateTime={at ?? ""}>
        {at !== null && formatTime(new Date(at))}
      </time>
      <IconButton icon={X} size="sm" label={t().history.remove(title)} onClick={onRemove} />
    </li>
  );
}

const titleOf = (listen: Listen): string =>
  listen.track?.title ?? listen.title ?? listen.names[0] ?? t().history.unknown;

async function load(user: string, pages: number, signal: AbortSignal) {
  const listens: Listen[] = [];
  let cursor: string | null = null;
  for (let page = 0; page < pages; page += 1) {
    const query = { limit: PAGE, details: true, ...(cursor !== null && { cursor }) };
    const answer: Schemas["ListenPage"] = await ask(
      client.GET("/v1/users/{user}/listens", { params: { path: { user }, query }, signal }),
    );
    listens.push(...answer.listens);
    cursor = answer.next_cursor;
    if (cursor === null) break;
  }
  return { listens, hasMore: cursor !== null };
}

/** Store a removed listen again, as it was sent. */
function restore(user: string, listen: Listen): Promise<unknown> {
  const [first, ...others] = listen.track_id === null ? listen.names : [listen.track_id, ...listen.names];
  const { artist, title, album, duration_ms, event, at, played_ms, key, undated_plays } = listen;
  const names = { track_id: first ?? null, other_ids: others, artist, title, album, duration_ms };
  const body = { listens: [{ ...names, event, at, played_ms, key, undated_plays }] };
  return ask(client.POST("/v1/users/{user}/listens", { params: { path: { user } }, body }));
}

function byDay(listens: readonly Listen[]): [string, Listen[]][] {
  const days = new Map<string, Listen[]>();
  for (const listen of listens) {
    const day = listen.at === null ? t().history.undated : formatDay(new Date(listen.at));
    days.set(day, [...(days.get(day) ?? []), listen]);
  }
  return [...days];
}
