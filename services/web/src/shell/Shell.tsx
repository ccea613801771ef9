import { Settings } from "lucide-preact";
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { base } from "../api/client";
import { AddToPlaylist } from "../components/AddToPlaylist";
import { IconButton } from "../components/IconButton";
import { KeyDialog } from "../components/KeyDialog";
import { ListenerMenu } from "../components/ListenerMenu";
import { Toasts } from "../components/Toasts";
import { TrackDetails } from "../components/TrackDetails";
import { PlayerBar } from "../player/PlayerBar";
import { QueuePanel } from "../player/QueuePanel";
import { ShortcutsDialog } from "../player/ShortcutsDialog";
import { href, route } from "../router";
import { queueOpen } from "../state/queuePanel";
import { settingsAreOpen } from "../state/settings";
import { t } from "../texts";
import { Banner } from "./Banner";
import { FileDrop } from "./FileDrop";
import { VIEWS, viewOf } from "./navigation";
import { PrivateBanner } from "./PrivateBanner";
import { ScanIndicator } from "./ScanIndicator";
import { SearchBox } from "./SearchBox";
import { SettingsDialog } from "./SettingsDialog";
import styles from "./Shell.module.css";
import { keepScroll } from "./scroll";

/** The frame of every view: navigation, content and player. */
export function Shell({ children }: { children: ComponentChildren }) {
  const showSettings = (isOpen: boolean) => {
    settingsAreOpen.value = isOpen;
  };
  const active = viewOf(route.value.path);
  const texts = t().nav;
  const isNowPlaying = route.value.path[0] === "queue";
  const content = useRef<HTMLElement>(null);
  useEffect(() => (content.current ? keepScroll(content.current) : undefined), []);
  return (
    <div class={`${styles.shell} ${isNowPlaying ? styles.nowPlaying : ""}`}>
      <button type="button" class={styles.skip} onClick={() => document.getElementById("content")?.focus()}>
        {texts.skip}
      </button>
      <Banner />
      <nav class={styles.sidebar} aria-label={texts.main}>
        <a class={styles.brand} href={href([])}>
          <img src={`${base}/web/icon.svg`} alt="" width="28" height="28" />
          Segue
        </a>
        <SearchBox />
        <ul>
          {VIEWS.map(({ name, path, icon: Icon, isTab }) => (
            <li key={name} class={isTab ? "" : styles.wideOnly}>
              <a class={styles.link} href={href(path)} aria-current={name === active ? "page" : undefined}>
                <Icon size={20} aria-hidden="true" />
                {texts[name]}
              </a>
            </li>
          ))}
        </ul>
        <div class={styles.progress}>
          <ScanIndicator />
        </div>
        <div class={styles.end}>
          <ListenerMenu />
          <IconButton icon={Settings} label={texts.settings} size="sm" onClick={() => showSettings(true)} />
        </div>
      </nav>
      <main ref={content} id="content" class={styles.main} tabIndex={-1}>
        <PrivateBanner />
        {children}
      </main>
      {queueOpen.value && !isNowPlaying && (
        <div class={styles.queue}>
          <QueuePanel />
        </div>
      )}
      <section class={styles.player} aria-label={texts.player}>
        <PlayerBar />
      </section>
      <Toasts />
      <FileDrop />
      <KeyDialog />
      <AddToPlaylist />
      <TrackDetails />
      <ShortcutsDialog />
      {settingsAreOpen.value && <SettingsDialog onClose={() => showSettings(false)} />}
    </div>
  );
}
