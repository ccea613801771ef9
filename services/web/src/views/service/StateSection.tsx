import type { ComponentChildren } from "preact";
import { base } from "../../api/client";
import type { Status } from "../../state/service";
import { formatNumber, t } from "../../texts";
import { Bar } from "./Bar";
import { formatBytes, formatDuration } from "./progress";
import { Section } from "./Section";
import styles from "./StateSection.module.css";

/** Workers, index, disk and versions. */
export function StateSection({ status }: { status: Status }) {
  const texts = t().service.state;
  const { disk, index, pictures } = status;
  const points = index.points === null ? texts.indexAway : texts.indexState(formatNumber(index.points));
  return (
    <Section title={texts.title} isHalf>
      <dl class={styles.list}>
        <Row name={texts.workers}>
          <WorkerList workers={status.workers} />
        </Row>
        <Row name={texts.index}>
          <p>
            {index.kind === "embedded" ? texts.indexKinds.embedded : texts.indexKinds.server} · {points}
          </p>
          {index.pending > 0 && <p class={styles.soft}>{texts.indexPending(formatNumber(index.pending))}</p>}
          {index.build && <Build build={index.build} />}
        </Row>
        {(pictures.ready ?? 0) > 0 && <Row name={texts.pictures}>{formatNumber(pictures.ready ?? 0)}</Row>}
        {disk && (
          <Row name={texts.disk}>
            <p>{texts.diskState(formatBytes(disk.free), formatBytes(disk.total))}</p>
            <Bar value={1 - disk.free / disk.total} label={texts.disk} isWarning={disk.free < disk.needed} />
            <p class={disk.free < disk.needed ? styles.bad : styles.soft}>
              {disk.free < disk.needed ? texts.diskFull : texts.diskData(formatBytes(disk.data))}
            </p>
          </Row>
        )}
        {status.data_dir && <Row name={texts.dataDir}>{status.data_dir}</Row>}
        <Row name={texts.version}>
          {status.version} · {status.model_version ? texts.model(status.model_version) : texts.noModel}
        </Row>
      </dl>
      <p class={styles.links}>
        <a href={`${base}/docs`} target="_blank" rel="noreferrer">
          {texts.reference}
        </a>
        <a href={`${base}/openapi.json`} target="_blank" rel="noreferrer">
          {texts.document}
        </a>
        <a href={`${base}/metrics`} target="_blank" rel="noreferrer">
          {texts.metrics}
        </a>
      </p>
    </Section>
  );
}

/** How far the build of a new index is, or why it failed. */
function Build({ build }: { build: NonNullable<Status["index"]["build"]> }) {
  const texts = t().service.state;
  if (build.problem !== null) return <p class={styles.bad}>{texts.buildFailed(build.problem)}</p>;
  const share = Math.round((100 * build.done) / Math.max(1, build.total));
  const left = build.seconds_left === null ? "" : ` · ${texts.left(formatDuration(build.seconds_left))}`;
  const phases: Record<string, string> = texts.buildPhases;
  return (
    <>
      <Bar value={share / 100} label={texts.build} />
      <p class={styles.soft}>
        {texts.build}: {phases[build.phase] ?? build.phase}, {texts.percent(formatNumber(share))}
        {left}
      </p>
    </>
  );
}

function Row({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <div class={styles.row}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function WorkerList({ workers }: Pick<Status, "workers">) {
  const texts = t().service.state;
  if (workers === null) return <p class={styles.bad}>{texts.workersUnknown}</p>;
  if (!workers.length) return <p class={styles.bad}>{texts.noWorkers}</p>;
  const names: Record<string, string> = texts.queues;
  return (
    <ul>
      {workers.map(({ name, queues, processes }) => (
        <li key={name}>
          <p>
            {name} · {texts.processes(processes)}
          </p>
          <p class={styles.soft}>{queues.map((queue) => names[queue] ?? queue).join(", ")}</p>
        </li>
      ))}
    </ul>
  );
}
