import { ask, client, type Schemas } from "../../api/client";
import { ErrorMessage } from "../../components/Message";
import { Skeleton } from "../../components/Skeleton";
import { useResource } from "../../state/resource";
import { changes } from "../../state/service";
import { formatAgo, formatNumber, t } from "../../texts";
import styles from "./JobsSection.module.css";
import { Section } from "./Section";

/** The last scans and uploads, with what failed in them. */
export function JobsSection() {
  const texts = t().service.jobs;
  const { data, error, reload } = useResource(
    (cancelled) => ask(client.GET("/v1/jobs", { signal: cancelled })),
    [changes.value],
  );
  return (
    <Section title={texts.title} isHalf>
      {error && !data && <ErrorMessage error={error} onRetry={reload} />}
      {!data && !error && <Skeleton of="rows" count={3} />}
      {data?.jobs.length === 0 && <p>{texts.none}</p>}
      <ul class={styles.jobs}>
        {data?.jobs.map((job) => (
          <Job key={job.id} job={job} />
        ))}
      </ul>
    </Section>
  );
}

function outcome({ failed, left_out }: Schemas["Job"]) {
  const texts = t().service.jobs;
  const parts = [failed > left_out && texts.failed(failed - left_out), left_out > 0 && texts.leftOut(left_out)];
  return parts.filter(Boolean).join(" · ");
}

function Job({ job }: { job: Schemas["Job"] }) {
  const texts = t().service.jobs;
  const path = job.path ?? texts.uploaded;
  const facts = [
    texts.kinds[job.kind],
    job.total ? texts.done(formatNumber(job.total)) : null,
    formatAgo(new Date(job.finished_at ?? job.created_at)),
  ];
  return (
    <li class={styles.job}>
      <p class={styles.path}>{path}</p>
      <p class={styles.detail}>
        {facts.filter(Boolean).join(" · ")} ·{" "}
        <span class={job.state === "failed" ? styles.bad : undefined}>{texts.states[job.state]}</span>
      </p>
      {job.reason && <p class={styles.bad}>{job.reason}</p>}
      {job.failures.length > 0 && (
        <details class={styles.failures}>
          <summary>{outcome(job)}</summary>
          <ul>
            {job.failures.map((failure) => (
              <li key={failure.path}>
                {failure.path}: {failure.reason}
              </li>
            ))}
          </ul>
        </details>
      )}
    </li>
  );
}
