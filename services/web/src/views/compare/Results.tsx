import { ask, client, type Schemas } from "../../api/client";
import { useResource } from "../../state/resource";
import { formatNumber, t } from "../../texts";
import styles from "./Results.module.css";

type Preference = Schemas["Preference"];

/** What people preferred so far: for owners. */
export function Results({ answers }: { answers: number }) {
  const { data } = useResource((signal) => ask(client.GET("/v1/comparisons/report", { signal })), [answers]);
  const texts = t().compare.results;
  if (!data?.contests.length) return null;
  return (
    <details class={styles.results}>
      <summary>{texts.title}</summary>
      <p class={styles.note}>{texts.note}</p>
      <ul class={styles.list}>
        {data.contests.map((each) => (
          <Contest key={`${each.baseline} ${each.model_version} ${each.other_version}`} found={each} />
        ))}
      </ul>
    </details>
  );
}

const percent = (share: number) => formatNumber(share, { style: "percent", maximumFractionDigits: 0 });

function Contest({ found }: { found: Preference }) {
  const texts = t().compare.results;
  const { share, people, segue, baseline_answers, other_version } = found;
  const { low, high } = found.limits;
  return (
    <li class={styles.contest}>
      <h3>{other_version === null ? texts.genre : texts.model(other_version)}</h3>
      <p>{verdictOf(found)}</p>
      {share !== null && (
        <>
          <div class={styles.scale} aria-hidden="true">
            <span class={styles.interval} style={{ left: `${low * 100}%`, width: `${(high - low) * 100}%` }} />
            <span class={styles.share} style={{ left: `${share * 100}%` }} />
          </div>
          <p class={styles.note}>
            {texts.share(percent(share), percent(low), percent(high))} {texts.of(segue + baseline_answers, people)}
          </p>
        </>
      )}
    </li>
  );
}

function verdictOf({ share, limits: { low, high }, method }: Preference): string {
  const texts = t().compare.results;
  if (share === null) return texts.nobody;
  if (low <= 0.5 && high >= 0.5) return texts.open;
  return texts.verdict(low > 0.5, method === "bootstrap");
}
