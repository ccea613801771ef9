import { AudioLines, CircleCheck, CirclePause, FolderPlus } from "lucide-preact";
import { useState } from "preact/hooks";
import { ask, client } from "../../api/client";
import { Button } from "../../components/Button";
import { may, refreshStatus, runningJobs, type Status } from "../../state/service";
import { sayError } from "../../state/toasts";
import { formatAgo, formatNumber, t } from "../../texts";
import styles from "./AnalysisSection.module.css";
import { Bar } from "./Bar";
import { JobProgress } from "./JobProgress";
import { formatDuration } from "./progress";
import { Section } from "./Section";

/** How far the analysis is, with the scans that run now. */
export function AnalysisSection({ status }: { status: Status }) {
  const texts = t().service.analysis;
  const { analysis, tracks } = status;
  const all = (tracks.ready ?? 0) + analysis.waiting;
  const jobs = [...runningJobs.value.values()];
  const isEmpty = all === 0 && !jobs.length;
  const [Icon, title] = analysis.paused
    ? [CirclePause, texts.paused]
    : isEmpty
      ? [FolderPlus, texts.empty]
      : analysis.waiting
        ? [AudioLines, texts.running]
        : [CircleCheck, texts.complete];
  return (
    <Section title={texts.title} actions={may("ingest") && <PauseButton isPaused={analysis.paused} />}>
      <div class={styles.head}>
        <Icon size={32} strokeWidth={1.5} aria-hidden="true" class={styles.icon} />
        <div>
          <p class={styles.state}>{title}</p>
          <p class={styles.detail}>{detail(status)}</p>
        </div>
        {!isEmpty && <p class={styles.count}>{texts.of(formatNumber(tracks.ready ?? 0), formatNumber(all))}</p>}
      </div>
      {analysis.waiting > 0 && (
        <Bar value={(tracks.ready ?? 0) / Math.max(1, all)} label={texts.title} isWarning={analysis.paused} />
      )}
      {jobs.length > 0 && (
        <ul class={styles.jobs} aria-label={t().service.jobs.now}>
          {jobs.map((job) => (
            <JobProgress key={job.id} job={job} />
          ))}
        </ul>
      )}
    </Section>
  );
}

/** One line about the analysis: its speed, or why it does not run. */
function detail({ analysis, workers, tracks }: Status): string {
  const texts = t().service.analysis;
  if (analysis.paused) {
    const ago = formatAgo(new Date(analysis.paused_at ?? Date.now()));
    return analysis.paused_by === "quiet_hours" ? texts.quietSince(ago) : texts.pausedSince(ago);
  }
  if (!analysis.waiting) return tracks.ready ? "" : texts.emptyHint;
  if (workers !== null && !workers.some((worker) => worker.queues.includes("analyse"))) return texts.noWorker;
  if (analysis.per_minute === null || analysis.seconds_left === null) return texts.measuring;
  const speed = texts.perMinute(formatNumber(Math.round(analysis.per_minute)));
  return `${speed} · ${texts.left(formatDuration(analysis.seconds_left))}`;
}

function PauseButton({ isPaused }: { isPaused: boolean }) {
  const [isBusy, setIsBusy] = useState(false);
  const texts = t().service.analysis;
  async function toggle() {
    setIsBusy(true);
    try {
      await ask(client.PUT("/v1/analysis", { body: { paused: !isPaused } }));
      await refreshStatus();
    } catch (error) {
      sayError(error);
    } finally {
      setIsBusy(false);
    }
  }
  return (
    <Button size="sm" look={isPaused ? "primary" : "secondary"} disabled={isBusy} onClick={toggle}>
      {isPaused ? texts.resume : texts.pause}
    </Button>
  );
}
