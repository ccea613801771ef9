import { Ghost } from "lucide-preact";
import type { ComponentType } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { ErrorMessage, Message } from "./components/Message";
import { Skeleton } from "./components/Skeleton";
import { href, route } from "./router";
import { Shell } from "./shell/Shell";
import { probe, reachable } from "./state/reachable";
import { t } from "./texts";

/** The module of each view, by the first part of its address. A view is loaded when it is first shown. */
const VIEWS: Record<string, () => Promise<{ default: ComponentType }>> = {
  "": () => import("./views/home"),
  search: () => import("./views/search"),
  library: () => import("./views/library"),
  album: () => import("./views/album"),
  artist: () => import("./views/artist"),
  map: () => import("./views/map"),
  compare: () => import("./views/compare"),
  taste: () => import("./views/taste"),
  playlists: () => import("./views/playlists"),
  playlist: () => import("./views/playlist"),
  service: () => import("./views/service"),
  queue: () => import("./views/queue"),
  "sign-in": () => import("./views/sign-in"),
};

/** Begin to load the view of the current address, beside everything else that a start loads. */
export function preloadView(): void {
  VIEWS[viewName()]?.().catch(() => undefined); // showing it says what is wrong
}

const viewName = (): string => route.value.path[0] ?? "";

export function App() {
  return (
    <Shell>
      <View name={viewName()} />
    </Shell>
  );
}

function View({ name }: { name: string }) {
  const [shown, setShown] = useState<{ name: string; View: ComponentType | Error }>();
  const load = VIEWS[name];
  useEffect(() => {
    let isWanted = true;
    load?.().then(
      (module) => isWanted && setShown({ name, View: module.default }),
      (error: unknown) => {
        if (isWanted) setShown({ name, View: error instanceof Error ? error : new Error(String(error)) });
        void probe(); // if the service is away, the banner says so
      },
    );
    return () => {
      isWanted = false;
    };
  }, [name, load]);
  const hasFailed = shown?.name === name && shown.View instanceof Error;
  const wasAway = useRef(false);
  useEffect(() => {
    if (hasFailed && wasAway.current && reachable.value) reload();
    wasAway.current = !reachable.value;
  }, [hasFailed, reachable.value]);
  if (!load) return <NoSuchView />;
  if (shown?.name !== name) return <LoadingView key={name} />;
  if (shown.View instanceof Error) return <ErrorMessage error={shown.View} onRetry={reload} />;
  return <shown.View />;
}

/** A module that comes at once must not make the view flash. */
const LOADING_AFTER_MS = 150;

function LoadingView() {
  const [isLate, setIsLate] = useState(false);
  useEffect(() => {
    const timer = setTimeout(setIsLate, LOADING_AFTER_MS, true);
    return () => clearTimeout(timer);
  }, []);
  return isLate ? <Skeleton of="rows" count={6} /> : null;
}

/** A browser remembers that a module could not be loaded until the page is loaded again. What plays goes on after it. */
const reload = () => location.reload();

function NoSuchView() {
  const texts = t().errors;
  return (
    <Message icon={Ghost} title={texts.view} actions={<a href={href([])}>{texts.toHome}</a>}>
      {texts.viewHint}
    </Message>
  );
}
