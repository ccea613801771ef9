import { ChevronDown, ListMusic } from "lucide-preact";
import { useEffect } from "preact/hooks";
import { Cover } from "../../components/Cover";
import { IconButton } from "../../components/IconButton";
import { Message } from "../../components/Message";
import { Page } from "../../components/Page";
import { Failed } from "../../player/Failed";
import { QueueList } from "../../player/QueueList";
import { reasonText } from "../../player/reasonText";
import { SeekBar } from "../../player/SeekBar";
import { TrackNames } from "../../player/TrackNames";
import { Transport } from "../../player/Transport";
import { VerdictButtons } from "../../player/VerdictButtons";
import { href, navigate } from "../../router";
import { currentEntry } from "../../state/queueState";
import { t } from "../../texts";
import styles from "./NowPlaying.module.css";

/** What plays, large, and the queue. On phones it fills the screen and has the controls. */
export default function NowPlaying() {
  const entry = currentEntry.value;
  const texts = t().player;
  useEffect(() => {
    document.title = `${entry?.track.title ?? texts.openNowPlaying} · Segue`;
  }, [entry?.track.title, texts]);
  if (!entry) {
    return (
      <Page title={texts.openNowPlaying}>
        <Message icon={ListMusic} title={texts.idle} actions={<a href={href([])}>{t().errors.toHome}</a>}>
          {t().queue.emptyHint}
        </Message>
      </Page>
    );
  }
  const { track, origin } = entry;
  return (
    <div class={styles.page}>
      <section class={styles.now} aria-label={texts.openNowPlaying}>
        <header class={styles.header}>
          <IconButton icon={ChevronDown} label={t().actions.close} onClick={leave} />
          <span class={styles.origin}>
            {origin.session ? t().queue.radioOf(origin.label ?? "") : (origin.label ?? texts.openNowPlaying)}
          </span>
        </header>
        <div class={styles.cover}>
          <Cover of={{ kind: "tracks", id: track.id }} size="fill" />
        </div>
        <div class={styles.names}>
          <h1 class={styles.heading}>
            <TrackNames track={track} large />
          </h1>
          <VerdictButtons track={track} size="md" />
        </div>
        {entry.failed && <Failed />}
        {entry.reason && <p class={styles.reason}>{reasonText(entry.reason)}</p>}
        <div class={styles.controls}>
          <SeekBar />
          <Transport large />
        </div>
      </section>
      <div class={styles.queue}>
        <QueueList />
      </div>
    </div>
  );
}

function leave() {
  if (history.length > 1) history.back();
  else navigate(href([]));
}
