import { Compass, Map as MapIcon } from "lucide-preact";
import { useEffect, useRef } from "preact/hooks";
import { ErrorMessage, Message } from "../../components/Message";
import { Page } from "../../components/Page";
import { Skeleton } from "../../components/Skeleton";
import { href, route } from "../../router";
import { useResource } from "../../state/resource";
import { theme } from "../../state/theme";
import { t } from "../../texts";
import { loadColours, loadMap } from "./load";
import styles from "./Map.module.css";
import { MapStage } from "./MapStage";
import { RegionList } from "./RegionList";
import { colouring, index } from "./state";
import { hasWebGl } from "./webgl";

const REFRESH_MS = 15_000;

/** The whole library as points, where music that sounds alike lies close together; or as a list of its regions. */
export default function VibeMap() {
  const texts = t().map;
  const { data: state, error, reload } = useResource(loadMap, []);
  const colours = useResource(loadColours, [colouring.value, theme.value, index.value]);
  const canDraw = useRef<boolean>();
  canDraw.current ??= hasWebGl();
  useEffect(() => {
    const timer = setInterval(reload, REFRESH_MS);
    return () => clearInterval(timer);
  }, [reload]);

  if (!index.value) {
    if (error) return <ErrorMessage error={error} onRetry={reload} />;
    if (!state) return <Skeleton of="tiles" count={6} />;
  }
  if (!index.value?.count) {
    return (
      <Page title={t().nav.map}>
        <Message icon={Compass} title={texts.none}>
          {texts.noneHint}
        </Message>
      </Page>
    );
  }
  const asList = !canDraw.current || route.value.query.get("as") === "list";
  if (!asList) return <MapStage index={index.value} error={colours.error ?? error} />;
  return (
    <Page
      title={t().nav.map}
      actions={
        canDraw.current && (
          <a href={href(["map"])} class={styles.switch}>
            <MapIcon size={18} aria-hidden="true" />
            {texts.asMap}
          </a>
        )
      }
    >
      {!canDraw.current && (
        <Message icon={MapIcon} title={texts.noWebGl}>
          {texts.noWebGlHint}
        </Message>
      )}
      <RegionList index={index.value} />
    </Page>
  );
}
