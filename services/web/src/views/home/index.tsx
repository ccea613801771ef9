import { useEffect, useRef } from "preact/hooks";
import { ask, client } from "../../api/client";
import { ListenerList } from "../../components/ListenerList";
import { ErrorMessage } from "../../components/Message";
import { Page } from "../../components/Page";
import { Skeleton } from "../../components/Skeleton";
import { href, navigate, route } from "../../router";
import { startSkipped } from "../../state/home";
import { listener, loadMe, me, meError } from "../../state/listener";
import { timesStored } from "../../state/listens";
import { useResource } from "../../state/resource";
import { loadTastes } from "../../state/taste";
import { t } from "../../texts";
import { Analysing, EmptyLibrary } from "./EmptyLibrary";
import { FirstVisit } from "./FirstVisit";
import styles from "./Home.module.css";
import { Sections } from "./Sections";

/** Milliseconds between two looks at a library without a ready track. */
const LOOK_EVERY = 5000;

/** What to play: a first visit, or what the listener's past leads to. */
export default function Home() {
  const sender = me.value;
  const { data, error, reload } = useResource((signal) => ask(client.GET("/v1/status", { signal })), [sender === null]);
  const ready = data?.tracks.ready ?? 0;
  const pending = data?.tracks.pending ?? 0;
  useEffect(() => {
    if (!data || ready > 0) return;
    const timer = setInterval(reload, LOOK_EVERY);
    return () => clearInterval(timer);
  }, [data, ready, reload]);
  if (meError.value && !sender) return <Titled content={<ErrorMessage error={meError.value} onRetry={loadMe} />} />;
  if (error && !data) return <Titled content={<ErrorMessage error={error} onRetry={reload} />} />;
  if (!sender || !data) return <Titled content={<Skeleton of="tiles" count={12} />} />;
  if (!ready) return <Titled content={pending ? <Analysing pending={pending} /> : <EmptyLibrary />} />;
  if (!sender.scopes.includes("listen")) return <Titled content={<Sections user={null} tastes={[]} />} />;
  return listener.value === null ? <Nobody /> : <Of key={listener.value} user={listener.value} />;
}

const Titled = ({ content }: { content: preact.ComponentChildren }) => <Page title={t().home.title}>{content}</Page>;

/** Ask who listens; the very first listener goes straight to the first visit. */
function Nobody() {
  const { data, error, reload } = useResource((signal) => ask(client.GET("/v1/users", { signal })), []);
  if (error) return <Titled content={<ErrorMessage error={error} onRetry={reload} />} />;
  if (!data) return <Titled content={<Skeleton of="tiles" count={12} />} />;
  const isFirst = data.users.length === 0 && me.value?.listeners === null;
  if (isFirst) return <FirstVisit user={null} isAgain={false} onDone={() => undefined} />;
  return (
    <Page title={t().listener.question}>
      <div class={styles.nobody}>
        <ListenerList onChosen={() => undefined} />
      </div>
    </Page>
  );
}

function Of({ user }: { user: string }) {
  const changes = useRef(false);
  const { data, error, reload } = useResource(
    (signal) => loadTastes(user, signal),
    [user, changes.current && timesStored.value],
  );
  const wantsStart = route.value.query.get("start") === "1";
  if (error && !data) return <Titled content={<ErrorMessage error={error} onRetry={reload} />} />;
  if (!data) return <Titled content={<Skeleton of="tiles" count={12} />} />;
  const tastes = data.tastes.filter((taste) => taste.plays.length > 0);
  const hasPast = tastes.length > 0 || data.dismissed.length > 0 || data.removed.length > 0;
  // A first visit stays as it is until it is done, even if something is heard meanwhile.
  changes.current = hasPast || startSkipped.value === user;
  if (changes.current && !wantsStart) return <Titled content={<Sections user={user} tastes={tastes} />} />;
  const done = () => {
    navigate(href([]), { replace: true });
    reload();
  };
  return <FirstVisit user={user} isAgain={hasPast} onDone={done} />;
}
