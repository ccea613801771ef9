import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { Schemas } from "../../api/client";
import { t } from "../../texts";
import { formatMeasure, measureName } from "../../texts/measures";
import styles from "./RangeFilter.module.css";
import { endsOf, type Range, stepOf, tidy } from "./songs";

interface Props {
  attribute: Schemas["Attribute"];
  range: Range;
  onChange: (range: Range) => void;
}

/** Two handles over the histogram of the library. At an end of the slider, that end is open. */
export function RangeFilter({ attribute, range, onChange }: Props) {
  const { name, low: first, high: last, bins } = attribute;
  const [start, end] = endsOf(name, first, last);
  /** The ends while a handle is dragged. At other times they are those of the address. */
  const [dragged, setDragged] = useState<[number, number] | null>(null);
  const [from, to] = dragged ?? [range.min ?? start, range.max ?? end];
  const clamp = (value: number) => Math.min(end, Math.max(start, value));
  const share = (value: number) => (end > start ? (clamp(value) - start) / (end - start) : 0);
  const largest = Math.max(1, ...bins);
  const width = (last - first) / bins.length;
  const isInside = (index: number) => first + (index + 1) * width > from && first + index * width < to;
  const isWhole = from <= start && to >= end;

  /** A change follows its input at once, before the next render, so the new ends come from the event. */
  function commit([low, high]: [number, number]) {
    setDragged(null);
    onChange({ ...(low > start && { min: tidy(low) }), ...(high < end && { max: tidy(high) }) });
  }

  const withLow = (event: JSX.TargetedEvent<HTMLInputElement>): [number, number] => [
    Math.min(event.currentTarget.valueAsNumber, to),
    to,
  ];
  const withHigh = (event: JSX.TargetedEvent<HTMLInputElement>): [number, number] => [
    from,
    Math.max(event.currentTarget.valueAsNumber, from),
  ];
  const shared = { min: start, max: end, step: stepOf(name) } as const;
  const title = measureName(name);
  const texts = t().library;
  return (
    <fieldset class={styles.filter}>
      <legend class={styles.legend}>
        <span>{title}</span>
        <span class={styles.value}>
          {isWhole ? texts.any : `${formatMeasure(name, from)} – ${formatMeasure(name, to)}`}
        </span>
      </legend>
      <div class={styles.chart}>
        <svg viewBox={`0 0 ${bins.length} 1`} preserveAspectRatio="none" aria-hidden="true">
          {bins.map((count, index) => {
            const height = count ? Math.max(0.04, count / largest) : 0;
            return (
              <rect
                // biome-ignore lint/suspicious/noArrayIndexKey: an interval is its place
                key={index}
                class={isInside(index) ? styles.inside : styles.outside}
                x={index + 0.1}
                y={1 - height}
                width={0.8}
                height={height}
              />
            );
          })}
        </svg>
        <div
          class={styles.track}
          style={{ "--from": `${share(from) * 100}%`, "--to": `${share(to) * 100}%` } as JSX.CSSProperties}
        />
        <input
          type="range"
          {...shared}
          aria-label={texts.atLeast(title)}
          aria-valuetext={formatMeasure(name, from)}
          value={from}
          onInput={(event) => setDragged(withLow(event))}
          onChange={(event) => commit(withLow(event))}
        />
        <input
          type="range"
          {...shared}
          aria-label={texts.atMost(title)}
          aria-valuetext={formatMeasure(name, to)}
          value={to}
          onInput={(event) => setDragged(withHigh(event))}
          onChange={(event) => commit(withHigh(event))}
        />
      </div>
    </fieldset>
  );
}
