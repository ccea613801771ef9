import { Ghost } from "lucide-preact";
import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { ErrorMessage, Message } from "./components/Message";
import { href, route } from "./router";
import { Shell } from "./shell/Shell";
import { t } from "./texts";

/** The module of each view, by the first part of its address. A view is loaded when it is first shown. */
const VIEWS: Record<string, () => Promise<{ default: ComponentType }>> = {
  "": () => import("./views/home"),
  search: () => import("./views/search"),
  library: () => import("./views/library"),
  album: () => import("./views/album"),
  artist: () => import("./views/artist"),
  map: () => import("./views/map"),
  taste: () => import("./views/taste"),
  playlists: () => import("./views/playlists"),
  playlist: () => import("./views/playlist"),
  service: () => import("./views/service"),
  queue: () => import("./views/queue"),
};

export function App() {
  return (
    <Shell>
      <View name={route.value.path[0] ?? ""} />
    </Shell>
  );
}

function View({ name }: { name: string }) {
  const [shown, setShown] = useState<{ name: string; View: ComponentType | Error }>();
  const [round, setRound] = useState(0);
  const load = VIEWS[name];
  useEffect(() => {
    let isWanted = true;
    load?.().then(
      (module) => isWanted && setShown({ name, View: module.default }),
      (error: unknown) =>
        isWanted && setShown({ name, View: error instanceof Error ? error : new Error(String(error)) }),
    );
    return () => {
      isWanted = false;
    };
  }, [name, load, round]);
  if (!load) return <NoSuchView />;
  if (shown?.name !== name) return null;
  if (shown.View instanceof Error) return <ErrorMessage error={shown.View} onRetry={() => setRound(round + 1)} />;
  return <shown.View />;
}

function NoSuchView() {
  const texts = t().errors;
  return (
    <Message icon={Ghost} title={texts.view} actions={<a href={href([])}>{texts.toHome}</a>}>
      {texts.viewHint}
    </Message>
  );
}
