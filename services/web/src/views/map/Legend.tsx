import { inWords } from "../../state/taste";
import { formatLength, formatNumber, t } from "../../texts";
import { measureName } from "../../texts/measures";
import { type Colouring, cssOf, paletteOf } from "./colours";
import styles from "./Map.module.css";
import { colouredBy } from "./state";

const SHARES: readonly Colouring[] = ["energy", "valence", "danceability", "acousticness", "instrumentalness"];

/** What the colours mean. */
export function Legend({ error }: { error: Error | null }) {
  const texts = t().map;
  const legend = colouredBy.value;
  if (error) return <p class={`${styles.panel} ${styles.legend}`}>{error.message}</p>;
  if (!legend) return null;
  const { by, ends, names, others } = legend;
  const { scale, other } = paletteOf(document.documentElement);
  return (
    <section class={`${styles.panel} ${styles.legend}`} aria-label={texts.legend} data-over-map>
      <h2>{measureName(by)}</h2>
      {ends && (
        <div class={styles.scale}>
          <span
            class={styles.gradient}
            style={{ background: `linear-gradient(to right, ${scale.map(cssOf).join()})` }}
          />
          <span>{endOf(by, ends.low)}</span>
          <span>{endOf(by, ends.high)}</span>
        </div>
      )}
      <ul>
        {names.map(({ name, colour, count }) => (
          <Entry key={name} colour={cssOf(colour)} name={by === "genre" ? inWords(name) : name} count={count} />
        ))}
        {others > 0 && <Entry colour={cssOf(other)} name={ends ? texts.unknown : texts.others} count={others} />}
      </ul>
    </section>
  );
}

function Entry({ colour, name, count }: { colour: string; name: string; count: number }) {
  return (
    <li>
      <span class={styles.dot} style={{ background: colour }} />
      <span class={styles.name}>{name}</span>
      <span class={styles.count}>{formatNumber(count)}</span>
    </li>
  );
}

function endOf(by: Colouring, value: number): string {
  if (SHARES.includes(by)) return formatNumber(value, { style: "percent", maximumFractionDigits: 0 });
  if (by === "duration_ms") return formatLength(value);
  if (by === "year") return String(Math.round(value));
  const units: Partial<Record<Colouring, string>> = { tempo: " BPM", loudness: " LUFS", brightness: " Hz" };
  return `${formatNumber(value, { maximumFractionDigits: 0 })}${units[by] ?? ""}`;
}
