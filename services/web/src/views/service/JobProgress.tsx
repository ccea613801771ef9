import type { Progress } from "../../state/service";
import { formatNumber, t } from "../../texts";
import { Bar } from "./Bar";
import styles from "./JobProgress.module.css";

/** A scan or an upload that runs, with its folder and its progress. */
export function JobProgress({ job }: { job: Progress }) {
  const texts = t().service.jobs;
  const name = job.path ?? texts.uploaded;
  const settled = job.done + job.failed;
  const failed = job.failed - job.left_out;
  return (
    <li class={styles.job}>
      <span class={styles.kind}>{texts.kinds[job.kind]}</span>
      <span class={styles.path} title={name}>
        {name}
      </span>
      <span class={styles.count}>
        {job.state === "queued"
          ? texts.states.queued
          : job.total
            ? texts.progress(formatNumber(settled), formatNumber(job.total))
            : texts.listing}
        {failed > 0 && <span class={styles.failed}> · {texts.failed(failed)}</span>}
      </span>
      <div class={styles.bar}>
        <Bar value={job.total ? settled / job.total : undefined} label={name} />
      </div>
    </li>
  );
}
