import { CircleCheck } from "lucide-preact";
import { useState } from "preact/hooks";
import { ask, client, type Schemas } from "../../api/client";
import { Button } from "../../components/Button";
import { ErrorMessage } from "../../components/Message";
import { Skeleton } from "../../components/Skeleton";
import { useResource } from "../../state/resource";
import { changes, refreshStatus } from "../../state/service";
import { say, sayError } from "../../state/toasts";
import { t } from "../../texts";
import { FailureRow } from "./FailureRow";
import styles from "./FailuresSection.module.css";
import { Section } from "./Section";

const PAGE = 100;

type Failure = Schemas["FileFailure"];

/** Every file that cannot be used, with reason, advice and retry. */
export function FailuresSection() {
  const [pages, setPages] = useState(1);
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const { data, error, reload } = useResource((cancelled) => load(pages, cancelled), [pages, changes.value]);
  const texts = t().service.failures;
  if (error && !data) {
    return (
      <Section title={texts.title}>
        <ErrorMessage error={error} onRetry={reload} />
      </Section>
    );
  }
  if (!data) {
    return (
      <Section title={texts.title}>
        <Skeleton of="rows" count={3} />
      </Section>
    );
  }
  const { failures, total, files } = data;
  const chosen = failures.filter(({ id }) => selected.has(id)).map(({ id }) => id);

  async function retry(body: Schemas["RetryRequest"]) {
    try {
      const { retried } = await ask(client.POST("/v1/failures/retry", { body }));
      say(texts.retried(retried));
      setSelected(new Set());
      reload();
      await refreshStatus();
    } catch (failure) {
      sayError(failure);
    }
  }

  function toggle(id: string) {
    const next = new Set(selected);
    if (!next.delete(id)) next.add(id);
    setSelected(next);
  }

  if (!total) {
    return (
      <Section title={texts.title}>
        <p class={styles.none}>
          <CircleCheck size={20} aria-hidden="true" />
          {texts.none}. {texts.noneHint}
        </p>
      </Section>
    );
  }
  const isAllChosen = chosen.length === failures.length;
  return (
    <Section
      title={`${texts.title} (${files.toLocaleString()})`}
      actions={
        <>
          {chosen.length > 0 && (
            <Button size="sm" look="primary" onClick={() => retry({ ids: chosen, all: false })}>
              {texts.retrySelected(chosen.length)}
            </Button>
          )}
          <Button size="sm" onClick={() => retry({ all: true })}>
            {texts.retryAll}
          </Button>
        </>
      }
    >
      <table class={styles.table}>
        <thead>
          <tr>
            <th>
              <input
                type="checkbox"
                aria-label={texts.selectAll}
                checked={isAllChosen}
                onChange={() => setSelected(new Set(isAllChosen ? [] : failures.map(({ id }) => id)))}
              />
            </th>
            <th>{texts.file}</th>
            <th>{texts.reason}</th>
            <th>{texts.when}</th>
            <th />
          </tr>
        </thead>
        <tbody>
          {failures.map((failure) => (
            <FailureRow
              key={failure.id}
              failure={failure}
              isSelected={selected.has(failure.id)}
              onSelect={() => toggle(failure.id)}
              onRetry={() => retry({ ids: [failure.id], all: false })}
            />
          ))}
        </tbody>
      </table>
      {failures.length < total && (
        <Button onClick={() => setPages(pages + 1)}>{texts.more(Math.min(PAGE, total - failures.length))}</Button>
      )}
    </Section>
  );
}

/** Load the first pages: after a retry, what is left moves up. */
async function load(
  pages: number,
  cancelled: AbortSignal,
): Promise<{ failures: Failure[]; total: number; files: number }> {
  const failures: Failure[] = [];
  let total = 0;
  let files = 0;
  for (let page = 0; page < pages; page += 1) {
    const query = { offset: page * PAGE, limit: PAGE };
    const found = await ask(client.GET("/v1/failures", { params: { query }, signal: cancelled }));
    failures.push(...found.failures);
    total = found.total;
    files = found.files;
    if (failures.length >= total) break;
  }
  return { failures, total, files };
}
